import type { Clock, DnsAnswer } from '../core/index.ts';

interface Entry {
  readonly answer: DnsAnswer;
  readonly expiresMs: number;
}

/** A value larger than this is not worth keeping. */
const maxEntryCharacters = 65_536;

/** Answers until their time is over; when full, the one not used for longest goes. */
export class AnswerCache {
  readonly #entries = new Map<string, Entry>();
  readonly #clock: Clock;
  readonly #maxEntries: number;

  constructor(clock: Clock, maxEntries: number) {
    this.#clock = clock;
    this.#maxEntries = maxEntries;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** With the seconds that are left. */
  get(key: string): DnsAnswer | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    const leftMs = entry.expiresMs - this.#clock.now();
    this.#entries.delete(key);
    if (leftMs <= 0) return undefined;
    this.#entries.set(key, entry);
    return { ...entry.answer, ttlSeconds: Math.ceil(leftMs / 1000) };
  }

  set(key: string, answer: DnsAnswer): void {
    if (answer.ttlSeconds <= 0) return;
    let characters = 0;
    for (const record of answer.records) characters += record.length;
    if (characters > maxEntryCharacters) return;
    this.#entries.delete(key);
    if (this.#entries.size >= this.#maxEntries) {
      const [oldest] = this.#entries.keys();
      if (oldest !== undefined) this.#entries.delete(oldest);
    }
    this.#entries.set(key, { answer, expiresMs: this.#clock.now() + answer.ttlSeconds * 1000 });
  }
}
