import { createCipheriv } from 'node:crypto';

// The cookies that `rspamadm cookie` makes for Message-IDs: base 64 of a nonce of 16 bytes, the last four of which are
// the time (seconds since 1970, little-endian), and of 16 bytes of text padded with zeros, encrypted with AES-128 in
// counter mode, the nonce being the only counter block.

const blockLength = 16;

export interface Cookie {
  readonly text: string;
  /** Seconds since 1970. */
  readonly madeAt: number;
}

/**
 * Reads a cookie.
 *
 * @param key 32 hex digits
 * @returns undefined for what is no cookie, or one of another key
 */
export function openCookie(key: string, encoded: string): Cookie | undefined {
  if (!/^[A-Za-z0-9+/]{43}=$/.test(encoded)) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  const nonce = bytes.subarray(0, blockLength);
  const cipher = createCipheriv('aes-128-ecb', Buffer.from(key, 'hex'), null).setAutoPadding(false);
  const text = cipher.update(nonce);
  for (let i = 0; i < blockLength; i++) text[i]! ^= bytes[blockLength + i]!;
  const end = text.indexOf(0);
  // Text of another key is noise: the padding tells.
  if (end <= 0 || !text.subarray(end).every((byte) => byte === 0)) return undefined;
  return { text: text.toString('latin1', 0, end), madeAt: nonce.readUInt32LE(blockLength - 4) };
}

/** Where a cookie stands in the header field In-Reply-To: before the `@`, else all of it. */
export function cookieIn(inReplyTo: string): string {
  return /^<?([^@]+)@/.exec(inReplyTo)?.[1] ?? inReplyTo;
}
