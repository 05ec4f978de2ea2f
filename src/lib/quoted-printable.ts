import type { Decoded } from './base64.ts';

const notHex = 255;
const hexValues = new Uint8Array(256).fill(notHex);
for (let digit = 0; digit < 16; digit++) {
  hexValues[digit.toString(16).charCodeAt(0)] = digit;
  hexValues[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
}

/** Value of a hexadecimal digit given as its ASCII code, -1 when it is none. */
export function hexValue(code: number): number {
  const value = code < 256 ? hexValues[code]! : notHex;
  return value === notHex ? -1 : value;
}

const lf = 0x0a;
const cr = 0x0d;
const equals = 0x3d;

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09;
}

/**
 * Decodes quoted-printable (RFC 2045 6.7) in one pass. Line breaks are kept as written, blanks at line ends are
 * dropped (rule 3), and an `=` that starts neither two hexadecimal digits nor a soft line break stands for itself and
 * makes the result broken (RFC 2045 6.7, note on robust decoders).
 *
 * @param input bytes to decode
 * @param start offset of the first byte. Default 0.
 * @param end offset after the last byte. Default `input.length`.
 */
export function decodeQuotedPrintable(input: Uint8Array, start = 0, end = input.length): Decoded {
  const out = Buffer.allocUnsafe(Math.max(0, end - start));
  let length = 0;
  let isBroken = false;
  // Encoded blanks (=20) at a line end are meant and stay: only what was written plainly may be cut away again.
  let keep = 0;
  let i = start;
  while (i < end) {
    const byte = input[i++]!;
    if (byte === equals) {
      const high = i < end ? hexValues[input[i]!]! : notHex;
      const low = i + 1 < end ? hexValues[input[i + 1]!]! : notHex;
      if (high !== notHex && low !== notHex) {
        out[length++] = (high << 4) | low;
        i += 2;
        keep = length;
        continue;
      }
      let next = i;
      while (next < end && isBlank(input[next])) next++;
      if (next >= end) i = next;
      else if (input[next] === lf) i = next + 1;
      else if (input[next] === cr) i = next + (input[next + 1] === lf && next + 1 < end ? 2 : 1);
      else {
        isBroken = true;
        out[length++] = equals;
        while (i < next) out[length++] = input[i++]!;
      }
      keep = length;
    } else if (byte === lf || byte === cr) {
      while (length > keep && isBlank(out[length - 1])) length--;
      out[length++] = byte;
      keep = length;
    } else out[length++] = byte;
  }
  while (length > keep && isBlank(out[length - 1])) length--;
  return { bytes: out.subarray(0, length), isBroken };
}
