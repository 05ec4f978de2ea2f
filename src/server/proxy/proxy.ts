import {
  type Clock,
  type Envelope,
  LimitError,
  type Log,
  type Metrics,
  type MirrorConfig,
  type PosternError,
  type ProxyWorker,
  type Scanner,
  type ScanOutcome,
  type ScanRequest,
  toPosternError,
  type UpstreamConfig,
  UpstreamError,
  type Verdict,
} from '../../core/index.ts';
import { failureVerdict } from '../reply/index.ts';
import { decorate, withExtraHeaders } from './decorate.ts';
import { Forwarder } from './forwarder.ts';
import { type ProxyMetrics, proxyMetrics } from './metrics.ts';
import { type HealthPolicy, stockHealthPolicy } from './pool.ts';
import type { Target } from './target.ts';

export interface ProxyInit {
  readonly worker: ProxyWorker;
  /** Scans here: for `self_scan`, and for upstreams that are this very server. */
  readonly scanner: Scanner;
  /** True: this address is the scan port of this server, so scanning in place gives the same result. */
  readonly isOwnAddress: (host: string, port: number) => boolean;
  readonly maxMessageBytes: number;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** Number from 0 to 1. Default `Math.random`. */
  readonly random?: () => number;
  readonly policy?: HealthPolicy;
}

/** A scanner that may be another server's. `close` stops its health checks and connections. */
export interface ProxyScanner extends Scanner {
  close(): void;
}

interface Upstream {
  readonly config: UpstreamConfig;
  /** Undefined: scanned here only. */
  readonly forwarder: Forwarder | undefined;
}

interface Mirror {
  readonly config: MirrorConfig;
  readonly forwarder: Forwarder;
  running: number;
}

/** Copies of messages under way to one mirror; more are left out, so that a slow mirror costs no memory. */
const maxMirrored = 64;
/** All attempts together; an MTA waits five minutes for the end of a message (wire-protocols 3.10). */
const totalTimeoutMs = 240_000;
/** Pause before scanners that all failed are asked once more. */
const roundPauseMs = 200;

/**
 * The proxy worker's scanner (wire-protocols 4.2): sends each message to the upstream that its configuration names,
 * tries another scanner when one fails, and copies messages to mirrors, whose results count for nothing.
 *
 * @throws ConfigError when a host of an upstream or mirror is none
 */
export function createProxy(init: ProxyInit): ProxyScanner {
  return new ForwardingScanner(init);
}

class ForwardingScanner implements ProxyScanner {
  readonly #init: ProxyInit;
  readonly #metrics: ProxyMetrics;
  readonly #random: () => number;
  readonly #upstreams: readonly Upstream[];
  readonly #default: Upstream | undefined;
  readonly #mirrors: readonly Mirror[];

