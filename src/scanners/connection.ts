import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { UpstreamError } from '../core/index.ts';

/** Where a scanner listens. */
export interface Endpoint {
  /** As it is named in log and metrics. */
  readonly text: string;
  /** Path of a Unix socket; then host and port mean nothing. */
  readonly path: string | undefined;
  readonly host: string;
  readonly port: number;
}

/** How to reach it: plain, or TLS with the certificate verified or taken as it is. */
export type Transport = 'plain' | 'tls' | 'tls-unverified';

/** Pieces of a large write, so that an early answer is seen before all is sent. */
const writeBytes = 65_536;

function openSocket(endpoint: Endpoint, transport: Transport): Socket {
  const { path, host, port } = endpoint;
  const address = path === undefined ? { host, port } : { path };
  if (transport === 'plain') return connectPlain(address);
  return connectTls({
    ...address,
    rejectUnauthorized: transport === 'tls',
    ...(path === undefined && isIP(host) === 0 && { servername: host }),
  });
}

/**
 * One conversation with a scanner. Everything it waits for ends when the signal fires, and about `maxReplyBytes` of
 * what the other side says are kept. Its methods are called one after another.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #signal: AbortSignal;
  readonly #maxReplyBytes: number;
  #received: Buffer = Buffer.alloc(0);
  #failure: UpstreamError | undefined;
  #isOpen = false;
  #isEnded = false;
  #wake: (() => void) | undefined;
  readonly #onAbort = (): void => this.#fail('no answer in time');

  private constructor(socket: Socket, signal: AbortSignal, maxReplyBytes: number) {
    this.#socket = socket;
    this.#signal = signal;
    this.#maxReplyBytes = maxReplyBytes;
    const changed = (): void => this.#changed();
    const opened = (): void => {
      this.#isOpen = true;
      this.#changed();
    };
    const ended = (): void => {
      this.#isEnded = true;
      this.#changed();
    };
    socket.setNoDelay(true);
    socket.on('drain', changed).on('end', ended).on('close', ended);
    socket.on('encrypted' in socket ? 'secureConnect' : 'connect', opened);
    socket.on('error', (error: NodeJS.ErrnoException) =>
      this.#fail(error.code ?? 'connection failed', error),
    );
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    if (signal.aborted) this.#onAbort();
    else signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /**
   * Connects.
   *
   * @param limits `connectMs` until it stands, `maxReplyBytes` of one answer
   * @throws UpstreamError when there is nobody, in time
   */
  static async open(
    endpoint: Endpoint,
    transport: Transport,
    limits: { readonly connectMs: number; readonly maxReplyBytes: number },
    signal: AbortSignal,
  ): Promise<Connection> {
    const connection = new Connection(openSocket(endpoint, transport), signal, limits.maxReplyBytes);
    const timer = setTimeout(() => connection.#fail('no connection in time'), limits.connectMs);
    try {
      await connection.#until(() => connection.#isOpen);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Did the other side say anything that was not read yet? */
  get hasAnswer(): boolean {
    return this.#received.length > 0;
  }

  /**
   * Sends bytes as fast as the other side takes them. Stops early, without an error, when the other side has begun
   * to answer: what it says counts.
   *
   * @returns whether everything was sent
   * @throws UpstreamError when the connection breaks or the time is up
   */
  async write(data: Buffer): Promise<boolean> {
    for (let start = 0; start < data.length; start += writeBytes) {
      if (this.hasAnswer) return false;
      if (this.#failure) throw this.#failure;
      if (this.#isEnded) throw new UpstreamError('connection closed before the message was sent');
      if (this.#socket.write(data.subarray(start, start + writeBytes))) continue;
      await this.#until(() => this.hasAnswer || !this.#socket.writableNeedDrain);
    }
    return true;
  }

  /**
   * Reads up to and including `mark`; returns what stands before it.
   *
   * @throws UpstreamError when the connection ends first, the answer is too long, or the time is up
   */
  async readUntil(mark: string): Promise<string> {
    let at = -1;
    await this.#until(() => {
      at = this.#received.indexOf(mark, 0, 'latin1');
      return at >= 0 || this.#isFull;
    });
    if (at < 0) throw new UpstreamError('answer too long');
    const text = this.#received.toString('latin1', 0, at);
    this.#received = this.#received.subarray(at + mark.length);
    if (!this.#isFull) this.#socket.resume();
    return text;
  }

  /** Tells the other side that nothing more comes; its answer is still read. */
  end(): void {
    this.#socket.end();
  }

  /**
   * Reads until the other side ends.
   *
   * @throws UpstreamError when the connection breaks, the answer is too long, or the time is up
   */
  async readToEnd(): Promise<string> {
    await this.#until(() => this.#isEnded || this.#isFull);
    if (this.#failure) throw this.#failure;
    if (this.#isFull) throw new UpstreamError('answer too long');
    const text = this.#received.toString('latin1');
    this.#received = Buffer.alloc(0);
    return text;
  }

  close(): void {
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#socket.destroy();
  }

  get #isFull(): boolean {
    return this.#received.length >= this.#maxReplyBytes;
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    // The rest stays with the other side until somebody wants it.
    if (this.#isFull) this.#socket.pause();
    this.#changed();
  }

  #fail(reason: string, cause?: unknown): void {
    this.#failure ??= new UpstreamError(reason, { cause });
    this.#socket.destroy();
    this.#changed();
  }

  #changed(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  async #until(isDone: () => boolean): Promise<void> {
    while (!isDone()) {
      if (this.#failure) throw this.#failure;
      if (this.#isEnded) throw new UpstreamError('connection closed without an answer');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
