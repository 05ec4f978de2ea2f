import {
  type CountedClass,
  classProbabilities,
  type LearnOutcome,
  learnTokens,
  messageTokens,
  readTokens,
  type ScanFindings,
  spamProbability,
  type Token,
  tokenName,
  tokensId,
} from '../../classify/index.ts';
import {
  type Clock,
  type LearnAnswer,
  type LearnedClass,
  type LearningService,
  PosternError,
  type StatisticsOptions,
  type Store,
  type Task,
} from '../../core/index.ts';
import type { BayesOptions, Statfile } from './options.ts';

/** A class with its symbol. */
export interface BayesClass extends CountedClass {
  readonly name: string;
  readonly symbol: string;
}

/** What the classifier says of a message. */
export interface Judgement {
  readonly winner: BayesClass;
  /** Of the winner: a half to 1. */
  readonly probability: number;
}

/** Most tokens of a message; each costs a look into the store. */
const hardMaxTokens = 20_000;

/** While too little was learned it is looked again after so long. */
const idleMs = 2000;

/** What counts beside words where the configuration does not say it. */
const allFacts: StatisticsOptions = {
  headers: ['X-MimeOLE', 'X-Mailer', 'User-Agent', 'Content-Type'],
  hasImages: true,
  hasMimeInfo: true,
  hasUrls: true,
  hasMeta: true,
};

const mainKey = 'RS';
const certainty = 0.95;

/** What versions of Rspamd write beside the name: up to 3.5 1 and −1, up to 4.0 1 and 0. */
const standard = {
  spam: { label: 'S', codes: ['1'] },
  ham: { label: 'H', codes: ['-1', '0'] },
} as const;

function describeClass(statfile: Statfile, options: BayesOptions): BayesClass {
  const name = statfile.class ?? (statfile.spam === true ? 'spam' : 'ham');
  const known = name === 'spam' || name === 'ham' ? standard[name] : { label: name, codes: [] };
  const codes = [name, ...known.codes];
  const code = (options.cache_elt_len === 0 && known.codes[0]) || name;
  return {
    name,
    symbol: statfile.symbol,
    label: options.class_labels[name] ?? known.label,
    learns: `learns_${name}`,
    code,
    otherCodes: codes.filter((other) => other !== code),
  };
}

/** One classifier with its database. */
export class Bayes implements LearningService {
  readonly classifiers: readonly string[];
  readonly classes: readonly string[];
  readonly #options: BayesOptions;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #classes: readonly BayesClass[];
  readonly #classesText: string;
  readonly #facts: StatisticsOptions;
  /** Keys of what was learned. */
  readonly #caches: readonly string[];
  readonly #listeners: (() => void)[] = [];
  readonly #tokens = new WeakMap<Task, readonly Token[]>();
  /** Until when a database is not asked again, since too little is in it. */
  readonly #idle = new Map<string, number>();

