import { createHash } from 'node:crypto';
import type { Header, Message } from '../core/index.ts';

const cr = 0x0d;
const lf = 0x0a;
const space = 0x20;
const tab = 0x09;

/** How a header or body is made comparable before it is hashed (RFC 6376 3.4). */
export type Canonicalization = 'relaxed' | 'simple';

type Update = (chunk: Buffer) => void;

const chunkBytes = 16_384;
/** Spans of this length are hashed where they lie instead of being copied. */
const directBytes = 2048;

/** Gathers short pieces into chunks; long ones go out as they are. */
class ChunkWriter {
  readonly #raw: Buffer;
  readonly #update: Update;
  #chunk: Buffer | undefined;
  #used = 0;

  constructor(raw: Buffer, update: Update) {
    this.#raw = raw;
    this.#update = update;
  }

  span(from: number, to: number): void {
    const length = to - from;
    if (length <= 0) return;
    if (length >= directBytes) {
      this.flush();
      this.#update(this.#raw.subarray(from, to));
      return;
    }
    const chunk = this.#room(length);
    if (length > 32) this.#raw.copy(chunk, this.#used, from, to);
    else for (let i = 0; i < length; i++) chunk[this.#used + i] = this.#raw[from + i]!;
    this.#used += length;
  }

  blank(): void {
    this.#room(1)[this.#used++] = space;
  }

  lineBreak(): void {
    const chunk = this.#room(2);
    chunk[this.#used++] = cr;
    chunk[this.#used++] = lf;
  }

  /** What was handed out is used again: consumers must be done with a chunk when they return. */
  flush(): void {
    if (this.#chunk && this.#used > 0) this.#update(this.#chunk.subarray(0, this.#used));
    this.#used = 0;
  }

  #room(length: number): Buffer {
    this.#chunk ??= Buffer.allocUnsafe(chunkBytes);
    if (this.#used + length > chunkBytes) this.flush();
    return this.#chunk;
  }
}

/** Offset after the last byte that is neither line break nor (unless they count) blank. */
function contentEnd(raw: Buffer, start: number, blanks: 'ignored' | 'kept'): number {
  let end = raw.length;
  while (end > start) {
    const byte = raw[end - 1]!;
    if (byte !== cr && byte !== lf && (blanks === 'kept' || (byte !== space && byte !== tab))) break;
    end--;
  }
  return end;
}

/**
 * Passes over bytes that are neither blank nor control, four at a time: whole lines of base64 are made of them.
 * A word holds a byte below 0x21 if the subtraction borrows from its highest bit; a byte too many stops it at worst.
 */
class WordScanner {
  readonly #words: Int32Array;
  readonly #byteOffset: number;
  readonly #end: number;

  constructor(raw: Buffer, end: number) {
    this.#words = new Int32Array(raw.buffer, 0, raw.buffer.byteLength >> 2);
    this.#byteOffset = raw.byteOffset;
    this.#end = (raw.byteOffset + end) >> 2;
  }

  /** @returns the first offset from `i` whose word is worth a look; `i` itself when it is not aligned */
  skip(i: number): number {
    const address = this.#byteOffset + i;
    if ((address & 3) !== 0) return i;
    const words = this.#words;
    const end = this.#end;
    let at = address >> 2;
    while (at < end) {
      const word = words[at]!;
      if (((word - 0x21212121) & ~word & 0x80808080) !== 0) break;
      at++;
    }
    return (at << 2) - this.#byteOffset;
  }
}

/** A run of this many bytes is worth scanning by words. */
const longRun = 12;

/** RFC 6376 3.4.4. The empty lines at the end are cut off first, so that nothing has to be held back. */
function relax(raw: Buffer, start: number, update: Update): void {
  const end = contentEnd(raw, start, 'ignored');
  if (end === start) return;
  const writer = new ChunkWriter(raw, update);
  const words = new WordScanner(raw, end);
  let from = start;
  let i = start;
  let run = 0;
  while (i < end) {
    const byte = raw[i]!;
    if (byte > space) {
      i++;
      if (++run > longRun) i = words.skip(i);
      continue;
    }
    run = 0;
    // A single space inside a line stays as it is.
    if (byte === space && raw[i + 1]! > space) i += 2;
    else if (byte === space || byte === tab) {
      let after = i + 1;
      let next = raw[after]!;
      while (next === space || next === tab) next = raw[++after]!;
      const endsLine = next === cr || next === lf;
      writer.span(from, i);
      if (!endsLine) writer.blank();
      from = after;
      i = after;
    } else if (byte === cr && raw[i + 1] === lf) {
      i += 2;
    } else if (byte === cr || byte === lf) {
      writer.span(from, i);
      writer.lineBreak();
      from = ++i;
    } else i++;
  }
  writer.span(from, end);
  writer.lineBreak();
  writer.flush();
}

/** RFC 6376 3.4.3: only empty lines at the end go; a body without any line is one empty line. */
function keepSimple(raw: Buffer, start: number, update: Update): void {
  const end = contentEnd(raw, start, 'kept');
  const writer = new ChunkWriter(raw, update);
  let from = start;
  let i = start;
  while (i < end) {
    const byte = raw[i]!;
    if (byte > cr) i++;
    else if (byte === cr && raw[i + 1] === lf) i += 2;
    else if (byte === cr || byte === lf) {
      writer.span(from, i);
      writer.lineBreak();
      from = ++i;
    } else i++;
  }
  writer.span(from, end);
  writer.lineBreak();
  writer.flush();
}

/**
 * Canonical body (RFC 6376 3.4.3, 3.4.4). Every line ends with CRLF whatever the message's own line ends are, for
 * that is how it will be delivered.
 *
 * @returns a new buffer; empty for a relaxed body without content
 */
export function canonicalBody(raw: Buffer, start: number, how: Canonicalization): Buffer {
  const chunks: Buffer[] = [];
  (how === 'relaxed' ? relax : keepSimple)(raw, start, (chunk) => chunks.push(Buffer.from(chunk)));
  return Buffer.concat(chunks);
}

/** Hash of a canonical body, or of its first bytes. */
export interface BodyDigest {
  /** Base64 SHA-256 (`bh=`). */
  readonly hash: string;
  /** The canonical body is shorter than the limit that was asked for: such an `l=` cannot be (RFC 6376 3.5). */
  readonly isShort: boolean;
}

/**
 * Hashes the canonical body.
 *
 * @param maxBytes `l=`: only that many bytes of the canonical body count (RFC 6376 3.5)
 */
export function digestBody(raw: Buffer, start: number, how: Canonicalization, maxBytes: number): BodyDigest {
  const hash = createHash('sha256');
  let left = maxBytes;
  const update =
    maxBytes === Number.POSITIVE_INFINITY
      ? (chunk: Buffer): void => {
          hash.update(chunk);
        }
      : (chunk: Buffer): void => {
          hash.update(left < chunk.length ? chunk.subarray(0, left) : chunk);
          left = Math.max(0, left - chunk.length);
        };
  (how === 'relaxed' ? relax : keepSimple)(raw, start, update);
  const isShort = maxBytes !== Number.POSITIVE_INFINITY && left > 0;
  return { hash: hash.digest('base64'), isShort };
}

const digests = new WeakMap<Message, Map<string, BodyDigest>>();

/**
 * Hash of a message's body. Each form and limit is hashed once for a message, whoever asks: signatures and seals that
 * came with it, and our own.
 *
 * @param how default relaxed
 * @param maxBytes default: the whole body
 */
export function bodyDigest(
  message: Message,
  how: Canonicalization = 'relaxed',
  maxBytes = Number.POSITIVE_INFINITY,
): BodyDigest {
  let known = digests.get(message);
  if (!known) {
    known = new Map();
    digests.set(message, known);
  }
  const key = `${how} ${maxBytes}`;
  let digest = known.get(key);
  if (!digest) {
    digest = digestBody(message.raw, message.bodyOffset, how, maxBytes);
    known.set(key, digest);
  }
  return digest;
}

/**
 * Relaxed form of a value: unfolded, runs of blanks one space, none at the ends (RFC 6376 3.4.2). Only space and tab
 * are blanks: values are bytes in latin1, where the last byte of `à` would pass for a no-break space.
 */
export function relaxedValue(value: string): string {
  const text = value.replace(/[\r\n]+/g, '').replace(/[\t ]+/g, ' ');
  const from = text.startsWith(' ') ? 1 : 0;
  const to = text.endsWith(' ') ? text.length - 1 : text.length;
  return from < to ? text.slice(from, to) : '';
}

/** Value of a header as it lies in the message, one character a byte. */
export function rawHeaderValue(raw: Buffer, header: Header): string {
  return raw.toString('latin1', header.valueStart, header.end);
}

/** Canonical header with its CRLF, one character a byte so that raw 8-bit values stay as they are. */
export function canonicalHeader(raw: Buffer, header: Header, how: Canonicalization = 'relaxed'): string {
  if (how === 'relaxed') return `${header.key}:${relaxedValue(rawHeaderValue(raw, header))}\r\n`;
  return `${crlfLines(raw.toString('latin1', header.start, header.end))}\r\n`;
}

/** Text with every line break as CRLF. */
export function crlfLines(text: string): string {
  return text.replace(/\r\n|\r|\n/g, '\r\n');
}
