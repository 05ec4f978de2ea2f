import http from 'node:http';
import https from 'node:https';
import { UpstreamError } from '../../core/index.ts';
import { decompressZstd } from '../compression.ts';
import type { Target } from './target.ts';

/** How one upstream is spoken to. */
export interface Transport {
  readonly tls: boolean;
  readonly keepalive: boolean;
}

/** One HTTP request to a scanner. */
export interface Exchange {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Names and values alternating. */
  readonly headers: readonly string[];
  readonly body: Buffer | undefined;
  readonly timeoutMs: number;
  /** Longest reply taken, decompressed. */
  readonly maxReplyBytes: number;
  readonly signal: AbortSignal | undefined;
}

/** What came back, decompressed. */
export interface ScannerReply {
  readonly status: number;
  readonly contentType: string;
  /** `Message-Offset`: where the rewritten message begins; undefined when there is none. */
  readonly messageOffset: number | undefined;
  readonly body: Buffer;
}

const idleSocketMs = 30_000;

/** Connections to the scanners of one upstream. */
export class Connections {
  readonly #transport: Transport;
  readonly #agent: http.Agent;

  constructor(transport: Transport) {
    this.#transport = transport;
    const options = { keepAlive: transport.keepalive, timeout: idleSocketMs };
    this.#agent = transport.tls ? new https.Agent(options) : new http.Agent(options);
  }

  /**
   * Sends a request and reads the whole reply. A kept connection that the other side had closed meanwhile is
   * replaced once; nothing was scanned over it.
   *
   * @throws UpstreamError when the scanner cannot be reached, is too slow or answers too much; the abort reason
   *   when the signal fires
   */
  async exchange(target: Target, exchange: Exchange): Promise<ScannerReply> {
    try {
      return await this.#once(target, exchange, this.#agent);
    } catch (error) {
      exchange.signal?.throwIfAborted();
      if (error instanceof StaleConnection) return this.#once(target, exchange, false);
      throw error;
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #once(target: Target, exchange: Exchange, agent: http.Agent | false): Promise<ScannerReply> {
    const { timeoutMs, signal, maxReplyBytes } = exchange;
    signal?.throwIfAborted();
    let request: http.ClientRequest | undefined;
    let ended: UpstreamError | undefined;
    const end = (reason: string): void => {
      ended ??= new UpstreamError(`${target.text} ${reason}`);
      request?.destroy(ended);
    };
    const timer = setTimeout(end, timeoutMs, `did not answer within ${timeoutMs} ms`);
    const abandon = (): void => end('was given up');
    signal?.addEventListener('abort', abandon, { once: true });
    try {
      request = this.#open(target, exchange, agent);
      const response = await answerOf(request, exchange.body);
      return await readReply(response, maxReplyBytes, target);
    } catch (error) {
      signal?.throwIfAborted();
      if (ended) throw ended;
      if (error instanceof UpstreamError) throw error;
      const reason = error instanceof Error ? error.message || error.name : String(error);
      const Failure = request?.reusedSocket ? StaleConnection : UpstreamError;
      throw new Failure(`${target.text}: ${reason}`, { cause: error });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abandon);
    }
  }

  #open(target: Target, exchange: Exchange, agent: http.Agent | false): http.ClientRequest {
    const { tls, keepalive } = this.#transport;
    const { body } = exchange;
    const host = target.host.includes(':') ? `[${target.host}]` : target.host;
    const options: https.RequestOptions = {
      agent,
      method: exchange.method,
      path: exchange.path,
      headers: [
        'Host',
        target.socketPath === undefined ? `${host}:${target.port}` : 'localhost',
        'Connection',
        keepalive && agent ? 'keep-alive' : 'close',
        ...(body ? ['Content-Length', String(body.length)] : []),
        ...exchange.headers,
      ],
      ...(target.socketPath === undefined
        ? { host: target.host, port: target.port }
        : { socketPath: target.socketPath }),
    };
    return tls ? https.request(options) : http.request(options);
  }
}

/** A connection failed that had served a request before. */
class StaleConnection extends UpstreamError {}

function answerOf(request: http.ClientRequest, body: Buffer | undefined): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on('response', resolve);
    // Errors after the response reach the reader of the response.
    request.on('error', reject);
    request.end(body);
  });
}

async function readReply(
  response: http.IncomingMessage,
  maxReplyBytes: number,
  target: Target,
): Promise<ScannerReply> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxReplyBytes)
      throw new UpstreamError(`${target.text} answered more than ${maxReplyBytes} bytes`);
    chunks.push(chunk);
  }
  let body: Buffer = Buffer.concat(chunks);
  const encoding = response.headers['content-encoding'] ?? headerText(response.headers['compression']);
  if (encoding === 'zstd') {
    try {
      body = await decompressZstd(body, maxReplyBytes);
    } catch (cause) {
      throw new UpstreamError(`${target.text} answered with bytes that do not decompress`, { cause });
    }
  } else if (encoding !== undefined && encoding !== 'identity') {
    throw new UpstreamError(`${target.text} answered in ${encoding}`);
  }
  const offset = headerText(response.headers['message-offset']);
  return {
    status: response.statusCode ?? 0,
    contentType: response.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? '',
    messageOffset: offset !== undefined && /^\d{1,15}$/.test(offset) ? Number(offset) : undefined,
    body,
  };
}

function headerText(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
