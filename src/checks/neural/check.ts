import { createHash } from 'node:crypto';
import { type LessonCode, type NamedLesson, readLesson } from '../../classify/index.ts';
import {
  type CheckContext,
  defineCheck,
  type InsertHit,
  type LearnAnswer,
  PosternError,
  StoreError,
  type Task,
} from '../../core/index.ts';
import { compileAutotrain } from './autotrain.ts';
import { type NeuralOptions, neuralOptions, unsupportedOptions } from './options.ts';
import { reasonsFor } from './reasons.ts';
import { SharedLearner } from './shared-learner.ts';

const codes: Readonly<Record<string, LessonCode>> = { spam: '1', ham: '-1' };

const logOddsOf = (probability: number): number => Math.log(probability / (1 - probability));

/** The same message handed in again is the same lesson, whatever was written into its header on the way. */
function idOf({ message }: Task): string {
  const hash = createHash('sha256').update(
    `${message.digest}\n${message.subject}\n${message.from[0]?.text ?? ''}`,
  );
  return hash.digest('hex').slice(0, 32);
}

/** Symbols of those who learn themselves are not learned. */
function symbolFilter(options: NeuralOptions): (name: string) => boolean {
  const left = new Set([options.symbol_spam, options.symbol_ham, ...options.blacklisted_symbols]);
  return (name) => !left.has(name) && !/^(?:BAYES|CONTENT|NEURAL)_/.test(name);
}

/** What a symbol counts where it begins. */
const leastWeight = 0.05;

/** How far between two probabilities, on the scale of log-odds. */
function ramp(begins: number, sure: number): (logOdds: number) => number {
  const from = logOddsOf(begins);
  const length = logOddsOf(sure) - from;
  return (logOdds) => Math.max(leastWeight, Math.min(1, (logOdds - from) / length));
}

function checkOrder({ config, configError }: CheckContext<NeuralOptions, string>): void {
  if (config.spam_probability < 0.5) throw configError(['spam_probability'], 'must be a half at least');
  if (config.ham_probability > 0.5) throw configError(['ham_probability'], 'must be a half at most');
  if (config.sure_spam_probability <= config.spam_probability)
    throw configError(['sure_spam_probability'], 'must be above spam_probability');
  if (config.sure_ham_probability >= config.ham_probability)
    throw configError(['sure_ham_probability'], 'must be below ham_probability');
}

