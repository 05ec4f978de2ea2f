// LZMA as in "LZMA specification" of the LZMA SDK, which is in the public domain.

const probInit = 1024;
const topValue = 2 ** 24;

/** A decoder of bits by adaptive probabilities. Reads zeros behind the end of its input; {@link isOver} tells. */
class RangeDecoder {
  readonly #input: Buffer;
  #at: number;
  #range = 0xffffffff;
  #code = 0;

  constructor(input: Buffer) {
    this.#input = input;
    // The first byte is always zero.
    this.#at = 1;
    for (let i = 0; i < 4; i++) this.#code = ((this.#code << 8) | this.#next()) >>> 0;
  }

  #next(): number {
    return this.#input[this.#at++] ?? 0;
  }

  get isOver(): boolean {
    return this.#at > this.#input.length + 4;
  }

  #normalise(): void {
    if (this.#range >= topValue) return;
    this.#range = (this.#range << 8) >>> 0;
    this.#code = ((this.#code << 8) | this.#next()) >>> 0;
  }

  bit(probs: Uint16Array, index: number): 0 | 1 {
    const prob = probs[index]!;
    const bound = (this.#range >>> 11) * prob;
    if (this.#code < bound) {
      this.#range = bound;
      probs[index] = prob + ((2048 - prob) >> 5);
      this.#normalise();
      return 0;
    }
    this.#range -= bound;
    this.#code -= bound;
    probs[index] = prob - (prob >> 5);
    this.#normalise();
    return 1;
  }

  directBits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      this.#range >>>= 1;
      const isOne = this.#code >= this.#range;
      if (isOne) this.#code -= this.#range;
      this.#normalise();
      value = value * 2 + (isOne ? 1 : 0);
    }
    return value;
  }

  tree(probs: Uint16Array, base: number, bits: number): number {
    let node = 1;
    for (let i = 0; i < bits; i++) node = node * 2 + this.bit(probs, base + node);
    return node - 2 ** bits;
  }

  reverseTree(probs: Uint16Array, base: number, bits: number): number {
    let node = 1;
    let value = 0;
    for (let i = 0; i < bits; i++) {
      const bit = this.bit(probs, base + node);
      node = node * 2 + bit;
      value += bit * 2 ** i;
    }
    return value;
  }
}

const newProbs = (count: number): Uint16Array => new Uint16Array(count).fill(probInit);

/** Decoder of match lengths: 8 short and 8 middle ones for each position state, 256 long ones. */
class LengthDecoder {
  readonly #choice = newProbs(2);
  readonly #low = newProbs(16 * 8);
  readonly #mid = newProbs(16 * 8);
  readonly #high = newProbs(256);

