import { createHash } from 'node:crypto';
import { encodeBase32, type Halves, xxh64 } from '../../lib/index.ts';

/** Two words that stand near each other, hashed: what is counted. */
export interface Token extends Halves {
  /** How many words lie between them, plus one. */
  readonly distance: number;
  /** Of the subject or of facts about the message, not of its text. */
  readonly isMeta: boolean;
}

/** A word as it is hashed. */
export interface TokenWord {
  readonly text: string;
  /** It stands for a link or an address: it pairs with what is before it, not with what follows. */
  readonly isException: boolean;
}

const seed: Halves = { high: 0, low: 0xdeadbabe };

/** Multipliers of the older word, by distance. All are small enough for plain arithmetic on halves. */
const factors = [1, 3, 5, 11, 23] as const;

/** Widest window that has multipliers. */
export const maxWindow = factors.length;

function pair(newer: Halves, older: Halves, distance: number, isMeta: boolean): Token {
  const factor = factors[distance]!;
  // newer + older × factor, modulo 2^64.
  const lowSum = newer.low + older.low * factor;
  const low = lowSum % 0x1_0000_0000;
  const high = (newer.high + older.high * factor + (lowSum - low) / 0x1_0000_0000) % 0x1_0000_0000;
  return { high, low, distance, isMeta };
}

/**
 * Orthogonal sparse bigrams: each word with each of those shortly before it. The first words only fill the window; a
 * text that does not overfill it gives the pairs of its last word but one, as Rspamd has it.
 *
 * @param window words looked at together, 2 to {@link maxWindow}
 * @param into tokens are put here, up to `maxTokens` in all
 */
export function addTokens(
  words: readonly TokenWord[],
  {
    window,
    isMeta,
    maxTokens,
  }: { readonly window: number; readonly isMeta: boolean; readonly maxTokens: number },
  into: Token[],
): void {
  const hashes = words.map(({ text }) => xxh64(Buffer.from(text), seed));
  const first = words.length > window ? window : words.length - 2;
  const last = words.length > window ? words.length - 1 : first;
  for (let at = first; at <= last; at++) {
    for (let distance = 1; distance < window && distance <= at; distance++) {
      if (words[at - distance]!.isException) continue;
      if (into.length >= maxTokens) return;
      into.push(pair(hashes[at]!, hashes[at - distance]!, distance, isMeta));
    }
  }
}

/** A token as the database names it: an unsigned number in decimal. */
export function tokenName({ high, low }: Halves): string {
  const billion = 1_000_000_000;
  // Long division in steps that stay below 2^53.
  const top = Math.floor(high / billion);
  const middle = (high % billion) * 0x1_0000 + (low >>> 16);
  const middleQuotient = Math.floor(middle / billion);
  const last = (middle % billion) * 0x1_0000 + (low & 0xffff);
  const quotient = top * 0x1_0000_0000 + middleQuotient * 0x1_0000 + Math.floor(last / billion);
  const rest = last % billion;
  return quotient === 0 ? String(rest) : `${quotient}${String(rest).padStart(9, '0')}`;
}

/**
 * Name of a message in the cache of what was learned: a digest of its tokens in their order.
 *
 * @param user whose database it is, where each has its own: the same message may be spam for one and ham for another
 */
export function tokensId(tokens: readonly Token[], user = ''): string {
  const bytes = Buffer.allocUnsafe(8 * tokens.length);
  tokens.forEach(({ high, low }, index) => {
    bytes.writeUInt32LE(low, 8 * index);
    bytes.writeUInt32LE(high, 8 * index + 4);
  });
  return encodeBase32(createHash('blake2b512').update(user).update(bytes).digest());
}
