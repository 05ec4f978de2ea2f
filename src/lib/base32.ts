/** Alphabets of base 32: `z` (human-oriented, as Rspamd writes keys and hashes), `rfc` (RFC 4648 6), `bleach` (BIP 173). */
export type Base32Alphabet = 'z' | 'rfc' | 'bleach';

const alphabets: Readonly<
  Record<Base32Alphabet, { readonly letters: string; readonly lowBitsFirst: boolean }>
> = {
  z: { letters: 'ybndrfg8ejkmcpqxot1uwisza345h769', lowBitsFirst: true },
  rfc: { letters: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', lowBitsFirst: false },
  bleach: { letters: 'qpzry9x8gf2tvdw0s3jn54khce6mua7l', lowBitsFirst: false },
};

/** Bytes as base 32 text without padding. */
export function encodeBase32(bytes: Uint8Array, alphabet: Base32Alphabet = 'z'): string {
  const { letters, lowBitsFirst } = alphabets[alphabet];
  let text = '';
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = lowBitsFirst ? held | (byte << bits) : (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      if (lowBitsFirst) {
        text += letters[held & 31];
        held >>>= 5;
      } else {
        text += letters[(held >>> bits) & 31];
        held &= (1 << bits) - 1;
      }
    }
  }
  if (bits > 0) text += letters[(lowBitsFirst ? held : held << (5 - bits)) & 31];
  return text;
}

/** Reads base 32 without padding; undefined for a letter outside the alphabet. Letters of `rfc` may be lower case. */
export function decodeBase32(text: string, alphabet: Base32Alphabet = 'z'): Uint8Array | undefined {
  const { letters, lowBitsFirst } = alphabets[alphabet];
  const bytes: number[] = [];
  let held = 0;
  let bits = 0;
  for (const char of alphabet === 'rfc' ? text.toUpperCase() : text) {
    const value = letters.indexOf(char);
    if (value < 0) return undefined;
    held = lowBitsFirst ? held | (value << bits) : (held << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      if (lowBitsFirst) {
        bytes.push(held & 255);
        held >>>= 8;
      } else {
        bytes.push((held >>> bits) & 255);
        held &= (1 << bits) - 1;
      }
    }
  }
  return Uint8Array.from(bytes);
}
