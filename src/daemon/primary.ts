import cluster, { type Worker as ClusterWorker } from 'node:cluster';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfiguration } from '../config/index.ts';
import {
  type BindSocket,
  type CheckDefinition,
  ConfigError,
  type Configuration,
  formatProblem,
  LimitError,
  type LoggedError,
  PosternError,
  toPosternError,
} from '../core/index.ts';
import { mergeMetrics, openLog, type ProcessLog, ProcessMetrics } from '../observe/index.ts';
import { renderBanner } from './banner.ts';
import { Channel, type Handlers } from './channel.ts';
import { GraphitePusher } from './graphite.ts';
import { HistoryRing } from './memory-history.ts';
import { generatedPassword, needsPassword } from './password.ts';
import {
  type Health,
  type OpenedSocket,
  type PrimaryMethods,
  type Role,
  stopGraceMs,
  type WorkerMethods,
  type WorkerStart,
} from './protocol.ts';
import { runtimeFlags } from './runtime-flags.ts';
import { ScoreSharing } from './score-sharing.ts';
import { tryServices } from './services.ts';
import { TotalsKeeper } from './totals.ts';
import { applyPermissions, prepareUnixSockets } from './unix-sockets.ts';
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
  /** It was told to stop, and nobody takes its place. */
  isLeaving: boolean;
  /** Pings in a row that were not answered. */
  missedPings: number;
}

const maxErrors = 100;
const pingIntervalMs = 5000;
/**
 * A worker that missed so many pings is stuck in one piece of work: it is replaced. Counted, not timed, so that a
 * machine that slept does not look like a worker that did.
 */
const maxMissedPings = 4;
/** A worker that is not ready by then is given up. */
const startTimeoutMs = 60_000;
const saveIntervalMs = 10_000;
const maxRestartDelayMs = 10_000;
/** Beyond the grace of sessions, for what processes do after the last one. */
const killDelayMs = 5000;

