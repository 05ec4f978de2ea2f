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
  const bytes = Buffer.allocUnsafe(name.length + 2);
  let at = 0;
  for (const label of name.split('.')) {
    bytes[at] = label.length;
    bytes.write(label, at + 1, 'latin1');
    at += label.length + 1;
  }
  bytes[at] = 0;
  return bytes;
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
