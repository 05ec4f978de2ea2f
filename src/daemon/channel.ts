import { type ErrorCode, PosternError, toPosternError } from '../core/index.ts';

/** What one side of a channel can be asked: method name → parameters and result, both structured-cloneable. */
export type Methods = Readonly<Record<string, (params: never) => unknown>>;

/** How one side answers what it can be asked. */
export type Handlers<M extends Methods> = {
  readonly [K in keyof M]: (params: Parameters<M[K]>[0]) => ReturnType<M[K]> | Promise<ReturnType<M[K]>>;
};

interface Packet {
  readonly kind: 'call' | 'notify' | 'result' | 'failure';
  readonly id: number;
  readonly method?: string;
  readonly value?: unknown;
}

/** An error as it crosses the pipe. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
}

/** The part of an error that another process can use. */
export function toFailure(error: unknown): Failure {
  const { code, message } = toPosternError(error);
  return { code, message };
}

const defaultTimeoutMs = 15_000;

/** Calls between two processes of the server over Node's IPC pipe. */
export class Channel<Ours extends Methods, Theirs extends Methods> {
  readonly #post: (packet: Packet) => void;
  readonly #handlers: Handlers<Ours>;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  #nextId = 1;

  constructor(post: (packet: object) => void, handlers: Handlers<Ours>) {
    this.#post = post;
    this.#handlers = handlers;
  }

  /** Asks the other side. Rejects with PosternError `timeout` when it does not answer in time. */
  call<K extends keyof Theirs & string>(
    method: K,
    params: Parameters<Theirs[K]>[0],
    timeoutMs = defaultTimeoutMs,
  ): Promise<ReturnType<Theirs[K]>> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new PosternError('timeout', `no answer to ${method} within ${timeoutMs} ms`));
      }, timeoutMs);
      timer.unref();
      this.#waiting.set(id, {
        resolve: (value) => {
          clearTimeout(timer);
          resolve(value as ReturnType<Theirs[K]>);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      this.#post({ kind: 'call', id, method, value: params });
    });
  }

  /** Tells the other side without waiting for an answer. */
  notify<K extends keyof Theirs & string>(method: K, params: Parameters<Theirs[K]>[0]): void {
    this.#post({ kind: 'notify', id: 0, method, value: params });
  }

  /** Takes in whatever the other side posted; anything else on the pipe is ignored. */
  receive(message: unknown): void {
    if (typeof message !== 'object' || message === null || !('kind' in message)) return;
    const packet = message as Packet;
    if (packet.kind === 'result' || packet.kind === 'failure') {
      const waiting = this.#waiting.get(packet.id);
      this.#waiting.delete(packet.id);
      if (packet.kind === 'result') waiting?.resolve(packet.value);
      else {
        const { code, message } = packet.value as Failure;
        waiting?.reject(new PosternError(code, message));
      }
      return;
    }
    void this.#answer(packet);
  }

  /** Rejects every call that still waits: the other side is gone. */
  close(reason: string): void {
    for (const { reject } of this.#waiting.values()) reject(new PosternError('internal', reason));
    this.#waiting.clear();
  }

  async #answer(packet: Packet): Promise<void> {
    const handler = this.#handlers[packet.method ?? ''];
    try {
      if (!handler) throw new PosternError('internal', `unknown method ${packet.method}`);
      const value = await handler(packet.value as never);
      if (packet.kind === 'call') this.#post({ kind: 'result', id: packet.id, value });
    } catch (error) {
      if (packet.kind === 'call') this.#post({ kind: 'failure', id: packet.id, value: toFailure(error) });
    }
  }
}