/** Owns the life of all processes: starts, watches and replaces workers, reloads and stops them. */
export class Primary {
  readonly #options: ServeOptions;
  readonly #clock = { now: (): number => Date.now() };
  readonly #metrics = new ProcessMetrics();
  readonly #members = new Map<number, Member>();
  readonly #errors: LoggedError[] = [];
  readonly #history = new HistoryRing();
  #configuration!: Configuration;
  #log!: ProcessLog;
  #totals!: TotalsKeeper;
  #graphite!: GraphitePusher;
  #sharing!: ScoreSharing;
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
    this.#log = openLog({
      logging: this.#configuration.logging,
      clock: this.#clock,
      metrics: this.#metrics,
      fields: { role: 'primary', pid: process.pid },
      onError: (error) => this.#remember(error),
    });
    const { failure } = this.#log;
    if (failure) throw new ConfigError({ message: `the log cannot be written: ${failure.message}` });
    for (const problem of this.#configuration.unsupported)
      this.#log.warn('unsupported', { problem: formatProblem(problem) });
    await this.#try(this.#configuration);
    const hasGeneratedPassword = this.#configuration.controller.enabled && needsPassword(this.#configuration);
    if (hasGeneratedPassword) generatedPassword(this.#options.stateDir);
    this.#totals = new TotalsKeeper(this.#options.stateDir, this.#clock, this.#log);
    this.#graphite = new GraphitePusher({
      totals: () => this.#totals.totals(),
      clock: this.#clock,
      log: this.#log,
      metrics: this.#metrics,
    });
    this.#sharing = new ScoreSharing({
      reload: () => this.reload(),
      clock: this.#clock,
      log: this.#log,
      metrics: this.#metrics,
    });

    const finished = new Promise<number>((resolve) => {
      this.#finished = resolve;
    });
    await prepareUnixSockets(this.#sockets(this.#configuration));
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    const opened = await this.#startAll();
    this.#isStarted = true;
    this.#watch();
    this.#graphite.configure(this.#configuration);
    this.#sharing.configure(this.#configuration);
    process.stdout.write(
      renderBanner({
        version,
        configuration: this.#configuration,
        opened,
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

  /** Builds everything once, so that what is wrong shows before any worker is touched. */
  async #try(configuration: Configuration): Promise<void> {
    const missing = await tryServices(configuration, this.#options.checks, this.#log);
    for (const map of missing) this.#log.warn('map is empty until its file appears', { map });
  }

  #load(): Promise<Configuration> {
    const { configDir, stateDir, variables, checks, allowUnsupported } = this.#options;
    return loadConfiguration({ configDir, stateDir, variables, checks, allowUnsupported });
  }

  #sockets({ normal, proxy, controller, fuzzy }: Configuration): readonly BindSocket[] {
    return [normal, proxy, controller, fuzzy].flatMap((worker) => (worker.enabled ? worker.sockets : []));
  }

  #wantedScanners({ normal, proxy }: Configuration): number {
    return Math.max(normal.enabled ? normal.count : 0, proxy.enabled ? proxy.count : 0);
  }

  async #startAll(): Promise<readonly OpenedSocket[]> {
    const starting: Promise<readonly OpenedSocket[]>[] = [];
    const scanners = this.#wantedScanners(this.#configuration);
    for (let index = 0; index < scanners; index++) starting.push(this.#startMember('scanner', index));
    if (this.#configuration.controller.enabled) starting.push(this.#startMember('controller', 0));
    if (this.#configuration.fuzzy.enabled) starting.push(this.#startMember('fuzzy', 0));
    try {
      return (await Promise.all(starting)).flat();
    } catch (error) {
      this.#isStopping = true;
      for (const member of this.#members.values()) member.process.process.kill('SIGKILL');
      throw error;
    }
  }

  /** Resolves with the sockets the worker listens on; rejects when it cannot start. */
  #startMember(role: Role, index: number): Promise<readonly OpenedSocket[]> {
    const { configDir, stateDir, variables, allowUnsupported } = this.#options;
    const start: WorkerStart = { role, index, configDir, stateDir, variables, allowUnsupported };
    const flags = runtimeFlags(role, process.execArgv, process.env['NODE_OPTIONS'] ?? '');
    cluster.setupPrimary({ execArgv: [...flags] });
    const worker = cluster.fork({
      POSTERN_WORKER: JSON.stringify(start),
      // Compiled code is kept, so that the next start and the replacement of a worker take half the time.
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? join(stateDir, 'compile-cache'),
    });
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => {
        clearTimeout(timer);
        reject(error);
      };
      const timer = setTimeout(() => {
        fail(new PosternError('timeout', `${role} ${index} was not ready within ${startTimeoutMs} ms`));
        worker.process.kill('SIGKILL');
      }, startTimeoutMs);
      const channel = new Channel<PrimaryMethods, WorkerMethods>(
        (packet) => {
          if (worker.isConnected()) worker.send(packet);
        },
        {
          ...this.#handlers,
          ready: (opened) => {
            clearTimeout(timer);
            member.isReady = true;
            applyPermissions(this.#sockets(this.#configuration));
            resolve(opened);
          },
          failed: ({ code, message }) => fail(new PosternError(code, message)),
        },
      );
      const member: Member = {
        role,
        index,
        process: worker,
        channel,
        startedMs: this.#clock.now(),
        isReady: false,
        isLeaving: false,
        missedPings: 0,
      };
      this.#members.set(worker.id, member);
      worker.on('message', (message) => channel.receive(message));
      worker.on('exit', (code, signal) => {
        channel.close('the process is gone');
        this.#members.delete(worker.id);
        const how = signal ?? String(code);
        fail(new PosternError('internal', `${role} ${index} ended with ${how} before it was ready`));
        this.#memberEnded(member, how);
      });
    });
  }

  /** What every worker may ask. */
  readonly #handlers: Omit<Handlers<PrimaryMethods>, 'ready' | 'failed'> = {
    delta: (delta) => this.#totals.add(delta),
    logged: (error) => this.#remember(error),
    totals: () => this.#totals.totals(),
    resetTotals: () => this.#totals.reset(),
    errors: () => this.#errors,
    metrics: () => this.#mergedMetrics(),
    health: () => this.#health(),
    reload: () => this.reload(),
    share: (changes) => this.#sharing.share(changes),
    addHistory: (rows) => this.#history.add(rows),
    history: ([first, last]) => this.#history.range(first, last),
    clearHistory: () => this.#history.clear(),
    trimHistory: (maxRows) => this.#history.trim(maxRows),
  };

  #memberEnded(member: Member, how: string): void {
    if (this.#isStopping) {
      if (this.#members.size === 0) this.#end(0);
      return;
    }
    // While the server starts, one that was not ready yet ends the start.
    if (member.isLeaving || !(this.#isStarted || member.isReady)) return;
    this.#log.error('worker ended', { worker: `${member.role} ${member.index}`, how });
    this.#metrics.counter('postern_worker_restarts_total', 'Worker processes that were replaced').add();
    const livedMs = this.#clock.now() - member.startedMs;
    this.#quickDeaths = livedMs < 5000 ? this.#quickDeaths + 1 : 0;
    const delayMs = this.#quickDeaths === 0 ? 0 : Math.min(maxRestartDelayMs, 100 * 2 ** this.#quickDeaths);
    this.#replace(member.role, member.index, delayMs);
  }

  #replace(role: Role, index: number, delayMs: number): void {
    setTimeout(() => {
      if (this.#isStopping) return;
      this.#startMember(role, index).catch((error) =>
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
      if (member.missedPings >= maxMissedPings) {
        this.#log.error('worker is stuck and is replaced', { worker: `${member.role} ${member.index}` });
        member.process.process.kill('SIGKILL');
        continue;
      }
      member.missedPings++;
      member.channel.call('ping', null, pingIntervalMs).then(
        () => {
          member.missedPings = 0;
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
    return {
      workers: members.length,
      notResponding: members.filter((member) => member.missedPings > 1).length,
      readyScanners: members.filter((member) => member.role === 'scanner' && member.isReady).length,
    };
  }

  #remember(error: LoggedError): void {
    this.#errors.unshift(error);
    this.#errors.length = Math.min(this.#errors.length, maxErrors);
  }

  /** Loads the configuration again; rejects and keeps the old one when the new one is bad. */
  reload(): Promise<void> {
    if (!this.#isStarted) return Promise.reject(new LimitError('overload', 'the server is still starting'));
    this.#reloading ??= this.#reload().finally(() => {
      this.#reloading = undefined;
    });
    return this.#reloading;
  }

  async #reload(): Promise<void> {
    try {
      const configuration = await this.#load();
      await this.#try(configuration);
      const known = new Set(this.#sockets(this.#configuration).map(({ path }) => path));
      await prepareUnixSockets(this.#sockets(configuration).filter(({ path }) => !known.has(path)));
      const members = [...this.#members.values()].filter((member) => member.isReady);
      await Promise.all(members.map((member) => member.channel.call('reload', null, startTimeoutMs)));
      this.#configuration = configuration;
      applyPermissions(this.#sockets(configuration));
      this.#log.reconfigure(configuration.logging);
      this.#log.info('configuration loaded', { config: configuration.id });
      this.#graphite.configure(configuration);
      this.#sharing.configure(configuration);
      this.#fitMembers(configuration);
    } catch (error) {
      this.#log.error('reload failed; the old configuration stays', { error: toPosternError(error).message });
      throw error;
    }
  }

  /** Starts and stops workers until there are as many as the configuration asks for. */
  #fitMembers(configuration: Configuration): void {
    const wanted = new Map<string, readonly [Role, number]>();
    const scanners = this.#wantedScanners(configuration);
    for (let index = 0; index < scanners; index++) wanted.set(`scanner ${index}`, ['scanner', index]);
    if (configuration.controller.enabled) wanted.set('controller 0', ['controller', 0]);
    if (configuration.fuzzy.enabled) wanted.set('fuzzy 0', ['fuzzy', 0]);
    for (const member of this.#members.values()) {
      if (wanted.delete(`${member.role} ${member.index}`) || member.isLeaving) continue;
      member.isLeaving = true;
      member.channel.notify('stop', stopGraceMs);
    }
    for (const [role, index] of wanted.values()) this.#replace(role, index, 0);
  }

  #reopenLogs(): void {
    this.#log.reopen();
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
    this.#graphite.stop();
    this.#sharing.stop();
    this.#log.info('stopping');
    if (this.#members.size === 0) this.#end(0);
    for (const member of this.#members.values()) member.channel.notify('stop', stopGraceMs);
    setTimeout(() => {
      for (const member of this.#members.values()) member.process.process.kill('SIGKILL');
    }, stopGraceMs + killDelayMs).unref();
  }

  #end(exitCode: number): void {
    this.#totals.save();
    void this.#log.flush().then(() => this.#finished(exitCode));
  }
}
