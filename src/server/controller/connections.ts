import type { Socket } from 'node:net';
import { ConnectionLimits } from '../scan-port/connection-limits.ts';

interface ConnectionTimes {
  /** From the first wait for a request until all of it is here. */
  readonly requestTimeoutMs: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerSource: number;
}

interface Open {
  readonly socket: Socket;
  /** Requests that are not answered yet. */
  running: number;
  timer: NodeJS.Timeout | undefined;
}

/**
 * The controller's open connections. Its HTTP server never listens, and so neither knows them nor ends those that
 * are too slow; this does.
 */
export class Connections {
  readonly #settings: () => ConnectionTimes;
  readonly #limits = new ConnectionLimits();
  readonly #open = new Map<Socket, Open>();
  #isClosing = false;
  #whenEmpty: (() => void) | undefined;

  constructor(settings: () => ConnectionTimes) {
    this.#settings = settings;
  }

  /** False: there is no room for it; it was told so and is ended. */
  admit(socket: Socket): boolean {
    const source = socket.remoteAddress;
    socket.on('error', () => socket.destroy());
    const admission = this.#limits.open(source, this.#settings());
    socket.once('close', () => this.#closed(socket));
    socket.once('close', () => this.#limits.close(source, admission));
    if (this.#isClosing || admission !== 'admitted') {
      turnAway(socket);
      return false;
    }
    const open: Open = { socket, running: 0, timer: undefined };
    this.#open.set(socket, open);
    this.#awaitRequest(open);
    return true;
  }

  /** A request is here as a whole. */
  begin(socket: Socket): void {
    const open = this.#open.get(socket);
    if (!open) return;
    open.running++;
    clearTimeout(open.timer);
  }

  /** A request was answered, or its client is gone. */
  end(socket: Socket): void {
    const open = this.#open.get(socket);
    if (!open) return;
    open.running = Math.max(0, open.running - 1);
    if (open.running > 0) return;
    if (this.#isClosing) socket.destroySoon();
    else this.#awaitRequest(open);
  }

  /** Ends idle connections at once, the others after their reply or after the grace. */
  async close(graceMs: number): Promise<void> {
    this.#isClosing = true;
    for (const { socket, running } of this.#open.values()) if (running === 0) socket.destroySoon();
    if (this.#open.size === 0) return;
    const timer = setTimeout(() => {
      for (const { socket } of this.#open.values()) socket.destroy();
    }, graceMs);
    await new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
    });
    clearTimeout(timer);
  }

  #awaitRequest(open: Open): void {
    clearTimeout(open.timer);
    const { requestTimeoutMs } = this.#settings();
    if (requestTimeoutMs > 0) open.timer = setTimeout(() => open.socket.destroy(), requestTimeoutMs).unref();
  }

  #closed(socket: Socket): void {
    clearTimeout(this.#open.get(socket)?.timer);
    this.#open.delete(socket);
    if (this.#open.size === 0) this.#whenEmpty?.();
  }
}

const turnedAwayLingerMs = 1000;

function turnAway(socket: Socket): void {
  const body = '{"error":"too many connections"}';
  socket.resume();
  socket.end(
    `HTTP/1.1 503 too many connections\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  // Closing on unread bytes would destroy the reply on its way (RFC 9112 9.6).
  const linger = setTimeout(() => socket.destroy(), turnedAwayLingerMs).unref();
  socket.once('close', () => clearTimeout(linger));
}
