import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { getCACertificates } from 'node:tls';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { PhaseTimer } from './phases.ts';
import type { Attempt } from './queue.ts';

const compress = promisify(gzip);

export interface HttpClientOptions {
  /** User of Basic authentication (RFC 7617), with `password`. */
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** Bodies of requests are compressed. */
  readonly usesGzip: boolean;
  readonly keepsAlive: boolean;
  readonly acceptsAnyCertificate: boolean;
  readonly maxSockets: number;
  /** Longer answers are cut, and cost the connection. */
  readonly maxAnswerBytes: number;
  /** Limits of the phases of a request; without one only the caller's deadline holds. */
  readonly connectMs?: number | undefined;
  readonly tlsMs?: number | undefined;
  readonly writeMs?: number | undefined;
  readonly readMs?: number | undefined;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly url: URL;
  readonly mimeType?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: Buffer | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/** Statuses that ask for another try (RFC 9110 15, RFC 6585 4). */
const patience = new Set([408, 425, 429, 500, 502, 503, 504]);

/** What a status says about an export. */
export function judgeStatus(status: number): Attempt {
  if (status >= 200 && status < 300) return { outcome: 'sent' };
  return {
    outcome: patience.has(status) ? 'outage' : 'refused',
    reason: `the server answered ${status}`,
  };
}

/** Sends requests to servers that the operator named. Redirects are not followed. */
export class HttpClient {
  readonly #options: HttpClientOptions;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #plain: HttpAgent;
  #secure: HttpsAgent | undefined;

  constructor(options: HttpClientOptions) {
    this.#options = options;
    this.#plain = new HttpAgent({ keepAlive: options.keepsAlive, maxSockets: options.maxSockets });
    const { user, password } = options;
    this.#headers = {
      'user-agent': 'postern',
      // RFC 7617 2, in UTF-8.
      ...(user !== undefined &&
        password !== undefined && {
          authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
        }),
    };
  }

  /** Rejects when there is no answer, and soon after `signal` fires. */
  async send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const isCompressed = this.#options.usesGzip && request.body !== undefined;
    const body = isCompressed && request.body ? await compress(request.body) : request.body;
    try {
      return await this.#exchange(request, body, isCompressed, signal);
    } catch (error) {
      throw signal.aborted && signal.reason instanceof Error ? signal.reason : error;
    }
  }

  close(): void {
    this.#plain.destroy();
    this.#secure?.destroy();
  }

  #agentFor(url: URL): HttpAgent | HttpsAgent {
    if (url.protocol === 'http:') return this.#plain;
    this.#secure ??= new HttpsAgent({
      keepAlive: this.#options.keepsAlive,
      maxSockets: this.#options.maxSockets,
      rejectUnauthorized: !this.#options.acceptsAnyCertificate,
      // Node trusts its own list only; operators add theirs to the system's.
      ca: [...getCACertificates('default'), ...getCACertificates('system')],
    });
    return this.#secure;
  }

  #exchange(
    { method, url, mimeType, headers }: HttpRequest,
    body: Buffer | undefined,
    isCompressed: boolean,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const start = url.protocol === 'http:' ? httpRequest : httpsRequest;
      const request = start(url, {
        method,
        agent: this.#agentFor(url),
        signal,
        headers: {
          ...headers,
          ...this.#headers,
          ...(isCompressed && { 'content-encoding': 'gzip' }),
          ...(mimeType !== undefined && { 'content-type': mimeType }),
          ...(body && { 'content-length': body.length }),
        },
      });
      let status: number | undefined;
      const chunks: Buffer[] = [];
      const timer = new PhaseTimer((error) => request.destroy(error));
      this.#watchPhases(request, url, timer);
      request.on('error', reject);
      request.on('response', (response) => {
        status = response.statusCode ?? 0;
        collect(response, chunks, this.#options.maxAnswerBytes);
      });
      request.on('close', () => {
        timer.stop();
        if (status === undefined) reject(new Error('the connection was closed'));
        else resolve({ status, body: Buffer.concat(chunks) });
      });
      request.end(body);
    });
  }

  #watchPhases(request: ClientRequest, url: URL, timer: PhaseTimer): void {
    const { connectMs, tlsMs, writeMs, readMs } = this.#options;
    timer.start('connecting', connectMs);
    const sending = (): void => timer.start('sending', writeMs);
    request.on('socket', (socket) => {
      if (!socket.connecting) {
        sending();
        return;
      }
      socket.once('secureConnect', sending);
      socket.once('connect', () => {
        if (url.protocol === 'https:') timer.start('the TLS handshake', tlsMs);
        else sending();
      });
    });
    request.on('finish', () => timer.start('the answer', readMs));
  }
}

function collect(response: IncomingMessage, chunks: Buffer[], maxBytes: number): void {
  let size = 0;
  response.on('error', () => response.destroy());
  response.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxBytes) response.destroy();
    else chunks.push(chunk);
  });
}
