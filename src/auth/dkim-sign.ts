import { createHash, sign as cryptoSign } from 'node:crypto';
import type { Message } from '../core/index.ts';
import { relaxedHeader, relaxedValue } from './canonical.ts';
import type { SigningKey } from './keys.ts';
import { type SignedHeader, selectHeaders } from './signed-headers.ts';

/** One signature that is wanted. */
export interface SignatureRequest {
  readonly domain: string;
  readonly selector: string;
  readonly key: SigningKey;
  readonly headers: readonly SignedHeader[];
  /** Seconds since 1970 for `t=`. */
  readonly timestamp: number;
  /** Seconds since 1970 for `x=`. */
  readonly expires?: number | undefined;
  /** Values that headers will have when the message is delivered, by lower-case name. */
  readonly replaced?: ReadonlyMap<string, string> | undefined;
}

const maxLineLength = 78;

/** Writes tags as a folded value: `;` between tags, long values broken where RFC 6376 2.8 allows white space. */
export function foldTags(
  tags: readonly (readonly [name: string, value: string])[],
  nameLength: number,
): string {
  let text = '';
  let column = nameLength + 2;
  const breakLine = (): void => {
    text += '\r\n\t';
    column = 8;
  };
  for (const [index, [name, value]] of tags.entries()) {
    const isLast = index === tags.length - 1;
    const piece = `${name}=${value}${isLast ? '' : ';'}`;
    if (index > 0) {
      if (column + piece.length + 1 <= maxLineLength) {
        text += ' ';
        column++;
      } else breakLine();
    }
    if (column + piece.length <= maxLineLength) {
      text += piece;
      column += piece.length;
      continue;
    }
    // h= may be broken after a colon, base64 anywhere.
    const units = name === 'h' ? piece.split(/(?<=:)/) : (piece.match(/.{1,60}/g) ?? []);
    for (const unit of units) {
      if (column + unit.length > maxLineLength) breakLine();
      text += unit;
      column += unit.length;
    }
  }
  return text;
}

/** Signs the hash input (RFC 6376 3.7; RFC 8463 3: Ed25519 signs the SHA-256 of it). */
export function signInput(input: string, key: SigningKey): string {
  const bytes = Buffer.from(input, 'latin1');
  const signature =
    key.algorithm === 'rsa-sha256'
      ? cryptoSign('sha256', bytes, key.key)
      : cryptoSign(null, createHash('sha256').update(bytes).digest(), key.key);
  return signature.toString('base64');
}

/** Canonical form of the selected headers, in order. */
export function headerInput(
  message: Message,
  selected: ReturnType<typeof selectHeaders>,
  replaced: ReadonlyMap<string, string> | undefined,
): string {
  let input = '';
  for (const [index, header] of selected.selected.entries()) {
    if (!header) continue;
    const name = selected.names[index]!;
    const value = replaced?.get(name);
    input += value === undefined ? relaxedHeader(message.raw, header) : `${name}:${relaxedValue(value)}\r\n`;
  }
  return input;
}

/**
 * Value of a DKIM-Signature header (RFC 6376), relaxed/relaxed, folded with CRLF and a tab.
 *
 * @param bodyHash from {@link bodyHash}, computed once for all signatures of a message
 */
export function dkimSignature(message: Message, bodyHash: string, request: SignatureRequest): string {
  const selected = selectHeaders(message.headers, request.headers);
  const tags: [string, string][] = [
    ['v', '1'],
    ['a', request.key.algorithm],
    ['c', 'relaxed/relaxed'],
    ['d', request.domain],
    ['s', request.selector],
    ...(request.expires === undefined ? [] : ([['x', String(request.expires)]] as [string, string][])),
    ['t', String(request.timestamp)],
    ['h', selected.names.join(':')],
    ['bh', bodyHash],
    ['b', ''],
  ];
  const unsigned = foldTags(tags, 'DKIM-Signature'.length);
  // RFC 6376 3.7: the signature header itself comes last, without CRLF, with an empty b=.
  const input = `${headerInput(message, selected, request.replaced)}dkim-signature:${relaxedValue(unsigned)}`;
  return appendSignature(unsigned, signInput(input, request.key));
}

/** Puts the value of `b=` behind the folded tags, broken into lines. */
export function appendSignature(unsigned: string, signature: string): string {
  const lastLine = unsigned.length - unsigned.lastIndexOf('\t') + 7;
  const room = maxLineLength - lastLine;
  let text = unsigned + signature.slice(0, Math.max(0, room));
  for (let i = Math.max(0, room); i < signature.length; i += 70)
    text += `\r\n\t${signature.slice(i, i + 70)}`;
  return text;
}
