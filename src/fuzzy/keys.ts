import { createHash } from 'node:crypto';
import { createBLAKE2b, type IHasher } from 'hash-wasm';
import { type ShingleAlgorithm, Shingler } from './shingles.ts';

/** Bytes of a digest. */
export const digestBytes = 64;

/** Storages that share hashes use the same words here. */
export interface FuzzyKeys {
  /** Key of digests. */
  readonly fuzzyKey: string;
  /** Key of shingles. */
  readonly shinglesKey: string;
  readonly algorithm: ShingleAlgorithm;
}

function keyOf(text: string): Buffer {
  return createHash('blake2b512').update(text).digest();
}

/** Digests and shingles under the keys of a storage. */
export class FuzzyHasher {
  readonly #shingler: Shingler;
  readonly #keyed: Promise<IHasher>;

  constructor({ fuzzyKey, shinglesKey, algorithm }: FuzzyKeys) {
    this.#shingler = new Shingler(algorithm, keyOf(shinglesKey));
    this.#keyed = createBLAKE2b(8 * digestBytes, keyOf(fuzzyKey));
  }

  /** Keyed BLAKE2b-512 of the pieces in a row. */
  async digest(...pieces: readonly (string | Uint8Array)[]): Promise<Buffer> {
    // Nothing waits between the two lines that use it, so that one hasher does for all messages.
    const hasher = await this.#keyed;
    hasher.init();
    for (const piece of pieces) hasher.update(piece);
    return Buffer.from(hasher.digest('binary'));
  }

  shingles(words: readonly string[]): BigUint64Array | undefined {
    return this.#shingler.shingles(words);
  }
}
