import { createHash } from 'node:crypto';
import { xxh64 } from '../lib/index.ts';
import { rememberedWords } from './limits.ts';
import { mumHashes } from './mumhash.ts';

/** How many shingles stand for a text. */
export const shingleCount = 32;

/** Fewer equal shingles than this, or as many, say nothing (config-format 17.3). */
export const halfOfShingles = shingleCount / 2;

/** Hashes of which shingles are made. */
export const shingleAlgorithms = ['mumhash', 'xxhash'] as const;
export type ShingleAlgorithm = (typeof shingleAlgorithms)[number];

/** Words that make a shingle together. */
const window = 3;

/** The 32 seeds that grow out of a key: each is the start of the BLAKE2b-512 of the 16 bytes before it (17.2). */
function seedsOf(key: Uint8Array): Uint32Array {
  const seeds = new Uint32Array(2 * shingleCount);
  let last = Buffer.from(key.subarray(0, 16));
  for (let i = 0; i < shingleCount; i++) {
    last = createHash('blake2b512').update(last).digest().subarray(0, 16);
    seeds[2 * i] = last.readUInt32LE(0);
    seeds[2 * i + 1] = last.readUInt32LE(4);
  }
  return seeds;
}

function xxHashes(bytes: Uint8Array, seeds: Uint32Array): Uint32Array {
  const result = new Uint32Array(seeds.length);
  for (let i = 0; i < seeds.length; i += 2) {
    const { high, low } = xxh64(bytes, { high: seeds[i + 1]!, low: seeds[i]! });
    result[i] = low;
    result[i + 1] = high;
  }
  return result;
}

const nothing = new Uint32Array(2 * shingleCount);

/** Makes shingles under one key. Remembers the hashes of words. */
export class Shingler {
  readonly #seeds: Uint32Array;
  readonly #hashes: (bytes: Uint8Array, seeds: Uint32Array) => Uint32Array;
  readonly #known = new Map<string, Uint32Array>();

  /** @param key at least 16 bytes */
  constructor(algorithm: ShingleAlgorithm, key: Uint8Array) {
    this.#seeds = seedsOf(key);
    this.#hashes = algorithm === 'mumhash' ? mumHashes : xxHashes;
  }

  /**
   * The smallest value of every seed over all windows of three words. Byte for byte what Rspamd makes of the same
   * words: its first two windows have nothing before their words, and its last one ends two words before the end.
   *
   * @returns undefined for fewer than three words
   */
  shingles(words: readonly string[]): BigUint64Array | undefined {
    if (words.length < window) return undefined;
    const least = new Uint32Array(2 * shingleCount).fill(0xffff_ffff);
    let oldest: Uint32Array = nothing;
    let middle: Uint32Array = nothing;
    for (let at = 0; at <= words.length - window; at++) {
      const newest = this.#hashesOf(words[at]!);
      for (let i = 0; i < least.length; i += 2) {
        const high = ((oldest[i + 1]! >>> 16) ^ (middle[i + 1]! >>> 8) ^ newest[i + 1]!) >>> 0;
        if (high > least[i + 1]!) continue;
        const low =
          (((oldest[i]! >>> 16) | (oldest[i + 1]! << 16)) ^
            ((middle[i]! >>> 8) | (middle[i + 1]! << 24)) ^
            newest[i]!) >>>
          0;
        if (high === least[i + 1]! && low >= least[i]!) continue;
        least[i] = low;
        least[i + 1] = high;
      }
      oldest = middle;
      middle = newest;
    }
    const values = new BigUint64Array(shingleCount);
    for (let i = 0; i < shingleCount; i++)
      values[i] = (BigInt(least[2 * i + 1]!) << 32n) | BigInt(least[2 * i]!);
    return values;
  }

  #hashesOf(word: string): Uint32Array {
    const known = this.#known.get(word);
    if (known) return known;
    const made = this.#hashes(Buffer.from(word), this.#seeds);
    if (this.#known.size >= rememberedWords) this.#known.clear();
    this.#known.set(word, made);
    return made;
  }
}
