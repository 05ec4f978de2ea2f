import cluster, { type Worker as ClusterWorker } from 'node:cluster';
import { mkdirSync } from 'node:fs';
import { loadConfiguration } from '../config/index.ts';
import {
  type CheckDefinition,
  type Configuration,
  type Log,
  type LoggedError,
  PosternError,
  toPosternError,
} from '../core/index.ts';
import { createLog, mergeMetrics, openLogTarget, ProcessMetrics } from '../observe/index.ts';
import { renderBanner } from './banner.ts';
import { Channel } from './channel.ts';
import { unixSocket } from './listeners.ts';
import { HistoryRing } from './memory-history.ts';
import { generatedPassword, needsPassword } from './password.ts';
import type { Health, PrimaryMethods, Role, WorkerMethods, WorkerStart } from './protocol.ts';
import { tryServices } from './services.ts';
import { TotalsKeeper } from './totals.ts';
import { version } from './version.ts';

export interface ServeOptions {
  readonly configDir: string | undefined;
  readonly stateDir: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly allowUnsupported: boolean;
  readonly checks: readonly CheckDefinition[];
}

interface Member {
  readonly role: Role;
  readonly index: number;
  readonly process: ClusterWorker;
  readonly channel: Channel<PrimaryMethods, WorkerMethods>;
  readonly startedMs: number;
  isReady: boolean;
  lastPongMs: number;
}

const maxErrors = 100;
const pingIntervalMs = 2000;
/** A worker that has not answered for so long is stuck in one piece of work: it is replaced. */
const stuckAfterMs = 20_000;
const saveIntervalMs = 10_000;
/** Time that sessions get to finish what was accepted. */
const stopGraceMs = 30_000;
const maxRestartDelayMs = 10_000;

/** Owns the life of all processes: starts, watches and replaces workers, reloads and stops them. */
export class Primary {
  readonly #options: ServeOptions;
  readonly #clock = { now: (): number => Date.now() };
  readonly #metrics = new ProcessMetrics();
  readonly #members = new Map<number, Member>();
  readonly #errors: LoggedError[] = [];
  readonly #history = new HistoryRing();
  #configuration!: Configuration;
  #log!: Log;
  #target!: ReturnType<typeof openLogTarget>;
  #totals!: TotalsKeeper;
  #quickDeaths = 0;
  #isStarted = false;
  #isStopping = false;
  #reloading: Promise<void> | undefined;
  #finished: (exitCode: number) => void = () => undefined;

  constructor(options: ServeOptions) {
    this.#options = options;
  }

