// XXH64 (xxHash specification 0.1.1, "XXH64 Algorithm Description") on pairs of 32-bit halves: BigInt is an order of
// magnitude slower, and a message has some thousand words.

import { mulHigh } from './mul-high.ts';

/** An unsigned 64-bit number in two halves, each 0 to 2^32 - 1. */
export interface Halves {
  readonly high: number;
  readonly low: number;
}

// Halves of the results of the functions below, which would otherwise make an object each.
let high = 0;
let low = 0;

function multiply(aHigh: number, aLow: number, bHigh: number, bLow: number): void {
  const top = mulHigh(aLow >>> 0, bLow >>> 0);
  high = (top + Math.imul(aHigh, bLow) + Math.imul(aLow, bHigh)) | 0;
  low = Math.imul(aLow, bLow);
}

function add(aHigh: number, aLow: number, bHigh: number, bLow: number): void {
  const sum = (aLow >>> 0) + (bLow >>> 0);
  high = (aHigh + bHigh + (sum > 0xffffffff ? 1 : 0)) | 0;
  low = sum | 0;
}

/** @param bits 1 to 31 */
function rotate(aHigh: number, aLow: number, bits: number): void {
  high = (aHigh << bits) | (aLow >>> (32 - bits));
  low = (aLow << bits) | (aHigh >>> (32 - bits));
}

const p1High = 0x9e3779b1 | 0;
const p1Low = 0x85ebca87 | 0;
const p2High = 0xc2b2ae3d | 0;
const p2Low = 0x27d4eb4f | 0;
const p3High = 0x165667b1;
const p3Low = 0x9e3779f9 | 0;
const p4High = 0x85ebca77 | 0;
const p4Low = 0xc2b2ae63 | 0;
const p5High = 0x27d4eb2f;
const p5Low = 0x165667c5;

/** One lane of the accumulators: takes in eight bytes. */
function round(accHigh: number, accLow: number, laneHigh: number, laneLow: number): void {
  multiply(laneHigh, laneLow, p2High, p2Low);
  add(accHigh, accLow, high, low);
  rotate(high, low, 31);
  multiply(high, low, p1High, p1Low);
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** Whole stripes of 32 bytes; leaves the merged accumulators. */
function stripes(bytes: Uint8Array, length: number, seedHigh: number, seedLow: number): number {
  const accHigh = [0, 0, 0, 0];
  const accLow = [0, 0, 0, 0];
  add(seedHigh, seedLow, p1High, p1Low);
  add(high, low, p2High, p2Low);
  accHigh[0] = high;
  accLow[0] = low;
  add(seedHigh, seedLow, p2High, p2Low);
  accHigh[1] = high;
  accLow[1] = low;
  accHigh[2] = seedHigh;
  accLow[2] = seedLow;
  // seed - prime 1
  add(seedHigh, seedLow, ~p1High, ~p1Low);
  add(high, low, 0, 1);
  accHigh[3] = high;
  accLow[3] = low;
  let at = 0;
  for (; at + 32 <= length; at += 32)
    for (let lane = 0; lane < 4; lane++) {
      const from = at + 8 * lane;
      round(accHigh[lane]!, accLow[lane]!, word(bytes, from + 4), word(bytes, from));
      accHigh[lane] = high;
      accLow[lane] = low;
    }
  let sumHigh = 0;
  let sumLow = 0;
  const turns = [1, 7, 12, 18];
  for (let lane = 0; lane < 4; lane++) {
    rotate(accHigh[lane]!, accLow[lane]!, turns[lane]!);
    add(sumHigh, sumLow, high, low);
    sumHigh = high;
    sumLow = low;
  }
  for (let lane = 0; lane < 4; lane++) {
    round(0, 0, accHigh[lane]!, accLow[lane]!);
    multiply(sumHigh ^ high, sumLow ^ low, p1High, p1Low);
    add(high, low, p4High, p4Low);
    sumHigh = high;
    sumLow = low;
  }
  high = sumHigh;
  low = sumLow;
  return at;
}

/**
 * XXH64 of bytes.
 *
 * @param seed both halves; default 0
 */
export function xxh64(bytes: Uint8Array, seed: Halves = { high: 0, low: 0 }): Halves {
  const { length } = bytes;
  const seedHigh = seed.high | 0;
  const seedLow = seed.low | 0;
  let at = 0;
  if (length >= 32) at = stripes(bytes, length, seedHigh, seedLow);
  else add(seedHigh, seedLow, p5High, p5Low);
  add(high, low, 0, length);
  let hashHigh = high;
  let hashLow = low;
  for (; at + 8 <= length; at += 8) {
    round(0, 0, word(bytes, at + 4), word(bytes, at));
    rotate(hashHigh ^ high, hashLow ^ low, 27);
    multiply(high, low, p1High, p1Low);
    add(high, low, p4High, p4Low);
    hashHigh = high;
    hashLow = low;
  }
  if (at + 4 <= length) {
    multiply(0, word(bytes, at), p1High, p1Low);
    rotate(hashHigh ^ high, hashLow ^ low, 23);
    multiply(high, low, p2High, p2Low);
    add(high, low, p3High, p3Low);
    hashHigh = high;
    hashLow = low;
    at += 4;
  }
  for (; at < length; at++) {
    multiply(0, bytes[at]!, p5High, p5Low);
    rotate(hashHigh ^ high, hashLow ^ low, 11);
    multiply(high, low, p1High, p1Low);
    hashHigh = high;
    hashLow = low;
  }
  // The avalanche: shifts by 33, 29 and 32.
  hashLow ^= hashHigh >>> 1;
  multiply(hashHigh, hashLow, p2High, p2Low);
  hashLow = low ^ ((low >>> 29) | (high << 3));
  hashHigh = high ^ (high >>> 29);
  multiply(hashHigh, hashLow, p3High, p3Low);
  return { high: high >>> 0, low: (low ^ high) >>> 0 };
}
