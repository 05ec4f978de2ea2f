import { isUtf8 } from 'node:buffer';
import type { Header, HeaderList } from '../core/index.ts';
import { decodeUndeclared } from './charset.ts';
import type { DefectSink } from './defects.ts';
import { decodeEncodedWords } from './encoded-word.ts';
import type { ParseLimits } from './limits.ts';

const nul = 0x00;
const tab = 0x09;
const lf = 0x0a;
const cr = 0x0d;
const space = 0x20;
const colon = 0x3a;

/** What all fields of one header share. */
interface HeaderBlock {
  readonly source: Buffer;
  /** Offset in the source of the first character of `text`. */
  readonly start: number;
  /** The block, one character a byte. */
  readonly text: string;
  readonly isAscii: boolean;
  readonly valueBytes: number;
}

/** Removes line breaks of folding (RFC 5322 2.2.3); the blanks after them stay. */
function unfold(text: string): string {
  return text.includes('\n') || text.includes('\r') ? text.replace(/[\r\n]+/g, '') : text;
}

/** One field; its texts are made on first use. */
export class ParsedHeader implements Header {
  readonly name: string;
  readonly key: string;
  readonly start: number;
  readonly valueStart: number;
  readonly end: number;
  readonly #block: HeaderBlock;
  #rawValue: string | undefined;
  #value: string | undefined;

  constructor(block: HeaderBlock, start: number, nameEnd: number, valueStart: number, end: number) {
    this.#block = block;
    this.start = start;
    this.valueStart = valueStart;
    this.end = end;
    this.name = block.text.slice(start - block.start, nameEnd - block.start);
    this.key = this.name.toLowerCase();
  }

