// MUM ("multiply and mix") of Vladimir Makarov, version 1 with four lanes, as Rspamd has it, on halves of 32 bits:
// BigInt is far too slow for 32 hashes of every word.

import { mulHigh } from '../lib/index.ts';

/** Odd constants of the algorithm, high and low half. */
const blockStart = [0xc42b5e2e, 0x6480b23b] as const;
const unroll = [0x7b51ec3d, 0x22f7096f] as const;
const tail = [0xaf47d47c, 0x99b1461b] as const;
const finish = [
  [0xa9a7ae7c, 0xeff79f3f],
  [0xaf47d47c, 0x99b1461b],
] as const;
const lanes = [
  [0x9ebdcae1, 0x0d981691],
  [0x32b9b9b9, 0x7a27ac7d],
  [0x29b5584d, 0x83d35bbd],
  [0x4b04e0e6, 0x1401255f],
] as const;

const stripeBytes = 32;
const two32 = 0x1_0000_0000;

// Halves of the last product, which would otherwise make an object each.
let high = 0;
let low = 0;

/** Sum of both 64-bit halves of the 128-bit product. */
function mix(aHigh: number, aLow: number, [bHigh, bLow]: readonly [number, number]): void {
  const middle = mulHigh(aLow, bLow) + (Math.imul(aLow, bHigh) >>> 0) + (Math.imul(aHigh, bLow) >>> 0);
  const lower = mulHigh(aLow, bHigh) + mulHigh(aHigh, bLow) + Math.floor(middle / two32);
  const third = lower + (Math.imul(aHigh, bHigh) >>> 0);
  const sum = (Math.imul(aLow, bLow) >>> 0) + (third % two32);
  const top = mulHigh(aHigh, bHigh) + Math.floor(third / two32);
  low = sum >>> 0;
  high = (top + (middle % two32) + (sum >= two32 ? 1 : 0)) % two32;
}

/** The part of the hash of some bytes that does not depend on the seed: what the stripes of 32 bytes and the rest mix to. */
interface Mixed {
  readonly length: number;
  /** High and low half, one pair each; the last one is the rest. */
  readonly halves: readonly number[];
}

function half(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

function mixBytes(bytes: Uint8Array): Mixed {
  const halves: number[] = [];
  let at = 0;
  let left = bytes.length;
  while (left > 0 || halves.length === 0) {
    let sumHigh = 0;
    let sumLow = 0;
    const isLast = left <= stripeBytes;
    const end = at + Math.min(left, stripeBytes);
    for (let lane = 0; at + 8 <= end; lane++, at += 8) {
      mix(half(bytes, at + 4), half(bytes, at), lanes[lane]!);
      sumHigh ^= high;
      sumLow ^= low;
    }
    if (isLast && at < end) {
      const rest = new Uint8Array(8);
      rest.set(bytes.subarray(at, end));
      mix(half(rest, 4), half(rest, 0), tail);
      sumHigh ^= high;
      sumLow ^= low;
    }
    at = end;
    left = bytes.length - at;
    halves.push(sumHigh, sumLow);
    if (isLast) break;
  }
  return { length: bytes.length, halves };
}

/**
 * Hashes of bytes with many seeds at once.
 *
 * @param seeds low and high half of each
 * @returns low and high half of each
 */
export function mumHashes(bytes: Uint8Array, seeds: Uint32Array): Uint32Array {
  const { length, halves } = mixBytes(bytes);
  const result = new Uint32Array(seeds.length);
  for (let i = 0; i < seeds.length; i += 2) {
    const seeded = seeds[i]! + length;
    mix((seeds[i + 1]! + (seeded >= two32 ? 1 : 0)) >>> 0, seeded >>> 0, blockStart);
    for (let at = 0; at < halves.length; at += 2) {
      high = (high ^ halves[at]!) >>> 0;
      low = (low ^ halves[at + 1]!) >>> 0;
      if (at + 2 < halves.length) mix(high, low, unroll);
    }
    for (const prime of finish) {
      const beforeHigh = high;
      const beforeLow = low;
      mix(high, low, prime);
      high = (high ^ beforeHigh) >>> 0;
      low = (low ^ beforeLow) >>> 0;
    }
    result[i] = low;
    result[i + 1] = high;
  }
  return result;
}
