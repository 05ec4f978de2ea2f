import { domainInfo } from './domain.ts';

/** Something found in text: offsets of it there. */
export interface Found {
  readonly kind: 'url' | 'email';
  readonly start: number;
  readonly end: number;
}

const at = 0x40;
const dot = 0x2e;
const colon = 0x3a;
const slash = 0x2f;
const backslash = 0x5c;
const maxHostLength = 253;
const maxLocalLength = 64;

const hostClass = 1;
const localClass = 2;
const classes = new Uint8Array(128);
for (let code = 0; code < 128; code++) {
  const char = String.fromCharCode(code);
  if (/[A-Za-z0-9._-]/.test(char)) classes[code]! |= hostClass;
  if (/[A-Za-z0-9._+=~!#$%&'*^-]/.test(char)) classes[code]! |= localClass;
}

/** Letters outside ASCII may be part of an internationalised name; blanks and punctuation there may not. */
function isForeignLetter(code: number): boolean {
  return code >= 0xc0 && !isForeignStop(code);
}

/** Blanks, quotation marks and punctuation outside ASCII, which end a link. Zero-width characters and RLO do not. */
function isForeignStop(code: number): boolean {
  if (code < 0x2000) return code < 0xc0 && code !== 0xad;
  if (code <= 0x206f) return !((code >= 0x200b && code <= 0x200f) || code === 0x2060 || code === 0x202e);
  return (
    (code >= 0x3000 && code <= 0x303f) ||
    (code >= 0xff01 && code <= 0xff0f) ||
    (code >= 0xff1a && code <= 0xff20) ||
    (code >= 0xfffc && code <= 0xffff)
  );
}

function isHost(code: number): boolean {
  return code < 128 ? (classes[code]! & hostClass) !== 0 : isForeignLetter(code);
}

function isLocal(code: number): boolean {
  return code < 128 && (classes[code]! & localClass) !== 0;
}

function isAlphanumeric(code: number): boolean {
  return isHost(code) && code !== dot && code !== 0x2d && code !== 0x5f;
}

/** May this character stand in a link in running text? */
function isUrlCharacter(code: number): boolean {
  if (code >= 128) return !isForeignStop(code);
  if (code <= 0x20 || code === 0x7f) return false;
  return code !== 0x22 && code !== 0x3c && code !== 0x3e && code !== 0x60 && code !== 0x7b && code !== 0x7d;
}

/** Where the scheme before `://` starts, -1 when it is none of ours. */
function schemeStart(text: string, colonAt: number, from: number): number {
  for (const scheme of schemes) {
    const start = colonAt - scheme.length;
    if (start >= from && text.slice(start, colonAt).toLowerCase() === scheme) return start;
  }
  return -1;
}
const schemes = ['https', 'http', 'ftp'];

/** Cuts off punctuation that ends the sentence rather than the link, and brackets that were opened before it. */
function trimEnd(text: string, start: number, end: number): number {
  let opened = 0;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x28 || code === 0x5b) opened++;
    else if (code === 0x29 || code === 0x5d) opened--;
  }
  while (end > start) {
    const code = text.charCodeAt(end - 1);
    if (code === 0x29 || code === 0x5d) {
      if (opened >= 0) break;
      opened++;
    } else if (!isTrailing(code)) break;
    end--;
  }
  return end;
}

function isTrailing(code: number): boolean {
  return (
    code === dot ||
    code === 0x2c ||
    code === 0x3b ||
    code === colon ||
    code === 0x21 ||
    code === 0x3f ||
    code === 0x27 ||
    code === 0x2a ||
    code === 0x5f ||
    code === 0x7c ||
    code === 0x7e ||
    // Left behind by programs that let long words break.
    code === 0xad ||
    (code >= 0x200b && code <= 0x200f) ||
    code === 0x202e ||
    code === 0x2060
  );
}

/** Is this a name that people would take for a host: known suffix, and no two sentences without a blank? */
function isKnownHost(host: string): boolean {
  const label = host.slice(host.lastIndexOf('.') + 1);
  if (label.length < 2 || !/^(?:[a-z]+|[A-Z]+|xn--[a-z0-9-]+|[^\x00-\x7f]+)$/.test(label)) return false;
  return domainInfo(host.toLowerCase()).hasSuffix;
}

/**
 * Finds links and e-mail addresses in running text, in one pass and linear time: `http://…`, `https://…`, `ftp://…`,
 * `www.…`, bare host names with a public suffix, and `local@domain`. Offsets are handed out in ascending order and do
 * not overlap.
 *
 * @param text the text
 * @param maxLength characters of a link; what goes beyond is passed over
 * @param onFound called for each find; return `stop` to end the search
 */
