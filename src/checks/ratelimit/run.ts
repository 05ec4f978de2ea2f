import {
  type BucketReport,
  type CheckContext,
  type DynamicSymbol,
  type InsertHit,
  isOperatorScan,
  StoreError,
  type Task,
  verdictClass,
} from '../../core/index.ts';
import { type CheckResult, checkBucket, currentLevel, rememberLimited, updateBucket } from './bucket.ts';
import { keywords } from './keywords.ts';
import { type Bucket, bucketKey, compileLimits, type Limit, type LimitCompiler } from './limits.ts';
import { type RatelimitOptions, ratesOptions } from './options.ts';
import { limitedText, oversizedText } from './texts.ts';
import { Whitelist } from './whitelist.ts';

/** One bucket that concerns a message, and what became of it. */
interface Charge {
  readonly limit: Limit;
  readonly bucket: Bucket;
  readonly key: string;
  readonly units: number;
  result: CheckResult | undefined;
  /** Units are noted as pending and have to be given back. */
  isPending: boolean;
}

/** Both stages of the check, with what they hand on from one to the other. */
export class RatelimitRun {
  readonly #context: CheckContext<RatelimitOptions, never>;
  readonly #compiler: LimitCompiler;
  readonly #limits: readonly Limit[];
  readonly #whitelist: Whitelist;
  readonly #symbols = new Map<string, DynamicSymbol>();
  readonly #limited: ReturnType<CheckContext<RatelimitOptions, never>['metrics']['counter']>;
  readonly #charges = new WeakMap<Task, readonly Charge[]>();
  readonly #limitsOfSettings = new WeakMap<object, readonly Limit[]>();
  readonly #expireMs: number;

