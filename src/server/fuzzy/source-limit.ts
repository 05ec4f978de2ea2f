import type { Clock } from '../../core/index.ts';

export interface SourceLimitOptions {
  /** Requests a second; 0: no limit. */
  readonly perSecond: number;
  /** Requests at once. */
  readonly burst: number;
  /** Sources that are counted; the one that was longest silent is forgotten first. */
  readonly maxSources: number;
}

interface Bucket {
  level: number;
  atMs: number;
}

/** Leaky buckets by source. */
export class SourceLimit {
  readonly #options: SourceLimitOptions;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: SourceLimitOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** Counts a request. Is it one too many? */
  isOver(source: string): boolean {
    const { perSecond, burst, maxSources } = this.#options;
    if (perSecond === 0) return false;
    const now = this.#clock.now();
    const bucket = this.#buckets.get(source) ?? { level: 0, atMs: now };
    bucket.level = Math.max(0, bucket.level - (Math.max(0, now - bucket.atMs) / 1000) * perSecond);
    bucket.atMs = now;
    // Puts it to the end of the order in which sources are forgotten.
    this.#buckets.delete(source);
    if (this.#buckets.size >= maxSources) this.#buckets.delete(this.#buckets.keys().next().value!);
    this.#buckets.set(source, bucket);
    if (bucket.level + 1 > burst) return true;
    bucket.level++;
    return false;
  }
}
