import { createHash, sign as cryptoSign } from 'node:crypto';
import type { Message } from '../core/index.ts';
import { bodyDigest, canonicalHeader, relaxedValue } from './canonical.ts';
import { foldTags, type Tag } from './fold.ts';
import type { SigningKey } from './keys.ts';
import { type SelectedHeaders, type SignedHeader, selectHeaders } from './signed-headers.ts';

/** One signature that is wanted. */
export interface SignatureRequest {
  readonly domain: string;
  readonly selector: string;
  readonly key: SigningKey;
  readonly headers: readonly SignedHeader[];
  /** Seconds since 1970 for `t=`. */
  readonly timestamp: number;
  /** Seconds since 1970 for `x=`. Default: the signature does not expire. */
  readonly expires?: number | undefined;
}

/** Signs the hash input, one character a byte (RFC 6376 3.7; RFC 8463 3: Ed25519 signs the SHA-256 of it). */
export function signInput(input: string, key: SigningKey): string {
  const bytes = Buffer.from(input, 'latin1');
  const signature =
    key.algorithm === 'rsa-sha256'
      ? cryptoSign('sha256', bytes, key.key)
      : cryptoSign(null, createHash('sha256').update(bytes).digest(), key.key);
  return signature.toString('base64');
}

/** Canonical form of the selected headers, in order. */
export function headerInput(message: Message, { selected }: SelectedHeaders): string {
  let input = '';
  for (const header of selected) if (header) input += canonicalHeader(message.raw, header);
  return input;
}

/** Signs headers and, last of them and without CRLF, the signature header itself with an empty `b=` (RFC 6376 3.7). */
export function signTags(name: string, tags: readonly Tag[], before: string, key: SigningKey): string {
  const unsigned: readonly Tag[] = [...tags, ['b', '']];
  const own = `${name.toLowerCase()}:${relaxedValue(foldTags(unsigned, name.length))}`;
  return foldTags(unsigned, name.length, signInput(before + own, key));
}

/** Value of a DKIM-Signature header (RFC 6376), relaxed/relaxed, folded with CRLF and a tab. */
export function dkimSignature(message: Message, request: SignatureRequest): string {
  const selected = selectHeaders(message.headers, request.headers);
  const tags: Tag[] = [
    ['v', '1'],
    ['a', request.key.algorithm],
    ['c', 'relaxed/relaxed'],
    ['d', request.domain],
    ['s', request.selector],
  ];
  if (request.expires !== undefined) tags.push(['x', String(request.expires)]);
  tags.push(
    ['t', String(request.timestamp)],
    ['h', selected.names.join(':')],
    ['bh', bodyDigest(message).hash],
  );
  return signTags('DKIM-Signature', tags, headerInput(message, selected), request.key);
}