  decode(range: RangeDecoder, posState: number): number {
    if (range.bit(this.#choice, 0) === 0) return 2 + range.tree(this.#low, posState * 8, 3);
    if (range.bit(this.#choice, 1) === 0) return 10 + range.tree(this.#mid, posState * 8, 3);
    return 18 + range.tree(this.#high, 0, 8);
  }
}

/** Everything that the decoder learns as it goes. */
class LzmaState {
  readonly lc: number;
  readonly lpMask: number;
  readonly pbMask: number;
  readonly literals: Uint16Array;
  readonly isMatch = newProbs(12 * 16);
  readonly isRep = newProbs(12);
  readonly isRepG0 = newProbs(12);
  readonly isRepG1 = newProbs(12);
  readonly isRepG2 = newProbs(12);
  readonly isRep0Long = newProbs(12 * 16);
  readonly posSlots = newProbs(4 * 64);
  readonly posSpecial = newProbs(1 + 128);
  readonly align = newProbs(16);
  readonly lengths = new LengthDecoder();
  readonly repLengths = new LengthDecoder();
  state = 0;
  rep0 = 0;
  rep1 = 0;
  rep2 = 0;
  rep3 = 0;

  constructor(properties: number) {
    this.lc = properties % 9;
    const rest = Math.floor(properties / 9);
    this.lpMask = 2 ** (rest % 5) - 1;
    this.pbMask = 2 ** Math.floor(rest / 5) - 1;
    this.literals = newProbs(0x300 * 2 ** (this.lc + (rest % 5)));
  }
}

function decodeDistance(range: RangeDecoder, state: LzmaState, length: number): number {
  const slot = range.tree(state.posSlots, Math.min(length - 2, 3) * 64, 6);
  if (slot < 4) return slot;
  const directBits = (slot >> 1) - 1;
  const base = (2 | (slot & 1)) * 2 ** directBits;
  if (slot < 14) return base + range.reverseTree(state.posSpecial, base - slot, directBits);
  return base + range.directBits(directBits - 4) * 16 + range.reverseTree(state.align, 0, 4);
}

function decodeLiteral(range: RangeDecoder, state: LzmaState, out: Buffer, at: number): number {
  const before = at > 0 ? out[at - 1]! : 0;
  const context = ((at & state.lpMask) << state.lc) + (before >> (8 - state.lc));
  const base = 0x300 * context;
  let symbol = 1;
  if (state.state >= 7) {
    let match = out[at - state.rep0 - 1]!;
    while (symbol < 0x100) {
      const matchBit = (match >> 7) & 1;
      match <<= 1;
      const bit = range.bit(state.literals, base + (((1 + matchBit) << 8) + symbol));
      symbol = (symbol << 1) | bit;
      if (matchBit !== bit) break;
    }
  }
  while (symbol < 0x100) symbol = (symbol << 1) | range.bit(state.literals, base + symbol);
  return symbol & 0xff;
}

/**
 * Decodes until `end` or the end mark.
 * @returns where the output ends; undefined: the data is broken
 */
function decodeInto(
  range: RangeDecoder,
  s: LzmaState,
  out: Buffer,
  start: number,
  end: number,
): number | undefined {
  let at = start;
  while (at < end) {
    if (range.isOver) return undefined;
    const posState = at & s.pbMask;
    if (range.bit(s.isMatch, s.state * 16 + posState) === 0) {
      if (s.state >= 7 && s.rep0 >= at) return undefined;
      out[at] = decodeLiteral(range, s, out, at);
      at++;
      s.state = s.state < 4 ? 0 : s.state < 10 ? s.state - 3 : s.state - 6;
      continue;
    }
    let length: number;
    if (range.bit(s.isRep, s.state) === 1) {
      if (range.bit(s.isRepG0, s.state) === 0) {
        if (range.bit(s.isRep0Long, s.state * 16 + posState) === 0) {
          if (s.rep0 >= at) return undefined;
          out[at] = out[at - s.rep0 - 1]!;
          at++;
          s.state = s.state < 7 ? 9 : 11;
          continue;
        }
      } else {
        let distance = s.rep1;
        if (range.bit(s.isRepG1, s.state) === 1) {
          distance = s.rep2;
          if (range.bit(s.isRepG2, s.state) === 1) {
            distance = s.rep3;
            s.rep3 = s.rep2;
          }
          s.rep2 = s.rep1;
        }
        s.rep1 = s.rep0;
        s.rep0 = distance;
      }
      length = s.repLengths.decode(range, posState);
      s.state = s.state < 7 ? 8 : 11;
    } else {
      s.rep3 = s.rep2;
      s.rep2 = s.rep1;
      s.rep1 = s.rep0;
      length = s.lengths.decode(range, posState);
      s.state = s.state < 7 ? 7 : 10;
      s.rep0 = decodeDistance(range, s, length);
      if (s.rep0 === 0xffffffff) return at;
    }
    if (s.rep0 >= at) return undefined;
    const stop = Math.min(end, at + length);
    for (; at < stop; at++) out[at] = out[at - s.rep0 - 1]!;
  }
  return at;
}

/**
 * LZMA without a header, as 7z stores it.
 *
 * @param properties five bytes: lc, lp and pb, and the size of the dictionary (not needed: all output is kept)
 * @param sizeBytes of the output; the caller bounds it
 * @returns undefined when the data is broken
 */
export function decodeLzma(packed: Buffer, properties: Buffer, sizeBytes: number): Buffer | undefined {
  const first = properties[0];
  if (first === undefined || first >= 9 * 5 * 5) return undefined;
  const out = Buffer.alloc(sizeBytes);
  const end = decodeInto(new RangeDecoder(packed), new LzmaState(first), out, 0, sizeBytes);
  return end === sizeBytes ? out : undefined;
}
