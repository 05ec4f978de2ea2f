import { LimitError, ProtocolError } from '../../core/index.ts';
import type { Framing } from './head.ts';

/** Takes the bytes of one body out of the stream. */
export interface BodyReader {
  /**
   * Takes what belongs to the body.
   *
   * @returns how many bytes of the chunk were used; the rest follows the body
   * @throws ProtocolError for broken chunks, LimitError `tooLarge`
   */
  push(chunk: Buffer): number;
  readonly isComplete: boolean;
  /** The body ends where the stream does; call it when the client has finished. */
  readonly endsWithStream: boolean;
  /** The whole body; ask once, when it is complete. */
  take(): Buffer;
}

function tooLarge(maxBytes: number): LimitError {
  return new LimitError('tooLarge', `message is larger than ${maxBytes} bytes`);
}

/** A body of a known length. When it comes in one piece it is not copied. */
class LengthBody implements BodyReader {
  readonly endsWithStream = false;
  readonly #chunks: Buffer[] = [];
  readonly #sizeBytes: number;
  #missingBytes: number;

  constructor(sizeBytes: number, maxBytes: number) {
    if (sizeBytes > maxBytes) throw tooLarge(maxBytes);
    this.#sizeBytes = sizeBytes;
    this.#missingBytes = sizeBytes;
  }

  get isComplete(): boolean {
    return this.#missingBytes === 0;
  }

  push(chunk: Buffer): number {
    const used = Math.min(chunk.length, this.#missingBytes);
    if (used > 0) this.#chunks.push(used === chunk.length ? chunk : chunk.subarray(0, used));
    this.#missingBytes -= used;
    return used;
  }

  take(): Buffer {
    return this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks, this.#sizeBytes);
  }
}

/** A body up to the end of the stream. */
class StreamBody implements BodyReader {
  readonly endsWithStream = true;
  readonly isComplete = false;
  readonly #chunks: Buffer[] = [];
  readonly #maxBytes: number;
  #sizeBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  push(chunk: Buffer): number {
    this.#sizeBytes += chunk.length;
    if (this.#sizeBytes > this.#maxBytes) throw tooLarge(this.#maxBytes);
    this.#chunks.push(chunk);
    return chunk.length;
  }

  take(): Buffer {
    return this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks, this.#sizeBytes);
  }
}

/** Most bytes of chunk extensions in one body, and of all trailers. */
const maxExtensionBytes = 16 * 1024;
const initialCapacity = 16 * 1024;

type ChunkState = 'size' | 'extension' | 'data' | 'data-end' | 'trailer' | 'done';

/** Chunked coding (RFC 9112 7.1), lines may end with LF alone. Haraka sends about one chunk a line. */
class ChunkedBody implements BodyReader {
  readonly endsWithStream = false;
  readonly #maxBytes: number;
  #bytes: Buffer = Buffer.alloc(0);
  #sizeBytes = 0;
  #state: ChunkState = 'size';
  /** Bytes of the current chunk that have not come; while its size is read, the size so far. */
  #missingBytes = 0;
  #digits = 0;
  #extensionBytes = 0;
  /** Characters of the current trailer line. */
  #lineLength = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get isComplete(): boolean {
    return this.#state === 'done';
  }

  push(chunk: Buffer): number {
    let i = 0;
    while (i < chunk.length && this.#state !== 'done') {
      if (this.#state === 'data') {
        const end = Math.min(i + this.#missingBytes, chunk.length);
        this.#append(chunk, i, end);
        this.#missingBytes -= end - i;
        if (this.#missingBytes === 0) this.#state = 'data-end';
        i = end;
      } else this.#control(chunk[i++]!);
    }
    return i;
  }

  take(): Buffer {
    return this.#bytes.subarray(0, this.#sizeBytes);
  }

  /** One byte outside of the data. */
  #control(byte: number): void {
    switch (this.#state) {
      case 'size':
        this.#sizeByte(byte);
        break;
      case 'extension':
        this.#countExtension();
        if (byte === 0x0a) this.#sizeIsRead();
        break;
      case 'data-end':
        if (byte === 0x0a) {
          this.#state = 'size';
          this.#digits = 0;
          this.#missingBytes = 0;
        } else if (byte !== 0x0d) throw new ProtocolError('chunk is longer than its size');
        break;
      case 'trailer':
        this.#countExtension();
        if (byte === 0x0a) {
          if (this.#lineLength === 0) this.#state = 'done';
          this.#lineLength = 0;
        } else if (byte !== 0x0d) this.#lineLength++;
        break;
    }
  }

  #sizeByte(byte: number): void {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      if (++this.#digits > 10) throw new ProtocolError('chunk size is not understood');
      this.#missingBytes = this.#missingBytes * 16 + digit;
      return;
    }
    if (this.#digits === 0) throw new ProtocolError('chunk size is not understood');
    if (byte === 0x0a) this.#sizeIsRead();
    else if (byte === 0x0d || byte === 0x3b || byte === 0x20 || byte === 0x09) this.#state = 'extension';
    else throw new ProtocolError('chunk size is not understood');
  }

  #sizeIsRead(): void {
    if (this.#sizeBytes + this.#missingBytes > this.#maxBytes) throw tooLarge(this.#maxBytes);
    this.#state = this.#missingBytes === 0 ? 'trailer' : 'data';
  }

  #countExtension(): void {
    if (++this.#extensionBytes > maxExtensionBytes) throw new ProtocolError('chunk extensions are too long');
  }

  #append(chunk: Buffer, start: number, end: number): void {
    const sizeBytes = this.#sizeBytes + end - start;
    if (sizeBytes > this.#bytes.length) {
      const capacity = Math.min(Math.max(initialCapacity, sizeBytes * 2), this.#maxBytes);
      const larger = Buffer.allocUnsafeSlow(capacity);
      this.#bytes.copy(larger, 0, 0, this.#sizeBytes);
      this.#bytes = larger;
    }
    chunk.copy(this.#bytes, this.#sizeBytes, start, end);
    this.#sizeBytes = sizeBytes;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/**
 * The reader for a body that is framed so.
 *
 * @throws LimitError `tooLarge` when the announced length is over the limit already
 */
export function bodyReader(framing: Framing, maxBytes: number): BodyReader {
  switch (framing.kind) {
    case 'length':
      return new LengthBody(framing.sizeBytes, maxBytes);
    case 'chunked':
      return new ChunkedBody(maxBytes);
    case 'eof':
      return new StreamBody(maxBytes);
  }
}
