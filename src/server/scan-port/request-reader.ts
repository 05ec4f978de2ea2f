import { LimitError, ProtocolError, RequestHeaderList } from '../../core/index.ts';
import { type BodyReader, bodyReader } from './body-reader.ts';
import {
  findHeadEnd,
  isLegacyLine,
  parseHead,
  parseRequestLine,
  type RequestHead,
  type RequestLine,
} from './head.ts';
import { InputBuffer } from './input-buffer.ts';

/** The head of a request is over its limit (RFC 6585 5). */
export class HeadTooLargeError extends LimitError {
  constructor(maxBytes: number) {
    super('tooLarge', `head of the request is larger than ${maxBytes} bytes`);
  }
}

/** How far a request has come: nothing of it, a part, all of it. */
export type ReadState = 'idle' | 'partial' | 'complete';

export interface ReaderLimits {
  readonly maxHeadBytes: number;
  readonly maxMessageBytes: number;
}

const noBytes = Buffer.alloc(0);

/** Takes requests of all three protocols out of a stream of bytes, one after the other. */
export class RequestReader {
  readonly #limits: () => ReaderLimits;
  readonly #input = new InputBuffer();
  /** Bytes of the head that were searched for its end. */
  #searchedBytes = 0;
  #line: RequestLine | undefined;
  #head: RequestHead | undefined;
  #body: BodyReader | undefined;
  #bodyBytes = 0;
  #hasEnded = false;

  constructor(limits: () => ReaderLimits) {
    this.#limits = limits;
  }

  /** First line of the current request, as soon as it is understood. */
  get line(): RequestLine | undefined {
    return this.#line;
  }

  /** Head of the current request, when it has come. */
  get head(): RequestHead | undefined {
    return this.#head;
  }

  /** Bytes of the current body that have come. */
  get bodyBytes(): number {
    return this.#bodyBytes;
  }

  /** Bytes that wait behind the current request. */
  get waitingBytes(): number {
    return this.#input.length;
  }

  /**
   * Goes on with the current request.
   *
   * @throws ProtocolError for what is no request, HeadTooLargeError, LimitError `tooLarge`
   */
  read(chunk: Buffer): ReadState {
    if (!this.#body) {
      this.#input.append(chunk);
      return this.#readHead();
    }
    const used = this.#readBody(chunk);
    if (used < chunk.length) this.#input.append(chunk.subarray(used));
    return this.#bodyState();
  }

  /** Keeps bytes of further requests until {@link next}. */
  keep(chunk: Buffer): void {
    this.#input.append(chunk);
  }

  /**
   * No more bytes will come.
   *
   * @throws ProtocolError when that truncates the current request
   */
  end(): ReadState {
    this.#hasEnded = true;
    if (this.#body) return this.#bodyState();
    return this.#readHead();
  }

  /** The body of a complete request. */
  takeBody(): Buffer {
    const body = this.#body?.take() ?? noBytes;
    this.#body = undefined;
    return body;
  }

  /** Forgets the current request and goes on with the bytes behind it. Throws as {@link read}. */
  next(): ReadState {
    this.#searchedBytes = 0;
    this.#line = undefined;
    this.#head = undefined;
    this.#body = undefined;
    this.#bodyBytes = 0;
    return this.#readHead();
  }

  /** Throws away all that came and was not used. */
  clear(): void {
    this.#input.clear();
    this.#body = undefined;
    this.#bodyBytes = 0;
  }

  #readHead(): ReadState {
    this.#skipBlankLines();
    if (this.#input.length === 0) return 'idle';
    const bytes = this.#input.view();
    const end = findHeadEnd(bytes, this.#searchedBytes - 3);
    this.#searchedBytes = bytes.length;
    const { maxHeadBytes, maxMessageBytes } = this.#limits();
    if ((end < 0 ? bytes.length : end) > maxHeadBytes) {
      this.#line ??= legacyLineOf(bytes);
      throw new HeadTooLargeError(maxHeadBytes);
    }
    if (end >= 0) {
      this.#head = parseHead(bytes.subarray(0, end), (line) => {
        this.#line = line;
      });
      this.#input.consume(end);
    } else {
      this.#head = this.#bareCommand(bytes);
      if (!this.#head) return 'partial';
      this.#input.clear();
    }
    this.#body = bodyReader(this.#head.framing, maxMessageBytes);
    this.#input.consume(this.#readBody(this.#input.view()));
    return this.#bodyState();
  }

  /** RFC 9112 2.2: blank lines before a request line are to be ignored. */
  #skipBlankLines(): void {
    if (this.#searchedBytes > 0) return;
    const bytes = this.#input.view();
    let skipped = 0;
    while (bytes[skipped] === 0x0d || bytes[skipped] === 0x0a) skipped++;
    if (skipped > 0) this.#input.consume(skipped);
  }

  /**
   * Judges the first line before the rest has come, so that a client of another protocol hears at once.
   *
   * @returns a head for the commands that monitoring scripts send without header lines
   */
  #bareCommand(bytes: Buffer): RequestHead | undefined {
    if (!this.#line) {
      const letter = bytes[0]! | 0x20;
      if (letter < 0x61 || letter > 0x7a) throw new ProtocolError('first byte is no letter');
      const lineFeed = bytes.indexOf(0x0a);
      if (lineFeed >= 0) this.#line = parseRequestLine(bytes.toString('latin1', 0, lineFeed).trimEnd());
    }
    const line = this.#line;
    if (line && line.protocol !== 'http' && (line.command === 'PING' || line.command === 'SKIP')) {
      const { protocol, command, version } = line;
      const framing = { kind: 'length', sizeBytes: 0 } as const;
      return { protocol, command, version, headers: new RequestHeaderList(), framing };
    }
    if (this.#hasEnded) throw new ProtocolError('request ended early');
    return undefined;
  }

  #readBody(chunk: Buffer): number {
    const used = this.#body!.push(chunk);
    this.#bodyBytes += used;
    return used;
  }

  #bodyState(): ReadState {
    const body = this.#body!;
    if (body.isComplete || (this.#hasEnded && body.endsWithStream)) return 'complete';
    if (this.#hasEnded) throw new ProtocolError('message ended early');
    return 'partial';
  }
}

/** A legacy first line at the beginning of bytes that go on too long. */
function legacyLineOf(bytes: Buffer): RequestLine | undefined {
  const text = bytes.toString('latin1', 0, 256).split(/\r?\n/, 1)[0]!;
  return isLegacyLine(text) ? parseRequestLine(text) : undefined;
}