  /**
   * Starts the server and stays until it is told to stop.
   *
   * @returns exit code
   * @throws ConfigError when the configuration is bad, PosternError when a socket cannot be had
   */
  async run(): Promise<number> {
    mkdirSync(this.#options.stateDir, { recursive: true, mode: 0o750 });
    this.#configuration = await this.#load();
    this.#target = openLogTarget(this.#configuration.logging);
    this.#log = createLog({
      target: this.#target,
      logging: this.#configuration.logging,
      clock: this.#clock,
      fields: { role: 'primary', pid: process.pid },
      onError: (error) => this.#remember(error),
    });
    for (const problem of this.#configuration.unsupported)
      this.#log.warn('unsupported', { problem: problem.message });
    await tryServices(this.#configuration, this.#options.checks, this.#log);
    const hasGeneratedPassword = this.#configuration.controller.enabled && needsPassword(this.#configuration);
    if (hasGeneratedPassword) generatedPassword(this.#options.stateDir);
    this.#totals = new TotalsKeeper(this.#options.stateDir, this.#clock, this.#log);

    const finished = new Promise<number>((resolve) => {
      this.#finished = resolve;
    });
    const sockets = this.#sockets();
    for (const { path } of sockets) if (path !== undefined) await unixSocket.prepare(path);
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    const addresses = await this.#startAll();
    for (const socket of sockets)
      if (socket.path !== undefined) unixSocket.finish({ ...socket, path: socket.path });
    this.#isStarted = true;
    this.#watch();
    process.stdout.write(
      renderBanner({
        version,
        configuration: this.#configuration,
        addresses,
        hasGeneratedPassword,
        store: this.#configuration.redis ? 'Redis' : `embedded, in ${this.#options.stateDir}`,
      }),
    );
    process.on('SIGTERM', () => void this.stop());
    process.on('SIGINT', () => void this.stop());
    process.on('SIGHUP', () => void this.#reopenAndReload());
    process.on('SIGUSR1', () => this.#reopenLogs());
    return finished;
  }

  #load(): Promise<Configuration> {
    const { configDir, stateDir, variables, checks, allowUnsupported } = this.#options;
    return loadConfiguration({ configDir, stateDir, variables, checks, allowUnsupported });
  }

  #sockets(): Configuration['normal']['sockets'] {
    const { normal, proxy, controller } = this.#configuration;
    return [normal, proxy, controller].flatMap((worker) => (worker.enabled ? worker.sockets : []));
  }

  async #startAll(): Promise<Map<'milter' | 'scan' | 'controller', readonly string[]>> {
    const { normal, proxy, controller } = this.#configuration;
    const scanners = Math.max(normal.enabled ? normal.count : 0, proxy.enabled ? proxy.count : 0);
    const starting: Promise<readonly string[]>[] = [];
    for (let index = 0; index < scanners; index++) starting.push(this.#startMember('scanner', index));
    if (controller.enabled) starting.push(this.#startMember('controller', 0));
    let opened: readonly string[];
    try {
      opened = (await Promise.all(starting)).flat();
    } catch (error) {
      this.#isStopping = true;
      for (const member of this.#members.values()) member.process.process.kill('SIGKILL');
      throw error;
    }
    const unique = (door: string): readonly string[] => [
      ...new Set(
        opened.filter((entry) => entry.startsWith(`${door} `)).map((entry) => entry.slice(door.length + 1)),
      ),
    ];
    return new Map([
      ['milter', unique('proxy')],
      ['scan', unique('normal')],
      ['controller', unique('controller')],
    ]);
  }

  /** Resolves with the addresses the worker listens on; rejects when it dies before it is ready. */
  #startMember(role: Role, index: number): Promise<readonly string[]> {
    const { configDir, stateDir, variables, allowUnsupported } = this.#options;
    const start: WorkerStart = { role, index, configDir, stateDir, variables, allowUnsupported };
    const worker = cluster.fork({ POSTERN_WORKER: JSON.stringify(start) });
    return new Promise((resolve, reject) => {
      const channel = new Channel<PrimaryMethods, WorkerMethods>(
        (packet) => {
          if (worker.isConnected()) worker.send(packet);
        },
        this.#handlers((addresses) => {
          member.isReady = true;
          member.lastPongMs = this.#clock.now();
          resolve(addresses);
        }),
      );
      const nowMs = this.#clock.now();
      const member: Member = {
        role,
        index,
        process: worker,
        channel,
        startedMs: nowMs,
        isReady: false,
        lastPongMs: nowMs,
      };
      this.#members.set(worker.id, member);
      worker.on('message', (message) => channel.receive(message));
      worker.on('exit', (code, signal) => {
        channel.close('the process is gone');
        this.#members.delete(worker.id);
        reject(
          new PosternError('internal', `${role} ${index} ended with ${signal ?? code} before it was ready`),
        );
        this.#memberEnded(member, signal ?? String(code));
      });
    });
  }

  #handlers(
    ready: (addresses: readonly string[]) => void,
  ): ConstructorParameters<typeof Channel<PrimaryMethods, WorkerMethods>>[1] {
    return {
      ready,
      delta: (delta) => this.#totals.add(delta),
      logged: (error) => this.#remember(error),
      totals: () => this.#totals.totals(),
      resetTotals: () => this.#totals.reset(),
      errors: () => this.#errors,
      metrics: () => this.#mergedMetrics(),
      health: () => this.#health(),
      reload: () => this.reload(),
      addHistory: (rows) => this.#history.add(rows),
      history: ([first, last]) => this.#history.range(first, last),
      clearHistory: () => this.#history.clear(),
      trimHistory: (maxRows) => this.#history.trim(maxRows),
    };
  }

