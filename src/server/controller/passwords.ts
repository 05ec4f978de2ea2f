import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { parsePasswordHash } from './password-hash.ts';
import type { HashAnswer, HashQuestion } from './password-thread.ts';

/** Hash checks that may wait for the thread at once; more are refused rather than queued without end. */
const maxWaiting = 32;
const maxRemembered = 256;
/** A question that takes longer is given up. */
const answerTimeoutMs = 10_000;

/**
 * Compares passwords: plain ones in constant time, Rspamd's hashes (150 to 250 ms of CPU each) in a thread of their
 * own. What was right once is remembered under a keyed digest, so that a console does not pay at every request.
 */
export class PasswordVerifier {
  readonly #salt = randomBytes(32);
  readonly #right = new Set<string>();
  readonly #waiting = new Map<number, (isRight: boolean) => void>();
  #thread: Worker | undefined;
  #nextId = 1;

  async isRight(stored: string, given: string): Promise<boolean> {
    if (parsePasswordHash(stored) === undefined)
      return timingSafeEqual(this.#digest(stored), this.#digest(given));
    const key = this.#digest(`${stored}\0${given}`).toString('base64');
    if (this.#right.has(key)) return true;
    if (!(await this.#ask(stored, given))) return false;
    if (this.#right.size >= maxRemembered) this.#right.clear();
    this.#right.add(key);
    return true;
  }

  async close(): Promise<void> {
    await this.#thread?.terminate();
    this.#thread = undefined;
  }

  #digest(text: string): Buffer {
    return createHash('sha256').update(this.#salt).update(text).digest();
  }

  #ask(stored: string, password: string): Promise<boolean> {
    if (this.#waiting.size >= maxWaiting) return Promise.resolve(false);
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const finish = (isRight: boolean): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(isRight);
      };
      const timer = setTimeout(() => finish(false), answerTimeoutMs);
      timer.unref();
      this.#waiting.set(id, finish);
      this.#start().postMessage({ id, stored, password } satisfies HashQuestion);
    });
  }

  #start(): Worker {
    if (this.#thread) return this.#thread;
    const thread = new Worker(new URL('./password-thread.ts', import.meta.url));
    thread.on('message', ({ id, isRight }: HashAnswer) => this.#waiting.get(id)?.(isRight));
    thread.on('error', () => this.#failAll());
    thread.on('exit', () => {
      if (this.#thread === thread) this.#thread = undefined;
      this.#failAll();
    });
    thread.unref();
    this.#thread = thread;
    return thread;
  }

  #failAll(): void {
    for (const finish of this.#waiting.values()) finish(false);
  }
}
