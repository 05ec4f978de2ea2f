import { ProtocolError } from '../../core/index.ts';

/** One part of a multipart body. */
export interface FormPart {
  /** Parameter `name` of Content-Disposition (RFC 7578 4.2), `''` when there is none. */
  readonly name: string;
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** A parameter of a header value such as `multipart/form-data; boundary="x"`, unquoted; its case is kept. */
export function headerParameter(value: string, name: string): string | undefined {
  const pattern = /;\s*([^\s=;]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;]*))/g;
  for (const match of value.matchAll(pattern)) {
    if (match[1]!.toLowerCase() === name) return match[2]?.replace(/\\(.)/g, '$1') ?? match[3];
  }
  return undefined;
}

const maxPartHeaderBytes = 8 * 1024;

function parsePart(bytes: Buffer): FormPart {
  const limit = Math.min(bytes.length, maxPartHeaderBytes);
  let bodyStart = -1;
  let headEnd = 0;
  if (bytes[0] === 0x0d && bytes[1] === 0x0a) bodyStart = 2;
  else {
    headEnd = bytes.indexOf('\r\n\r\n');
    if (headEnd >= 0 && headEnd <= limit) bodyStart = headEnd + 4;
  }
  if (bodyStart < 0) throw new ProtocolError('part of the form has no end of header');
  const headers = new Map<string, string>();
  for (const line of bytes.toString('utf8', 0, headEnd).split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  const name = headerParameter(headers.get('content-disposition') ?? '', 'name') ?? '';
  return { name, headers, body: bytes.subarray(bodyStart) };
}

/**
 * Splits a multipart body (RFC 2046 5.1.1); parts are views into `body`.
 *
 * @throws ProtocolError when it does not end, or has more than `maxParts`
 */
export function parseMultipart(body: Buffer, boundary: string, maxParts: number): FormPart[] {
  if (boundary === '' || boundary.length > 70)
    throw new ProtocolError('boundary of the form is not understood');
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  // The first delimiter may stand at the very beginning, without a line break.
  const first = body.indexOf(delimiter.subarray(2));
  if (first < 0 || (first > 0 && body[first - 1] !== 0x0a)) throw new ProtocolError('form has no boundary');
  const parts: FormPart[] = [];
  let at = first + delimiter.length - 2;
  for (;;) {
    if (body[at] === 0x2d && body[at + 1] === 0x2d) return parts;
    while (body[at] === 0x20 || body[at] === 0x09) at++;
    if (body[at] !== 0x0d || body[at + 1] !== 0x0a)
      throw new ProtocolError('boundary line is not understood');
    if (parts.length >= maxParts) throw new ProtocolError('form has too many parts');
    const end = body.indexOf(delimiter, at);
    if (end < 0) throw new ProtocolError('form ended early');
    parts.push(parsePart(body.subarray(Math.min(at + 2, end), end)));
    at = end + delimiter.length;
  }
}

/** A part to send. */
export interface ReplyPart {
  readonly name: string;
  readonly contentType: string;
  readonly isZstd: boolean;
  readonly body: Buffer;
}

/** Writes parts in the form of RFC 7578, which `multipart/mixed` shares. */
export function renderMultipart(parts: readonly ReplyPart[], boundary: string): Buffer {
  const pieces: Buffer[] = [];
  for (const part of parts) {
    const encoding = part.isZstd ? 'Content-Encoding: zstd\r\n' : '';
    pieces.push(
      Buffer.from(
        `--${boundary}\r\nContent-Disposition: form-data; name="${part.name}"\r\n` +
          `Content-Type: ${part.contentType}\r\n${encoding}\r\n`,
      ),
      part.body,
      Buffer.from('\r\n'),
    );
  }
  pieces.push(Buffer.from(`--${boundary}--\r\n`));
  return Buffer.concat(pieces);
}
