import cluster from 'node:cluster';
import type { Socket } from 'node:net';
import { loadConfiguration } from '../config/index.ts';
import type { CheckDefinition, Configuration, Records, Scanner } from '../core/index.ts';
import { toPosternError } from '../core/index.ts';
import { openLog, type ProcessLog, ProcessMetrics } from '../observe/index.ts';
import { Channel, toFailure } from './channel.ts';
import { openControllerDoor } from './control.ts';
import { DatagramSet } from './datagram-set.ts';
import { type Door, type DoorInit, type DoorKind, openScanDoor, scanDoorKinds } from './doors.ts';
import { type FuzzyDoor, openFuzzyDoor } from './fuzzy-door.ts';
import { ListenerSet } from './listener-set.ts';
import { openRecords } from './open-records.ts';
import { type PrimaryMethods, stopGraceMs, type WorkerMethods, type WorkerStart } from './protocol.ts';
import { createScanObserver } from './scan-log.ts';
import { buildServices, type Services } from './services.ts';
import { createTell } from './tell.ts';
import { DeltaCounter } from './totals.ts';

/** How long counts are gathered before they are sent. */
const deltaDelayMs = 500;
/** How often an engine that was replaced is asked whether its last scan is over. */
const drainPollMs = 200;
/** What follows a reply (history, counters) still uses a replaced engine for so long. */
const settleMs = 2000;

/** Everything one process of the server runs: scanners with all front doors of mail, or the controller. */
export class Worker {
  readonly #start: WorkerStart;
  readonly #checks: readonly CheckDefinition[];
  readonly #channel: Channel<WorkerMethods, PrimaryMethods>;
  readonly #metrics = new ProcessMetrics();
  readonly #counter = new DeltaCounter(() => this.#sendSoon());
  readonly #clock = { now: (): number => Date.now() };
  readonly #doors = new Map<DoorKind, Door>();
  /** What a reload replaced or switched off, until nobody uses it any more. */
  readonly #closing = new Set<Promise<unknown>>();
  #services: Services | undefined;
  #log: ProcessLog | undefined;
  #records: Records | undefined;
  #listeners: ListenerSet | undefined;
  #datagrams: DatagramSet | undefined;
  #fuzzyDoor: FuzzyDoor | undefined;
  #isStopping = false;

