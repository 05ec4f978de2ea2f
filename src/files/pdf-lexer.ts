import { hexValue } from '../lib/index.ts';
import { PdfName, PdfReference, PdfString, type PdfValue } from './pdf-values.ts';

/** Work that may still be done for one file, and what was odd so far. */
export interface PdfWork {
  tokens: number;
  inflatedBytes: number;
  /** Names with letters or digits in escapes, which need none (ISO 32000-1 7.3.5). */
  escapedNames: number;
  /** Those right behind another one. */
  closeEscapedNames: number;
  /** What such names stand for, each once. */
  readonly escaped: Set<string>;
}

const maxDepth = 32;
const maxStringBytes = 65_536;
const maxNameBytes = 256;
const maxEscaped = 256;
/** Bytes between two escaped names that are close to each other. */
const closeBytes = 8;

const whiteSpace = 1;
const delimiter = 2;
const classes = new Uint8Array(256);
for (const code of [0, 9, 10, 12, 13, 32]) classes[code] = whiteSpace;
for (const char of '()<>[]{}/%') classes[char.charCodeAt(0)] = delimiter;

const code = {
  lineFeed: 0x0a,
  carriageReturn: 0x0d,
  hash: 0x23,
  percent: 0x25,
  open: 0x28,
  close: 0x29,
  slash: 0x2f,
  less: 0x3c,
  greater: 0x3e,
  openBracket: 0x5b,
  backslash: 0x5c,
  closeBracket: 0x5d,
} as const;

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;

function isAlphanumeric(byte: number): boolean {
  return isDigit(byte) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
}

/** What stands for one character after a backslash (ISO 32000-1 table 3). */
const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };

/** Value of two hexadecimal digits, -1 when they are none. */
function hexByte(high: number, low: number): number {
  const first = hexValue(high);
  const second = hexValue(low);
  return first < 0 || second < 0 ? -1 : first * 16 + second;
}

/** Reads objects of a PDF (ISO 32000-1 7.2, 7.3) from bytes, forgiving what readers forgive. */
export class PdfLexer {
  readonly #bytes: Buffer;
  readonly #work: PdfWork;
  readonly #end: number;
  /** Where the next token is looked for. */
  position: number;
  #lastEscapedAt = -closeBytes - 1;

  constructor(bytes: Buffer, position: number, work: PdfWork, end = bytes.length) {
    this.#bytes = bytes;
    this.#work = work;
    this.#end = Math.min(end, bytes.length);
    this.position = position;
  }

  /** The value that stands here; undefined: none does, or there is no more work to be done. */
  value(depth = 0): PdfValue | undefined {
    this.skipBlanks();
    if (this.position >= this.#end || this.#work.tokens-- <= 0) return undefined;
    const byte = this.#bytes[this.position]!;
    switch (byte) {
      case code.slash:
        return this.#name();
      case code.open:
        return this.#literal();
      case code.less:
        if (this.#bytes[this.position + 1] === code.less) return this.#dictionary(depth);
        return this.#hexadecimal();
      case code.openBracket:
        return this.#array(depth);
      default:
        return this.#numberOrWord(byte);
    }
  }

  /** Does this word stand here? Steps over it then. */
  takeWord(word: string): boolean {
    this.skipBlanks();
    const end = this.position + word.length;
    if (end > this.#end || this.#bytes.toString('latin1', this.position, end) !== word) return false;
    this.position = end;
    return true;
  }

  skipBlanks(): void {
    const bytes = this.#bytes;
    const start = this.position;
    while (this.position < this.#end) {
      const byte = bytes[this.position]!;
      if (byte === code.percent) this.#skipComment();
      else if (classes[byte] === whiteSpace) this.position++;
      else break;
    }
    this.#charge(start);
  }

  /** Long stretches count as more than one token, so that many openings without an end cost no more than few. */
  #charge(start: number): void {
    this.#work.tokens -= (this.position - start) >>> 5;
  }

  #skipComment(): void {
    const bytes = this.#bytes;
    while (this.position < this.#end) {
      const byte = bytes[this.position]!;
      if (byte === code.lineFeed || byte === code.carriageReturn) return;
      this.position++;
    }
  }

  #name(): PdfName {
    const bytes = this.#bytes;
    const start = ++this.position;
    let hasEscapes = false;
    while (this.position < this.#end && classes[bytes[this.position]!] === 0) {
      if (bytes[this.position] === code.hash) hasEscapes = true;
      this.position++;
    }
    this.#charge(start);
    const end = Math.min(this.position, start + maxNameBytes);
    return new PdfName(hasEscapes ? this.#unescapeName(start, end) : bytes.toString('latin1', start, end));
  }

  #unescapeName(start: number, end: number): string {
    const bytes = this.#bytes;
    let name = '';
    let isNeedless = false;
    for (let i = start; i < end; i++) {
      const byte = bytes[i]!;
      const value = byte === code.hash && i + 2 < end ? hexByte(bytes[i + 1]!, bytes[i + 2]!) : -1;
      name += String.fromCharCode(value < 0 ? byte : value);
      if (value < 0) continue;
      isNeedless ||= isAlphanumeric(value);
      i += 2;
    }
    if (isNeedless) this.#noteEscaped(name, end);
    return name;
  }

