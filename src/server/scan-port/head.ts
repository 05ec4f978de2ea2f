import { isUtf8 } from 'node:buffer';
import { ProtocolError, RequestHeaderList } from '../../core/index.ts';

/** How the end of a body is found (RFC 9112 6.3). `eof`: SPAMC without a length. */
export type Framing =
  | { readonly kind: 'length'; readonly sizeBytes: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'eof' };

/** Head of an HTTP request. */
export interface HttpHead {
  readonly protocol: 'http';
  readonly method: string;
  readonly target: string;
  readonly headers: RequestHeaderList;
  readonly framing: Framing;
  readonly keepAlive: boolean;
  /** The client waits for `100 Continue` before it sends the body (RFC 9110 10.1.1). */
  readonly expectsContinue: boolean;
}

/** Head of an RSPAMC or SPAMC request. */
export interface LegacyHead {
  readonly protocol: 'rspamc' | 'spamc';
  readonly command: string;
  /** Number after the slash, 0 when it is none. */
  readonly version: number;
  readonly headers: RequestHeaderList;
  readonly framing: Framing;
}

export type RequestHead = HttpHead | LegacyHead;

/** What the first line says, before the header lines are looked at. */
export type RequestLine =
  | {
      readonly protocol: 'http';
      readonly method: string;
      readonly target: string;
      readonly minorVersion: number;
    }
  | { readonly protocol: 'rspamc' | 'spamc'; readonly command: string; readonly version: number };

/**
 * Finds the blank line that ends a head; lines may end with LF alone.
 *
 * @param from first byte to look at, for a head that comes in pieces: the value of `view.length - 3` then suffices
 * @returns offset of the first byte after the blank line, -1 when it has not come yet
 */
export function findHeadEnd(bytes: Buffer, from: number): number {
  const { length } = bytes;
  for (let i = Math.max(from, 0); i < length; i++) {
    if (bytes[i] !== 0x0a) continue;
    if (bytes[i + 1] === 0x0a) return i + 2;
    if (bytes[i + 1] === 0x0d && bytes[i + 2] === 0x0a) return i + 3;
  }
  return -1;
}

const legacyLine = /^([A-Z_]{1,32}) +(R?)SPAMC\/?(\d{1,3}(?:\.\d{1,3})?)?/;
const httpLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) +(\S+) +HTTP\/(\d)\.(\d)$/;

/** The line is the beginning of a legacy request, whatever its command (wire-protocols 2.1). */
export function isLegacyLine(line: string): boolean {
  return legacyLine.test(line);
}

/**
 * Reads a first line, without its line break.
 *
 * @throws ProtocolError when it is neither HTTP/1 nor a legacy line
 */
export function parseRequestLine(line: string): RequestLine {
  const http = httpLine.exec(line);
  if (http) {
    if (http[3] !== '1') throw new ProtocolError(`HTTP version ${http[3]} is not spoken here`);
    return { protocol: 'http', method: http[1]!, target: http[2]!, minorVersion: Number(http[4]) };
  }
  const legacy = legacyLine.exec(line);
  if (legacy) {
    const protocol = legacy[2] === 'R' ? 'rspamc' : 'spamc';
    return { protocol, command: legacy[1]!, version: Number(legacy[3] ?? 0) };
  }
  throw new ProtocolError('first line is no request of HTTP, RSPAMC or SPAMC');
}

/** Characters of a field name (RFC 9110 5.6.2). */
const fieldName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Collects what frames the request while header lines go by. */
class FramingFields {
  contentLength: number | undefined;
  isChunked = false;
  connection = '';
  expect = '';

  see(name: string, value: string): void {
    switch (name) {
      case 'content-length':
        this.#setLength(value);
        break;
      case 'transfer-encoding':
        // No client sends another coding; guessing would let two readers disagree about where a request ends.
        if (this.isChunked || value.toLowerCase() !== 'chunked') {
          throw new ProtocolError('transfer encoding is not understood');
        }
        this.isChunked = true;
        break;
      case 'connection':
        this.connection += `,${value.toLowerCase()}`;
        break;
      case 'expect':
        this.expect = value.toLowerCase();
        break;
    }
  }

