import { domainToASCII } from 'node:url';

/** RFC 1035 2.3.4: 255 octets on the wire, which is 253 characters of text. */
const maxNameLength = 253;
const maxLabelLength = 63;

/**
 * A name as it is asked and kept: lower case, no final dot, other scripts in their ASCII form (RFC 5891).
 *
 * @returns undefined for what cannot be a name (empty or too long labels, too long as a whole) and for octets that
 *   no host or mail name has (blanks, controls, backslash)
 */
export function normaliseName(text: string): string | undefined {
  let name = text.endsWith('.') ? text.slice(0, -1) : text;
  if (name === '') return undefined;
  if (!isAscii(name)) {
    name = domainToASCII(name);
    if (name === '') return undefined;
  }
  if (name.length > maxNameLength) return undefined;
  let labelLength = 0;
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (isEscaped(code)) return undefined;
    if (code !== 0x2e) {
      labelLength++;
      continue;
    }
    if (labelLength === 0 || labelLength > maxLabelLength) return undefined;
    labelLength = 0;
  }
  if (labelLength === 0 || labelLength > maxLabelLength) return undefined;
  return name.toLowerCase();
}

/** Octets that are written as `\ddd` in texts. */
function isEscaped(code: number): boolean {
  return code <= 0x20 || code >= 0x7f || code === 0x5c;
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7e) return false;
  return true;
}

/** Labels of a normalised name on the wire (RFC 1035 3.1), with the final zero. */
export function encodeName(name: string): Buffer {
  const bytes = Buffer.alloc(name.length + 2);
  writeName(bytes, 0, name);
  return bytes;
}

/** Writes the labels of a normalised name at a place with room for its length and 2, all zero. */
export function writeName(bytes: Buffer, start: number, name: string): void {
  let lengthAt = start;
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    const at = start + 1 + i;
    if (code === 0x2e) lengthAt = at;
    else {
      bytes[at] = code;
      bytes[lengthAt] = at - lengthAt;
    }
  }
}

/** Where a name ends; undefined for a malformed one. */
export function endOfName(message: Buffer, start: number): number | undefined {
  let at = start;
  for (;;) {
    const length = at < message.length ? message[at]! : 0xff;
    if (length === 0) return at + 1 - start <= 255 ? at + 1 : undefined;
    // A pointer, or nothing that is known.
    if (length > maxLabelLength) return decodeName(message, start)?.end;
    at += length + 1;
  }
}

/** Where a name ends that is equal to a normalised one but for the case of letters; undefined when it is another. */
export function endOfEqualName(message: Buffer, start: number, name: string): number | undefined {
  let at = start;
  for (let i = 0; ; ) {
    const length = at < message.length ? message[at]! : 0xff;
    if (length === 0) return i > name.length || name === '' ? at + 1 : undefined;
    if (length > maxLabelLength) {
      const decoded = decodeName(message, start);
      return decoded?.name === name ? decoded.end : undefined;
    }
    const end = i + length;
    if (end > name.length || (end < name.length && name.charCodeAt(end) !== 0x2e)) return undefined;
    for (at++; i < end; i++, at++) {
      const code = message[at]!;
      const folded = code >= 0x41 && code <= 0x5a ? code + 32 : code;
      if (folded === 0x2e || folded !== name.charCodeAt(i)) return undefined;
    }
    i++; // the dot, or the end
  }
}

/** Most compression pointers in one name; more than labels fit makes no sense. */
const maxPointers = 128;

/**
 * Reads a name, following compression pointers (RFC 1035 4.1.4). Pointers must point backwards, so loops end.
 * Letters come in lower case; a dot or unprintable octet inside a label as `\ddd` (RFC 1035 5.1).
 *
 * @returns undefined for a malformed name
 */
export function decodeName(message: Buffer, start: number): { name: string; end: number } | undefined {
  let at = start;
  let end = -1;
  let wireLength = 0;
  let pointers = 0;
  let limit = message.length;
  let name = '';
  for (;;) {
    const length = at < limit ? message[at]! : -1;
    if (length < 0) return undefined;
    if (length === 0) {
      if (end < 0) end = at + 1;
      return { name, end };
    }
    if (length >= 0xc0) {
      if (at + 1 >= limit || ++pointers > maxPointers) return undefined;
      const target = ((length & 0x3f) << 8) | message[at + 1]!;
      if (end < 0) end = at + 2;
      if (target >= at) return undefined;
      limit = at;
      at = target;
      continue;
    }
    if (length > maxLabelLength || at + 1 + length > limit) return undefined;
    wireLength += length + 1;
    if (wireLength > 254) return undefined;
    if (name !== '') name += '.';
    name += labelText(message, at + 1, at + 1 + length);
    at += length + 1;
  }
}

function labelText(message: Buffer, start: number, end: number): string {
  let text = '';
  for (let i = start; i < end; i++) {
    const code = message[i]!;
    if (code === 0x2e || isEscaped(code)) text += `\\${String(code).padStart(3, '0')}`;
    else text += String.fromCharCode(code >= 0x41 && code <= 0x5a ? code + 32 : code);
  }
  return text;
}
