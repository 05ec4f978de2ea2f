import type { Clock, DnsAnswer } from '../core/index.ts';

interface Entry {
  readonly answer: DnsAnswer;
  readonly expiresMs: number;
}

/** A value larger than this is not worth keeping. */
const maxEntryCharacters = 65_536;

/**
 * Answers until their time is over, in two generations: what is used moves to the young one, and when that is full
 * the old one goes with all that nobody asked for. A hit costs one look-up; a list ordered by use would cost more.
 */
export class AnswerCache {
  #young = new Map<string, Entry>();
  #old: ReadonlyMap<string, Entry> = new Map();
  readonly #clock: Clock;
  readonly #generationSize: number;

  constructor(clock: Clock, maxEntries: number) {
    this.#clock = clock;
    this.#generationSize = Math.max(1, Math.floor(maxEntries / 2));
  }

  /** Entries held, those that are over their time and have not been met since included. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** With the seconds that are left. */
  get(key: string): DnsAnswer | undefined {
    const young = this.#young.get(key);
    const entry = young ?? this.#old.get(key);
    if (!entry) return undefined;
    const leftMs = entry.expiresMs - this.#clock.now();
    if (leftMs <= 0) return undefined;
    if (!young) this.#add(key, entry);
    return { ...entry.answer, ttlSeconds: Math.ceil(leftMs / 1000) };
  }

  set(key: string, answer: DnsAnswer): void {
    if (answer.ttlSeconds <= 0) return;
    let characters = 0;
    for (const record of answer.records) characters += record.length;
    if (characters > maxEntryCharacters) return;
    this.#add(key, { answer, expiresMs: this.#clock.now() + answer.ttlSeconds * 1000 });
  }

  #add(key: string, entry: Entry): void {
    if (this.#young.size >= this.#generationSize && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, entry);
  }
}
