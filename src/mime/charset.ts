import { isAscii, isUtf8 } from 'node:buffer';
import iconv from 'iconv-lite';
import { copyString } from '../lib/index.ts';

/** Text, and whether its charset was known. */
export interface DecodedText {
  readonly text: string;
  /** False when the label named no charset we know and the bytes were read as UTF-8 or windows-1252. */
  readonly isKnown: boolean;
}

type Decoder = (bytes: Buffer) => string;

/** Characters of windows-1252 for the bytes 0x80 to 0x9f (WHATWG Encoding, index windows-1252). */
const windows1252High =
  '\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f' +
  '\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178';

/** Decodes windows-1252, which holds every byte and is the superset of ISO-8859-1 that mail means by it. */
function decodeWindows1252(bytes: Buffer): string {
  const text = bytes.toString('latin1');
  if (isAscii(bytes)) return text;
  return text.replace(/[\x80-\x9f]/g, (char) => windows1252High[char.charCodeAt(0) - 0x80]!);
}

/** Reads bytes of no declared charset: UTF-8 when they are valid UTF-8 (RFC 6532), else windows-1252. */
export function decodeUndeclared(bytes: Buffer): string {
  return isUtf8(bytes) ? bytes.toString('utf8') : decodeWindows1252(bytes);
}

function decodeUtf8(bytes: Buffer): string {
  return bytes.toString('utf8');
}

/** RFC 2781 4.3: without a byte order mark UTF-16 is big-endian; senders often mean the other, and zeros tell. */
function decodeUtf16(bytes: Buffer): string {
  let evenZeros = 0;
  let oddZeros = 0;
  for (let i = 0; i + 1 < bytes.length && i < 128; i += 2) {
    if (bytes[i] === 0) evenZeros++;
    if (bytes[i + 1] === 0) oddZeros++;
  }
  return (oddZeros > evenZeros ? utf16Little : utf16Big).decode(bytes);
}
const utf16Little = new TextDecoder('utf-16le');
const utf16Big = new TextDecoder('utf-16be');

const maxLabelLength = 40;
const maxRememberedLabels = 256;
const decoders = new Map<string, Decoder>([
  ['us-ascii', decodeUndeclared],
  ['ascii', decodeUndeclared],
  ['utf-8', decodeUtf8],
  ['utf8', decodeUtf8],
  ['iso-8859-1', decodeWindows1252],
  ['windows-1252', decodeWindows1252],
  ['utf-16', decodeUtf16],
]);

function findDecoder(given: string): Decoder | undefined {
  const remembered = decoders.get(given);
  if (remembered || given.length > maxLabelLength || !/^[\w.:+()-]+$/.test(given)) return remembered;
  const label = copyString(given);
  let decoder: Decoder | undefined;
  try {
    const found = new TextDecoder(label);
    if (found.encoding === 'windows-1252') decoder = decodeWindows1252;
    else if (found.encoding === 'utf-8') decoder = decodeUtf8;
    else decoder = (bytes) => found.decode(bytes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // A label outside the WHATWG Encoding standard, such as utf-7, cp850 or utf-32.
    if (!/^(?:base64|hex|binary)/.test(label) && iconv.encodingExists(label))
      decoder = (bytes) => iconv.decode(bytes, label);
  }
  if (decoder && decoders.size < maxRememberedLabels) decoders.set(label, decoder);
  return decoder;
}

/**
 * Decodes bytes in a named charset, whatever they begin with. Text in US-ASCII or an unknown charset is read as
 * UTF-8 when it is valid UTF-8, else as windows-1252. Bytes the charset does not have become U+FFFD. Never throws.
 *
 * @param bytes the text's bytes
 * @param label charset name in any case
 */
export function decodeLabelled(bytes: Buffer, label: string): DecodedText {
  const decoder = findDecoder(label.trim().toLowerCase());
  return decoder
    ? { text: decoder(bytes), isKnown: true }
    : { text: decodeUndeclared(bytes), isKnown: false };
}

/**
 * Decodes the text of a part as {@link decodeLabelled} does; a byte order mark wins over the declaration and is taken
 * off (WHATWG Encoding, "decode").
 *
 * @param bytes the text's bytes
 * @param label charset name in any case, `undefined` when none was declared
 */
export function decodeCharset(bytes: Buffer, label: string | undefined): DecodedText {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    return { text: bytes.toString('utf8', 3), isKnown: true };
  }
  // FF FE 00 00 would be UTF-32.
  if (bytes[0] === 0xff && bytes[1] === 0xfe && (bytes[2] !== 0 || bytes[3] !== 0)) {
    return { text: utf16Little.decode(bytes), isKnown: true };
  }
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return { text: utf16Big.decode(bytes), isKnown: true };
  if (label === undefined || label === '') return { text: decodeUndeclared(bytes), isKnown: true };
  return decodeLabelled(bytes, label);
}