  #memberEnded(member: Member, how: string): void {
    if (this.#isStopping) {
      if (this.#members.size === 0) this.#end(0);
      return;
    }
    if (!this.#isStarted) return;
    this.#log.error('worker ended', { worker: `${member.role} ${member.index}`, how });
    this.#metrics.counter('postern_worker_restarts_total', 'Worker processes that were replaced').add();
    const livedMs = this.#clock.now() - member.startedMs;
    this.#quickDeaths = livedMs < 5000 ? this.#quickDeaths + 1 : 0;
    const delayMs = this.#quickDeaths === 0 ? 0 : Math.min(maxRestartDelayMs, 100 * 2 ** this.#quickDeaths);
    setTimeout(() => {
      if (this.#isStopping) return;
      this.#startMember(member.role, member.index).catch((error) =>
        this.#log.error('worker did not start', { error: toPosternError(error).message }),
      );
    }, delayMs);
  }

  #watch(): void {
    setInterval(() => this.#pingAll(), pingIntervalMs).unref();
    setInterval(() => {
      this.#totals.tick();
      this.#totals.save();
    }, saveIntervalMs).unref();
  }

  #pingAll(): void {
    for (const member of this.#members.values()) {
      if (!member.isReady) continue;
      if (this.#clock.now() - member.lastPongMs > stuckAfterMs) {
        this.#log.error('worker is stuck and is replaced', { worker: `${member.role} ${member.index}` });
        member.process.process.kill('SIGKILL');
        continue;
      }
      member.channel.call('ping', null, stuckAfterMs).then(
        () => {
          member.lastPongMs = this.#clock.now();
        },
        (error) => this.#log.warn('worker does not answer', { error: toPosternError(error).message }),
      );
    }
  }

  async #mergedMetrics(): Promise<string> {
    this.#metrics
      .gauge('postern_workers', 'Worker processes that are ready')
      .set([...this.#members.values()].filter((member) => member.isReady).length);
    const snapshots = await Promise.allSettled(
      [...this.#members.values()]
        .filter((member) => member.isReady)
        .map((member) => member.channel.call('metrics', null, 2000)),
    );
    const found = snapshots.flatMap((snapshot) => (snapshot.status === 'fulfilled' ? [snapshot.value] : []));
    return mergeMetrics([await this.#metrics.snapshot(), ...found]);
  }

  #health(): Health {
    const members = [...this.#members.values()];
    const lateMs = pingIntervalMs * 3;
    return {
      workers: members.length,
      notResponding: members.filter((member) => this.#clock.now() - member.lastPongMs > lateMs).length,
      readyScanners: members.filter((member) => member.role === 'scanner' && member.isReady).length,
    };
  }

  #remember(error: LoggedError): void {
    this.#errors.unshift(error);
    this.#errors.length = Math.min(this.#errors.length, maxErrors);
  }

  /** Loads the configuration again; rejects and keeps the old one when the new one is bad. */
  reload(): Promise<void> {
    this.#reloading ??= this.#reload().finally(() => {
      this.#reloading = undefined;
    });
    return this.#reloading;
  }

  async #reload(): Promise<void> {
    let configuration: Configuration;
    try {
      configuration = await this.#load();
      await tryServices(configuration, this.#options.checks, this.#log);
    } catch (error) {
      this.#log.error('reload failed; the old configuration stays', { error: toPosternError(error).message });
      throw error;
    }
    this.#configuration = configuration;
    await Promise.all(
      [...this.#members.values()].map((member) => member.channel.call('reload', null, 60_000)),
    );
    this.#log.info('configuration loaded', { config: configuration.id });
  }

  #reopenLogs(): void {
    this.#target.reopen();
    for (const member of this.#members.values()) member.channel.notify('reopenLog', null);
  }

  async #reopenAndReload(): Promise<void> {
    this.#reopenLogs();
    try {
      await this.reload();
    } catch (error) {
      process.stderr.write(`postern: ${toPosternError(error).message}\n`);
    }
  }

  /** Tells every worker to finish what it accepted; ends when the last one is gone. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#log.info('stopping');
    if (this.#members.size === 0) this.#end(0);
    for (const member of this.#members.values()) member.channel.notify('stop', stopGraceMs);
    setTimeout(() => {
      for (const member of this.#members.values()) member.process.process.kill('SIGKILL');
    }, stopGraceMs + 5000).unref();
  }

  #end(exitCode: number): void {
    this.#totals.save();
    void this.#target.flush().then(() => this.#finished(exitCode));
  }
}
