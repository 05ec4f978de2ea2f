import {
  type Clock,
  LimitError,
  type Log,
  type ScanRequest,
  type UpstreamConfig,
  UpstreamError,
  type Verdict,
} from '../../core/index.ts';
import { compressZstd } from '../compression.ts';
import { Connections, type ScannerReply } from './exchange.ts';
import type { ProxyMetrics } from './metrics.ts';
import { type HealthPolicy, Pool } from './pool.ts';
import { scanHeaders } from './scan-headers.ts';
import { parseTarget, type Target } from './target.ts';
import { readVerdict } from './verdict-reader.ts';

/** What forwarding needs besides the upstream's own configuration. */
export interface ForwarderInit {
  readonly config: UpstreamConfig;
  /** Used where the upstream has no timeout of its own. */
  readonly timeoutMs: number;
  readonly maxMessageBytes: number;
  readonly policy: HealthPolicy;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: ProxyMetrics;
  readonly random: () => number;
}

/** Most bytes of JSON in a reply; the rewritten message comes on top. */
const maxVerdictBytes = 16 * 1024 * 1024;
const healthCheckTimeoutMs = 5000;

/** Sends messages to the scanners of one upstream and reads their verdicts. */
export class Forwarder {
  readonly pool: Pool;
  readonly #init: ForwarderInit;
  readonly #connections: Connections;

  /** @throws ConfigError when a host of the upstream is none */
  constructor(init: ForwarderInit) {
    const { config, metrics } = init;
    this.#init = init;
    this.#connections = new Connections(config);
    this.pool = new Pool({
      name: config.name,
      targets: config.hosts.map(parseTarget),
      rotation: config.rotation,
      policy: init.policy,
      clock: init.clock,
      log: init.log,
      random: init.random,
      check: (target) => this.#isWell(target),
      changed: (target, isUp) => metrics.hostUp(config.name, target.text, isUp),
    });
  }

  /**
   * Has one scanner judge a message.
   *
   * @throws UpstreamError when it cannot be reached, is too slow or answers nonsense; LimitError `tooLarge` when
   *   the message is too big for it; the abort reason when the signal fires
   */
  async ask(target: Target, request: ScanRequest, timeoutMs = this.timeoutMs): Promise<Verdict> {
    const { config, metrics } = this.#init;
    try {
      const reply = await this.#send(target, request, timeoutMs);
      const verdict = verdictOf(reply, request, target);
      this.pool.succeeded(target);
      metrics.request(config.name, 'answered');
      return verdict;
    } catch (error) {
      // Neither the client's leaving nor the size of a message says anything about the scanner.
      if (request.signal?.aborted || error instanceof LimitError) throw error;
      metrics.request(config.name, 'failed');
      this.pool.failed(target);
      throw error;
    }
  }

  /** Time for one attempt. */
  get timeoutMs(): number {
    return this.#init.config.timeoutMs ?? this.#init.timeoutMs;
  }

  close(): void {
    this.pool.close();
    this.#connections.close();
  }

  async #send(
    target: Target,
    { envelope, raw, signal }: ScanRequest,
    timeoutMs: number,
  ): Promise<ScannerReply> {
    const { config, maxMessageBytes } = this.#init;
    const headers = scanHeaders(envelope, config.extraHeaders);
    let body = raw;
    if (config.compress) {
      body = await compressZstd(raw);
      headers.push('Compression', 'zstd', 'Accept-Encoding', 'zstd');
    }
    headers.push('Content-Type', config.compress ? 'application/octet-stream' : 'text/plain');
    return this.#connections.exchange(target, {
      method: 'POST',
      path: '/checkv2',
      headers,
      body,
      timeoutMs,
      maxReplyBytes: maxVerdictBytes + Math.min(maxMessageBytes, raw.length * 2 + maxVerdictBytes),
      signal,
    });
  }

  async #isWell(target: Target): Promise<boolean> {
    try {
      const { status } = await this.#connections.exchange(target, {
        method: 'GET',
        path: '/ping',
        headers: [],
        body: undefined,
        timeoutMs: healthCheckTimeoutMs,
        maxReplyBytes: 64 * 1024,
        signal: undefined,
      });
      return status === 200;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#init.log.debug('scanner is still out', { upstream: this.#init.config.name, error: reason });
      return false;
    }
  }
}

function verdictOf(reply: ScannerReply, { envelope, raw }: ScanRequest, target: Target): Verdict {
  const { status, contentType, body, messageOffset } = reply;
  // Rspamd moves its codes into the 500s, 413 to 513 (wire-protocols 1.9).
  if (status === 413 || status === 513) {
    throw new LimitError('tooLarge', 'the message is too large for the scanner');
  }
  if (status !== 200) throw new UpstreamError(`${target.text} answered HTTP ${status}`);
  if (contentType !== 'application/json') {
    throw new UpstreamError(`${target.text} answered ${contentType || 'nothing it names'} instead of JSON`);
  }
  if (messageOffset !== undefined && messageOffset > body.length) {
    throw new UpstreamError(`${target.text} answered a cut message`);
  }
  const json = messageOffset === undefined ? body : body.subarray(0, messageOffset);
  const tail =
    messageOffset === undefined
      ? undefined
      : { bytes: body.subarray(messageOffset), isBody: envelope.flags.has('milter') };
  return readVerdict(json.toString('utf8'), tail, raw);
}
