import {
  type CheckUnit,
  type DynamicSymbol,
  type InsertHit,
  StoreError,
  type Task,
} from '../../core/index.ts';
import { weightOf } from './average.ts';
import { type Backend, dnsBackend, storeBackend } from './backend.ts';
import type { RuleOptions } from './options.ts';
import {
  dkimSubjects,
  genericSubjects,
  ipSubjects,
  type ReputationContext,
  type Subject,
  type SubjectFinder,
  spfSubjects,
  urlSubjects,
} from './subject.ts';

type SelectorOptions = NonNullable<RuleOptions['selector'][keyof RuleOptions['selector']]>;

/** Weights so small say nothing. */
const leastWeight = 0.001;
const quietMs = 60_000;

/** The one selector of a rule: what it finds, and in which checks its findings are made. */
interface CompiledSelector {
  readonly options: SelectorOptions;
  readonly find: SubjectFinder;
  /** Units that must have run. */
  readonly after: readonly string[];
  /** Largest weight of the symbol that goes with valid signatures. */
  readonly adjustment: number;
}

function compileSelector(key: string, rule: RuleOptions, context: ReputationContext): CompiledSelector {
  const { ip = rule.selector.sender, dkim, url, spf, generic } = rule.selector;
  const word = rule.selector.sender ? 'sender' : 'ip';
  const map = (spec: unknown, selector: string, option: string) =>
    spec === undefined || spec === null
      ? undefined
      : context.maps.open(spec, 'set', {
          description: `reputation: ${option} of ${key}`,
          path: context.path('rules', key, 'selector', selector, option),
        });
  const plain = { after: [], adjustment: 0 };
  if (ip) {
    const whitelist = map(ip.asn_cc_whitelist, word, 'asn_cc_whitelist');
    return { ...plain, options: ip, find: ipSubjects(ip, whitelist) };
  }
  if (dkim) {
    return {
      options: dkim,
      find: dkimSubjects(dkim),
      after: ['DKIM_CHECK'],
      adjustment: dkim.max_accept_adjustment,
    };
  }
  if (url) return { ...plain, options: url, find: urlSubjects(url) };
  if (spf) return { ...plain, options: spf, find: spfSubjects, after: ['SPF_CHECK'] };
  const path = context.path('rules', key, 'selector', 'generic', 'selector');
  const selector = context.selectors.compile(generic!.selector, { path, delimiter: generic!.delimiter });
  const whitelist = map(generic!.whitelist, 'generic', 'whitelist');
  return { ...plain, options: generic!, find: genericSubjects(generic!, selector, whitelist) };
}

function compileBackend({ backend: { redis, dns } }: RuleOptions, context: ReputationContext): Backend {
  return dns ? dnsBackend(dns, context.dns) : storeBackend(redis!, context);
}

/** A rule: what has a reputation, where it is kept, and how it is told. */
class Rule {
  readonly #key: string;
  readonly #context: ReputationContext;
  readonly #selector: CompiledSelector;
  readonly #backend: Backend;
  readonly #spam: DynamicSymbol;
  readonly #ham: DynamicSymbol;
  readonly #adjustment: DynamicSymbol | undefined;
  /** What was looked up, so that the same is learned. */
  readonly #found = new WeakMap<Task, readonly Subject[]>();
  #quietUntilMs = 0;

  constructor(key: string, rule: RuleOptions, context: ReputationContext) {
    this.#key = key;
    this.#context = context;
    this.#selector = compileSelector(key, rule, context);
    this.#backend = compileBackend(rule, context);
    const { options } = this.#selector;
    const symbol = rule.symbol ?? options.symbol ?? key.toUpperCase();
    const declare = (name: string, what: string): DynamicSymbol =>
      context.declare(name, { description: rule.description ?? what });
    this.#spam = declare(options.split_symbols ? `${symbol}_SPAM` : symbol, `${key}: reputation`);
    this.#ham = options.split_symbols ? declare(`${symbol}_HAM`, `${key}: good reputation`) : this.#spam;
    this.#adjustment =
      this.#selector.adjustment > 0
        ? context.declare(`${symbol}_ADJUSTMENT`, {
            score: 1,
            description: `${key}: what the reputation makes of valid signatures`,
          })
        : undefined;
    if (!options.outbound && !options.inbound) {
      context.warn(['rules', key], 'with neither `inbound` nor `outbound` this rule never runs');
    }
  }