  get rawValue(): string {
    return (this.#rawValue ??= this.#readRaw(this.end));
  }

  get value(): string {
    return (this.#value ??= decodeEncodedWords(this.unfolded()).trim());
  }

  #readRaw(end: number): string {
    const { source, text, start, isAscii } = this.#block;
    if (!isAscii) {
      const bytes = source.subarray(this.valueStart, end);
      if (isUtf8(bytes)) return bytes.toString('utf8');
    }
    return text.slice(this.valueStart - start, end - start);
  }

  /** Unfolded, raw 8-bit guessed, encoded words left as they are: what structured fields are parsed from. */
  unfolded(): string {
    const { source, valueBytes, isAscii } = this.#block;
    const end = Math.min(this.end, this.valueStart + valueBytes);
    return unfold(isAscii ? this.#readRaw(end) : decodeUndeclared(source.subarray(this.valueStart, end)));
  }
}

/** Fields in order, found by lower-case name. */
export class ParsedHeaders implements HeaderList {
  readonly all: readonly ParsedHeader[];
  #byKey: Map<string, ParsedHeader[]> | undefined;

  constructor(all: readonly ParsedHeader[]) {
    this.all = all;
  }

  first(key: string): ParsedHeader | undefined {
    if (this.#byKey) return this.#byKey.get(key)?.[0];
    for (const header of this.all) if (header.key === key) return header;
    return undefined;
  }

  every(key: string): readonly ParsedHeader[] {
    return this.#index().get(key) ?? [];
  }

  has(key: string): boolean {
    return this.first(key) !== undefined;
  }

  #index(): Map<string, ParsedHeader[]> {
    if (this.#byKey) return this.#byKey;
    const byKey = new Map<string, ParsedHeader[]>();
    for (const header of this.all) {
      const same = byKey.get(header.key);
      if (same) same.push(header);
      else byKey.set(header.key, [header]);
    }
    this.#byKey = byKey;
    return byKey;
  }
}

/** Length in bytes of the line break at `offset`, 0 when there is none. CR CR LF, made by broken gateways, is one. */
export function lineBreakLength(source: Uint8Array, offset: number, end: number): number {
  if (offset >= end) return 0;
  const byte = source[offset];
  if (byte === lf) return 1;
  if (byte !== cr) return 0;
  if (offset + 1 < end && source[offset + 1] === lf) return 2;
  return offset + 2 < end && source[offset + 1] === cr && source[offset + 2] === lf ? 3 : 1;
}

/** Offset of the next CR or LF, `end` when there is none. */
export function findLineEnd(source: Uint8Array, offset: number, end: number): number {
  while (offset < end) {
    const byte = source[offset]!;
    if (byte === lf || byte === cr) break;
    offset++;
  }
  return offset;
}

/** Is this the first line of an mbox entry, possibly quoted: `From address date`, and no field named From? */
export function isMboxLine(source: Uint8Array, offset: number, end: number): boolean {
  let i = source[offset] === 0x3e ? offset + 1 : offset;
  if (i + 5 > end) return false;
  if (source[i] !== 0x46 || source[i + 1] !== 0x72 || source[i + 2] !== 0x6f || source[i + 3] !== 0x6d)
    return false;
  if (source[i + 4] !== space) return false;
  i += 5;
  while (i < end && (source[i] === space || source[i] === tab)) i++;
  return source[i] !== colon || i >= end;
}

/** A header and where the body after it starts. */
export interface ScannedHeader {
  readonly headers: ParsedHeaders;
  /** Offset after the empty line, or of the first line that is no field; `end` when nothing follows. */
  readonly bodyStart: number;
}

/**
 * Reads the header at `start` (RFC 5322 2.2): up to an empty line, the first line that is neither a field nor the
 * continuation of one (as MTAs do), or `end`. CR, LF and CRLF end lines, mixed as they come. Field names may be
 * followed by blanks (4.5). mbox lines in the header are passed over.
 */
export function scanHeader(
  source: Buffer,
  start: number,
  end: number,
  limits: ParseLimits,
  defects: DefectSink,
): ScannedHeader {
  const marks: number[] = [];
  const listedEnd = Math.min(end, start + limits.headerBytes);
  const maxMarks = limits.headers * 4;
  let lineEndKinds = 0;
  let allBits = 0;
  let nulOffset = -1;
  let isFull = false;
  let bodyStart = -1;
  let pos = start;
  while (pos < end) {
    const emptyLine = lineBreakLength(source, pos, end);
    if (emptyLine > 0) {
      bodyStart = pos + emptyLine;
      break;
    }
    let nameEnd = pos;
    let byte = source[nameEnd]!;
    while (byte > space && byte !== colon && byte !== 0x7f) {
      allBits |= byte;
      if (++nameEnd >= end) break;
      byte = source[nameEnd]!;
    }
    let i = nameEnd;
    while (i < end && (source[i] === space || source[i] === tab)) i++;
    if (nameEnd === pos || i >= end || source[i] !== colon) {
      if (isMboxLine(source, pos, end)) {
        defects.add('mbox-line', pos);
        i = findLineEnd(source, i, end);
        pos = i + lineBreakLength(source, i, end);
        continue;
      }
      defects.add('header-without-colon', pos);
      bodyStart = pos;
      break;
    }
    const valueStart = i + 1;
    i = valueStart;
    // The value ends at a line break that no continuation line follows.
    for (;;) {
      while (i < end) {
        byte = source[i]!;
        if (byte === lf || byte === cr) break;
        if (byte === nul && nulOffset < 0) nulOffset = i;
        allBits |= byte;
        i++;
      }
      const breakLength = lineBreakLength(source, i, end);
      if (breakLength > 0) lineEndKinds |= breakLength === 1 ? (byte === lf ? 1 : 2) : breakLength << 1;
      const after = i + breakLength;
      if (breakLength === 0 || after >= end || (source[after] !== space && source[after] !== tab)) {
        if (marks.length < maxMarks && i <= listedEnd) {
          marks.push(pos, nameEnd, valueStart, i);
          if (i - valueStart > limits.headerValueBytes) defects.add('field-too-long', pos);
        } else if (!isFull) {
          isFull = true;
          defects.add(marks.length < maxMarks ? 'header-too-long' : 'too-many-headers', pos);
        }
        pos = after;
        break;
      }
      i = after;
    }
  }
  if (bodyStart < 0) bodyStart = end;
  if (nulOffset >= 0) defects.add('nul-byte', nulOffset);
  if ((lineEndKinds & (lineEndKinds - 1)) !== 0) defects.add('mixed-line-ends', start);
  return { headers: makeHeaders(source, start, marks, allBits < 0x80, limits), bodyStart };
}

function makeHeaders(
  source: Buffer,
  start: number,
  marks: readonly number[],
  isAscii: boolean,
  limits: ParseLimits,
): ParsedHeaders {
  if (marks.length === 0) return new ParsedHeaders([]);
  const block: HeaderBlock = {
    source,
    start,
    text: source.toString('latin1', start, marks[marks.length - 1]),
    isAscii,
    valueBytes: limits.headerValueBytes,
  };
  const all: ParsedHeader[] = [];
  for (let i = 0; i < marks.length; i += 4) {
    all.push(new ParsedHeader(block, marks[i]!, marks[i + 1]!, marks[i + 2]!, marks[i + 3]!));
  }
  return new ParsedHeaders(all);
}
