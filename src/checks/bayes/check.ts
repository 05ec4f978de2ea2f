import { defineCheck, PosternError, StoreError, type Task } from '../../core/index.ts';
import { compileAutolearn } from './autolearn.ts';
import { Bayes, type BayesClass, type Judgement } from './classifier.ts';
import { classifierOptions, defaultBayes } from './options.ts';

/** A probability that near to a half says nothing. */
const leastCertainty = 0.05;

/** Far less than certain is far less than the full score. */
function weightOf({ probability }: Judgement): number {
  return ((probability - 0.5) * 2) ** 8;
}

export const bayes = defineCheck({
  name: 'classifier',
  summary: 'Judges mail by the words of mail that was learned as spam and as ham (Bayes).',
  details: [
    'Nothing is judged before 200 messages of each class were learned (`min_learns`). Teach it with `postern learn`,',
    '`rspamc learn_spam` and `learn_ham`, or let it learn by itself (`autolearn`). What was learned is remembered: the same',
    'message counts once, is moved when it is learned as another class, and can be forgotten.',
    '',
    'The symbol has the weight (2p − 1)⁸ of the probability p of its class, so only what is nearly certain counts fully:',
    '0.9 makes 0.17, 0.99 makes 0.85. Its option is 2p − 1 in per cent.',
    '',
    'The section is `classifier "bayes" { … }`, the file `local.d/classifier-bayes.conf` (the content of the section) or',
    '`local.d/statistic.conf` (the whole). The store is the Redis named in it, else the common one, else the embedded one.',
    'The database is that of Rspamd (`RS`, `RS_<token>`, `learned_ids`) and can be continued; one written by Rspamd up to 3.x',
    'needs `tokenizer { window = 5; }`. Messages have the same names in `learned_ids` on both sides, so that what the one has',
    'learned the other does not learn again (six keys of 10,000 messages; `cache_elt_len = 0` for Rspamd up to 3.5).',
    '`options.classify_headers`, `classify_images`, `classify_mime_info`, `classify_urls` and `classify_meta` say what counts',
    'beside words.',
    '',
    'Of several classes (`class` of each `statfile`) those with too few messages do not take part; the likeliest is told, and',
    'how sure that is by the method for two: it against the average of the others.',
    '',
    'Unlike Rspamd: mail of your own users and servers is not learned by `autolearn` unless `autolearn_outbound` or',
    '`check_local` and `check_authed` of its object say so; tokens beside the text are thinned out, where they outnumber it, by',
    'their hash and not by lot, so that equal mail gets equal verdicts; pairs of words expire by themselves (`expire`), without',
    'a job that looks through the database; the language of a text is known by its stop words (15 languages). A Redis Cluster',
    'is refused: the pairs of words of one message are keys in many slots. While the store cannot be reached mail goes on',
    'unjudged.',
  ].join('\n'),
  group: 'statistics',
  stage: 'classifier',
  direction: 'both',
  needs: ['text'],
  config: classifierOptions,
  storeKey: 'bayes',
  symbols: {
    BAYES_SPAM: { score: 5.1, description: 'The words are those of spam' },
    BAYES_HAM: { score: -3, description: 'The words are those of ham' },
  },
  create(context) {
    const { config, store, clock, log, metrics, declare, offer } = context;
    const [written, ...others] = config.bayes;
    if (others.length > 0)
      throw context.configError(['bayes'], 'there can be one classifier only', 'one section');
    const options = written ?? defaultBayes;
    if (!options.enabled || options.statfile.length === 0) return undefined;
    if (store.isCluster === true) {
      const problem =
        'Bayes does not work in a Redis Cluster: the pairs of words of one message are keys in many slots, in the layout of Rspamd';
      if (written)
        throw context.configError(['bayes', 'servers'], problem, 'servers of a single Redis, or of Sentinel');
      context.warn(['bayes'], `${problem}; it is off`);
      return undefined;
    }
    const classifier = new Bayes(options, store, clock, context.options.statistics);
    const names = classifier.classes;
    if (new Set(names).size !== names.length)
      throw context.configError(['bayes', 'statfile'], 'each statfile needs a class of its own');
    const symbols = new Map(
      classifier.bayesClasses.map((one) => [
        one.name,
        declare(one.symbol, {
          ...(one.symbol === 'BAYES_SPAM' && { score: 5.1 }),
          ...(one.symbol === 'BAYES_HAM' && { score: -3 }),
          description: `The words are those of ${one.name}`,
        }),
      ]),
    );
    const autolearn = compileAutolearn(options, context.options);
    const learnedTotal = metrics.counter('postern_learned_total', 'Messages learned, moved and forgotten', [
      'class',
      'how',
    ]);
    const withStore = async (task: Task, what: string, work: () => Promise<void>): Promise<void> => {
      try {
        await work();
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        log.warn(what, { id: task.id, error: error.message });
      }
    };
    const judged = new WeakMap<Task, BayesClass>();
    offer({
      learning: {
        classifiers: classifier.classifiers,
        classes: classifier.classes,
        statistics: () => classifier.statistics(),
        onLearned: (listener) => classifier.onLearned(listener),
        learn: async (task, className, manner) => {
          const answer = await classifier.learn(task, className, manner);
          if (answer.kind === 'learned' || answer.kind === 'moved' || answer.kind === 'forgotten')
            learnedTotal.add(1, { class: className ?? 'none', how: 'by hand' });
          return answer;
        },
      },
    });
    const learnByVerdict = async (task: Task): Promise<void> => {
      const wanted = await autolearn?.(task, async () => {
        const counts = await classifier.learned(task);
        const of = (name: string): number => counts[names.indexOf(name)] ?? 0;
        return { spam: of('spam'), ham: of('ham') };
      });
      if (wanted === undefined || judged.get(task)?.name === wanted) return;
      if (!names.includes(wanted)) throw new PosternError('internal', `autolearn: no class ${wanted}`);
      const { kind } = await classifier.learn(task, wanted, 'careful');
      if (kind === 'learned' || kind === 'moved') learnedTotal.add(1, { class: wanted, how: 'by itself' });
    };
    return [
      {
        name: 'BAYES',
        waits: true,
        symbols: [...symbols.values()],
        run: (task, hit) =>
          withStore(task, 'cannot judge by words', async () => {
            const judgement = await classifier.judge(task);
            if (!judgement || judgement.probability - 0.5 <= leastCertainty) return;
            judged.set(task, judgement.winner);
            const percent = ((judgement.probability - 0.5) * 200).toFixed(2);
            hit(symbols.get(judgement.winner.name)!, weightOf(judgement), `${percent}%`);
          }),
      },
      ...(autolearn
        ? [
            {
              name: 'BAYES_LEARN',
              stage: 'idempotent' as const,
              waits: true,
              symbols: [],
              run: (task: Task) => withStore(task, 'cannot learn by itself', () => learnByVerdict(task)),
            },
          ]
        : []),
    ];
  },
});
