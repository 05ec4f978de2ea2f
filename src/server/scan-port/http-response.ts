import type { HttpReply } from '../http/index.ts';

/** How the connection goes on after a reply. */
export type AfterReply = 'keep-alive' | 'close';

/** Writes response heads; the date is made once a second. */
export class HttpResponseWriter {
  readonly #now: () => number;
  readonly #serverName: string;
  #dateSecond = -1;
  #date = '';

  constructor(init: { readonly now: () => number; readonly serverName: string }) {
    this.#now = init.now;
    this.#serverName = init.serverName;
  }

  /** The head in the order of wire-protocols 1.1, with its blank line. */
  head(reply: HttpReply, after: AfterReply, idleTimeoutMs: number, sizeBytes: number): string {
    const keepAlive =
      after === 'keep-alive' && idleTimeoutMs >= 1000
        ? `Keep-Alive: timeout=${Math.floor(idleTimeoutMs / 1000)}\r\n`
        : '';
    let head =
      `HTTP/1.1 ${reply.status} ${reply.reason}\r\nConnection: ${after}\r\n${keepAlive}` +
      `Server: ${this.#serverName}\r\nDate: ${this.#httpDate()}\r\n` +
      `Content-Length: ${sizeBytes}\r\nContent-Type: ${reply.contentType}\r\n`;
    for (const [name, value] of reply.headers) head += `${name}: ${value}\r\n`;
    return `${head}\r\n`;
  }

  #httpDate(): string {
    const now = this.#now();
    const second = Math.floor(now / 1000);
    if (second !== this.#dateSecond) {
      this.#dateSecond = second;
      this.#date = new Date(now).toUTCString();
    }
    return this.#date;
  }
}
