/** Words of one text that are compared; what comes after them says little more. */
const maxWords = 1_000;
/** Words that may be skipped on one side where two texts are nearly the same. */
const reach = 8;

/** Scripts without blanks between words: every character is one, so that line breaks do not matter. */
function isIdeograph(code: number): boolean {
  return (code >= 0x2e80 && code <= 0x9fff && code > 0x303f) || (code >= 0xf900 && code <= 0xfaff);
}

function isWordCharacter(code: number): boolean {
  if (code < 0x80) return (code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x7a);
  if (code < 0xc0) return false;
  return !(
    (code >= 0x2000 && code <= 0x2bff) ||
    (code >= 0x3000 && code <= 0x303f) ||
    (code >= 0xfe00 && code <= 0xfe0f) ||
    (code >= 0xff00 && code <= 0xff0f) ||
    code === 0xfeff
  );
}

/** Offset after what is left of a link. */
function linkEnd(text: string, from: number): number {
  let i = from;
  while (i < text.length) {
    const code = text.charCodeAt(i);
    if (code <= 0x20 || code === 0x3e || code === 0x29 || code === 0x5d) break;
    i++;
  }
  return i;
}

/**
 * The words of a text as numbers: equal words are equal numbers, whatever their case. Links are left out, since plain
 * text shows targets that HTML hides.
 */
export function wordNumbers(written: string): readonly number[] {
  const text = written.toLowerCase();
  const words: number[] = [];
  const { length } = text;
  let i = 0;
  while (i < length && words.length < maxWords) {
    let code = text.charCodeAt(i);
    if (!isWordCharacter(code)) {
      i++;
      continue;
    }
    if (isIdeograph(code)) {
      words.push(code);
      i++;
      continue;
    }
    // FNV-1a: fast, and no harm is done by a rare collision.
    let hash = 0x811c9dc5;
    while (i < length && isWordCharacter(code) && !isIdeograph(code)) {
      hash = Math.imul(hash ^ code, 0x01000193);
      code = text.charCodeAt(++i);
    }
    if (code === 0x3a && text.startsWith('://', i)) i = linkEnd(text, i);
    else words.push(hash | 0);
  }
  return words;
}

/** Words that both texts surely have in common in this order: at least so many, found in one pass. */
function commonAtLeast(a: readonly number[], b: readonly number[]): number {
  let common = 0;
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      common++;
      i++;
      j++;
      continue;
    }
    let step = 1;
    while (step < reach && a[i + step] !== b[j] && a[i] !== b[j + step]) step++;
    if (step === reach) {
      i++;
      j++;
    } else if (a[i + step] === b[j]) i += step;
    else j += step;
  }
  return common;
}

function bitCount(bits: number): number {
  let n = bits - ((bits >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Length of the longest common subsequence, 32 words at a time (Hyyrö, Bit-parallel LCS-length computation, 2004). */
function longestCommon(a: readonly number[], b: readonly number[]): number {
  const size = Math.ceil(a.length / 32);
  const wanted = new Set(b);
  const places = new Map<number, Uint32Array>();
  for (const [index, word] of a.entries()) {
    if (!wanted.has(word)) continue;
    let mask = places.get(word);
    if (!mask) {
      mask = new Uint32Array(size);
      places.set(word, mask);
    }
    mask[index >>> 5]! |= 1 << (index & 31);
  }
  const row = new Uint32Array(size).fill(0xffffffff);
  for (const word of b) {
    const mask = places.get(word);
    if (!mask) continue;
    let carry = 0;
    for (let k = 0; k < size; k++) {
      const bits = row[k]!;
      const matches = (bits & mask[k]!) >>> 0;
      const sum = bits + matches + carry;
      carry = sum > 0xffffffff ? 1 : 0;
      row[k] = (sum >>> 0) | (bits & ~matches);
    }
  }
  let common = 0;
  for (const [k, bits] of row.entries()) {
    const used = Math.min(32, a.length - k * 32);
    common += bitCount(used === 32 ? ~bits : ~bits & ((1 << used) - 1));
  }
  return common;
}

/**
 * How different are two texts: the share of their words that must be taken away or put in to make one of the other,
 * 0 (same) to 1 (nothing in common). Exact from one half on; less is told as 0. Undefined without words on both sides.
 */
export function distance(a: readonly number[], b: readonly number[]): number | undefined {
  const total = a.length + b.length;
  if (a.length === 0 || b.length === 0) return undefined;
  if (commonAtLeast(a, b) * 4 > total) return 0;
  const share = (total - 2 * longestCommon(a, b)) / total;
  return share < 0.5 ? 0 : share;
}