  /** @throws ConfigError */
  constructor(context: CheckContext<RatelimitOptions, never>) {
    const { config, selectors, metrics } = context;
    this.#context = context;
    this.#expireMs = Math.ceil(config.expire * 1000);
    this.#compiler = {
      options: config,
      keywords: keywords(new Set(config.bounce_senders.map((user) => user.toLowerCase()))),
      selectors,
      path: context.path,
      error: context.configError,
      warn: context.warn,
    };
    this.#limits = compileLimits(config.rates, this.#compiler);
    if (this.#limits.length === 0) context.warn(['rates'], 'there are no limits: nothing is limited');
    this.#whitelist = new Whitelist(context);
    this.#limited = metrics.counter('postern_ratelimited_total', 'Messages over a limit', ['limit']);
    const symbols = [config.symbol, config.info_symbol, ...this.#limits.flatMap(symbolsOf)];
    for (const name of symbols)
      if (name !== undefined)
        this.#symbols.set(name, context.declare(name, { description: 'A limit was exceeded' }));
  }

  /** Before the verdict: does the message fit every bucket? Notes it as pending in those it fits. */
  check(task: Task, hit: InsertHit<never>): Promise<void> | undefined {
    const limits = this.#limitsFor(task);
    if (limits.length === 0 || task.result.preResults.length > 0) return undefined;
    if (!this.#context.config.allow_local && isOperatorScan(task.envelope)) return undefined;
    if (this.#whitelist.isExternal)
      return this.#whitelist
        .ask(task)
        .then((isListed) => (isListed ? undefined : this.#checkLimits(task, hit, limits)));
    return this.#whitelist.has(task) ? undefined : this.#checkLimits(task, hit, limits);
  }

  /** After the verdict: charges what was let through, and takes the pending note back in any case. */
  update(task: Task): Promise<void> | undefined {
    const charges = this.#charges.get(task);
    if (!charges) return undefined;
    this.#charges.delete(task);
    const isStopped = task.flags.has('skip') || task.result.preResults.length > 0;
    const found = isStopped ? undefined : verdictClass(task.result);
    const verdict = found === 'junk' ? 'spam' : found;
    return this.#settle(task, charges, isStopped ? 'release' : 'charge', verdict);
  }

  /** Buckets that count mail like this one and hold something, for administrators. */
  async buckets(task: Task, then: 'show' | 'reset'): Promise<readonly BucketReport[]> {
    const { store, clock } = this.#context;
    const nowMs = clock.now();
    const found = await Promise.all(
      this.#chargesOf(task, this.#limits).map(async ({ limit, bucket, key }) => {
        const fields = await store.hashGetAll(key);
        if (fields['l'] === undefined) return [];
        if (then === 'reset') await store.delete(key);
        const { burst, ratePerSecond, counts } = bucket;
        const level = currentLevel(fields, nowMs, ratePerSecond / 1000, bucket.dynamics !== undefined);
        return [{ limit: limit.name, key, level, burst, ratePerSecond, counts }];
      }),
    );
    return found.flat();
  }

  #limitsFor(task: Task): readonly Limit[] {
    const own = task.pluginSettings('ratelimit')?.['rates'];
    if (typeof own !== 'object' || own === null) return this.#limits;
    let limits = this.#limitsOfSettings.get(own);
    if (!limits) {
      limits = this.#limitsWith(own, task);
      this.#limitsOfSettings.set(own, limits);
    }
    return limits;
  }

  /** Limits of settings replace those of the same name. What cannot be read changes nothing. */
  #limitsWith(own: object, task: Task): readonly Limit[] {
    const { log } = this.#context;
    try {
      const rates = ratesOptions.parse(own);
      const warn: LimitCompiler['warn'] = (_, message) => log.info(message, { settings: task.settings?.id });
      const added = compileLimits(rates, { ...this.#compiler, warn });
      const unknown = added.flatMap(symbolsOf).find((name) => name !== undefined && !this.#symbols.has(name));
      if (unknown !== undefined) throw new Error(`symbol ${unknown} is not known from the configuration`);
      return [...this.#limits.filter(({ name }) => !Object.hasOwn(rates, name)), ...added];
    } catch (error) {
      log.warn('limits of settings cannot be used', {
        id: task.id,
        settings: task.settings?.id,
        error: error instanceof Error ? error.message : String(error),
      });
      return this.#limits;
    }
  }

  async #checkLimits(task: Task, hit: InsertHit<never>, limits: readonly Limit[]): Promise<void> {
    const charges = this.#chargesOf(task, limits);
    if (charges.length === 0) return;
    for (const charge of charges) {
      if (fits(charge)) continue;
      this.#stop(task, hit, charge);
      if (task.result.preResults.length > 0) return;
    }
    await this.#take(task, charges);
    for (const charge of charges) if (charge.result?.isAllowed === false) this.#stop(task, hit, charge);
  }

  #chargesOf(task: Task, limits: readonly Limit[]): readonly Charge[] {
    const recipients = Math.max(1, task.envelope.recipients.length);
    const charges = new Map<string, Charge>();
    for (const limit of limits)
      for (const value of limit.values(task))
        for (const bucket of limit.buckets) {
          const key = bucketKey(this.#context.config.prefix, bucket, value);
          const units = bucket.counts === 'messages' ? 1 : recipients;
          // Two limits may come to one bucket (a sender whose address is his login): it is charged once.
          const identity = `${key} ${bucket.ratePerSecond} ${bucket.burst}`;
          if (!charges.has(identity))
            charges.set(identity, { limit, bucket, key, units, result: undefined, isPending: false });
        }
    return [...charges.values()];
  }

  /** Asks all buckets; when one cannot be asked, gives back what the others took. */
  async #take(task: Task, charges: readonly Charge[]): Promise<void> {
    const { config, log } = this.#context;
    const outcomes = await Promise.allSettled(charges.map((charge) => this.#takeOne(charge)));
    this.#charges.set(task, charges);
    // The client may leave, and then there is no update.
    const giveUp = (): void => {
      this.#settle(task, charges, 'release', undefined).catch((error: unknown) =>
        log.warn('cannot give back pending units', { id: task.id, error: String(error) }),
      );
    };
    if (task.signal.aborted) giveUp();
    else task.signal.addEventListener('abort', giveUp, { once: true });
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (!failed) return;
    const isAccepted = failed.reason instanceof StoreError && config.on_store_failure === 'accept';
    if (!isAccepted) {
      this.#charges.delete(task);
      giveUp();
      throw failed.reason;
    }
    log.warn('a limit could not be checked, the message passes', {
      id: task.id,
      error: failed.reason.message,
    });
  }

  async #takeOne(charge: Charge): Promise<void> {
    if (!fits(charge)) return;
    const { store, clock } = this.#context;
    const { bucket, key, units } = charge;
    const nowMs = Math.floor(clock.now());
    const ratePerMs = bucket.ratePerSecond / 1000;
    const dynamic = bucket.dynamics ? 1 : 0;
    charge.result = await store.run(
      checkBucket,
      [key],
      [nowMs, ratePerMs, bucket.burst, units, dynamic, this.#expireMs],
    );
    charge.isPending = charge.result.isAllowed;
  }

  /** A message over a limit. */
  #stop(task: Task, hit: InsertHit<never>, { limit, bucket, key, units, result }: Charge): void {
    const { config, log } = this.#context;
    log.info('limited', { id: task.id, limit: limit.name, bucket: key, units, sender: task.sender.value });
    // Settings may come with each message, and their names are anybody's.
    this.#limited.add(1, { limit: this.#limits.includes(limit) ? limit.name : 'settings' });
    this.#remember(task, key);
    const option = `${limit.name}(${key})`;
    const symbol = bucket.symbol ?? config.symbol;
    if (symbol !== undefined) {
      this.#insert(hit, symbol, option);
      return;
    }
    if (config.info_symbol !== undefined) this.#insert(hit, config.info_symbol, option);
    if (bucket.skipSoftReject || task.result.preResults.length > 0) return;
    const text = result ? limitedText(limit, bucket, result) : oversizedText(limit, bucket, units);
    task.setPreResult({
      action: !result && config.reject_oversized ? 'reject' : 'soft reject',
      message: bucket.message ?? config.message ?? text,
      module: 'ratelimit',
      priority: 0,
      isLeast: false,
      processAll: false,
    });
  }

  #insert(hit: InsertHit<never>, name: string, option: string): void {
    const symbol = this.#symbols.get(name);
    if (symbol !== undefined) hit(symbol, 1, option);
  }

  #remember(task: Task, key: string): void {
    const { store, config, clock, log } = this.#context;
    const nowMs = Math.floor(clock.now());
    store
      .run(rememberLimited, [config.lfb_cache_prefix], [key, nowMs, config.lfb_max_cache_size])
      .catch((error: unknown) =>
        log.warn('cannot note a limited bucket', { id: task.id, error: String(error) }),
      );
  }

  async #settle(
    task: Task,
    charges: readonly Charge[],
    what: 'charge' | 'release',
    verdict: 'ham' | 'spam' | undefined,
  ): Promise<void> {
    const { store } = this.#context;
    const startedMs = Math.floor(task.startedMs);
    const updates = charges.flatMap((charge) => {
      const { bucket, key, units, result } = charge;
      const { dynamics } = bucket;
      const charged = what === 'charge' ? units : 0;
      const released = charge.isPending ? units : 0;
      charge.isPending = false;
      if (charged === 0 && released === 0) return [];
      return store.run(
        updateBucket,
        [key],
        [
          startedMs,
          charged,
          released,
          result?.window ?? 0,
          this.#expireMs,
          factorOf(verdict, dynamics?.hamRate, dynamics?.spamRate),
          factorOf(verdict, dynamics?.hamBurst, dynamics?.spamBurst),
          dynamics?.maxRate ?? 1,
          dynamics?.maxBurst ?? 1,
        ],
      );
    });
    await Promise.all(updates);
  }
}

function fits({ units, bucket }: Charge): boolean {
  return units <= bucket.capacity;
}

function symbolsOf({ buckets }: Limit): readonly (string | undefined)[] {
  return buckets.map(({ symbol }) => symbol);
}

function factorOf(
  verdict: 'ham' | 'spam' | undefined,
  ham: number | undefined,
  spam: number | undefined,
): number {
  if (verdict === undefined) return 1;
  return (verdict === 'ham' ? ham : spam) ?? 1;
}