  constructor(init: ProxyInit) {
    const { worker } = init;
    this.#init = init;
    this.#metrics = proxyMetrics(init.metrics);
    this.#random = init.random ?? Math.random;
    this.#upstreams = worker.upstreams.map((config) => ({
      config,
      forwarder: config.selfScan ? undefined : this.#forwarder(config),
    }));
    this.#default = this.#upstreams.find(({ config }) => config.isDefault) ?? this.#upstreams[0];
    this.#mirrors = worker.mirrors.map((config) => ({
      config,
      forwarder: this.#forwarder(config),
      running: 0,
    }));
  }

  async scan(request: ScanRequest): Promise<ScanOutcome> {
    const { scanner, worker, maxMessageBytes } = this.#init;
    const upstream = this.#select(request.envelope);
    if (!upstream) return failed(new UpstreamError('no upstream is configured'));
    const envelope = decorate(request.envelope, upstream.config, worker);
    const copies = this.#mirrors.length > 0 ? this.#mirror(request) : undefined;
    try {
      if (!upstream.forwarder) {
        const { extraHeaders } = upstream.config;
        return await scanner.scan({ ...request, envelope: withExtraHeaders(envelope, extraHeaders) });
      }
      if (request.raw.length > maxMessageBytes) {
        throw new LimitError('tooLarge', `message of ${request.raw.length} bytes is over max_message`);
      }
      return await this.#forward(upstream.config, upstream.forwarder, { ...request, envelope });
    } finally {
      copies?.abort();
    }
  }

  close(): void {
    for (const { forwarder } of this.#upstreams) forwarder?.close();
    for (const { forwarder } of this.#mirrors) forwarder.close();
  }

  #forwarder(config: UpstreamConfig): Forwarder {
    const { worker, maxMessageBytes, clock, log, policy = stockHealthPolicy } = this.#init;
    return new Forwarder({
      config,
      timeoutMs: worker.timeoutMs,
      maxMessageBytes,
      policy,
      clock,
      log,
      metrics: this.#metrics,
      random: this.#random,
    });
  }

  /** An HTTP client may name an upstream in its Host header; everybody else gets the default. */
  #select({ door, request }: Envelope): Upstream | undefined {
    const host = door === 'milter' || this.#upstreams.length < 2 ? undefined : request.get('host');
    const name = host?.replace(/:\d+$/, '').toLowerCase();
    const named = name && this.#upstreams.find(({ config }) => config.name.toLowerCase() === name);
    return named || this.#default;
  }

  async #forward(config: UpstreamConfig, forwarder: Forwarder, request: ScanRequest): Promise<ScanOutcome> {
    const { worker, clock, log, scanner } = this.#init;
    const { envelope, signal } = request;
    const key = envelope.clientIp?.text ?? envelope.clientSocketPath ?? '';
    const endMs = clock.now() + totalTimeoutMs;
    const tried = new Set<Target>();
    let failure: PosternError = new UpstreamError('no scanner is configured');
    for (let attempt = 0; attempt < Math.max(1, worker.maxRetries); attempt++) {
      let target = forwarder.pool.choose(tried, key);
      if (!target && tried.size > 0) {
        tried.clear();
        await pause(roundPauseMs, signal);
        target = forwarder.pool.choose(tried, key);
      }
      const leftMs = endMs - clock.now();
      if (!target || leftMs <= 0) break;
      tried.add(target);
      // Extra headers may hold what only the protocol turns into an envelope.
      if (this.#isOwn(target, config) && Object.keys(config.extraHeaders).length === 0) {
        return scanner.scan(request);
      }
      try {
        const verdict = await forwarder.ask(target, request, Math.min(forwarder.timeoutMs, leftMs));
        return { verdict, settle: nothing };
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof LimitError) throw error;
        failure = toPosternError(error);
        log.warn('scanner failed', { upstream: config.name, host: target.text, error: failure.message });
      }
    }
    return failed(failure);
  }

  #isOwn(target: Target, { tls }: UpstreamConfig): boolean {
    return !tls && target.socketPath === undefined && this.#init.isOwnAddress(target.host, target.port);
  }

  /** Starts the copies; the result ends those that are to end with the scan. */
  #mirror(request: ScanRequest): AbortController {
    const ended = new AbortController();
    for (const mirror of this.#mirrors) {
      if (this.#random() >= mirror.config.probability) continue;
      if (mirror.running >= maxMirrored) this.#metrics.mirror(mirror.config.name, 'left out');
      else void this.#copy(mirror, request, mirror.config.followMaster ? ended.signal : undefined);
    }
    return ended;
  }

  async #copy(
    mirror: Mirror,
    { envelope, raw }: ScanRequest,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { config, forwarder } = mirror;
    const target = forwarder.pool.choose(new Set(), envelope.clientIp?.text ?? '');
    if (!target) return;
    mirror.running++;
    try {
      await forwarder.ask(target, { envelope: decorate(envelope, config, this.#init.worker), raw, signal });
      this.#metrics.mirror(config.name, 'answered');
    } catch (error) {
      this.#metrics.mirror(config.name, 'failed');
      this.#init.log.debug('mirror failed', { mirror: config.name, error: toPosternError(error).message });
    } finally {
      mirror.running--;
    }
  }
}

/** History and counters of a forwarded message are kept where it was scanned. */
function nothing(): void {}

function failed(failure: PosternError): ScanOutcome {
  const verdict: Verdict = failureVerdict(failure);
  return { verdict, settle: nothing };
}

/** Rejects with the abort reason when the signal fires meanwhile. */
async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