  constructor(options: BayesOptions, store: Store, clock: Clock, facts: StatisticsOptions = allFacts) {
    this.#options = options;
    this.#facts = facts;
    this.#store = store;
    this.#clock = clock;
    this.#classes = options.statfile.map((statfile) => describeClass(statfile, options));
    this.#classesText = JSON.stringify(
      this.#classes.map(({ label, learns, code, otherCodes }) => ({ label, learns, code, otherCodes })),
    );
    this.#caches = Array.from(
      { length: 1 + options.cache_max_keys },
      (_, index) => options.cache_prefix + 'X'.repeat(index),
    );
    this.classifiers = [options.name];
    this.classes = this.#classes.map(({ name }) => name);
  }

  get bayesClasses(): readonly BayesClass[] {
    return this.#classes;
  }

  /** Undefined: too little was learned, or is known of this message. Rejects with StoreError. */
  async judge(task: Task, minLearns = this.#options.min_learns): Promise<Judgement | undefined> {
    const main = this.#mainKey(task);
    const now = this.#clock.now();
    if ((this.#idle.get(main) ?? 0) > now) return undefined;
    const tokens = this.#tokensOf(task);
    if (tokens.length === 0 || tokens.length < this.#options.min_tokens) return undefined;
    const keys = [main, ...tokens.map((token) => `${main}_${tokenName(token)}`)];
    const { learns, counts } = await this.#store.run(readTokens, keys, [minLearns, this.#classesText]);
    if (counts.length === 0) {
      if (minLearns === this.#options.min_learns) this.#rest(main, now);
      return undefined;
    }
    return this.#combine(tokens, counts, learns);
  }

  /** Messages learned of each class, in the order of {@link bayesClasses}. */
  async learned(task?: Task): Promise<readonly number[]> {
    const fields = await this.#store.hashGetAll(task ? this.#mainKey(task) : mainKey);
    return this.#classes.map(({ learns }) => Number(fields[learns] ?? 0) || 0);
  }

  async statistics(): Promise<readonly LearnedClass[]> {
    const learned = await this.learned();
    return this.#classes.map(({ symbol, name }, index) => ({
      symbol,
      className: name,
      learned: learned[index]!,
      store: this.#store.driver,
    }));
  }

  async learn(task: Task, className: string | undefined, manner: 'careful' | 'bulk'): Promise<LearnAnswer> {
    const wanted = this.#classes.find(({ name }) => name === className);
    if (className !== undefined && !wanted)
      throw new PosternError('notFound', `cannot find class with name ${className}`);
    const { min_tokens: least, max_tokens: most } = this.#options;
    const tokens = this.#tokensOf(task);
    if (tokens.length === 0 || tokens.length < least)
      return { kind: 'few', tokens: tokens.length, bound: least };
    if (most > 0 && tokens.length >= most) return { kind: 'many', tokens: tokens.length, bound: most };
    const main = this.#mainKey(task);
    if (wanted && manner === 'careful') {
      const judgement = await this.judge(task);
      if (judgement?.winner === wanted && judgement.probability >= certainty) {
        if (!(await this.#isRemembered(task, tokens)))
          return { kind: 'certain', probability: judgement.probability };
      }
    }
    const keys = [
      main,
      `${(wanted ?? this.#classes[0]!).symbol}_keys`,
      ...this.#caches,
      ...tokens.map((token) => `${main}_${tokenName(token)}`),
    ];
    const outcome: LearnOutcome = await this.#store.run(learnTokens, keys, [
      this.#idsOf(task, tokens).join(' '),
      wanted?.code ?? '',
      this.#classesText,
      Math.max(0, this.#options.expire ?? this.#options.expiry ?? 0),
      this.#options.common_ttl,
      this.#caches.length,
      this.#options.cache_max_elt,
    ]);
    this.#idle.delete(main);
    if (outcome === 'learned' || outcome === 'moved') for (const listener of this.#listeners) listener();
    return outcome === 'known' ? { kind: outcome, messageId: task.message.messageId } : { kind: outcome };
  }

  onLearned(listener: () => void): void {
    this.#listeners.push(listener);
  }

  #combine(
    tokens: readonly Token[],
    counts: readonly number[],
    learns: readonly number[],
  ): Judgement | undefined {
    const options = {
      minTokens: this.#options.min_tokens,
      minTokenHits: this.#options.min_token_hits,
      minProbStrength: this.#options.min_prob_strength,
      minLearns: this.#options.min_learns,
    };
    const spam = this.#classes.findIndex(({ name }) => name === 'spam');
    const ham = this.#classes.findIndex(({ name }) => name === 'ham');
    if (this.#classes.length !== 2 || spam < 0 || ham < 0) {
      const found = classProbabilities(tokens, counts, learns, options);
      return found && { winner: this.#classes[found.index]!, probability: found.probability };
    }
    const ordered = spam === 0 ? counts : swapped(counts);
    const probability = spamProbability(tokens, ordered, [learns[spam]!, learns[ham]!], options);
    if (probability === undefined) return undefined;
    return probability > 0.5
      ? { winner: this.#classes[spam]!, probability }
      : { winner: this.#classes[ham]!, probability: 1 - probability };
  }

  #rest(main: string, now: number): void {
    if (this.#idle.size >= 10_000) this.#idle.clear();
    this.#idle.set(main, now + idleMs);
  }

  #tokensOf(task: Task): readonly Token[] {
    const known = this.#tokens.get(task);
    if (known) return known;
    const { max_tokens: most } = this.#options;
    const options = {
      window: this.#options.tokenizer.window,
      maxTokens: most > 0 ? Math.min(most, hardMaxTokens) : hardMaxTokens,
      facts: this.#facts,
    };
    const tokens = messageTokens(task.message, task.content, options, findingsOf(task));
    this.#tokens.set(task, tokens);
    return tokens;
  }

  async #isRemembered(task: Task, tokens: readonly Token[]): Promise<boolean> {
    const ids = this.#idsOf(task, tokens);
    for (const cache of this.#caches)
      for (const id of ids) if ((await this.#store.hashGet(cache, id)) !== undefined) return true;
    return false;
  }

  /** Names of a message in the cache: the one that we write, and the one of other versions of Rspamd. */
  #idsOf(task: Task, tokens: readonly Token[]): readonly string[] {
    const whole = tokensId(tokens, this.#mainKey(task).slice(mainKey.length));
    const length = this.#options.cache_elt_len;
    return length === 0 ? [whole, whole.slice(0, 32)] : [whole.slice(0, length), whole];
  }

  #mainKey({ envelope, direction }: Task): string {
    if (!(this.#options.per_user ?? this.#options.users_enabled)) return mainKey;
    const user = direction.isAuthenticated
      ? envelope.login
      : (envelope.deliverTo ?? envelope.recipients[0]?.text);
    return `${mainKey}${(user ?? '').toLowerCase().slice(0, 320)}`;
  }
}

/** What Rspamd reads off the symbols of a scan. */
function findingsOf({ result }: Task): ScanFindings | undefined {
  const trace = result.get('DKIM_TRACE');
  if (!trace) return undefined;
  const passed = trace.options.filter((option) => option.endsWith(':+'));
  return {
    hasSpfPassed: result.has('R_SPF_ALLOW'),
    signers: passed.map((option) => option.slice(0, -2)),
  };
}

function swapped(counts: readonly number[]): readonly number[] {
  const result = new Array<number>(counts.length);
  for (let at = 0; at + 1 < counts.length; at += 2) {
    result[at] = counts[at + 1]!;
    result[at + 1] = counts[at]!;
  }
  return result;
}
