import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { Picture } from '../../core/index.ts';
import type { PictureAnswer, PictureQuestion } from './thread.ts';

/** Pictures that may wait; more are not looked into. */
const maxWaiting = 64;
/** Pictures without a code that are remembered: logos come again and again. */
const maxRemembered = 4_096;
/** Nothing else ends a decoder that does not come back. Far more than the biggest picture takes. */
const pictureTimeoutMs = 5_000;

/** What the codes of a picture say; `unread`: there was no time or no room for it. */
export type Reading = readonly string[] | 'unread';

interface Job {
  readonly picture: Picture;
  /** Undefined: nobody waits for it any more. */
  finish: ((reading: Reading) => void) | undefined;
}

/**
 * Reads QR codes, one picture after the other, in a thread of its own, which is started for the first one. Pictures that
 * cannot be decoded have no codes.
 */
export class QrReader {
  readonly #queue: Job[] = [];
  readonly #plain = new Set<string>();
  #current: Job | undefined;
  #timer: NodeJS.Timeout | undefined;
  #thread: Worker | undefined;

  /** @param signal ends the wait; the picture is `unread` then */
  async read(picture: Picture, signal: AbortSignal): Promise<Reading> {
    if (signal.aborted || this.#queue.length >= maxWaiting) return 'unread';
    const digest = createHash('sha1')
      .update(`${picture.width} ${picture.height} `)
      .update(picture.bytes)
      .digest('latin1');
    if (this.#plain.has(digest)) return [];
    const reading = await this.#wait(picture, signal);
    if (reading.length === 0) {
      if (this.#plain.size >= maxRemembered) this.#plain.clear();
      this.#plain.add(digest);
    }
    return reading;
  }

  async close(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    for (const job of this.#queue.splice(0)) job.finish?.('unread');
    this.#end('unread');
    await thread?.terminate();
  }

  #wait(picture: Picture, signal: AbortSignal): Promise<Reading> {
    return new Promise((resolve) => {
      const job: Job = {
        picture,
        finish: (reading) => {
          job.finish = undefined;
          signal.removeEventListener('abort', stop);
          resolve(reading);
        },
      };
      const stop = (): void => {
        job.finish?.('unread');
        const place = this.#queue.indexOf(job);
        if (place >= 0) this.#queue.splice(place, 1);
      };
      signal.addEventListener('abort', stop, { once: true });
      this.#queue.push(job);
      this.#next();
    });
  }

  #next(): void {
    if (this.#current) return;
    const job = this.#queue.shift();
    if (!job) return;
    this.#current = job;
    const thread = this.#start();
    this.#timer = setTimeout(() => {
      this.#abandon(thread);
      thread.terminate().catch(() => this.#abandon(thread));
    }, pictureTimeoutMs);
    this.#timer.unref();
    // A view would take everything along that it is a view of.
    const bytes = new Uint8Array(job.picture.bytes);
    thread.postMessage({ ...job.picture, bytes } satisfies PictureQuestion, [bytes.buffer]);
  }

  /** The current picture is done with. */
  #end(reading: Reading): void {
    clearTimeout(this.#timer);
    this.#current?.finish?.(reading);
    this.#current = undefined;
  }

  #abandon(thread: Worker): void {
    if (this.#thread !== thread) return;
    this.#thread = undefined;
    this.#end('unread');
    this.#next();
  }

  #start(): Worker {
    if (this.#thread) return this.#thread;
    const thread = new Worker(new URL('./thread.ts', import.meta.url));
    thread.on('message', (texts: PictureAnswer) => {
      if (this.#thread !== thread) return;
      this.#end(texts);
      this.#next();
    });
    thread.on('error', () => this.#abandon(thread));
    thread.on('exit', () => this.#abandon(thread));
    thread.unref();
    this.#thread = thread;
    return thread;
  }
}
