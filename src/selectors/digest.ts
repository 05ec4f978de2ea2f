import { createHash } from 'node:crypto';
import { blake2b } from '@noble/hashes/blake2.js';
import { encodeBase32 } from '../lib/index.ts';

export const digestEncodings = ['hex', 'base32', 'bleach32', 'rbase32', 'base64'] as const;
export type DigestEncoding = (typeof digestEncodings)[number];
export const digestHashes = ['blake2', 'sha256', 'sha1', 'sha512', 'md5'] as const;
export type DigestHash = (typeof digestHashes)[number];

/** The peer keys its BLAKE2b digests with the BLAKE2b of its name. */
const peerKey = createHash('blake2b512').update('rspamd').digest();

/** Digest of a text (its UTF-8 bytes) or of bytes. */
export function digest(data: string | Uint8Array, encoding: DigestEncoding, hash: DigestHash): string {
  const bytes = typeof data === 'string' ? Buffer.from(data, 'utf8') : data;
  const result =
    hash === 'blake2' ? blake2b(bytes, { key: peerKey, dkLen: 64 }) : createHash(hash).update(bytes).digest();
  return encode(result, encoding);
}

function encode(bytes: Uint8Array, encoding: DigestEncoding): string {
  switch (encoding) {
    case 'hex':
      return Buffer.from(bytes).toString('hex');
    case 'base64':
      return Buffer.from(bytes).toString('base64');
    case 'base32':
      return encodeBase32(bytes);
    case 'bleach32':
      return encodeBase32(bytes, 'bleach');
    case 'rbase32':
      return encodeBase32(bytes, 'rfc');
  }
}
