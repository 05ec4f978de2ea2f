import { randomBytes } from 'node:crypto';
import {
  ConfigError,
  type ConfigProblem,
  type Configuration,
  LimitError,
  type PosternError,
  type Scanner,
  type ScanOutcome,
  type ScanRequest,
  type Task,
  toPosternError,
} from '../core/index.ts';
import type { ActionTable } from './actions.ts';
import { type Composites, compileComposites } from './composites.ts';
import type { EngineInit } from './engine-init.ts';
import { Metric } from './metric.ts';
import { type CompiledApply, compileApply } from './overrides.ts';
import { buildPlan, globalOptions, type Plan } from './plan.ts';
import { failureVerdict } from './render.ts';
import { Scan, type ScanContext } from './scan.ts';

/** Symbols the engine itself inserts. */
const ownSymbols = {
  BROKEN_HEADERS: {
    score: 10,
    description: 'The header is malformed, or a field of the envelope did not parse',
    groups: ['headers'],
    oneShot: true,
  },
  CHECK_FAILED: { score: 0, description: 'A check failed by a fault of its own; its name is the option' },
} as const;

/** One scan in this many measures how long each unit takes. */
const timedScansInterval = 16;

/** Everything built from one configuration: judges messages until a reload replaces it. */
export class Engine implements Scanner, ScanContext {
  readonly configuration: Configuration;
  readonly metric: Metric;
  readonly plan: Plan;
  readonly #composites: Composites;
  readonly #actions: ActionTable;
  readonly #init: EngineInit;
  readonly #applies = new WeakMap<object, CompiledApply>();
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
    const options = globalOptions(configuration, init.hostName, init.localAddresses);
    const problems: ConfigProblem[] = [];
    const plan = gather(problems, () =>
      buildPlan(init.checks, configuration, this.metric, init.ports, options),
    );
    const late = new Set<string>();
    for (const unit of plan?.units ?? []) {
      if (unit.stage === 'postfilter' || unit.stage === 'classifier')
        for (const name of unit.symbols) late.add(name);
    }
    const composites = gather(problems, () => compileComposites(configuration, this.metric, late));
    if (!plan || !composites) throw new ConfigError(problems);
    this.plan = plan;
    this.#composites = composites;
    // Last, so that a check or a composite of that name keeps its own score.
    for (const name of init.settings.symbols)
      this.metric.declare(name, { description: 'Inserted by settings' }, 'settings');
    this.#actions = { actions: configuration.actions, disabled: new Set() };
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
    if (options.maxRecipients > 0 && request.envelope.recipients.length > options.maxRecipients) {
      throw new LimitError('tooLarge', `message has more than ${options.maxRecipients} recipients`);
    }
    if (options.limits.maxTasks > 0 && this.#running >= options.limits.maxTasks) {
      return this.#failed(request, new LimitError('overload', 'too many messages at once'));
    }
    request.signal?.throwIfAborted();
    this.#running++;
    const id = this.#nextId(request);
    const scan = new Scan(this, this.#init, request, id, this.#scans % timedScansInterval === 0);
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
        const task = scan?.task ?? this.taskFor(request);
        this.#init.observer.scanned(task, verdict, undefined);
      },
    };
  }

  /** A task for a message that is looked at but not judged (selectors tried by hand). */
  taskFor(request: ScanRequest): Task {
    return new Scan(this, this.#init, request, this.#nextId(request), false).task;
  }

  /**
   * A task for a message that is learned and not judged: with the symbols of the checks that only compute. Nobody is
   * asked, nothing is counted, and there is no verdict.
   */
  lessonFor(request: ScanRequest): Task {
    const scan = new Scan(this, this.#init, request, this.#nextId(request), false);
    scan.compute();
    return scan.task;
  }

  #nextId(request: ScanRequest): string {
    const count = (++this.#scans).toString(36).padStart(5, '0');
    return request.envelope.logTag ?? `${this.#idPrefix}${count}`;
  }

  get actions(): ActionTable {
    return this.#actions;
  }

  get composites(): Composites {
    return this.#composites;
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

/** What `build` makes; undefined when the configuration is to blame, which is noted. */
function gather<T>(problems: ConfigProblem[], build: () => T): T | undefined {
  try {
    return build();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}
