import type { Socket } from 'node:net';
import {
  type Clock,
  LimitError,
  type Log,
  type Metrics,
  type NormalWorker,
  type Options,
  type Scanner,
} from '../../core/index.ts';
import { failureReply, HttpScan } from '../http/index.ts';
import { peerOf } from '../peer.ts';
import { type Learn, LegacyScan } from '../spamc/index.ts';
import { Connection, type ConnectionHost, type Refusal } from './connection.ts';
import { type Admission, ConnectionLimits } from './connection-limits.ts';
import { HttpResponseWriter } from './http-response.ts';
import { type PortMetrics, portMetrics } from './port-metrics.ts';
import { ScanGate } from './scan-gate.ts';
import { type ScanPortSettings, scanPortSettings } from './settings.ts';

export interface ScanServerInit {
  readonly scanner: Scanner;
  readonly worker: NormalWorker;
  readonly options: Options;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** OpenMetrics text of the whole server for `/metrics`. */
  readonly metricsText: () => string | Promise<string>;
  /** Teaches the classifier for TELL; undefined: there is none. */
  readonly learn?: Learn | undefined;
  /** Value of the `Server` header. Default `postern`. */
  readonly serverName?: string | undefined;
}

/** Longest and shortest time between two looks at the clock. */
const maxTickMs = 1000;
const minTickMs = 10;
/** How long a connection that is turned away may take to read why. */
const turnedAwayLingerMs = 1000;
/** At the end: how long a client may take to read that it shall come back later. */
const lastWordMs = 1000;

/**
 * The scan port: HTTP, RSPAMC and SPAMC on one listener, told apart by the first line. Whoever owns the listeners
 * hands over every accepted socket, plain or TLS.
 */
export class ScanServer {
  readonly #connections = new Map<Connection, Admission>();
  readonly #limits = new ConnectionLimits();
  readonly #host: ConnectionHost;
  readonly #metrics: PortMetrics;
  readonly #log: Log;
  readonly #gate: ScanGate;
  #settings: ScanPortSettings;
  #bufferedBytes = 0;
  #ticker: NodeJS.Timeout | undefined;
  #isClosing = false;
  #whenEmpty: (() => void) | undefined;

  constructor(init: ScanServerInit) {
    this.#settings = scanPortSettings(init.worker, init.options);
    this.#metrics = portMetrics(init.metrics);
    this.#log = init.log;
    const settings = (): ScanPortSettings => this.#settings;
    this.#gate = new ScanGate(init.scanner, settings);
    const scan = this.#gate.scan.bind(this.#gate);
    const now = (): number => init.clock.now();
    const server = this;
    this.#host = {
      get settings() {
        return server.#settings;
      },
      http: new HttpScan({ scan, settings, metricsText: init.metricsText }),
      legacy: new LegacyScan({ scan, settings, learn: init.learn }),
      writer: new HttpResponseWriter({ now, serverName: init.serverName ?? 'postern' }),
      metrics: this.#metrics,
      log: init.log,
      now,
      reserve: (sizeBytes) => this.#reserve(sizeBytes),
      release: (sizeBytes) => {
        this.#bufferedBytes -= sizeBytes;
      },
    };
    this.#startTicker();
  }

  /** Open connections. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Scans that have not been answered yet. */
  get runningScans(): number {
    return this.#gate.running;
  }

  /** New limits, for requests that begin from now on. */
  reconfigure(worker: NormalWorker, options: Options): void {
    this.#settings = scanPortSettings(worker, options);
    this.#startTicker();
  }

  /**
   * Serves an accepted socket until it closes. Call it at once when the socket was accepted, before its address is
   * forgotten. The listener needs no options; half-open connections and Nagle's algorithm are seen to here.
   *
   * @param kind what the listener is; unix sockets are trusted with file inputs and not counted by source
   */
  handle(socket: Socket, kind: 'tcp' | 'unix'): void {
    const peer = peerOf(socket, kind);
    const source = peer.isUnixSocket ? undefined : peer.text;
    const admission = this.#isClosing ? 'full' : this.#limits.open(source, this.#settings);
    if (this.#isClosing || admission === 'flooded') {
      this.#turnAway(socket, peer.text);
      return;
    }
    const connection = new Connection(socket, { peer, host: this.#host, refusal: refusalFor(admission) });
    this.#connections.set(connection, admission);
    this.#metrics.connections(this.#connections.size);
    socket.once('close', () => {
      this.#limits.close(source, admission);
      this.#connections.delete(connection);
      this.#metrics.connections(this.#connections.size);
      if (this.#connections.size === 0) this.#whenEmpty?.();
    });
  }

  /**
   * Closes idle connections, lets the others finish their request, and after `graceMs` answers what is left with
   * "try later". Resolves when no connection is open. The owner has stopped listening before.
   */
  async close(graceMs: number): Promise<void> {
    this.#isClosing = true;
    this.#each((connection) => connection.drain());
    if (this.#connections.size > 0) {
      const timers = [
        setTimeout(() => this.#each((connection) => connection.stop()), graceMs),
        setTimeout(() => this.#each((connection) => connection.destroy()), graceMs + lastWordMs),
      ];
      await new Promise<void>((resolve) => {
        this.#whenEmpty = resolve;
      });
      for (const timer of timers) clearTimeout(timer);
    }
    clearInterval(this.#ticker);
  }

  #each(visit: (connection: Connection) => void): void {
    for (const connection of this.#connections.keys()) visit(connection);
  }

  #startTicker(): void {
    clearInterval(this.#ticker);
    const { idleTimeoutMs, requestTimeoutMs } = this.#settings;
    const shortest = Math.min(
      idleTimeoutMs || Number.POSITIVE_INFINITY,
      requestTimeoutMs || Number.POSITIVE_INFINITY,
    );
    const intervalMs = Math.min(Math.max(shortest / 4, minTickMs), maxTickMs);
    this.#ticker = setInterval(() => {
      const now = this.#host.now();
      this.#each((connection) => connection.tick(now));
    }, intervalMs);
    this.#ticker.unref();
  }

  #reserve(sizeBytes: number): boolean {
    this.#bufferedBytes += sizeBytes;
    return this.#bufferedBytes <= this.#settings.maxBufferedBytes;
  }

  /** Answers without reading: there are too many connections even to hear what they want. */
  #turnAway(socket: Socket, peer: string): void {
    this.#metrics.trouble('unknown', this.#isClosing ? 'shutdown' : 'connections full');
    this.#log.warn('scan connection turned away', { peer });
    socket.on('error', () => socket.destroy());
    socket.resume();
    const reply = failureReply(new LimitError('overload', 'too many connections'));
    const body = reply.body.toString();
    socket.end(this.#host.writer.head(reply, 'close', 0, Buffer.byteLength(body)) + body);
    // Closing on unread bytes would destroy the reply on its way (RFC 9112 9.6).
    const linger = setTimeout(() => socket.destroy(), turnedAwayLingerMs);
    linger.unref();
    socket.once('close', () => clearTimeout(linger));
  }
}

function refusalFor(admission: Admission): Refusal | undefined {
  switch (admission) {
    case 'full':
      return { error: new LimitError('overload', 'too many connections'), reason: 'connections full' };
    case 'source full':
      return {
        error: new LimitError('overload', 'too many connections from this address'),
        reason: 'source full',
      };
    case 'admitted':
    case 'flooded':
      return undefined;
  }
}
