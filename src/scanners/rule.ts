import { createHash } from 'node:crypto';
import {
  type CheckUnit,
  ConfigError,
  type InsertHit,
  StoreError,
  type Task,
  UpstreamError,
} from '../core/index.ts';
import { cachedResult, cacheText } from './cache.ts';
import { Connection, type Endpoint } from './connection.ts';
import type { CommonOptions, SettledOptions } from './options.ts';
import { Outcome } from './outcome.ts';
import { compileOption } from './pattern-option.ts';
import { type Piece, PieceFilter } from './pieces.ts';
import type {
  FamilyMetrics,
  FurtherSymbol,
  Scanner,
  ScannerContext,
  ScannerFamily,
  ScannerType,
  ScanResult,
} from './scanner.ts';
import { Servers } from './servers.ts';
import { Troubles } from './troubles.ts';
import { Whitelist } from './whitelist.ts';

/** Pieces of one message that are with the scanner at the same time. */
const maxParallel = 4;
/** What is left to the rest of the scan when a rule uses up its time. */
const reserveMs = 300;
const minDeadlineMs = 50;

function typeOf<Options extends CommonOptions>(
  family: ScannerFamily<Options>,
  key: string,
  options: Options,
  context: ScannerContext,
): ScannerType<Options> {
  const { type = key } = options;
  if (Object.hasOwn(family.types, type)) return family.types[type]!;
  throw context.configError(
    options.type === undefined ? [key] : [key, 'type'],
    Object.hasOwn(family.refusedTypes, type)
      ? `scanner type \`${type}\` is not supported: ${family.refusedTypes[type]}`
      : `unknown scanner type \`${type}\``,
    Object.keys(family.types).join(' or '),
  );
}

/** Options of other types that differ from their default would do nothing. */
function refuseForeignOptions<Options extends CommonOptions>(
  family: ScannerFamily<Options>,
  key: string,
  options: Options,
  context: ScannerContext,
): void {
  const { type: typeName = key } = options;
  const own = family.types[typeName]?.ownOptions ?? {};
  for (const [otherName, { ownOptions = {} }] of Object.entries(family.types)) {
    for (const [name, schema] of Object.entries(ownOptions)) {
      if (name in own || (options as Readonly<Record<string, unknown>>)[name] === schema.parse(undefined)) {
        continue;
      }
      throw context.configError([key, name], `this option is for scanners of type ${otherName} only`);
    }
  }
}

function settle(options: CommonOptions, defaults: Partial<SettledOptions>): SettledOptions {
  const hasFilters =
    options.mime_parts_filter_regex !== undefined || options.mime_parts_filter_ext !== undefined;
  return {
    ...options,
    scan_mime_parts: options.attachments_only ?? options.scan_mime_parts ?? defaults.scan_mime_parts ?? true,
    scan_all_mime_parts: options.scan_all_mime_parts ?? defaults.scan_all_mime_parts ?? !hasFilters,
    symbol_type: options.symbol_type ?? defaults.symbol_type ?? 'normal',
    dynamic_scan: options.dynamic_scan ?? defaults.dynamic_scan ?? false,
    min_size: options.min_size ?? defaults.min_size,
  };
}

/** A rule whose type is known. */
interface CompiledRule {
  readonly key: string;
  /** Name of the section. */
  readonly family: string;
  readonly metrics: FamilyMetrics;
  readonly options: SettledOptions;
  readonly type: Pick<
    ScannerType<never>,
    'port' | 'timeoutSeconds' | 'cacheSeconds' | 'symbol' | 'failSymbol' | 'score' | 'words' | 'weighs'
  >;
  readonly scanner: Scanner;
  readonly weight: number;
  further(symbol: string): Readonly<Record<string, FurtherSymbol>>;
  readonly anchor: string | undefined;
}

