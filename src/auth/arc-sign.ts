import type { Message } from '../core/index.ts';
import { type ArcSet, sealInput } from './arc-verify.ts';
import { foldAuthResults } from './auth-results-write.ts';
import { bodyDigest, relaxedValue } from './canonical.ts';
import { headerInput, type SignatureRequest, signTags } from './dkim-sign.ts';
import type { Tag } from './fold.ts';
import { selectHeaders } from './signed-headers.ts';

/** One ARC set that is wanted. */
export interface ArcRequest extends SignatureRequest {
  /** Sets that are there, oldest first. */
  readonly sets: readonly ArcSet[];
  readonly cv: 'none' | 'pass' | 'fail';
  readonly authservId: string;
  /** `method=result …`; none: `none` (RFC 8601 2.2). */
  readonly results: readonly string[];
}

/** Values of the three headers of a set, folded with CRLF and a tab. */
export interface SignedArcSet {
  readonly instance: number;
  readonly authResults: string;
  readonly signature: string;
  readonly seal: string;
}

/** Text as bytes in latin1, the form in which hash inputs are built. */
function asBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** Makes the next ARC set (RFC 8617 5.1). */
export function arcSet(message: Message, request: ArcRequest): SignedArcSet {
  const { sets, cv, domain, selector, key, timestamp } = request;
  const instance = sets.length + 1;
  const { authservId, results } = request;
  const authResults = foldAuthResults('ARC-Authentication-Results', authservId, results, instance);
  const selected = selectHeaders(message.headers, request.headers);
  const signatureTags: Tag[] = [
    ['i', String(instance)],
    ['a', key.algorithm],
    ['c', 'relaxed/relaxed'],
    ['d', domain],
    ['s', selector],
    ['t', String(timestamp)],
    ['h', selected.names.join(':')],
    ['bh', bodyDigest(message).hash],
  ];
  const signature = signTags('ARC-Message-Signature', signatureTags, headerInput(message, selected), key);
  // RFC 8617 5.1.2: the seal that marks a failure covers its own set only.
  const earlier = cv === 'fail' ? '' : sealInput(message.raw, sets);
  const own =
    `arc-authentication-results:${relaxedValue(asBytes(authResults))}\r\n` +
    `arc-message-signature:${relaxedValue(signature)}\r\n`;
  const sealTags: Tag[] = [
    ['i', String(instance)],
    ['a', key.algorithm],
    ['d', domain],
    ['s', selector],
    ['cv', cv],
    ['t', String(timestamp)],
  ];
  return { instance, authResults, signature, seal: signTags('ARC-Seal', sealTags, earlier + own, key) };
}
