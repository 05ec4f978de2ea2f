import cluster from 'node:cluster';
import type { Socket } from 'node:net';
import { loadConfiguration } from '../config/index.ts';
import type {
  BindSocket,
  CheckDefinition,
  Configuration,
  Log,
  Records,
  Scanner,
  WorkerBase,
} from '../core/index.ts';
import { ConfigError, toPosternError } from '../core/index.ts';
import { createLog, openLogTarget, ProcessMetrics } from '../observe/index.ts';
import { createRecords } from '../store/index.ts';
import { Channel } from './channel.ts';
import { createControllerDoor } from './control.ts';
import { createScanDoors, type Door } from './doors.ts';
import { expandSockets, type Listener, listen } from './listeners.ts';
import { PrimaryRecords } from './memory-history.ts';
import type { PrimaryMethods, WorkerMethods, WorkerStart } from './protocol.ts';
import { createScanObserver } from './scan-log.ts';
import { buildServices, type Services } from './services.ts';
import { DeltaCounter } from './totals.ts';

const deltaIntervalMs = 500;
/** How often an engine that was replaced is asked whether its last scan is over. */
const drainPollMs = 200;

/** Everything one process of the server runs: scanners with all front doors of mail, or the controller. */
export class Worker {
  readonly #start: WorkerStart;
  readonly #checks: readonly CheckDefinition[];
  readonly #channel: Channel<WorkerMethods, PrimaryMethods>;
  readonly #metrics = new ProcessMetrics();
  readonly #counter = new DeltaCounter();
  readonly #clock = { now: (): number => Date.now() };
  #services!: Services;
  #doors!: readonly Door[];
  #log!: Log;
  #target!: ReturnType<typeof openLogTarget>;
  #records!: Records;
  readonly #listeners = new Map<string, Listener>();
  #isStopping = false;

