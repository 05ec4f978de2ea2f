import { createHash } from 'node:crypto';

/** Senders and pools come again and again. */
const maxRemembered = 10_000;
/** 132 bits. */
const digestLength = 22;

/**
 * Names of keys in the store. All share one hash tag, because a message is counted for all its subjects in one step,
 * which a Redis Cluster does inside one slot only. Subjects are hashed: keys stay short, and say nothing of people.
 */
export class Keys {
  readonly #tag: string;
  readonly #digests = new Map<string, string>();

  constructor(prefix: string) {
    this.#tag = `{${prefix}}`;
  }

  counters(name: string): string {
    return `${this.#tag}c:${this.#digest(name)}`;
  }

  exceptions(name: string): string {
    return `${this.#tag}x:${this.#digest(name)}`;
  }

  /** Subjects that have exceptions, and when the last of each ends. */
  get excepted(): string {
    return `${this.#tag}excepted`;
  }

  #digest(name: string): string {
    let digest = this.#digests.get(name);
    if (digest !== undefined) return digest;
    if (this.#digests.size >= maxRemembered) this.#digests.clear();
    digest = createHash('sha256').update(name).digest('base64url').slice(0, digestLength);
    this.#digests.set(name, digest);
    return digest;
  }
}