/** A scanner with its servers, compiled from one rule of the section. */
class Rule {
  readonly #name: string;
  readonly #options: SettledOptions;
  readonly #context: ScannerContext;
  readonly #scanner: Scanner;
  readonly #anchor: string | undefined;
  readonly #type: CompiledRule['type'];
  readonly #servers: Servers;
  readonly #filter: PieceFilter;
  readonly #outcome: Outcome;
  readonly #whitelist: Whitelist | undefined;
  readonly #troubles: Troubles;
  readonly #timeoutMs: number;
  readonly #cacheMs: number;
  readonly #prefix: string;
  readonly #count: (result: ScanResult['kind'] | 'cached') => void;

  constructor(rule: CompiledRule, context: ScannerContext) {
    const { key, family, options, type } = rule;
    const { name = key } = options;
    if (options.servers === undefined) throw context.configError([key], 'the rule has no servers');
    const servers = Servers.parse(options.servers, type.port);
    if ('wrong' in servers) {
      throw context.configError([key, 'servers'], `\`${servers.wrong}\` is no server`, 'host:port or /path');
    }
    if (options.attachments_only !== undefined) {
      context.warn([key, 'attachments_only'], 'older name; write `scan_mime_parts`');
    }
    const named = options.mime_parts_filter_regex ?? options.mime_parts_filter_ext;
    if (named !== undefined && options.scan_all_mime_parts) {
      context.warn([key], 'filters of parts have no effect with `scan_all_mime_parts = true`');
    }
    this.#name = name;
    this.#options = options;
    this.#context = context;
    this.#servers = servers;
    this.#scanner = rule.scanner;
    this.#anchor = rule.anchor;
    this.#type = type;
    this.#filter = new PieceFilter(
      options,
      (options.mime_parts_filter_regex ?? []).map((text) =>
        compileOption(context, [key, 'mime_parts_filter_regex'], text),
      ),
    );
    const symbol = options.symbol ?? type.symbol ?? key.toUpperCase();
    this.#outcome = new Outcome(
      {
        key,
        name,
        family,
        options,
        symbol,
        failSymbol: options.symbol_fail ?? type.failSymbol ?? `${symbol}_FAIL`,
        score: options.score ?? type.score ?? 0,
        weight: rule.weight,
        words: type.words,
        further: rule.further(symbol),
      },
      context,
    );
    this.#whitelist =
      options.whitelist === undefined || options.whitelist === null
        ? undefined
        : new Whitelist(family, key, options.whitelist, context);
    this.#troubles = new Troubles(context, name, rule.metrics.failures);
    this.#timeoutMs = 1000 * (options.timeout ?? type.timeoutSeconds);
    this.#cacheMs = options.no_cache ? 0 : 1000 * (options.cache_expire ?? type.cacheSeconds);
    this.#prefix = options.prefix ?? `rs_${name}_`;
    const scans = context.metrics.counter(rule.metrics.scans, 'Results of scanners', ['rule', 'result']);
    this.#count = (result) => scans.add(1, { rule: name, result });
  }

  get unit(): CheckUnit<never> {
    return {
      name: this.#anchor ?? this.#outcome.symbol,
      stage: this.#options.symbol_type === 'postfilter' ? 'postfilter' : 'filter',
      symbols: this.#outcome.declared,
      waits: true,
      run: (task, hit) => this.#run(task, hit),
    };
  }

  async #run(task: Task, hit: InsertHit<never>): Promise<void> {
    if (this.#isDecided(task)) return;
    const pieces = this.#filter.select(task).filter((piece) => this.#fits(task, piece));
    if (pieces.length === 0) return;
    const limitMs = this.#deadlineMs(task);
    const endMs = performance.now() + limitMs;
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), limitMs);
    const signal = AbortSignal.any([giveUp.signal, task.signal]);
    try {
      if (await this.#whitelist?.hasSender(task, signal)) return;
      const results = await this.#scanAll(task, pieces, endMs, signal);
      // Whoever gave the scan up has gone on without us.
      if (task.signal.aborted) return;
      for (const [index, result] of results.entries()) {
        await this.#insert(task, hit, result, pieces[index]!, signal);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Is the message refused anyway, so that the scanner may be spared? */
  #isDecided({ result }: Task): boolean {
    if (!this.#options.dynamic_scan || this.#options.action === 'reject') return false;
    const required = result.requiredScore() ?? Number.POSITIVE_INFINITY;
    return (
      result.score > 2 * required || (result.preResults.length > 0 && result.currentAction() === 'reject')
    );
  }

  #fits(task: Task, { content }: Piece): boolean {
    const { max_size: max = Number.POSITIVE_INFINITY, min_size: min = 0 } = this.#options;
    if (content.length >= min && content.length <= max) return true;
    this.#context.log.info('not scanned for its size', {
      id: task.id,
      rule: this.#name,
      sizeBytes: content.length,
    });
    return false;
  }

  /** The rule's own time, but never more than what is left of the task's. */
  #deadlineMs(task: Task): number {
    const { taskTimeoutMs } = this.#context.options;
    if (taskTimeoutMs === undefined) return this.#timeoutMs;
    const leftMs = taskTimeoutMs - (this.#context.clock.now() - task.startedMs) - reserveMs;
    return Math.min(this.#timeoutMs, Math.max(minDeadlineMs, leftMs));
  }

  /** Every piece once, equal ones together, a few at a time. */
  async #scanAll(
    task: Task,
    pieces: readonly Piece[],
    endMs: number,
    signal: AbortSignal,
  ): Promise<readonly ScanResult[]> {
    const results = new Map<string, Promise<ScanResult>>();
    const digests = pieces.map(({ content }) => createHash('blake2b512').update(content).digest('hex'));
    const queue = new Map(pieces.map(({ content }, index) => [digests[index]!, content])).entries();
    const worker = async (): Promise<void> => {
      for (const [digest, content] of queue) {
        const result = this.#scanOne(task, content, digest, endMs, signal);
        results.set(digest, result);
        await result;
      }
    };
    await Promise.all(Array.from({ length: Math.min(maxParallel, pieces.length) }, worker));
    return Promise.all(digests.map((digest) => results.get(digest)!));
  }

  async #scanOne(
    task: Task,
    content: Buffer,
    digest: string,
    endMs: number,
    signal: AbortSignal,
  ): Promise<ScanResult> {
    if (await this.#whitelist?.has(digest, signal)) return { kind: 'clean' };
    const key = this.#prefix + digest;
    const cached = await this.#recall(key, signal);
    if (cached) {
      this.#count('cached');
      return cached;
    }
    const result = await this.#ask(task, content, endMs, signal);
    if (task.signal.aborted) return result;
    this.#count(result.kind);
    const { log } = this.#context;
    const fields = { id: task.id, rule: this.#name, digest };
    if (result.kind !== 'clean')
      log.info('scanner result', { ...fields, result: result.kind, threats: result.threats });
    else if (this.#options.log_clean) log.info('clean', fields);
    await this.#remember(key, result, signal);
    return result;
  }

  /** Asks server after server until one judges. Never rejects. */
  async #ask(task: Task, content: Buffer, endMs: number, signal: AbortSignal): Promise<ScanResult> {
    const { clock } = this.#context;
    const tried = new Set<Endpoint>();
    let reason = 'no answer in time';
    for (let left = this.#options.retransmits; left >= 0 && !signal.aborted; left--) {
      const server = this.#servers.pick(clock.now(), tried);
      tried.add(server);
      const leftMs = endMs - performance.now();
      if (leftMs <= 0) break;
      // Where another server waits, one that is silent gets half of the time.
      const limitMs = left > 0 && this.#servers.hasOther(clock.now(), tried) ? leftMs / 2 : leftMs;
      try {
        const result = await this.#attempt(
          server,
          task,
          content,
          { limitMs, connectMs: Math.min(limitMs, leftMs / (left + 1)) },
          signal,
        );
        this.#servers.answered(server);
        if (result.kind === 'fail') this.#troubles.tell(task, server.text, result.threats.join('; '));
        return result;
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error;
        if (task.signal.aborted) break;
        reason = error.message;
        this.#servers.failed(server, clock.now());
        this.#troubles.failed(task, server.text, reason);
      }
    }
    return { kind: 'fail', threats: [this.#scanner.failure(reason)] };
  }

  async #attempt(
    server: Endpoint,
    task: Task,
    content: Buffer,
    limits: { readonly limitMs: number; readonly connectMs: number },
    signal: AbortSignal,
  ): Promise<ScanResult> {
    const { transport, maxReplyBytes } = this.#scanner;
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), limits.limitMs);
    const until = AbortSignal.any([giveUp.signal, signal]);
    const connect = (): Promise<Connection> =>
      Connection.open(server, transport, { connectMs: limits.connectMs, maxReplyBytes }, until);
    try {
      const host = server.path === undefined ? server.text : 'localhost';
      return await this.#scanner.scan(connect, host, content, task);
    } finally {
      clearTimeout(timer);
    }
  }

  async #insert(
    task: Task,
    hit: InsertHit<never>,
    result: ScanResult,
    { part }: Piece,
    signal: AbortSignal,
  ): Promise<void> {
    if (result.kind === 'clean') return;
    const threats: string[] = [];
    for (const threat of result.threats) {
      if (!(await this.#whitelist?.has(threat, signal))) threats.push(threat);
    }
    this.#outcome.apply(task, hit, result, threats, part);
  }

  async #recall(key: string, signal: AbortSignal): Promise<ScanResult | undefined> {
    if (this.#cacheMs === 0) return undefined;
    const text = await this.#unlessLate(this.#context.store.get(key), signal);
    return text === undefined ? undefined : cachedResult(text, this.#type);
  }

  async #remember(key: string, result: ScanResult, signal: AbortSignal): Promise<void> {
    const text = this.#cacheMs === 0 ? undefined : cacheText(result, this.#outcome.weight);
    if (text !== undefined) await this.#unlessLate(this.#context.store.set(key, text, this.#cacheMs), signal);
  }

  /** The store's answer; undefined when it fails or the time is up: the scanner is asked then. */
  async #unlessLate<T>(answer: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
    let stop = (): void => undefined;
    const late = new Promise<undefined>((resolve) => {
      stop = () => resolve(undefined);
    });
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    const answered = answer.catch((error: unknown) => {
      if (!(error instanceof StoreError)) throw error;
      this.#troubles.store(error);
      return undefined;
    });
    try {
      return await Promise.race([late, answered]);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }
}

/**
 * Compiles a rule of the section.
 *
 * @returns undefined when it is switched off
 * @throws ConfigError
 */
function compileRule<Options extends CommonOptions>(
  family: ScannerFamily<Options>,
  key: string,
  options: Options,
  context: ScannerContext,
): CheckUnit<never> | undefined {
  if (!options.enabled) return undefined;
  const type = typeOf(family, key, options, context);
  refuseForeignOptions(family, key, options, context);
  return new Rule(
    {
      key,
      family: family.name,
      metrics: family.metrics,
      options: settle(options, type.defaults ?? {}),
      type,
      scanner: type.create(options),
      weight: type.weight?.(options) ?? 1,
      further: (symbol) => type.furtherSymbols?.(options, symbol) ?? {},
      anchor: family.anchor?.(key),
    },
    context,
  ).unit;
}

/**
 * Compiles the rules of a section: everything that is no option of the section itself.
 *
 * @param parse the schema of one rule, whose output the section already holds
 * @returns undefined when there are none, so that nothing runs
 * @throws ConfigError with the problems of all rules
 */
export function compileRules<Options extends CommonOptions>(
  family: ScannerFamily<Options>,
  section: Readonly<Record<string, unknown>>,
  isOwnOption: (name: string) => boolean,
  parse: (value: unknown) => Options,
  context: ScannerContext,
): readonly CheckUnit<never>[] | undefined {
  const units: CheckUnit<never>[] = [];
  const problems: ConfigError['problems'][number][] = [];
  for (const [key, options] of Object.entries(section)) {
    if (isOwnOption(key)) continue;
    try {
      const unit = compileRule(family, key, parse(options), context);
      if (unit) units.push(unit);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return units.length === 0 ? undefined : units;
}