  constructor(start: WorkerStart, checks: readonly CheckDefinition[]) {
    this.#start = start;
    this.#checks = checks;
    this.#channel = new Channel<WorkerMethods, PrimaryMethods>((packet) => void process.send?.(packet), {
      ping: () => true,
      metrics: () => this.#metrics.snapshot(),
      reload: () => this.#reload(),
      stop: (graceMs) => this.#stop(graceMs),
      reopenLog: () => this.#target.reopen(),
    });
    process.on('message', (message) => this.#channel.receive(message));
    // The primary decides when to stop; a signal to the whole process group must not cut sessions short.
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1'] as const)
      process.on(signal, () => undefined);
    process.on('disconnect', () => void this.#stop(0));
    process.on('unhandledRejection', (error) => this.#crash(error));
    process.on('uncaughtException', (error) => this.#crash(error));
  }

  async run(): Promise<void> {
    const configuration = await this.#load();
    this.#target = openLogTarget(configuration.logging);
    this.#log = createLog({
      target: this.#target,
      logging: configuration.logging,
      clock: this.#clock,
      fields: { role: this.#start.role, pid: process.pid },
      onError: (error) => this.#channel.notify('logged', error),
    });
    this.#records = this.#openRecords(configuration);
    this.#services = await this.#build(configuration);
    this.#doors = this.#createDoors(configuration);
    await this.#openListeners();
    const timer = setInterval(() => this.#sendDelta(), deltaIntervalMs);
    timer.unref();
    this.#channel.notify(
      'ready',
      [...this.#listeners].map(([key, { address }]) => `${key.slice(0, key.indexOf(' '))} ${address}`),
    );
  }

  #load(): Promise<Configuration> {
    const { configDir, stateDir, variables, allowUnsupported } = this.#start;
    return loadConfiguration({ configDir, stateDir, variables, checks: this.#checks, allowUnsupported });
  }

  #openRecords(configuration: Configuration): Records {
    const history = configuration.modules.get('history') as { readonly backend?: string } | undefined;
    if (history?.backend === 'memory') return new PrimaryRecords(this.#channel);
    return createRecords({ stateDir: configuration.stateDir, log: this.#log });
  }

  #build(configuration: Configuration): Promise<Services> {
    return buildServices({
      configuration,
      checks: this.#checks,
      records: this.#records,
      observer: createScanObserver(this.#log, this.#metrics, this.#counter),
      log: this.#log,
      metrics: this.#metrics,
      clock: this.#clock,
      mode: 'live',
    });
  }

  /** A scanner that always asks the newest engine, so that a reload changes nothing for sessions. */
  get #scanner(): Scanner {
    return { scan: (request) => this.#services.engine.scan(request) };
  }

  #createDoors(configuration: Configuration): readonly Door[] {
    const init = {
      configuration,
      scanner: this.#scanner,
      log: this.#log,
      metrics: this.#metrics,
      clock: this.#clock,
      metricsText: () => this.#channel.call('metrics', null),
    };
    if (this.#start.role === 'scanner') return createScanDoors(init);
    return [
      createControllerDoor({
        ...init,
        channel: this.#channel,
        records: this.#records,
        services: () => this.#services,
      }),
    ];
  }

  /** Opens the sockets of the present doors; those that are open already stay, those nobody wants any more close. */
  async #openListeners(): Promise<void> {
    const wanted = new Set<string>();
    for (const { name, worker } of this.#doors) {
      for (const { socket, isOptional } of expandSockets(worker)) {
        const key = `${name} ${socket.host ?? ''} ${socket.text}`;
        wanted.add(key);
        const open = this.#listeners.get(key);
        if (open) open.renewCertificate(worker);
        else await this.#openListener(key, name, worker, socket, isOptional);
      }
    }
    for (const [key, listener] of this.#listeners) {
      if (wanted.has(key)) continue;
      listener.close();
      this.#listeners.delete(key);
    }
  }

  async #openListener(
    key: string,
    doorName: Door['name'],
    worker: WorkerBase,
    socket: BindSocket,
    isOptional: boolean,
  ): Promise<void> {
    const handle = (connection: Socket): void => {
      this.#counter.connection(doorName === 'controller' ? 'control' : 'scan');
      this.#doors
        .find((door) => door.name === doorName)
        ?.handle(connection, socket.path === undefined ? 'tcp' : 'unix');
    };
    try {
      this.#listeners.set(key, await listen(socket, worker, handle, this.#log));
    } catch (error) {
      if (!isOptional) throw error;
      this.#log.info('not listening', { socket: socket.text, reason: toPosternError(error).message });
    }
  }

  /** Builds the new configuration beside the running one and swaps; a bad one changes nothing. */
  async #reload(): Promise<void> {
    let configuration: Configuration;
    let services: Services;
    try {
      configuration = await this.#load();
      services = await this.#build(configuration);
    } catch (error) {
      this.#log.error('reload failed; the old configuration stays', { error: toPosternError(error).message });
      throw error;
    }
    const old = this.#services;
    const oldDoors = this.#doors;
    this.#services = services;
    this.#doors = this.#createDoors(configuration);
    await this.#openListeners();
    // Connections of the old doors go on until their clients are done.
    for (const door of oldDoors) void door.close(Number.POSITIVE_INFINITY);
    this.#log.info('configuration loaded', { config: configuration.id });
    void this.#drain(old);
  }

  async #drain(services: Services): Promise<void> {
    while (services.engine.running > 0 && !this.#isStopping) {
      await new Promise((resolve) => setTimeout(resolve, drainPollMs));
    }
    await services.close();
  }

  #sendDelta(): void {
    const delta = this.#counter.take();
    if (delta && process.connected) this.#channel.notify('delta', delta);
  }

  /** Stops accepting, finishes what was accepted, then ends the process. */
  async #stop(graceMs: number): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    for (const listener of this.#listeners.values()) listener.close();
    await Promise.all((this.#doors ?? []).map((door) => door.close(graceMs)));
    try {
      await this.#services?.close();
      await this.#records?.close();
    } catch (error) {
      this.#log.error('stop was not clean', { error: toPosternError(error).message });
    }
    this.#sendDelta();
    await this.#target?.flush();
    // Let the last packet leave through the pipe.
    setImmediate(() => process.exit(0));
  }

  /** A fault that nothing caught: this process is not trusted any more; the primary starts another. */
  #crash(error: unknown): void {
    const failure = toPosternError(error);
    if (this.#log) {
      const stack = error instanceof Error ? error.stack : undefined;
      this.#log.error('worker failed', { error: failure.message, stack });
      void this.#target.flush().then(() => process.exit(70));
      setTimeout(() => process.exit(70), 500).unref();
    } else {
      process.stderr.write(`postern: ${failure.message}\n`);
      process.exit(failure instanceof ConfigError ? 78 : 70);
    }
  }
}

/** Runs this process as the worker that the primary's environment describes. */
export async function runWorker(checks: readonly CheckDefinition[]): Promise<void> {
  if (!cluster.isWorker) throw new Error('not a worker process');
  const start = JSON.parse(process.env['POSTERN_WORKER'] ?? '{}') as WorkerStart;
  await new Worker(start, checks).run();
}