export function scanText(text: string, maxLength: number, onFound: (found: Found) => 'go' | 'stop'): void {
  const { length } = text;
  /** Nothing before this offset may become part of a find. */
  let free = 0;
  let i = 0;
  // The engine looks for one character far faster than a loop for three.
  let dotAt = -1;
  let colonAt = -1;
  let atSignAt = -1;
  for (;;) {
    if (dotAt < i) dotAt = text.charCodeAt(i) === dot ? i : offsetOf('.', text, i);
    if (colonAt < i) colonAt = offsetOf(':', text, i);
    if (atSignAt < i) atSignAt = offsetOf('@', text, i);
    i = dotAt < colonAt ? dotAt : colonAt;
    if (atSignAt < i) i = atSignAt;
    if (i >= length) return;
    const code = text.charCodeAt(i);
    let found: Found | undefined;
    let next = i + 1;
    if (code === colon) {
      found = readSchemeUrl(text, i, free, maxLength);
      if (found) next = urlEnd(text, found.end, length);
    } else if (code === at) {
      found = readEmail(text, i, free);
      if (found) next = found.end;
    } else if (isAlphanumeric(text.charCodeAt(i + 1)) && i > free && isAlphanumeric(text.charCodeAt(i - 1))) {
      let start = i;
      const limit = Math.max(free, i - maxHostLength);
      while (start > limit && isHost(text.charCodeAt(start - 1))) start--;
      let end = i + 1;
      while (end < length && isHost(text.charCodeAt(end))) end++;
      const localEnd = findLocalEnd(text, end);
      if (localEnd > 0) {
        // This is the local part of an address: let its @ decide.
        i = localEnd;
        continue;
      }
      next = end;
      if (end - start <= maxHostLength) {
        found = readBareHost(text, start, end, maxLength);
        if (found) next = Math.max(end, found.end);
      }
      // Not before this token again, whatever it was.
      free = next;
    }
    if (found) {
      free = next;
      if (onFound(found) === 'stop') return;
    }
    i = next;
  }
}

/** Offset of a character, or the length of the text. */
function offsetOf(char: string, text: string, from: number): number {
  const found = text.indexOf(char, from);
  return found < 0 ? text.length : found;
}

/** Where the run of characters of a link ends. */
function urlEnd(text: string, from: number, limit: number): number {
  const last = Math.min(limit, text.length);
  let end = from;
  while (end < last && isUrlCharacter(text.charCodeAt(end))) end++;
  return end;
}

function readSchemeUrl(text: string, colonAt: number, free: number, maxLength: number): Found | undefined {
  const first = text.charCodeAt(colonAt + 1);
  const second = text.charCodeAt(colonAt + 2);
  if ((first !== slash && first !== backslash) || (second !== slash && second !== backslash))
    return undefined;
  const start = schemeStart(text, colonAt, free);
  if (start < 0) return undefined;
  const end = trimEnd(text, start, urlEnd(text, colonAt, start + maxLength));
  return end > colonAt + 3 ? { kind: 'url', start, end } : undefined;
}

function readBareHost(text: string, from: number, to: number, maxLength: number): Found | undefined {
  let start = from;
  let end = to;
  while (start < end && !isAlphanumeric(text.charCodeAt(start))) start++;
  while (end > start && !isAlphanumeric(text.charCodeAt(end - 1))) end--;
  const before = start > 0 ? text.charCodeAt(start - 1) : 0x20;
  if (before === slash || before === backslash || before === at) return undefined;
  const host = text.slice(start, end);
  const isWww = /^www\d?\.[^.]/i.test(host);
  if (!isWww && !isKnownHost(host)) return undefined;
  const after = text.charCodeAt(end);
  const hasMore =
    after === slash ||
    after === 0x3f ||
    after === 0x23 ||
    (after === colon && isDigit(text.charCodeAt(end + 1)));
  if (hasMore && end === to) end = trimEnd(text, start, urlEnd(text, end, start + maxLength));
  return { kind: 'url', start, end };
}

/** Offset of the `@` that the characters of a local part lead up to, 0 when there is none near. */
function findLocalEnd(text: string, from: number): number {
  const limit = Math.min(text.length, from + maxLocalLength);
  let i = from;
  while (i < limit && isLocal(text.charCodeAt(i))) i++;
  return text.charCodeAt(i) === at ? i : 0;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function readEmail(text: string, atSign: number, free: number): Found | undefined {
  if (!isAlphanumeric(text.charCodeAt(atSign + 1))) return undefined;
  let start = atSign;
  const limit = Math.max(free, atSign - maxLocalLength);
  while (start > limit && isLocal(text.charCodeAt(start - 1))) start--;
  while (start < atSign && !isAlphanumeric(text.charCodeAt(start)) && text.charCodeAt(start) !== 0x5f)
    start++;
  if (start === atSign || text.charCodeAt(atSign - 1) === dot) return undefined;
  let end = atSign + 1;
  const hostLimit = Math.min(text.length, end + maxHostLength);
  while (end < hostLimit && isHost(text.charCodeAt(end))) end++;
  while (end > atSign && !isAlphanumeric(text.charCodeAt(end - 1))) end--;
  const host = text.slice(atSign + 1, end);
  return host.includes('.') && isKnownHost(host) ? { kind: 'email', start, end } : undefined;
}
