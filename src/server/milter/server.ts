import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Clock, Log, Metrics, Options, ProxyWorker, Scanner } from '../../core/index.ts';
import { parseIp } from '../../lib/index.ts';
import { type MilterLimits, milterLimits } from './limits.ts';
import { type MilterMetrics, milterMetrics } from './metrics.ts';
import { MilterSession, type MilterSettings, type SessionHost } from './session.ts';

/** What a reload may change. */
export interface MilterConfig {
  /** Judges messages: the engine, or a proxy over it. */
  readonly scanner: Scanner;
  readonly worker: ProxyWorker;
  readonly options: Options;
  /** Overrides of what {@link milterLimits} makes of the configuration. */
  readonly limits?: Partial<MilterLimits>;
}

export interface MilterServerInit extends MilterConfig {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

/** Connections beyond the limit that are still told to come back later, instead of being cut. */
const maxRefusedSessions = 256;
const refusalLogIntervalMs = 60_000;
const longestTimerMs = 2 ** 31 - 1;

/** Speaks milter on the sockets it is given. Who listens is somebody else's business. */
export class MilterServer implements SessionHost {
  settings: MilterSettings;
  readonly metrics: MilterMetrics;
  readonly log: Log;
  readonly #clock: Clock;
  readonly #sessions = new Map<MilterSession, { readonly source: string; readonly isRefused: boolean }>();
  readonly #sources = new Map<string, number>();
  readonly #idPrefix = randomBytes(3).toString('hex');
  #refused = 0;
  #taken = 0;
  #lastRefusalLogMs = Number.NEGATIVE_INFINITY;
  #sweeper: NodeJS.Timeout | undefined;
  /** Told when the last session is gone. */
  readonly #waiting: (() => void)[] = [];
  isDraining = false;

  constructor(init: MilterServerInit) {
    this.settings = settingsOf(init);
    this.metrics = milterMetrics(init.metrics);
    this.log = init.log;
    this.#clock = init.clock;
  }

  /** Connections open now, refused ones included. */
  get connectionCount(): number {
    return this.#sessions.size;
  }

  /** Takes a new configuration: messages that begin from now on use it, running scans end as they began. */
  reconfigure(config: MilterConfig): void {
    this.settings = settingsOf(config);
  }

  /** Serves a connection until it ends. Without room the MTA hears "try later" instead of nothing. */
  handle(socket: Socket): void {
    if (socket.destroyed) return;
    const source = socket.remoteAddress ?? 'unix';
    const refusal = this.#refusal(source);
    this.metrics.connection();
    if (refusal !== undefined) {
      this.#tellRefused(refusal, source);
      if (this.#refused >= maxRefusedSessions) {
        socket.destroy();
        return;
      }
    }
    const id = `${this.#idPrefix}${(++this.#taken).toString(36)}`;
    const isRefused = refusal !== undefined;
    const session = new MilterSession(socket, this, { id, ip: parseIp(source), refusal });
    this.#sessions.set(session, { source, isRefused });
    if (isRefused) this.#refused++;
    else this.#sources.set(source, (this.#sources.get(source) ?? 0) + 1);
    this.metrics.sessions(this.#sessions.size);
    this.#sweeper ??= setInterval(() => this.#sweep(), this.settings.limits.sweepIntervalMs).unref();
  }

  /**
   * Ends idle sessions at once and the others after the message they are in; what is left after the grace is
   * cut, and its MTA tries again. Resolves when no session is left.
   *
   * @param graceMs `Infinity` ends nothing: sessions go on until their MTAs are done (a reload that replaces this
   *   server; {@link reconfigure} does without replacing it)
   */
  async close(graceMs: number): Promise<void> {
    if (this.#sessions.size === 0) {
      this.isDraining ||= graceMs < Number.POSITIVE_INFINITY;
      return;
    }
    const gone = new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (graceMs === Number.POSITIVE_INFINITY) return gone;
    this.isDraining = true;
    for (const session of [...this.#sessions.keys()]) session.drain();
    const timer = setTimeout(
      () => {
        for (const session of [...this.#sessions.keys()]) session.destroy();
      },
      Math.min(graceMs, longestTimerMs),
    );
    await gone;
    clearTimeout(timer);
  }

  /** A session's connection is gone. Called by the session. */
  closed(session: MilterSession): void {
    const entry = this.#sessions.get(session);
    if (!entry) return;
    this.#sessions.delete(session);
    if (entry.isRefused) this.#refused--;
    else {
      const left = (this.#sources.get(entry.source) ?? 1) - 1;
      if (left > 0) this.#sources.set(entry.source, left);
      else this.#sources.delete(entry.source);
    }
    this.metrics.sessions(this.#sessions.size);
    if (this.#sessions.size > 0) return;
    clearInterval(this.#sweeper);
    this.#sweeper = undefined;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #refusal(source: string): string | undefined {
    const { limits } = this.settings;
    if (this.isDraining) return 'stopping';
    if (this.#sessions.size - this.#refused >= limits.maxConnections) return 'connections';
    return (this.#sources.get(source) ?? 0) >= limits.maxConnectionsPerSource ? 'source' : undefined;
  }

  #tellRefused(reason: string, source: string): void {
    this.metrics.refused(reason);
    const nowMs = this.#clock.now();
    if (nowMs - this.#lastRefusalLogMs < refusalLogIntervalMs) return;
    this.#lastRefusalLogMs = nowMs;
    this.log.warn('milter connections refused', { reason, source });
  }

  #sweep(): void {
    const nowMs = this.#clock.now();
    for (const session of [...this.#sessions.keys()]) session.sweep(nowMs);
  }
}

function settingsOf({ scanner, worker, options, limits }: MilterConfig): MilterSettings {
  return { scanner, worker, limits: { ...milterLimits(options, worker), ...limits } };
}
