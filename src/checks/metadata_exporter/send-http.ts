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
import type { Rule } from './options.ts';
import type { Attempt } from './queue.ts';
import { type ExportItem, PhaseTimer, reasonOf, type Sender, toMs } from './sender.ts';

const compress = promisify(gzip);

/** An answer is read for the sake of the connection; longer ones cost it. */
const maxAnswerBytes = 65_536;

/** Statuses that ask for another try (RFC 9110 15, RFC 6585 4). */
const patience = new Set([408, 425, 429, 500, 502, 503, 504]);

function judge(status: number): Attempt {
  if (status >= 200 && status < 300) return { outcome: 'sent' };
  return {
    outcome: patience.has(status) ? 'outage' : 'refused',
    reason: `the server answered ${status}`,
  };
}

function agentFor(url: URL, rule: Rule, lanes: number): HttpAgent | HttpsAgent {
  const common = { keepAlive: rule.keepalive ?? false, maxSockets: lanes };
  if (url.protocol === 'http:') return new HttpAgent(common);
  return new HttpsAgent({
    ...common,
    rejectUnauthorized: !(rule.no_ssl_verify ?? false),
    // Node trusts its own list only; operators add theirs to the system's.
    ca: [...getCACertificates('default'), ...getCACertificates('system')],
  });
}

/** Posts exports to an HTTP server. Redirects are not followed. */
export class HttpSender implements Sender {
  readonly #url: URL;
  readonly #rule: Rule;
  readonly #agent: HttpAgent | HttpsAgent;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(url: URL, rule: Rule, lanes: number) {
    this.#url = url;
    this.#rule = rule;
    this.#agent = agentFor(url, rule, lanes);
    const { user, password } = rule;
    this.#headers = {
      'user-agent': 'postern',
      ...(rule.gzip && { 'content-encoding': 'gzip' }),
      // RFC 7617 2, in UTF-8.
      ...(user !== undefined &&
        password !== undefined && {
          authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
        }),
    };
  }

  async send(item: ExportItem, signal: AbortSignal): Promise<Attempt> {
    try {
      const body = this.#rule.gzip ? await compress(item.body) : item.body;
      return await this.#post(item, body, signal);
    } catch (error) {
      return { outcome: 'outage', reason: reasonOf(signal.aborted ? signal.reason : error) };
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #post(item: ExportItem, body: Buffer, signal: AbortSignal): Promise<Attempt> {
    return new Promise((resolve, reject) => {
      const start = this.#url.protocol === 'http:' ? httpRequest : httpsRequest;
      const request = start(this.#url, {
        method: 'POST',
        agent: this.#agent,
        signal,
        headers: {
          ...item.headers,
          ...this.#headers,
          'content-type': item.mimeType,
          'content-length': body.length,
        },
      });
      let status: number | undefined;
      const timer = new PhaseTimer((error) => request.destroy(error));
      this.#watchPhases(request, timer);
      request.on('error', reject);
      request.on('response', (response) => {
        status = response.statusCode ?? 0;
        drain(response);
      });
      request.on('close', () => {
        timer.stop();
        if (status === undefined) reject(new Error('the connection was closed'));
        else resolve(judge(status));
      });
      request.end(body);
    });
  }

  #watchPhases(request: ClientRequest, timer: PhaseTimer): void {
    const rule = this.#rule;
    const connectMs = toMs(rule.connect_timeout);
    const tlsMs = toMs(rule.ssl_timeout);
    const writeMs = toMs(rule.write_timeout);
    timer.start('connecting', connectMs);
    const sending = (): void => timer.start('sending', writeMs);
    request.on('socket', (socket) => {
      if (!socket.connecting) {
        sending();
        return;
      }
      socket.once('secureConnect', sending);
      socket.once('connect', () => {
        if (this.#url.protocol === 'https:') timer.start('the TLS handshake', tlsMs);
        else sending();
      });
    });
    request.on('finish', () => timer.start('the answer', toMs(rule.read_timeout)));
  }
}

function drain(response: IncomingMessage): void {
  let size = 0;
  response.on('error', () => response.destroy());
  response.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxAnswerBytes) response.destroy();
  });
}
