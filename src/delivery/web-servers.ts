import { Servers } from '../scanners/index.ts';
import type { HttpAnswer, HttpClient } from './http-client.ts';

export interface WebServersOptions {
  /** `host:port`, several with commas or as a list, with `round-robin:` or `master-slave:` in front. */
  readonly servers: string | readonly string[];
  readonly defaultPort: number;
  readonly usesTls: boolean;
  readonly client: HttpClient;
  readonly now: () => number;
}

export interface WebRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** With its query, below the root of the server. */
  readonly path: string;
  readonly mimeType?: string | undefined;
  readonly body?: Buffer | undefined;
  readonly timeoutMs: number;
}

/** Web servers that are one database: each request goes to one of them, those that failed lately are asked last. */
export class WebServers {
  readonly #servers: Servers;
  readonly #options: WebServersOptions;

  private constructor(servers: Servers, options: WebServersOptions) {
    this.#servers = servers;
    this.#options = options;
  }

  /** @returns the servers, or the text that is none */
  static create(options: WebServersOptions): WebServers | { readonly wrong: string } {
    // A URL or a socket's path.
    const odd = [options.servers].flat().find((text) => text.includes('/'));
    if (odd !== undefined) return { wrong: odd };
    const servers = Servers.parse(options.servers, options.defaultPort);
    return 'wrong' in servers ? servers : new WebServers(servers, options);
  }

  /** Rejects when there is no answer within `timeoutMs`, and soon after `signal` fires. */
  async request(request: WebRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const { client, usesTls, now } = this.#options;
    const server = this.#servers.pick(now(), new Set());
    const timeout = new AbortController();
    const timer = setTimeout(
      () => timeout.abort(new Error(`no answer within ${request.timeoutMs} ms`)),
      request.timeoutMs,
    );
    try {
      const url = new URL(request.path, `${usesTls ? 'https' : 'http'}://${server.text}`);
      const answer = await client.send({ ...request, url }, AbortSignal.any([signal, timeout.signal]));
      if (answer.status >= 500) this.#servers.failed(server, now());
      else this.#servers.answered(server);
      return answer;
    } catch (error) {
      this.#servers.failed(server, now());
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.#options.client.close();
  }
}
