import { createHash } from 'node:crypto';

/*
 * Bitcoin addresses by their checksums: Base58Check, Bech32 and Bech32m (BIP 173, BIP 350), CashAddr (its
 * specification, 2018). A checksum makes a match by chance one in millions.
 */

const base58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const base32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';

function digits(text: string, alphabet: string): readonly number[] | undefined {
  const found: number[] = [];
  for (const char of text) {
    const digit = alphabet.indexOf(char);
    if (digit < 0) return undefined;
    found.push(digit);
  }
  return found;
}

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

/** 21 bytes and the first four of their double SHA-256, as a number in base 58. */
function isBase58Check(text: string): boolean {
  const values = digits(text, base58);
  if (values === undefined) return false;
  const hex = values.reduce((sum, digit) => sum * 58n + BigInt(digit), 0n).toString(16);
  if (hex.length > 50) return false;
  const bytes = Buffer.from(hex.padStart(50, '0'), 'hex');
  return sha256(sha256(bytes.subarray(0, 21)))
    .subarray(0, 4)
    .equals(bytes.subarray(21));
}

const bech32Generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
const bech32Constant = 1;
const bech32mConstant = 0x2bc830a3;

function isBech32(text: string): boolean {
  const values = digits(text.slice(3), base32);
  if (values === undefined) return false;
  let sum = 1;
  // The human-readable part `bc`, expanded: high bits, zero, low bits.
  for (const value of [3, 3, 0, 2, 3, ...values]) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    for (const [bit, generator] of bech32Generator.entries()) if ((top >>> bit) & 1) sum ^= generator;
  }
  return sum === bech32Constant || sum === bech32mConstant;
}

const cashGenerator = [0x98f2bc8e61n, 0x79b76d99e2n, 0xf33e5fb3c4n, 0xae2eabe2a8n, 0x1e4f43e470n];

function isCashAddress(text: string, prefix: string): boolean {
  const values = digits(text, base32);
  if (values === undefined) return false;
  let sum = 1n;
  for (const value of [...Array.from(prefix, (char) => char.charCodeAt(0) & 0x1f), 0, ...values]) {
    const top = sum >> 35n;
    sum = ((sum & 0x07ffffffffn) << 5n) ^ BigInt(value);
    for (const [bit, generator] of cashGenerator.entries()) if ((top >> BigInt(bit)) & 1n) sum ^= generator;
  }
  return sum === 1n;
}

/** Is a word, without blanks around it, the address of a wallet? A prefix such as `bitcoincash:` is left out. */
export function isBitcoinAddress(word: string, prefix = 'bitcoincash'): boolean {
  const first = word.charCodeAt(0);
  // 1, 3, and L, M of a fork that has the same form.
  if (
    word.length <= 35 &&
    word.length >= 26 &&
    (first === 0x31 || first === 0x33 || first === 0x4c || first === 0x4d)
  )
    return isBase58Check(word);
  const lower = word.toLowerCase();
  if (lower !== word && word.toUpperCase() !== word) return false;
  if (lower.startsWith('bc1') && word.length <= 90) return isBech32(lower);
  return word.length === 42 && (lower[0] === 'q' || lower[0] === 'p') && isCashAddress(lower, prefix);
}

const shortest = 26;
const longest = 90;
/** Pieces of an address that blanks or signs tear apart, and what may stand between two of them. */
const maxPieces = 12;
const maxGap = 2;
/** Checksums that are computed for one text. */
const maxTries = 64;

const isAlphanumeric = new Uint8Array(65_536);
for (const char of `${base58}0OIl`) isAlphanumeric[char.charCodeAt(0)] = 1;
const invisible = /[\u00ad\u200b-\u200d\u2060\ufeff]/;
/** A piece that an address may begin with. */
const beginning =
  /(?<![0-9A-Za-z])(?:[13][1-9A-HJ-NP-Za-km-z]{0,24}|bc1[02-9ac-hj-np-z]{0,22})(?![0-9A-Za-z])/g;

/** The first Bitcoin address in a text, also one torn apart; undefined when there is none. */
export function findBitcoinAddress(written: string): string | undefined {
  const text = invisible.test(written) ? written.replace(/[\u00ad\u200b-\u200d\u2060\ufeff]+/g, '') : written;
  return findWhole(text) ?? findTorn(text);
}

/** Looks at long words only: whatever is nearer to the next blank than an address is long is passed over. */
function findWhole(text: string): string | undefined {
  const { length } = text;
  let tries = 0;
  let start = 0;
  while (start + shortest <= length && tries < maxTries) {
    let last = start + shortest - 1;
    while (last >= start && isAlphanumeric[text.charCodeAt(last)] !== 0) last--;
    if (last >= start) {
      start = last + 1;
      continue;
    }
    let end = start + shortest;
    while (end < length && isAlphanumeric[text.charCodeAt(end)] !== 0) end++;
    if (end - start <= longest && mayStart(text, start)) {
      tries++;
      const word = text.slice(start, end);
      if (isBitcoinAddress(word, prefixBefore(text, start))) return word;
    }
    start = end + 1;
  }
  return undefined;
}

function findTorn(text: string): string | undefined {
  let tries = 0;
  for (const { index, 0: piece } of text.matchAll(beginning))
    for (const word of joined(text, index, index + piece.length)) {
      if (++tries > maxTries) return undefined;
      if (isBitcoinAddress(word)) return word;
    }
  return undefined;
}

function mayStart(text: string, at: number): boolean {
  return '13LMbBqQpP'.includes(text[at]!);
}

function prefixBefore(text: string, at: number): string | undefined {
  if (text[at - 1] !== ':') return undefined;
  return /[a-z]+(?=:$)/.exec(text.slice(Math.max(0, at - 20), at).toLowerCase())?.[0];
}

/** Characters of neither alphabet. */
const notInAddress = /[^0-9A-HJ-NP-Za-z]/;

/** What a word and those behind it make together, where that has the length and the mixture of an address. */
function* joined(text: string, start: number, end: number): Generator<string> {
  let word = text.slice(start, end);
  let at = end;
  for (let piece = 1; piece < maxPieces; piece++) {
    let gap = 0;
    while (gap <= maxGap && at < text.length && isAlphanumeric[text.charCodeAt(at)] === 0) {
      gap++;
      at++;
    }
    if (gap > maxGap || at >= text.length) return;
    const from = at;
    while (at < text.length && at - from < longest && isAlphanumeric[text.charCodeAt(at)] !== 0) at++;
    const next = text.slice(from, at);
    if (word.length + next.length > 62 || notInAddress.test(next)) return;
    word += next;
    if (word.length < shortest) continue;
    const isMixed =
      /[2-9]/.test(word) && /[a-z]/.test(word) && (/[A-Z]/.test(word) || word.startsWith('bc1'));
    if (isMixed) yield word;
  }
}
