/** What became of one attempt. */
export type Attempt =
  | {
      readonly outcome: 'sent';
      /** Parts of the export that the receiver did not want, and will never take. */
      readonly refusedParts?: number | undefined;
      readonly reason?: string | undefined;
    }
  /** `refused`: this export will never be taken; `outage`: the receiver is not there, too slow or busy. */
  | {
      readonly outcome: 'refused' | 'outage';
      readonly reason: string;
      /** After an outage: attempts after the first one, instead of the queue's. */
      readonly retries?: number | undefined;
    };

export interface QueueOptions<Item> {
  /** Never rejects; settles soon after `signal` fires. */
  readonly send: (item: Item, signal: AbortSignal) => Promise<Attempt>;
  readonly sizeOf: (item: Item) => number;
  /** What an item counts for in {@link onLost}. Default 1. */
  readonly countOf?: (item: Item) => number;
  readonly timeoutMs: number;
  /** Attempts after the first one. */
  readonly retries: number;
  readonly maxItems: number;
  readonly maxBytes: number;
  readonly concurrency: number;
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** How long {@link DeliveryQueue.close} goes on sending. */
  readonly closeMs: number;
  readonly onSent: (item: Item, attempt: Attempt & { readonly outcome: 'sent' }) => void;
  readonly onAttemptFailed: (reason: string) => void;
  /** An export was given up: `failed` after attempts, `dropped` without (full, or closing). */
  readonly onLost: (why: 'failed' | 'dropped', count: number) => void;
}

interface Entry<Item> {
  readonly item: Item;
  attempts: number;
}

/**
 * Exports that wait for one receiver. Bounded in number and bytes: what does not fit is given up, the scan never
 * waits. While the receiver is out the whole queue pauses, longer after each failure, instead of trying every export.
 */
export class DeliveryQueue<Item> {
  readonly #options: QueueOptions<Item>;
  readonly #waiting: Entry<Item>[] = [];
  readonly #abort = new AbortController();
  #bytes = 0;
  #active = 0;
  #outages = 0;
  #pause: NodeJS.Timeout | undefined;
  #isClosing = false;
  #whenIdle: (() => void) | undefined;

  constructor(options: QueueOptions<Item>) {
    this.#options = options;
  }

  /** Takes an export, or gives it up when there is no room. */
  add(item: Item): void {
    const { maxItems, maxBytes, sizeOf, onLost } = this.#options;
    const sizeBytes = sizeOf(item);
    if (this.#isClosing || this.#waiting.length >= maxItems || this.#bytes + sizeBytes > maxBytes) {
      onLost('dropped', this.#countOf(item));
      return;
    }
    this.#bytes += sizeBytes;
    this.#waiting.push({ item, attempts: 0 });
    this.#startMore();
  }

  /** Sends what waits for a short time, gives up the rest. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#endPause();
    this.#startMore();
    if (this.#active === 0) return;
    const timer = setTimeout(() => {
      this.#dropWaiting();
      this.#abort.abort(new Error('closing'));
    }, this.#options.closeMs);
    await new Promise<void>((resolve) => {
      this.#whenIdle = resolve;
    });
    clearTimeout(timer);
  }

  #startMore(): void {
    while (!this.#pause && this.#active < this.#options.concurrency) {
      const entry = this.#waiting.shift();
      if (!entry) break;
      this.#active += 1;
      void this.#attempt(entry);
    }
    if (this.#active === 0 && this.#waiting.length === 0) this.#whenIdle?.();
  }

  async #attempt(entry: Entry<Item>): Promise<void> {
    const { send, timeoutMs } = this.#options;
    entry.attempts += 1;
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(new Error(`no end within ${timeoutMs} ms`)), timeoutMs);
    const attempt = await send(entry.item, AbortSignal.any([this.#abort.signal, timeout.signal]));
    clearTimeout(timer);
    this.#active -= 1;
    this.#settle(entry, attempt);
    this.#startMore();
  }

  #settle(entry: Entry<Item>, attempt: Attempt): void {
    const { retries, onSent, onAttemptFailed, onLost } = this.#options;
    if (attempt.outcome === 'sent') {
      this.#outages = 0;
      this.#release(entry);
      onSent(entry.item, attempt);
      return;
    }
    onAttemptFailed(attempt.reason);
    if (attempt.outcome === 'outage') {
      if (this.#isClosing) this.#dropWaiting();
      else this.#startPause();
      if (!this.#isClosing && entry.attempts <= (attempt.retries ?? retries)) {
        this.#waiting.unshift(entry);
        return;
      }
    }
    this.#release(entry);
    onLost('failed', this.#countOf(entry.item));
  }

  #countOf(item: Item): number {
    return this.#options.countOf?.(item) ?? 1;
  }

  #release(entry: Entry<Item>): void {
    this.#bytes -= this.#options.sizeOf(entry.item);
  }

  #startPause(): void {
    // Several lanes fail together; that is one outage.
    if (this.#pause) return;
    const { firstPauseMs, longestPauseMs } = this.#options;
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(this.#outages, 16));
    this.#outages += 1;
    this.#pause = setTimeout(() => {
      this.#endPause();
      this.#startMore();
    }, pauseMs);
  }

  #endPause(): void {
    clearTimeout(this.#pause);
    this.#pause = undefined;
  }

  #dropWaiting(): void {
    let count = 0;
    for (const entry of this.#waiting.splice(0)) {
      this.#release(entry);
      count += this.#countOf(entry.item);
    }
    if (count > 0) this.#options.onLost('dropped', count);
  }
}