  get units(): readonly CheckUnit<never>[] {
    const name = this.#spam.replace(/_SPAM$/, '');
    return [
      {
        name: `${name}_CHECK`,
        symbols: this.#adjustment
          ? [this.#spam, this.#ham, this.#adjustment]
          : [...new Set([this.#spam, this.#ham])],
        after: this.#selector.after,
        waits: true,
        run: (task, hit) => (this.#isApplicable(task) ? this.#check(task, hit) : undefined),
      },
      {
        name: `${name}_LEARN`,
        stage: 'idempotent',
        symbols: [],
        waits: true,
        run: (task) => this.#learn(task),
      },
    ];
  }

  /** Mail of the direction that the rule is for. */
  #isApplicable({ direction }: Task): boolean {
    const { inbound, outbound } = this.#selector.options;
    return direction.isOutbound ? outbound : inbound;
  }

  async #check(task: Task, hit: InsertHit<never>): Promise<void> {
    const subjects = await this.#selector.find(task, task.signal);
    if (subjects.length === 0) return;
    this.#found.set(task, subjects);
    const threshold = task.result.threshold('reject') ?? task.result.requiredScore() ?? 10;
    if (threshold <= 0) return;
    const weights = await Promise.all(subjects.map((subject) => this.#weigh(task, subject, threshold)));
    if (task.signal.aborted) return;
    let sum = 0;
    const options: string[] = [];
    for (const [index, weight] of weights.entries()) {
      if (weight === undefined) continue;
      sum += weight;
      options.push(`${subjects[index]!.label}(${weight.toFixed(2)})`);
    }
    if (options.length > 0) this.#insert(task, hit, sum, options);
  }

  async #weigh(task: Task, subject: Subject, threshold: number): Promise<number | undefined> {
    if (subject.factor === 0) return undefined;
    const reputation = await this.#orNothing(this.#backend.read(subject, task.signal));
    if (!reputation || reputation.count < this.#selector.options.lower_bound) return undefined;
    return weightOf(reputation, threshold) * subject.factor;
  }

  #insert(task: Task, hit: InsertHit<never>, sum: number, options: readonly string[]): void {
    const { min_score: min = -Infinity, max_score: max = Infinity } = this.#selector.options;
    // Several valid signatures are worth no more than one.
    const bounded = this.#adjustment ? Math.max(-1, Math.min(1, sum)) : sum;
    const weight = Math.max(min, Math.min(max, bounded));
    if (Math.abs(weight) < leastWeight) return;
    if (weight > 0) hit(this.#spam, weight, ...options);
    else {
      // Operators write the score of good reputation with either sign, and mean less.
      const isNegative = this.#ham !== this.#spam && task.result.symbolScore(this.#ham) < 0;
      hit(this.#ham, isNegative ? -weight : weight, ...options);
    }
    if (this.#adjustment) hit(this.#adjustment, this.#selector.adjustment * Math.tanh(weight), ...options);
  }

  /** The final score without our own part in it, or a reputation would feed on itself. */
  async #learn(task: Task): Promise<void> {
    const subjects = this.#found.get(task);
    if (!subjects) return;
    this.#found.delete(task);
    // An action that something forced says nothing of the message.
    if (task.result.preResults.length > 0) return;
    let { score } = task.result;
    for (const hit of task.result.hits) {
      if (hit.name === this.#spam || hit.name === this.#ham || hit.name === this.#adjustment)
        score -= hit.score;
    }
    if (!Number.isFinite(score)) return;
    await Promise.all(subjects.map((subject) => this.#orNothing(this.#backend.add(subject, score))));
  }

  /** Mail goes on without reputation while the store is away. */
  async #orNothing<T>(answer: Promise<T>): Promise<T | undefined> {
    try {
      return await answer;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      const nowMs = this.#context.clock.now();
      if (nowMs >= this.#quietUntilMs) {
        this.#quietUntilMs = nowMs + quietMs;
        this.#context.log.error('reputations cannot be read or kept', {
          rule: this.#key,
          error: error.message,
        });
      }
      return undefined;
    }
  }
}

/** Compiles a rule of the section; throws ConfigError. None: it is switched off. */
export function compileRule(
  key: string,
  rule: RuleOptions,
  context: ReputationContext,
): readonly CheckUnit<never>[] {
  return rule.enabled ? new Rule(key, rule, context).units : [];
}
