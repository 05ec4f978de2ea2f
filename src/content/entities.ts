import { decodeHTML } from 'entities';
import { copyString } from '../lib/index.ts';

/** Characters that numbers 128 to 159 mean in HTML: windows-1252 (HTML, numeric character reference end state). */
const windows1252 =
  '\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f' +
  '\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178';

/** A decoded character reference. */
export interface CharacterReference {
  readonly text: string;
  /** Offset after it. */
  readonly end: number;
}

const maxNameLength = 33;
const maxRemembered = 512;
const remembered = new Map<string, string>();

function isNameCharacter(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || (code >= 0x30 && code <= 0x39);
}

/**
 * Decodes the character reference at an ampersand in HTML text.
 *
 * @param html the text
 * @param at offset of the `&`
 * @returns undefined when the ampersand is just an ampersand
 */
export function readCharacterReference(html: string, at: number): CharacterReference | undefined {
  if (html.charCodeAt(at + 1) === 0x23) return readNumber(html, at + 2);
  let end = at + 1;
  const limit = Math.min(html.length, at + maxNameLength);
  while (end < limit && isNameCharacter(html.charCodeAt(end))) end++;
  if (end === at + 1) return undefined;
  if (html.charCodeAt(end) === 0x3b) end++;
  const written = html.slice(at, end);
  let text = remembered.get(written);
  if (text === undefined) {
    text = decodeHTML(written);
    if (remembered.size < maxRemembered && text !== written)
      remembered.set(copyString(written), copyString(text));
  }
  return text === written ? undefined : { text, end };
}

function readNumber(html: string, at: number): CharacterReference | undefined {
  const isHex = (html.charCodeAt(at) | 0x20) === 0x78;
  const from = isHex ? at + 1 : at;
  let end = from;
  let value = 0;
  for (; end < html.length; end++) {
    const code = html.charCodeAt(end);
    let digit = code - 0x30;
    if (digit < 0 || digit > 9) {
      digit = isHex ? (code | 0x20) - 0x57 : -1;
      if (digit < 10 || digit > 15) break;
    }
    // Far beyond Unicode it does not matter by how much.
    if (value <= 0x10ffff) value = value * (isHex ? 16 : 10) + digit;
  }
  if (end === from) return undefined;
  if (html.charCodeAt(end) === 0x3b) end++;
  if (value >= 0x80 && value <= 0x9f) return { text: windows1252[value - 0x80]!, end };
  const isValid = value !== 0 && value <= 0x10ffff && !(value >= 0xd800 && value <= 0xdfff);
  return { text: isValid ? String.fromCodePoint(value) : '\ufffd', end };
}
