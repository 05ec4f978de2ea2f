import { createHash } from 'node:crypto';
import type { Header } from '../core/index.ts';

const cr = 0x0d;
const lf = 0x0a;
const space = 0x20;
const tab = 0x09;

/**
 * Relaxed body (RFC 6376 3.4.4): runs of blanks become one space, blanks at line ends and empty lines at the end go.
 * Every line ends with CRLF whatever the message's own line ends are, for that is how it will be delivered.
 *
 * @returns the canonical body; empty for a body without content
 */
export function relaxedBody(raw: Buffer, start: number): Buffer {
  // Every LF may grow by one byte.
  const out = Buffer.allocUnsafe((raw.length - start) * 2 + 2);
  let length = 0;
  let emptyLines = 0;
  let lineStart = length;
  let hasBlank = false;
  const { length: end } = raw;
  for (let i = start; i < end; i++) {
    const byte = raw[i]!;
    if (byte === space || byte === tab) {
      hasBlank = true;
    } else if (byte === lf || byte === cr) {
      if (byte === cr && raw[i + 1] === lf) i++;
      hasBlank = false;
      if (length === lineStart) emptyLines++;
      else {
        out[length++] = cr;
        out[length++] = lf;
      }
      lineStart = length;
    } else {
      while (emptyLines > 0) {
        out[length++] = cr;
        out[length++] = lf;
        emptyLines--;
        lineStart = length;
      }
      if (hasBlank) out[length++] = space;
      hasBlank = false;
      out[length++] = byte;
    }
  }
  if (length > lineStart) {
    out[length++] = cr;
    out[length++] = lf;
  }
  return out.subarray(0, length);
}

/** Base64 SHA-256 of the relaxed body (`bh=`). */
export function bodyHash(raw: Buffer, start: number): string {
  return createHash('sha256').update(relaxedBody(raw, start)).digest('base64');
}

/** Relaxed form of a value: unfolded, runs of blanks one space, none at the ends (RFC 6376 3.4.2). */
export function relaxedValue(value: string): string {
  return value
    .replace(/[\r\n]+/g, '')
    .replace(/[\t ]+/g, ' ')
    .trim();
}

/** Relaxed header line with its CRLF, as bytes in latin1 so that raw 8-bit values stay as they are. */
export function relaxedHeader(raw: Buffer, header: Header): string {
  const value = raw.toString('latin1', header.valueStart, header.end);
  return `${header.key.trimEnd()}:${relaxedValue(value)}\r\n`;
}
