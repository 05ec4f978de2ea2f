/** A source of numbers in [0, 1) that yields the same sequence for the same seed on every machine. */
export type Random = () => number;

/** Marsaglia's xorshift with 32 bits (Journal of Statistical Software 8:14, 2003), seeded through a Weyl step. */
export function seededRandom(seed: number): Random {
  let state = (Math.imul(seed | 0, 0x9e3779b1) ^ 0x6d2b79f5) | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 0x1_0000_0000;
  };
}

/**
 * Draws `count` different items, every selection and order equally likely (the first steps of Durstenfeld's
 * shuffle). All of them, shuffled, when there are fewer.
 */
export function drawSample<T>(items: readonly T[], count: number, random: Random): T[] {
  const pool = items.slice();
  const taken = Math.min(count, pool.length);
  for (let index = 0; index < taken; index++) {
    const other = index + Math.floor(random() * (pool.length - index));
    [pool[index], pool[other]] = [pool[other]!, pool[index]!];
  }
  return pool.slice(0, taken);
}
