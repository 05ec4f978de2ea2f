import { hash as digestOf } from 'node:crypto';
import { base32Start, copyString, encodeBase32 } from '../../lib/index.ts';
import type { RuleOptions } from './options.ts';

/** How a list wants names to be asked. */
export type NameEncoder = (name: string) => string;

/** Names whose hashes are remembered, twice at most, and the longest of them. */
const maxRemembered = 1_000;
const maxRememberedLength = 253;

const asIs: NameEncoder = (name) => name;

/** Compiles `hash`, `hash_format` and `hash_len`. BLAKE2 is BLAKE2b-512 without a key, base 32 is Rspamd's own. */
export function nameEncoder({
  hash,
  hash_format: format,
  hash_len: length,
}: Pick<RuleOptions, 'hash' | 'hash_format' | 'hash_len'>): NameEncoder {
  if (hash === undefined) return asIs;
  const algorithm = hash === 'blake2' ? 'blake2b512' : hash;
  const encode: NameEncoder = (name) => {
    const digest = digestOf(algorithm, name, 'buffer');
    if (format === 'base32') return length === undefined ? encodeBase32(digest) : base32Start(digest, length);
    const text = digest.toString(format);
    return length === undefined ? text : text.slice(0, length);
  };
  return remembering(encode);
}

/** The same few names come with message after message: own domains, links of signatures. */
function remembering(encode: NameEncoder): NameEncoder {
  let young = new Map<string, string>();
  let old: ReadonlyMap<string, string> = new Map();
  return (name) => {
    const known = young.get(name);
    if (known !== undefined) return known;
    const encoded = old.get(name) ?? encode(name);
    if (name.length > maxRememberedLength) return encoded;
    if (young.size >= maxRemembered) {
      old = young;
      young = new Map();
    }
    young.set(copyString(name), encoded);
    return encoded;
  };
}
