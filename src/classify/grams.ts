/** Buckets of the hashed words; a power of two. */
export const gramBuckets = 1 << 15;

const fnvOffset = 0x811c9dc5;
const fnvPrime = 0x01000193;

/** FNV-1a over the text's UTF-16 units, going on from a former hash. */
function hashOn(hash: number, text: string): number {
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), fnvPrime);
  }
  return hash;
}

function bucketOf(hash: number): number {
  hash ^= hash >>> 15;
  return (Math.imul(hash, 0x2c1b3c6d) >>> 17) & (gramBuckets - 1);
}

const digits = /\d/;

/** Numbers differ from message to message: only that there is one counts. */
function general(token: string): string {
  return digits.test(token) ? '#' : token;
}

/**
 * Buckets of the words and pairs of neighbours of a text and of its subject, each once.
 *
 * @param maxTokens words of the text that are looked at
 */
export function hashWords(
  tokens: readonly string[],
  subject: readonly string[],
  maxTokens: number,
): readonly number[] {
  const found = new Set<number>();
  const add = (words: readonly string[], seed: number, limit: number): void => {
    let former = 0;
    for (let index = 0; index < limit; index++) {
      const token = general(words[index]!);
      if (token.length > 24) continue;
      const single = hashOn(seed, token);
      if (token.length > 2) found.add(bucketOf(single));
      if (former !== 0) found.add(bucketOf(hashOn(Math.imul(former, fnvPrime), token)));
      former = single;
    }
  };
  add(tokens, fnvOffset, Math.min(tokens.length, maxTokens));
  add(subject, hashOn(fnvOffset, 'subject:'), Math.min(subject.length, 30));
  return [...found];
}
