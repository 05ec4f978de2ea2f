import { decodeBase64, hexValue } from '../lib/index.ts';
import { decodeLabelled } from './charset.ts';

interface EncodedWord {
  readonly charset: string;
  readonly encoding: 'b' | 'q';
  /** Offsets of the encoded text. */
  readonly textStart: number;
  readonly textEnd: number;
  /** Offset after `?=`. */
  readonly end: number;
}

const question = 0x3f;
const maxCharsetLength = 80;

/** Reads the encoded word whose `=?` stands at `start`; undefined when there is none (RFC 2047 2). */
function readEncodedWord(text: string, start: number): EncodedWord | undefined {
  let i = start + 2;
  const charsetLimit = Math.min(text.length, i + maxCharsetLength);
  while (i < charsetLimit && text.charCodeAt(i) > 0x20 && text.charCodeAt(i) !== question) i++;
  if (text.charCodeAt(i) !== question || i === start + 2) return undefined;
  // RFC 2231 5: a language may follow the charset after an asterisk.
  const named = text.slice(start + 2, i);
  const star = named.indexOf('*');
  const charset = star < 0 ? named : named.slice(0, star);
  const letter = text.charCodeAt(i + 1) | 0x20;
  if (text.charCodeAt(i + 2) !== question) return undefined;
  const encoding = letter === 0x62 ? 'b' : letter === 0x71 ? 'q' : undefined;
  if (!encoding) return undefined;
  const textStart = i + 3;
  const textEnd = text.indexOf('?=', textStart);
  if (textEnd < 0) return undefined;
  return { charset, encoding, textStart, textEnd, end: textEnd + 2 };
}

/** Bytes of an encoded text in the Q encoding (RFC 2047 4.2). */
function decodeQ(text: string): Buffer {
  const input = Buffer.from(text, 'utf8');
  let length = 0;
  for (let i = 0; i < input.length; i++) {
    let byte = input[i]!;
    if (byte === 0x5f) byte = 0x20;
    else if (byte === 0x3d && i + 2 < input.length) {
      const high = hexValue(input[i + 1]!);
      const low = hexValue(input[i + 2]!);
      if (high >= 0 && low >= 0) {
        byte = (high << 4) | low;
        i += 2;
      }
    }
    input[length++] = byte;
  }
  return input.subarray(0, length);
}

function isBlankBetween(text: string, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i);
    if (code !== 0x20 && code !== 0x09 && code !== 0x0d && code !== 0x0a) return false;
  }
  return true;
}

/**
 * Decodes the encoded words in unfolded header text (RFC 2047). Blanks between two encoded words are dropped (6.2);
 * neighbours of the same charset are joined before the charset is decoded, since many senders split a multibyte
 * character between words. Encoded words are also taken inside other words and quoted strings, as mail programs do.
 * What is no encoded word stays as it is.
 */
export function decodeEncodedWords(text: string): string {
  let next = text.indexOf('=?');
  if (next < 0) return text;
  let out = '';
  let plainStart = 0;
  let pending: Buffer[] = [];
  let pendingCharset = '';
  const flush = (): void => {
    if (pending.length === 0) return;
    out += decodeLabelled(pending.length === 1 ? pending[0]! : Buffer.concat(pending), pendingCharset).text;
    pending = [];
  };
  const lastEnd = text.lastIndexOf('?=');
  while (next >= 0 && next < lastEnd) {
    const word = readEncodedWord(text, next);
    if (!word) {
      next = text.indexOf('=?', next + 2);
      continue;
    }
    const charset = word.charset.toLowerCase();
    if (pending.length === 0 || !isBlankBetween(text, plainStart, next)) {
      flush();
      out += text.slice(plainStart, next);
    } else if (charset !== pendingCharset) flush();
    pendingCharset = charset;
    const encoded = text.slice(word.textStart, word.textEnd);
    pending.push(word.encoding === 'q' ? decodeQ(encoded) : decodeBase64(Buffer.from(encoded)).bytes);
    plainStart = word.end;
    next = text.indexOf('=?', plainStart);
  }
  flush();
  return out + text.slice(plainStart);
}
