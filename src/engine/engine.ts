import { randomBytes } from 'node:crypto';
import {
  type AppliedSettings,
  type CheckDefinition,
  CheckError,
  type Configuration,
  type ContentViews,
  decideDirection,
  type InsertHit,
  LimitError,
  type LocalAddresses,
  type Message,
  PosternError,
  type Scanner,
  type ScanOutcome,
  type ScanRequest,
  type Stage,
  StoreError,
  Task,
  toPosternError,
  type Verdict,
} from '../core/index.ts';
import { type ActionTable, requiredScore } from './actions.ts';
import { type Composites, compileComposites } from './composites.ts';
import { Metric } from './metric.ts';
import { type CompiledApply, compileApply } from './overrides.ts';
import { buildPlan, type CheckPorts, globalOptions, type Plan, type PlannedUnit } from './plan.ts';
import { failureVerdict, renderVerdict } from './render.ts';
import { ScanResult } from './result.ts';

/** Finds the settings that hold for a message; undefined: none. */
export interface SettingsResolver {
  resolve(task: Task): AppliedSettings | undefined | Promise<AppliedSettings | undefined>;
}

/** Makes the views of messages; handed in by the composition root. */
export interface ViewFactory {
  parse(raw: Buffer): Message;
  content(message: Message): ContentViews;
}

/** Told about every finished scan, after the reply. */
export interface ScanObserver {
  scanned(task: Task, verdict: Verdict, unitTimesMs: ReadonlyMap<string, number> | undefined): void;
}

export interface EngineInit {
  readonly configuration: Configuration;
  readonly checks: readonly CheckDefinition[];
  readonly ports: CheckPorts;
  readonly views: ViewFactory;
  readonly localAddresses: LocalAddresses;
  readonly settings: SettingsResolver;
  readonly observer: ScanObserver;
  readonly hostName: string;
}

/** Symbols the engine itself inserts. */
const ownSymbols = {
  BROKEN_HEADERS: { score: 10, description: 'A field of the envelope did not parse', groups: ['headers'] },
  CHECK_FAILED: { score: 0, description: 'A check failed by a fault of its own; its name is the option' },
} as const;

/** One scan in this many measures how long each unit takes. */
const timedScansInterval = 16;

/** Everything built from one configuration: judges messages until a reload replaces it. */
export class Engine implements Scanner {
  readonly configuration: Configuration;
  readonly metric: Metric;
  readonly plan: Plan;
  readonly #composites: Composites;
  readonly #actions: ActionTable;
  readonly #init: EngineInit;
  readonly #applies = new WeakMap<object, CompiledApply>();
  readonly #growThreshold: number;
  readonly #idPrefix = randomBytes(4).toString('hex');
  #scans = 0;
  #running = 0;

  /** @throws ConfigError with everything that is wrong in checks, composites and settings */
  constructor(init: EngineInit) {
    const { configuration } = init;
    this.#init = init;
    this.configuration = configuration;
    this.metric = new Metric(configuration);
    for (const [name, def] of Object.entries(ownSymbols)) this.metric.declare(name, def, 'postern');
    const options = globalOptions(configuration, init.hostName);
    this.plan = buildPlan(init.checks, configuration, this.metric, init.ports, options);
    const late = new Set<string>();
    for (const unit of this.plan.units) {
      if (unit.stage === 'postfilter' || unit.stage === 'classifier')
        for (const name of unit.symbols) late.add(name);
    }
    this.#composites = compileComposites(configuration, this.metric, late);
    this.#actions = { actions: configuration.actions, disabled: new Set() };
    this.#growThreshold = requiredScore(this.#actions) ?? 0;
  }

  /** Scans that have not been answered yet. */
  get running(): number {
    return this.#running;
  }