export const neural = defineCheck({
  name: 'neural',
  summary:
    'Learns from each message that is taught what to make of symbols, words, links and header together.',
  details: [
    'It is taught where Bayes is: `postern learn`, `rspamc learn_spam` and `learn_ham`, moved to the other class and',
    'forgotten there, too. A lesson counts a second later in all workers and on all servers of one store. Nothing is judged',
    'before 200 messages of each class were learned (`min_learns`).',
    '',
    'Five views of a message learn apart from each other: words and pairs of words; domains of links; fields of the header',
    'and their order; name and domain of the author; symbols of the rules together with the signs that the',
    '[content model](../../model-card.md) sees. Each is a logistic regression over hashed features that learns with every',
    'message, from its own mistakes (AdaGrad). Their sum, with the opinion of the content model that ships, is the outcome:',
    'so it knows mail unlike anything it was taught as well as before, and no view can decide alone. Sums are calibrated',
    'to a probability on lessons before they are learned.',
    '',
    '`NEURAL_SPAM` and `NEURAL_HAM` count more the surer the learner is, on the scale of log-odds: spam from a probability of',
    '0.88, in full at 0.9975; ham from 0.4, in full at 0.0025. Their options are the',
    'probability and what carried it: how much each view adds to the log-odds, and its strongest feature. Both it and Bayes',
    'read the words, so `NEURAL_SPAM` is less by half of what `BAYES_SPAM` added (`bayes_share`).',
    '',
    'Bounds: 98,304 weights; 400 words, 20 domains of links, 60 fields of the header and 400 signs of a message; what is',
    'stored are hashes and weights, never text: some 400 kB, and 60 bytes a lesson for a year. At most 512 lessons wait.',
    '',
    'Unlike Rspamd: a lesson is learned at once and not in rounds with a thousand others; there is one learner instead of',
    'named rules; symbols have scores by default; verdicts are learned only when `train { autotrain = true; }` says so, and',
    'then not those on mail of users with a login (`autolearn { exclude_users }`) or of local addresses (`allow_local`).',
    'The request header `ANN-Train: spam` or `ham` teaches a scanned message. Networks that Rspamd stored are not read.',
  ].join('\n'),
  group: 'neural',
  stage: 'classifier',
  direction: 'both',
  needs: ['text'],
  config: neuralOptions,
  unsupported: unsupportedOptions,
  symbols: {
    NEURAL_SPAM: {
      score: 10,
      description: 'Symbols, words, links and header together are those of spam that was learned',
      oneShot: true,
    },
    NEURAL_HAM: {
      score: -6,
      description: 'Symbols, words, links and header together are those of ham that was learned',
      oneShot: true,
    },
  },
  create(context) {
    const { config, log, metrics } = context;
    checkOrder(context);
    const spamSymbol = context.rename('NEURAL_SPAM', config.symbol_spam);
    const hamSymbol = context.rename('NEURAL_HAM', config.symbol_ham);
    const shared = new SharedLearner(context.store, context.clock, log, {
      prefix: config.prefix,
      watchMs: 1000 * config.watch_interval,
    });
    context.onClose(() => shared.close());
    const isLearned = symbolFilter(config);
    const autotrain = compileAutotrain(config);
    const spamWeight = ramp(config.spam_probability, config.sure_spam_probability);
    const hamWeight = ramp(config.ham_probability, config.sure_ham_probability);
    const judged = metrics.counter('postern_neural_total', 'Mail by what the online learner thinks of it', [
      'result',
    ]);
    const taught = metrics.counter('postern_neural_lessons_total', 'Messages the online learner was taught', [
      'class',
      'how',
    ]);
    const read = ({ message, content, result }: Task): NamedLesson =>
      readLesson(message, content, [...result.hits].map(({ name }) => name).filter(isLearned));

    const learn = async (task: Task, className: string | undefined): Promise<LearnAnswer> => {
      const code = className === undefined ? '' : codes[className];
      if (code === undefined) throw new PosternError('notFound', `cannot find class with name ${className}`);
      const kind = await shared.handInPatiently(idOf(task), read(task), code);
      if (kind === 'known') return { kind, messageId: task.message.messageId };
      if (kind === 'busy') throw new StoreError('too many lessons wait to be learned');
      if (kind !== 'unknown') taught.add(1, { class: className ?? 'none', how: 'by hand' });
      return { kind };
    };
    context.offer({
      secondLearning: {
        classifiers: ['neural'],
        classes: config.train.frozen ? [] : Object.keys(codes),
        learn,
        statistics: async () => {
          await shared.start();
          const { counts } = shared;
          const row = (symbol: string, className: 'spam' | 'ham') => ({
            symbol,
            className,
            learned: counts[className],
            store: context.store.driver,
          });
          return [row(config.symbol_ham, 'ham'), row(config.symbol_spam, 'spam')];
        },
      },
    });

    /** What the symbol counts in full. */
    const spamScore = ({ result }: Task): number => Math.max(1, result.symbolScore(spamSymbol));
    const judge = (task: Task, hit: InsertHit<never>): void => {
      const { spam, ham } = shared.counts;
      if (spam < config.min_learns || ham < config.min_learns) return;
      const lesson = read(task);
      const { learner } = shared;
      const opinion = learner.judge(lesson);
      const { probability, logOdds } = opinion;
      const isSpam = probability >= config.spam_probability;
      if (!isSpam && probability > config.ham_probability) {
        judged.add(1, { result: 'unsure' });
        return;
      }
      const reasons = reasonsFor(learner, lesson, opinion, config.reasons);
      if (isSpam) {
        // Both read the same words: what Bayes has counted already counts half.
        const counted =
          (config.bayes_share * Math.max(0, task.result.get('BAYES_SPAM')?.score ?? 0)) / spamScore(task);
        hit(
          spamSymbol,
          Math.max(leastWeight, spamWeight(logOdds) - counted),
          probability.toFixed(3),
          ...reasons,
        );
      } else hit(hamSymbol, hamWeight(logOdds), probability.toFixed(3), ...reasons);
      judged.add(1, { result: isSpam ? 'spam' : 'ham' });
    };

    const learnVerdict = async (task: Task): Promise<void> => {
      const wanted = autotrain(task, shared.counts);
      if (wanted === undefined) return;
      try {
        const outcome = await shared.handIn(idOf(task), read(task), codes[wanted]!);
        if (outcome === 'learned' || outcome === 'moved') taught.add(1, { class: wanted, how: 'by itself' });
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        log.warn('cannot learn by itself', { id: task.id, error: error.message });
      }
    };
    return [
      {
        name: 'NEURAL',
        after: ['BAYES'],
        symbols: [spamSymbol, hamSymbol],
        run: (task, hit) => shared.start()?.then(() => judge(task, hit)) ?? judge(task, hit),
      },
      {
        name: 'NEURAL_LEARN',
        stage: 'idempotent',
        waits: true,
        symbols: [],
        run: learnVerdict,
      },
    ];
  },
});
