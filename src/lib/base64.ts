/** Result of a tolerant decoder: what could be read, and whether anything had to be skipped or guessed. */
export interface Decoded {
  readonly bytes: Buffer;
  /** True when the input broke its standard; `bytes` holds what could be read all the same. */
  readonly isBroken: boolean;
}

const skip = -1;
const junk = -2;
const padding = -3;

const values = new Int8Array(256).fill(junk);
for (const [index, char] of [
  ...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
].entries()) {
  values[char.charCodeAt(0)] = index;
}
for (const blank of [0x09, 0x0a, 0x0d, 0x20]) values[blank] = skip;
values[0x3d] = padding;

/**
 * Decodes base64 (RFC 2045 6.8, RFC 4648 4) in one pass. Line breaks and blanks are skipped; bytes outside the
 * alphabet are skipped too and make the result broken (RFC 2045 6.8: "must be ignored"). Padding ends a unit, and
 * what follows it is decoded as a further one: senders that encode in pieces glue such units together.
 *
 * @param input bytes to decode
 * @param start offset of the first byte. Default 0.
 * @param end offset after the last byte. Default `input.length`.
 */
export function decodeBase64(input: Uint8Array, start = 0, end = input.length): Decoded {
  const out = Buffer.allocUnsafe(Math.ceil(Math.max(0, end - start) / 4) * 3);
  let length = 0;
  let isBroken = false;
  let bits = 0;
  let bitCount = 0;
  let i = start;
  while (i < end) {
    if (bitCount === 0 && i + 4 <= end) {
      const a = values[input[i]!]!;
      const b = values[input[i + 1]!]!;
      const c = values[input[i + 2]!]!;
      const d = values[input[i + 3]!]!;
      if ((a | b | c | d) >= 0) {
        out[length] = (a << 2) | (b >> 4);
        out[length + 1] = (b << 4) | (c >> 2);
        out[length + 2] = (c << 6) | d;
        length += 3;
        i += 4;
        continue;
      }
    }
    const value = values[input[i++]!]!;
    if (value >= 0) {
      bits = ((bits << 6) | value) & 0xffff;
      bitCount += 6;
      if (bitCount >= 8) {
        bitCount -= 8;
        out[length++] = bits >> bitCount;
      }
    } else if (value === padding) {
      bits = 0;
      bitCount = 0;
    } else if (value === junk) isBroken = true;
  }
  // Six bits left over are one character of the alphabet too many; two or four are those of missing padding.
  return { bytes: out.subarray(0, length), isBroken: isBroken || bitCount === 6 };
}
