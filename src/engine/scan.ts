import {
  type AppliedSettings,
  CheckError,
  type Configuration,
  decideDirection,
  type InsertHit,
  PosternError,
  type ScanRequest,
  type Stage,
  StoreError,
  Task,
  toPosternError,
  type Verdict,
} from '../core/index.ts';
import type { ActionTable } from './actions.ts';
import { applyToTask } from './apply-task.ts';
import type { Composites } from './composites.ts';
import type { EngineInit } from './engine-init.ts';
import type { Metric } from './metric.ts';
import type { CompiledApply } from './overrides.ts';
import type { Plan, PlannedUnit } from './plan.ts';
import { renderVerdict } from './render.ts';
import { ScanResult } from './result.ts';

/** What a scan needs of the engine it runs in. */
export interface ScanContext {
  readonly configuration: Configuration;
  readonly metric: Metric;
  readonly plan: Plan;
  readonly composites: Composites;
  readonly actions: ActionTable;
  compiledApply(apply: Readonly<Record<string, unknown>>): CompiledApply;
}

const timedOut = Symbol('timed out');

const allowsAll = (): boolean => true;

/** One message's run through the plan. */
export class Scan {
  readonly task: Task;
  readonly #engine: ScanContext;
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
  /** Score past which further filters are pointless. */
  #enough: number | undefined;
  #unitTimesMs: Map<string, number> | undefined;
  #storeFailure: StoreError | undefined;

  constructor(engine: ScanContext, init: EngineInit, request: ScanRequest, id: string, isTimed: boolean) {
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
      decideDirection: (envelope) => decideDirection(envelope, init.localAddresses),
      startedMs: init.ports.clock.now(),
      signal: this.#controller.signal,
      result,
      setPreResult: (preResult) => result.addPreResult(preResult),
      disableAction: (action) => result.disableAction(action),
      views: init.views,
    });
    if (this.task.flags.has('profile') || isTimed) this.#unitTimesMs = new Map();
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
      await this.#runStage('prefilter');
      if (!this.#skipsFilters) {
        await this.#runStage('filter');
        await this.#runStage('classifier');
      }
      const isAllowed = this.#apply?.isCompositeAllowed ?? allowsAll;
      if (!task.flags.has('skip')) this.#engine.composites.run(this.#result, 'first', isAllowed);
      await this.#runStage('postfilter');
      if (!task.flags.has('skip')) this.#engine.composites.run(this.#result, 'second', isAllowed);
      this.#result.grow(this.#engine.configuration.growFactor);
      await this.#runStage('final');
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

  /** Runs only the filters that compute by themselves, for their symbols. */
  compute(): void {
    for (const { computing } of this.#engine.plan.steps.filter) {
      for (const unit of computing) {
        if (unit.after.length > 0 || !this.#mayRun(unit)) continue;
        try {
          void unit.run(this.task, this.#insert);
        } catch (error) {
          this.#unitFailed(unit, error);
        }
      }
    }
  }

  get #skipsFilters(): boolean {
    const { task } = this;
    if (task.flags.has('skip')) return true;
    return this.#result.isPassthrough && !task.flags.has('pass_all');
  }

  /**
   * Checks of the connection correct the envelope for everybody, the conditions of settings included; whether those
   * checks run settings say too. So settings are chosen first, and once more when something was corrected.
   */
  async #applySettings(): Promise<void> {
    const { task } = this;
    const found = this.#init.settings.resolve(task);
    this.#adopt(found instanceof Promise ? await found : found);
    await this.#runStage('connfilter');
    if (task.isCorrected) {
      const again = this.#init.settings.resolve(task);
      this.#adopt(again instanceof Promise ? await again : again);
    }
    if (!task.settings) return;
    applyToTask(task, task.settings.apply, this.#result);
    if (this.#apply?.skipsFilters) task.flags.add('skip');
  }

  #adopt(settings: AppliedSettings | undefined): void {
    const compiled = settings && this.#engine.compiledApply(settings.apply);
    this.task.settings = settings;
    this.#apply = compiled;
    this.#result.actions = compiled?.actions ?? this.#engine.actions;
    this.#result.overrides = compiled?.overrides;
  }

  async #runStage(stage: Stage): Promise<void> {
    for (const step of this.#engine.plan.steps[stage]) {
      // Out of time, nothing more is found out; what only acts on the result and waits for nobody still does.
      if (this.#isTimedOut && stage !== 'postfilter' && stage !== 'final') return;
      let pending = this.#start(step.waiting, undefined);
      // Questions that were asked together leave together now, and are under way while the others compute.
      if (pending && step.computing.length > 0) await undefined;
      pending = this.#start(step.computing, pending);
      if (pending) await this.#wait(pending, stage);
    }
  }

  /** Starts units; adds those that wait. */
  #start(units: readonly PlannedUnit[], before: Promise<void>[] | undefined): Promise<void>[] | undefined {
    let pending = before;
    for (const unit of units) {
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
    if (this.#isTimedOut && unit.waits && unit.stage !== 'idempotent') return false;
    if (unit.alwaysRun) return true;
    if (task.flags.has('skip') && unit.stage !== 'idempotent' && unit.stage !== 'final') return false;
    if (unit.direction !== 'both' && (unit.direction === 'outbound') !== task.direction.isOutbound)
      return false;
    if (task.raw.length === 0 && unit.needs.length > 0) return false;
    if (unit.stage === 'idempotent' || unit.stage === 'final' || unit.stage === 'postfilter') return true;
    if (!unit.ignorePassthrough && this.#result.isPassthrough && !task.flags.has('pass_all')) return false;
    return unit.stage !== 'filter' || this.#hasRoomForMore(unit);
  }

  /** Past the reject threshold nothing more is learned, unless the operator wants every symbol. */
  #hasRoomForMore(unit: PlannedUnit): boolean {
    const { options } = this.#engine.configuration;
    if (options.checkAllFilters || unit.waits || this.task.flags.has('pass_all')) return true;
    const limit = (this.#enough ??= this.#result.requiredScore() ?? Number.POSITIVE_INFINITY);
    return limit <= 0 || this.#result.score <= limit;
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
    if ((await Promise.race([Promise.all(pending), this.#deadline])) !== timedOut || this.#isTimedOut) return;
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
      for (const { waiting, computing } of this.#engine.plan.steps.idempotent) {
        const pending = this.#start(computing, this.#start(waiting, undefined));
        if (pending) await Promise.all(pending);
      }
    } catch (error) {
      ports.log.error('idempotent stage failed', { id: this.task.id, error: toPosternError(error).message });
    }
    observer.scanned(this.task, verdict, this.#unitTimesMs);
  }
}