  async scan(request: ScanRequest): Promise<ScanOutcome> {
    const { options } = this.configuration;
    if (request.raw.length > options.maxMessageBytes) {
      throw new LimitError('tooLarge', `message of ${request.raw.length} bytes is over max_message`);
    }
    if (options.limits.maxTasks > 0 && this.#running >= options.limits.maxTasks) {
      return this.#failed(request, new LimitError('overload', 'too many messages at once'));
    }
    request.signal?.throwIfAborted();
    this.#running++;
    const scan = new Scan(this, this.#init, request, this.#nextId(request));
    try {
      const verdict = await scan.run();
      return { verdict, settle: () => void scan.settle(verdict) };
    } catch (error) {
      if (request.signal?.aborted) throw request.signal.reason;
      const failure = toPosternError(error);
      this.#init.ports.log.error('scan failed', {
        id: scan.task.id,
        code: failure.code,
        error: failure.message,
      });
      return this.#failed(request, failure, scan);
    } finally {
      scan.stopTimer();
      this.#running--;
    }
  }

  #failed(request: ScanRequest, failure: PosternError, scan?: Scan): ScanOutcome {
    const verdict = failureVerdict(failure, this.#actions, scan?.task);
    return {
      verdict,
      settle: () => {
        const task = scan?.task ?? new Scan(this, this.#init, request, this.#nextId(request)).task;
        this.#init.observer.scanned(task, verdict, undefined);
      },
    };
  }

  #nextId(request: ScanRequest): string {
    const count = (++this.#scans).toString(36).padStart(5, '0');
    return request.envelope.logTag ?? `${this.#idPrefix}${count}`;
  }

  get isTimed(): boolean {
    return this.#scans % timedScansInterval === 0;
  }

  get actions(): ActionTable {
    return this.#actions;
  }

  get composites(): Composites {
    return this.#composites;
  }

  get growThreshold(): number {
    return this.#growThreshold;
  }

  compiledApply(apply: Readonly<Record<string, unknown>>): CompiledApply {
    let compiled = this.#applies.get(apply);
    if (!compiled) {
      compiled = compileApply(apply, this.plan.units, this.metric, this.#actions);
      this.#applies.set(apply, compiled);
    }
    return compiled;
  }

  async close(): Promise<void> {
    await this.plan.close();
  }
}

const timedOut = Symbol('timed out');

/** One message's run through the plan. */
class Scan {
  readonly task: Task;
  readonly #engine: Engine;
  readonly #init: EngineInit;
  readonly #request: ScanRequest;
  readonly #result: ScanResult;
  readonly #controller = new AbortController();
  readonly #insert: InsertHit<string>;
  readonly #startedAt = performance.now();
  #apply: CompiledApply | undefined;
  #timer: NodeJS.Timeout | undefined;
  #deadline: Promise<typeof timedOut> | undefined;
  #isTimedOut = false;
  #unitTimesMs: Map<string, number> | undefined;
  #storeFailure: StoreError | undefined;

  constructor(engine: Engine, init: EngineInit, request: ScanRequest, id: string) {
    const { configuration } = engine;
    this.#engine = engine;
    this.#init = init;
    this.#request = request;
    this.#result = new ScanResult(engine.metric, engine.actions, configuration.options.maxOptionsLength);
    const result = this.#result;
    this.#insert = (symbol, weight = 1, ...options) => result.insert(symbol, weight, options);
    this.task = new Task({
      id,
      envelope: request.envelope,
      raw: request.raw,
      direction: decideDirection(request.envelope, init.localAddresses),
      startedMs: init.ports.clock.now(),
      signal: this.#controller.signal,
      result,
      setPreResult: (preResult) => result.addPreResult(preResult),
      views: init.views,
    });
    if (this.task.flags.has('profile') || engine.isTimed) this.#unitTimesMs = new Map();
  }

  async run(): Promise<Verdict> {
    const { task } = this;
    const { signal } = this.#request;
    const giveUp = signal && ((): void => this.#controller.abort(signal.reason));
    if (giveUp) signal.addEventListener('abort', giveUp, { once: true });
    try {
      await this.#applySettings();
      if (task.envelope.malformed.length > 0 || task.flags.has('broken_headers')) {
        this.#insert('BROKEN_HEADERS', 1, ...task.envelope.malformed);
      }
      await this.#runStage('connfilter');
      await this.#runStage('prefilter');
      if (!this.#skipsFilters) {
        await this.#runStage('filter');
        await this.#runStage('classifier');
      }
      const isAllowed = this.#apply?.isCompositeAllowed ?? ((): boolean => true);
      if (!task.flags.has('skip')) this.#engine.composites.run(this.#result, 'first', isAllowed);
      await this.#runStage('postfilter');
      if (!task.flags.has('skip')) this.#engine.composites.run(this.#result, 'second', isAllowed);
      this.#result.grow(this.#engine.configuration.growFactor, this.#engine.growThreshold);
      if (signal?.aborted) throw signal.reason;
      if (this.#storeFailure) throw this.#storeFailure;
    } finally {
      if (giveUp) signal.removeEventListener('abort', giveUp);
    }
    return renderVerdict({
      task,
      result: this.#result,
      configuration: this.#engine.configuration,
      elapsedMs: performance.now() - this.#startedAt,
      unitTimesMs: task.flags.has('profile') ? this.#unitTimesMs : undefined,
    });
  }

  get #skipsFilters(): boolean {
    const { task } = this;
    if (task.flags.has('skip')) return true;
    return this.#result.isPassthrough && !task.flags.has('pass_all');
  }

  async #applySettings(): Promise<void> {
    const { task } = this;
    const found = this.#init.settings.resolve(task);
    const settings = found instanceof Promise ? await found : found;
    if (!settings) return;
    task.settings = settings;
    const { apply } = settings;
    const compiled = this.#engine.compiledApply(apply);
    this.#apply = compiled;
    this.#result.actions = compiled.actions;
    this.#result.overrides = compiled.overrides;
    applyToTask(task, apply, this.#result);
    if (compiled.skipsFilters) task.flags.add('skip');
  }

  async #runStage(stage: Stage): Promise<void> {
    for (const step of this.#engine.plan.steps[stage]) {
      if (this.#isTimedOut) return;
      const pending = this.#startStep(step);
      if (pending) await this.#wait(pending, stage);
    }
  }

  /** Starts a group of units; returns those that wait. */
  #startStep(step: readonly PlannedUnit[]): Promise<void>[] | undefined {
    let pending: Promise<void>[] | undefined;
    for (const unit of step) {
      if (!this.#mayRun(unit)) continue;
      const startedAt = this.#unitTimesMs ? performance.now() : 0;
      try {
        const outcome = unit.run(this.task, this.#insert);
        if (outcome instanceof Promise) {
          pending ??= [];
          pending.push(
            outcome.then(
              () => this.#measure(unit, startedAt),
              (error) => this.#unitFailed(unit, error),
            ),
          );
        } else {
          this.#measure(unit, startedAt);
        }
      } catch (error) {
        this.#unitFailed(unit, error);
      }
    }
    return pending;
  }

  #mayRun(unit: PlannedUnit): boolean {
    const { task } = this;
    if (this.#apply?.enabledUnits && this.#apply.enabledUnits[unit.index] === 0) return false;
    if (unit.alwaysRun) return true;
    if (task.flags.has('skip') && unit.stage !== 'idempotent') return false;
    if (unit.direction !== 'both' && (unit.direction === 'outbound') !== task.direction.isOutbound)
      return false;
    if (task.raw.length === 0 && unit.needs.length > 0) return false;
    if (unit.stage === 'idempotent' || unit.stage === 'postfilter') return true;
    if (!unit.ignorePassthrough && this.#result.isPassthrough && !task.flags.has('pass_all')) return false;
    return unit.stage !== 'filter' || this.#hasRoomForMore(unit);
  }

  /** Past the reject threshold nothing more is learned, unless the operator wants every symbol. */
  #hasRoomForMore(unit: PlannedUnit): boolean {
    const { options } = this.#engine.configuration;
    if (options.checkAllFilters || unit.waits || this.task.flags.has('pass_all')) return true;
    const limit = this.#engine.growThreshold;
    return limit <= 0 || this.#result.score < limit;
  }

  #measure(unit: PlannedUnit, startedAt: number): void {
    if (!this.#unitTimesMs) return;
    this.#unitTimesMs.set(unit.name, (this.#unitTimesMs.get(unit.name) ?? 0) + performance.now() - startedAt);
  }

  #unitFailed(unit: PlannedUnit, error: unknown): void {
    if (this.#controller.signal.aborted) return;
    const { ports } = this.#init;
    if (error instanceof StoreError) {
      this.#storeFailure ??= error;
      ports.log.error('store failed', { id: this.task.id, module: unit.check, error: error.message });
      return;
    }
    const failure = error instanceof PosternError ? error : new CheckError(unit.check, error);
    ports.log.error('check failed', {
      id: this.task.id,
      module: unit.check,
      code: failure.code,
      error: failure.message,
      ...(failure instanceof CheckError && error instanceof Error && { stack: error.stack }),
    });
    ports.metrics
      .counter('postern_check_failures_total', 'Checks that threw', ['check'])
      .add(1, { check: unit.check });
    if (unit.stage !== 'idempotent') this.#insert('CHECK_FAILED', 1, unit.check);
  }

  /** Waits for units, but not past the task's deadline or the client's patience. */
  async #wait(pending: readonly Promise<void>[], stage: Stage): Promise<void> {
    this.#deadline ??= new Promise((resolve) => {
      const { configuration } = this.#engine;
      const limitMs = configuration.normal.taskTimeoutMs ?? configuration.options.taskTimeoutMs;
      const leftMs = Math.max(0, limitMs - (performance.now() - this.#startedAt));
      const end = (): void => resolve(timedOut);
      this.#timer = setTimeout(end, leftMs);
      this.#controller.signal.addEventListener('abort', end, { once: true });
    });
    if ((await Promise.race([Promise.all(pending), this.#deadline])) !== timedOut) return;
    this.#isTimedOut = true;
    if (this.#controller.signal.aborted) return;
    this.#controller.abort(new PosternError('timeout', 'the task ran out of time'));
    this.#init.ports.log.warn('task timed out', { id: this.task.id, stage });
    this.#init.ports.metrics.counter('postern_task_timeouts_total', 'Scans cut by task_timeout').add();
    if (this.#engine.configuration.options.softRejectOnTimeout) {
      this.#result.addPreResult({
        action: 'soft reject',
        message: 'timeout processing message',
        module: 'timeout',
        priority: 10,
        isLeast: false,
        processAll: false,
      });
    }
  }

  stopTimer(): void {
    if (this.#timer) clearTimeout(this.#timer);
  }

  /** After the reply: the idempotent stage, then whoever counts. */
  async settle(verdict: Verdict): Promise<void> {
    const { ports, observer } = this.#init;
    try {
      for (const step of this.#engine.plan.steps.idempotent) {
        const pending = this.#startStep(step);
        if (pending) await Promise.all(pending);
      }
    } catch (error) {
      ports.log.error('idempotent stage failed', { id: this.task.id, error: toPosternError(error).message });
    }
    observer.scanned(this.task, verdict, this.#unitTimesMs);
  }
}

/** The parts of `apply` that change the task rather than the plan. */
function applyToTask(task: Task, apply: Readonly<Record<string, unknown>>, result: ScanResult): void {
  const { subject, flags, messages, variables, symbols } = apply as Readonly<Record<string, unknown>>;
  if (typeof subject === 'string') task.subject = subject;
  if (Array.isArray(flags)) for (const flag of flags) task.flags.add(flag);
  for (const [name, text] of entries(messages)) task.messages[name] = String(text);
  for (const [name, value] of entries(variables)) {
    task.variables.set(name, typeof value === 'number' ? value : String(value));
  }
  if (Array.isArray(symbols)) {
    for (const name of symbols) if (typeof name === 'string') result.insert(name, 1, []);
  } else {
    for (const [name, value] of entries(symbols)) insertConfigured(result, name, value);
  }
  for (const [name, value] of entries(apply['add_headers'])) addHeaders(task, name, value);
  for (const [name, value] of entries(apply['remove_headers'])) {
    const instances = (Array.isArray(value) ? value : [value]).map(Number).filter(Number.isInteger);
    task.milter.removeHeaders.push({ name, instances: instances.length > 0 ? instances : [0] });
  }
}

function entries(value: unknown): readonly [string, unknown][] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}

/** `SYM = score` or `SYM = { score, options }`. */
function insertConfigured(result: ScanResult, name: string, value: unknown): void {
  if (typeof value === 'number') {
    result.insert(name, 1, [], value);
    return;
  }
  const { score, options } = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  const texts = Array.isArray(options) ? options.map(String) : [];
  result.insert(name, 1, texts, typeof score === 'number' ? score : undefined);
}

function addHeaders(task: Task, name: string, value: unknown): void {
  for (const item of Array.isArray(value) ? value : [value]) {
    if (typeof item === 'string' || typeof item === 'number')
      task.milter.addHeaders.push({ name, value: String(item) });
    else if (typeof item === 'object' && item !== null) {
      const { value: text, order, index } = item as Record<string, unknown>;
      const place = typeof order === 'number' ? order : typeof index === 'number' ? index : undefined;
      task.milter.addHeaders.push({ name, value: String(text ?? ''), order: place });
    }
  }
}
