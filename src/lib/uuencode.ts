import type { Decoded } from './base64.ts';

const lf = 0x0a;
const cr = 0x0d;

function startsWith(input: Uint8Array, offset: number, word: string): boolean {
  for (let i = 0; i < word.length; i++) if (input[offset + i] !== word.charCodeAt(i)) return false;
  return true;
}

/**
 * Decodes uuencode (POSIX.1-2017, `uuencode`, historical algorithm): lines between `begin MODE NAME` and `end`, each
 * with its length in the first character. Text around them is ignored. Lines that are too short or too long are
 * decoded as far as they go and make the result broken, as do a missing `begin` (result empty) and a missing `end`.
 *
 * @param input bytes to decode
 * @param start offset of the first byte. Default 0.
 * @param end offset after the last byte. Default `input.length`.
 */
export function decodeUuencode(input: Uint8Array, start = 0, end = input.length): Decoded {
  const out = Buffer.allocUnsafe(Math.ceil((Math.max(0, end - start) * 3) / 4) + 3);
  let length = 0;
  let isBroken = false;
  let state: 'before' | 'inside' | 'after' = 'before';
  let i = start;
  while (i < end && state !== 'after') {
    let lineEnd = i;
    while (lineEnd < end && input[lineEnd] !== lf && input[lineEnd] !== cr) lineEnd++;
    if (state === 'before') {
      if (lineEnd - i >= 8 && startsWith(input, i, 'begin ')) state = 'inside';
    } else if (lineEnd - i >= 3 && startsWith(input, i, 'end') && lineEnd - i <= 5) state = 'after';
    else if (lineEnd > i) {
      const count = (input[i]! - 0x20) & 0x3f;
      const available = Math.floor(((lineEnd - i - 1) * 3) / 4);
      if (available < count || available > count + 3 || input[i]! < 0x20 || input[i]! > 0x60) isBroken = true;
      const wanted = length + Math.min(count, available);
      for (let k = i + 1; length < wanted; k += 4) {
        const a = (input[k]! - 0x20) & 0x3f;
        const b = (input[k + 1]! - 0x20) & 0x3f;
        const c = k + 2 < lineEnd ? (input[k + 2]! - 0x20) & 0x3f : 0;
        const d = k + 3 < lineEnd ? (input[k + 3]! - 0x20) & 0x3f : 0;
        out[length++] = (a << 2) | (b >> 4);
        if (length < wanted) out[length++] = (b << 4) | (c >> 2);
        if (length < wanted) out[length++] = (c << 6) | d;
      }
    }
    i = lineEnd + 1;
  }
  return { bytes: out.subarray(0, length), isBroken: isBroken || state !== 'after' };
}