  #setLength(value: string): void {
    const sizeBytes = /^\d{1,15}$/.test(value) ? Number(value) : undefined;
    if (sizeBytes === undefined || (this.contentLength !== undefined && this.contentLength !== sizeBytes)) {
      throw new ProtocolError('content length is not understood');
    }
    this.contentLength = sizeBytes;
  }

  has(option: string): boolean {
    return this.connection !== '' && this.connection.split(',').some((word) => word.trim() === option);
  }
}

function addHeaderLine(line: string, headers: RequestHeaderList, fields: FramingFields): void {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
  // Also refuses folded lines and blanks before the colon (RFC 9112 5.1, 5.2).
  if (!fieldName.test(name)) throw new ProtocolError('header line is not understood');
  const value = line.slice(colon + 1).trim();
  if (value.includes('\0') || value.includes('\r'))
    throw new ProtocolError('control character in a header line');
  headers.add(name, value);
  fields.see(name, value);
}

function framingOf(line: RequestLine, fields: FramingFields): Framing {
  const { contentLength } = fields;
  if (fields.isChunked) {
    if (line.protocol !== 'http') throw new ProtocolError('chunked body in a legacy request');
    if (contentLength !== undefined) throw new ProtocolError('both a content length and a transfer encoding');
    return { kind: 'chunked' };
  }
  if (contentLength !== undefined) return { kind: 'length', sizeBytes: contentLength };
  if (line.protocol !== 'http' && line.command !== 'PING' && line.command !== 'SKIP') {
    if (line.protocol === 'spamc') return { kind: 'eof' };
    // Exim keeps its write side open, so the end of the stream never tells where the message ends; an empty
    // message would pass as clean.
    throw new ProtocolError('Content-length is missing');
  }
  return { kind: 'length', sizeBytes: 0 };
}

/** Bytes as text: UTF-8 where they are (RFC 6531 addresses), else one character a byte. */
function headText(bytes: Buffer): string {
  return bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1');
}

/**
 * Parses a whole head: request line, header lines, blank line.
 *
 * @param firstLine called as soon as the request line is known, so that an error about the rest can be answered in
 *   the client's own protocol
 * @throws ProtocolError
 */
export function parseHead(bytes: Buffer, firstLine: (line: RequestLine) => void): RequestHead {
  const text = headText(bytes);
  const headers = new RequestHeaderList();
  const fields = new FramingFields();
  let line: RequestLine | undefined;
  let start = 0;
  for (;;) {
    const lineFeed = text.indexOf('\n', start);
    if (lineFeed < 0) break;
    const end = text.charCodeAt(lineFeed - 1) === 0x0d && lineFeed > start ? lineFeed - 1 : lineFeed;
    if (line) {
      if (end === start) break;
      addHeaderLine(text.slice(start, end), headers, fields);
    } else {
      line = parseRequestLine(text.slice(start, end));
      firstLine(line);
    }
    start = lineFeed + 1;
  }
  if (!line) throw new ProtocolError('first line is missing');
  const framing = framingOf(line, fields);
  if (line.protocol !== 'http') {
    return { protocol: line.protocol, command: line.command, version: line.version, headers, framing };
  }
  const keepAlive = line.minorVersion === 0 ? fields.has('keep-alive') : !fields.has('close');
  if (fields.expect !== '' && fields.expect !== '100-continue') {
    throw new ProtocolError(`expectation is not understood`);
  }
  // RFC 9110 10.1.1: an HTTP/1.0 client knows no interim replies.
  const expectsContinue = fields.expect !== '' && line.minorVersion > 0;
  return {
    protocol: 'http',
    method: line.method,
    target: line.target,
    headers,
    framing,
    keepAlive,
    expectsContinue,
  };
}
