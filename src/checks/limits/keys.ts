import { createHash } from 'node:crypto';

/**
 * Names of keys in the store. All share one hash tag, because a message is counted for all its subjects in one step,
 * which a Redis Cluster does inside one slot only. Subjects are hashed: keys stay short, and say nothing of people.
 */
export class Keys {
  readonly #tag: string;

  constructor(prefix: string) {
    this.#tag = `{${prefix}}`;
  }

  counters(name: string): string {
    return `${this.#tag}c:${digest(name)}`;
  }

  exceptions(name: string): string {
    return `${this.#tag}x:${digest(name)}`;
  }

  /** Subjects that have exceptions, and when the last of each ends. */
  get excepted(): string {
    return `${this.#tag}excepted`;
  }
}

function digest(name: string): string {
  return createHash('sha256').update(name).digest('base64url').slice(0, 22);
}
