import { hashOf, type WordReader } from './words.ts';

/** Buckets of the hashed words; a power of two. */
export const gramBuckets = 1 << 15;

function bucketOf(hash: number): number {
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  hash ^= hash >>> 12;
  return (Math.imul(hash, 0x297a2d39) >>> 16) & (gramBuckets - 1);
}

/** Numbers differ from message to message: only that there is one counts. */
const numberHash = hashOf('#');
const subjectSeed = hashOf('subject:');
const maxWordUnits = 24;
const maxSubjectWords = 30;

/** By bucket: the reading that met it last. */
const met = new Uint32Array(gramBuckets);
let reading = 0;

/**
 * Buckets of the words and pairs of neighbours of a text and of its subject, each once.
 *
 * @param maxWords words of the text that are looked at
 */
export function hashWords(text: WordReader, subject: WordReader, maxWords: number): Uint16Array {
  reading = reading === 0xffff_ffff ? 1 : reading + 1;
  const found = new Uint16Array(
    2 * (Math.min(text.count, maxWords) + Math.min(subject.count, maxSubjectWords)),
  );
  let count = 0;
  const note = (bucket: number): void => {
    if (met[bucket] === reading) return;
    met[bucket] = reading;
    found[count++] = bucket;
  };
  const add = (words: WordReader, seed: number, limit: number): void => {
    let former = 0;
    for (let index = 0; index < limit; index++) {
      const size = words.lengths[index]!;
      if (size > maxWordUnits) continue;
      const hash = words.hasDigit[index] === 1 ? numberHash : words.hashes[index]!;
      if (size > 2 || hash === numberHash) note(bucketOf(hash ^ seed));
      if (former !== 0) note(bucketOf(Math.imul(former, 0x9e3779b1) ^ hash ^ seed));
      former = hash;
    }
  };
  add(text, 0, Math.min(text.count, maxWords));
  add(subject, subjectSeed, Math.min(subject.count, maxSubjectWords));
  return found.subarray(0, count);
}