  constructor(start: WorkerStart, checks: readonly CheckDefinition[]) {
    this.#start = start;
    this.#checks = checks;
    this.#channel = new Channel<WorkerMethods, PrimaryMethods>((packet) => void process.send?.(packet), {
      ping: () => true,
      metrics: () => this.#metrics.snapshot(),
      reload: () => this.#reload(),
      stop: (graceMs) => this.#stop(graceMs),
      reopenLog: () => this.#log?.reopen(),
    });
    process.on('message', (message) => this.#channel.receive(message));
    // The primary decides when to stop; a signal to the whole process group must not cut sessions short.
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1'] as const)
      process.on(signal, () => undefined);
    process.on('unhandledRejection', (error) => this.#crash(error));
    process.on('uncaughtException', (error) => this.#crash(error));
  }

  async run(): Promise<void> {
    const configuration = await this.#load();
    this.#log = openLog({
      logging: configuration.logging,
      clock: this.#clock,
      metrics: this.#metrics,
      fields: { role: this.#start.role, pid: process.pid },
      onError: (error) => this.#channel.notify('logged', error),
    });
    this.#records = this.#openRecords(configuration, this.#log);
    this.#services = await this.#build(configuration, this.#log, this.#records);
    this.#listeners = new ListenerSet(this.#log, (kind, connection, socketKind) =>
      this.#accept(kind, connection, socketKind),
    );
    this.#datagrams = new DatagramSet(this.#log, (bytes, address, send) => {
      if (!this.#isStopping) this.#fuzzyDoor?.datagram(bytes, address, send);
    });
    this.#openDoors(configuration, this.#log);
    await this.#listen(configuration);
    this.#channel.notify('ready', this.#listeners.opened);
  }

  /** Ends a process that could not start, with the reason to whoever started it. */
  fail(error: unknown): void {
    this.#channel.notify('failed', toFailure(error));
    setImmediate(() => process.exit(toPosternError(error).kind.exitCode));
  }

  #load(): Promise<Configuration> {
    const { configDir, stateDir, variables, allowUnsupported } = this.#start;
    return loadConfiguration({ configDir, stateDir, variables, checks: this.#checks, allowUnsupported });
  }

  #openRecords(configuration: Configuration, log: ProcessLog): Records {
    return openRecords(configuration, { log, metrics: this.#metrics, channel: this.#channel });
  }

  async #build(configuration: Configuration, log: ProcessLog, records: Records): Promise<Services> {
    const services = await buildServices({
      configuration,
      checks: this.#checks,
      records,
      observer: createScanObserver(log, this.#metrics, this.#counter),
      log,
      metrics: this.#metrics,
      clock: this.#clock,
      mode: 'live',
    });
    services.engine.plan.services.learning?.onLearned(() => this.#counter.learned());
    return services;
  }

  #wantedDoors(configuration: Configuration): readonly DoorKind[] {
    const { role } = this.#start;
    return role === 'scanner' ? scanDoorKinds(configuration) : [role];
  }

  async #listen(configuration: Configuration): Promise<void> {
    await this.#listeners?.update(configuration, this.#wantedDoors(configuration));
    await this.#datagrams?.update(this.#start.role === 'fuzzy' ? configuration.fuzzy : undefined);
  }

  /** Opens the doors that are not there yet. */
  #openDoors(configuration: Configuration, log: ProcessLog): void {
    // Always asks the newest engine, so that a reload changes nothing for sessions.
    const scanner: Scanner = { scan: (request) => this.#current.engine.scan(request) };
    const init: DoorInit = {
      configuration,
      scanner,
      log,
      metrics: this.#metrics,
      clock: this.#clock,
      metricsText: () => this.#channel.call('metrics', null),
      learn: createTell(() => this.#current),
    };
    for (const kind of this.#wantedDoors(configuration)) {
      if (this.#doors.has(kind)) continue;
      this.#doors.set(kind, this.#openDoor(kind, init));
    }
  }

  #openDoor(kind: DoorKind, init: DoorInit): Door {
    const services = (): Services => this.#current;
    if (kind === 'controller') return openControllerDoor({ ...init, channel: this.#channel, services });
    if (kind !== 'fuzzy') return openScanDoor(kind, init);
    this.#fuzzyDoor = openFuzzyDoor({ ...init, services });
    return this.#fuzzyDoor;
  }

  get #current(): Services {
    if (!this.#services) throw new Error('nothing is built yet');
    return this.#services;
  }

  #accept(kind: DoorKind, connection: Socket, socketKind: 'tcp' | 'unix'): void {
    const door = this.#doors.get(kind);
    if (!door || this.#isStopping) {
      connection.destroy();
      return;
    }
    this.#counter.connection(kind === 'controller' ? 'control' : 'scan');
    door.handle(connection, socketKind);
  }

  /** Builds the new configuration beside the running one and swaps; a bad one changes nothing. */
  async #reload(): Promise<void> {
    const log = this.#log;
    const old = this.#services;
    const oldRecords = this.#records;
    if (!log || !old || !oldRecords || !this.#listeners) throw new Error('still starting');
    const configuration = await this.#load();
    const records = this.#openRecords(configuration, log);
    let services: Services | undefined;
    const before = new Set(this.#doors.keys());
    try {
      services = await this.#build(configuration, log, records);
      this.#openDoors(configuration, log);
      await this.#listen(configuration);
    } catch (error) {
      for (const [kind, door] of this.#doors) if (!before.has(kind)) this.#closeDoor(kind, door);
      await services?.close();
      await records.close();
      throw error;
    }
    log.reconfigure(configuration.logging);
    this.#services = services;
    this.#records = records;
    const wanted = this.#wantedDoors(configuration);
    for (const [kind, door] of this.#doors) {
      if (wanted.includes(kind)) door.reconfigure(configuration);
      else this.#closeDoor(kind, door);
    }
    this.#untilClosed(this.#drain(old, oldRecords));
  }

  /** Remembers what must end before the process does. */
  #untilClosed(closing: Promise<void>): void {
    const closed = closing
      .catch((error) => this.#log?.error('close was not clean', { error: toPosternError(error).message }))
      .finally(() => this.#closing.delete(closed));
    this.#closing.add(closed);
  }

  /** A door that is wanted no more: its clients finish what they began. */
  #closeDoor(kind: DoorKind, door: Door): void {
    this.#doors.delete(kind);
    this.#untilClosed(door.close(stopGraceMs));
  }

  async #drain(services: Services, records: Records): Promise<void> {
    const pause = (delayMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, delayMs));
    while (services.engine.running > 0 && !this.#isStopping) await pause(drainPollMs);
    if (!this.#isStopping) await pause(settleMs);
    await services.close();
    await records.close();
  }

  #sendSoon(): void {
    setTimeout(() => this.#sendDelta(), deltaDelayMs).unref();
  }

  #sendDelta(): void {
    const delta = this.#counter.take();
    if (delta && process.connected) this.#channel.notify('delta', delta);
  }

  /** Stops accepting, finishes what was accepted, then ends the process. */
  async #stop(graceMs: number): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#listeners?.close();
    this.#datagrams?.close();
    await Promise.all([...[...this.#doors.values()].map((door) => door.close(graceMs)), ...this.#closing]);
    try {
      await this.#services?.close();
      await this.#records?.close();
    } catch (error) {
      this.#log?.error('stop was not clean', { error: toPosternError(error).message });
    }
    this.#sendDelta();
    await this.#log?.flush();
    // Let the last packet leave through the pipe.
    setImmediate(() => process.exit(0));
  }

  /** A fault that nothing caught: this process is not trusted any more; the primary starts another. */
  #crash(error: unknown): void {
    const stack = error instanceof Error ? error.stack : undefined;
    if (!this.#log) {
      process.stderr.write(`postern: ${stack ?? String(error)}\n`);
      process.exit(70);
    }
    this.#log.error('worker failed', { error: toPosternError(error).message, stack });
    void this.#log.flush().then(() => process.exit(70));
    setTimeout(() => process.exit(70), 500).unref();
  }
}

/** Runs this process as the worker that the primary's environment describes. */
export async function runWorker(checks: readonly CheckDefinition[]): Promise<void> {
  if (!cluster.isWorker) throw new Error('not a worker process');
  const start = JSON.parse(process.env['POSTERN_WORKER'] ?? '{}') as WorkerStart;
  const worker = new Worker(start, checks);
  try {
    await worker.run();
  } catch (error) {
    worker.fail(error);
  }
}
