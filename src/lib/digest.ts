import { createHash, hash } from 'node:crypto';
import { encodeBase32 } from './base32.ts';

/**
 * The hash of which Rspamd makes keys in Redis: unkeyed BLAKE2b-512 in its base 32, cut (wire-protocols 6).
 *
 * @param length characters that are kept, at most 103
 */
export function shortHash(length: number, ...pieces: readonly (string | Uint8Array)[]): string {
  return base32Start(digestOf('blake2b512', pieces), length);
}

function digestOf(algorithm: string, pieces: readonly (string | Uint8Array)[]): Buffer {
  const [only] = pieces;
  // In one call it takes half the time.
  if (pieces.length === 1 && only !== undefined) return hash(algorithm, only, 'buffer');
  const whole = createHash(algorithm);
  for (const piece of pieces) whole.update(piece);
  return whole.digest();
}

/** The first characters of the base 32 text of some bytes. */
export function base32Start(bytes: Uint8Array, length: number): string {
  return encodeBase32(bytes.subarray(0, Math.ceil((length * 5) / 8))).slice(0, length);
}

const hashNames = {
  blake2: 'blake2b512',
  blake2b512: 'blake2b512',
  md5: 'md5',
  sha1: 'sha1',
  sha256: 'sha256',
  sha384: 'sha384',
  sha512: 'sha512',
} as const;

/** Hashes by which texts can be hidden, in Rspamd's words and by the names of OpenSSL. */
export type HidingHash = keyof typeof hashNames;
export const hidingHashes = Object.keys(hashNames) as [HidingHash, ...HidingHash[]];

export interface Hiding {
  readonly hash: HidingHash;
  /** Put before the digest with a colon; `''`: nothing is. */
  readonly prefix: string;
  /** Hex digits that are kept; 0: all. */
  readonly length: number;
}

/** A digest in place of a text that is nobody's business, as Rspamd writes it: `obf:0123456789abcdef`. */
export function hideText(text: string, { hash, prefix, length }: Hiding): string {
  const digest = createHash(hashNames[hash]).update(text).digest('hex');
  const kept = length > 0 ? digest.slice(0, length) : digest;
  return prefix === '' ? kept : `${prefix}:${kept}`;
}
