const maxHeadBytes = 4096;

/**
 * True: a connection that begins with this byte speaks HTTP. `GET` or `HEAD` would announce a packet of more than a
 * gigabyte.
 */
export function beginsHttp(firstByte: number): boolean {
  return firstByte === 0x47 || firstByte === 0x48;
}

/** Answers `GET /ping` on a milter port, as monitoring asks Rspamd's (wire-protocols 3.10). */
export class HealthCheck {
  #head = '';

  /** Takes bytes of the request; returns the answer once its head is complete, or when it is too long. */
  receive(chunk: Buffer): string | undefined {
    this.#head += chunk.toString('latin1', 0, maxHeadBytes + 1);
    if (this.#head.length > maxHeadBytes) return respond('431 Request Header Fields Too Large', '');
    if (!/\r?\n\r?\n/.test(this.#head)) return undefined;
    const [, method, path] = /^(GET|HEAD) \/?([^\s?]*)\S*(?: HTTP\/1\.[01])?\r?\n/.exec(this.#head) ?? [];
    if (method === undefined) return respond('400 Bad Request', '');
    if (path?.toLowerCase() !== 'ping') return respond('404 Not Found', '');
    return respond('200 OK', 'pong\r\n', method === 'HEAD');
  }
}

function respond(status: string, body: string, withoutBody = false): string {
  const head = `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: ${body.length}\r\nContent-Type: text/plain\r\n\r\n`;
  return withoutBody ? head : head + body;
}
