import { hexValue } from './quoted-printable.ts';

const percentSign = 0x25;

/** The bytes of percent-encoded text, in UTF-8; what is no valid escape stays (RFC 3986 2.1, RFC 2231 4). */
export function percentBytes(text: string): Buffer {
  const input = Buffer.from(text);
  let length = 0;
  for (let i = 0; i < input.length; i++) {
    let byte = input[i]!;
    if (byte === percentSign && i + 2 < input.length) {
      const high = hexValue(input[i + 1]!);
      const low = hexValue(input[i + 2]!);
      if (high >= 0 && low >= 0) {
        byte = (high << 4) | low;
        i += 2;
      }
    }
    input[length++] = byte;
  }
  return input.subarray(0, length);
}
