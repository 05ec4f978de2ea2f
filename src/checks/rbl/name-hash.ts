import { createHash } from 'node:crypto';
import { encodeBase32 } from '../../lib/index.ts';
import type { RuleOptions } from './options.ts';

/** How a list wants names to be asked. */
export type NameEncoder = (name: string) => string;

const asIs: NameEncoder = (name) => name;

/** Compiles `hash`, `hash_format` and `hash_len`. BLAKE2 is BLAKE2b-512 without a key, base 32 is Rspamd's own. */
export function nameEncoder({
  hash,
  hash_format: format,
  hash_len: length,
}: Pick<RuleOptions, 'hash' | 'hash_format' | 'hash_len'>): NameEncoder {
  if (hash === undefined) return asIs;
  const algorithm = hash === 'blake2' ? 'blake2b512' : hash;
  return (name) => {
    const digest = createHash(algorithm).update(name).digest();
    const text = format === 'base32' ? encodeBase32(digest) : digest.toString(format);
    return length === undefined ? text : text.slice(0, length);
  };
}