  #noteEscaped(name: string, end: number): void {
    const work = this.#work;
    work.escapedNames++;
    if (end - this.#lastEscapedAt < closeBytes) work.closeEscapedNames++;
    this.#lastEscapedAt = end;
    if (work.escaped.size < maxEscaped) work.escaped.add(name);
  }

  #literal(): PdfString {
    const bytes = this.#bytes;
    let text = '';
    let open = 0;
    const first = ++this.position;
    let start = first;
    while (this.position < this.#end) {
      const byte = bytes[this.position]!;
      if (byte === code.open) open++;
      else if (byte === code.close && open-- === 0) break;
      else if (byte === code.backslash) {
        if (text.length < maxStringBytes) text += bytes.toString('latin1', start, this.position);
        text += this.#escape();
        start = this.position;
        continue;
      }
      this.position++;
    }
    this.#charge(first);
    if (text.length < maxStringBytes)
      text += bytes.toString('latin1', start, Math.min(this.position, start + maxStringBytes));
    this.position = Math.min(this.position + 1, this.#end);
    return new PdfString(text.slice(0, maxStringBytes));
  }

  /** What a backslash and the characters behind it stand for; steps over them. */
  #escape(): string {
    const bytes = this.#bytes;
    const next = bytes[++this.position];
    if (next === undefined || this.position >= this.#end) return '';
    if (next >= 0x30 && next <= 0x37) {
      let value = 0;
      for (let i = 0; i < 3; i++) {
        const digit = bytes[this.position];
        if (digit === undefined || digit < 0x30 || digit > 0x37) break;
        value = value * 8 + digit - 0x30;
        this.position++;
      }
      return String.fromCharCode(value & 0xff);
    }
    this.position++;
    if (next === code.lineFeed) return '';
    if (next === code.carriageReturn) {
      if (bytes[this.position] === code.lineFeed) this.position++;
      return '';
    }
    const char = String.fromCharCode(next);
    return escapes[char] ?? char;
  }

  #hexadecimal(): PdfString {
    const bytes = this.#bytes;
    const start = this.position;
    const close = bytes.indexOf(code.greater, start);
    const end = close < 0 ? this.#end : Math.min(close, this.#end);
    const digits = bytes
      .toString('latin1', start + 1, Math.min(end, start + 1 + maxStringBytes))
      .replaceAll(/[^0-9A-Fa-f]+/g, '');
    this.position = Math.min(end + 1, this.#end);
    this.#charge(start);
    return new PdfString(
      Buffer.from(digits.length % 2 === 0 ? digits : `${digits}0`, 'hex').toString('latin1'),
    );
  }

  #array(depth: number): readonly PdfValue[] {
    const items: PdfValue[] = [];
    this.position++;
    while (depth < maxDepth) {
      this.skipBlanks();
      if (this.#bytes[this.position] === code.closeBracket) {
        this.position++;
        break;
      }
      const item = this.value(depth + 1);
      if (item === undefined) break;
      items.push(item);
    }
    return items;
  }

  #dictionary(depth: number): ReadonlyMap<string, PdfValue> {
    const entries = new Map<string, PdfValue>();
    this.position += 2;
    while (depth < maxDepth) {
      this.skipBlanks();
      const byte = this.#bytes[this.position];
      if (byte === code.greater) {
        this.position += this.#bytes[this.position + 1] === code.greater ? 2 : 1;
        break;
      }
      if (byte !== code.slash || this.position >= this.#end || this.#work.tokens-- <= 0) break;
      const key = this.#name();
      const value = this.value(depth + 1);
      if (value === undefined) break;
      entries.set(key.name, value);
    }
    return entries;
  }

  #numberOrWord(first: number): PdfValue | undefined {
    const bytes = this.#bytes;
    const start = this.position;
    while (this.position < this.#end && classes[bytes[this.position]!] === 0) this.position++;
    if (this.position === start) {
      // A bracket that closes nothing.
      return undefined;
    }
    const word = bytes.toString('latin1', start, Math.min(this.position, start + 32));
    if (isDigit(first) || first === 0x2b || first === 0x2d || first === 0x2e) {
      const number = Number(word);
      return Number.isInteger(number) && isDigit(first) ? (this.#reference(number) ?? number) : number || 0;
    }
    if (word === 'true' || word === 'false') return word === 'true';
    if (word === 'null') return null;
    this.position = start;
    return undefined;
  }

  /** `0 R` behind a number. */
  #reference(object: number): PdfReference | undefined {
    const bytes = this.#bytes;
    let at = this.position;
    const skip = (holds: (byte: number) => boolean): boolean => {
      const start = at;
      while (at < this.#end && at - start < 8 && holds(bytes[at]!)) at++;
      return at > start;
    };
    const isBlank = (byte: number): boolean => classes[byte] === whiteSpace;
    if (!skip(isBlank) || !skip(isDigit) || !skip(isBlank) || bytes[at] !== 0x52) return undefined;
    const next = bytes[at + 1];
    if (next !== undefined && at + 1 < this.#end && classes[next] === 0) return undefined;
    this.position = at + 1;
    return new PdfReference(object);
  }
}
