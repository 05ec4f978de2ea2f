import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mumHashes } from './mumhash.ts';

const mask = (1n << 64n) - 1n;
const lanes = [0x9ebdcae10d981691n, 0x32b9b9b97a27ac7dn, 0x29b5584d83d35bbdn, 0x4b04e0e61401255fn];

function mum(a: bigint, b: bigint): bigint {
  const product = a * b;
  return ((product >> 64n) + (product & mask)) & mask;
}

/** The algorithm in whole numbers, as its author describes it. */
function reference(bytes: Buffer, seed: bigint): bigint {
  let hash = mum((seed + BigInt(bytes.length)) & mask, 0xc42b5e2e6480b23bn);
  let rest = bytes;
  const takeLanes = (count: number): void => {
    for (let lane = 0; lane < count; lane++) hash ^= mum(rest.readBigUInt64LE(8 * lane), lanes[lane]!);
    rest = rest.subarray(8 * count);
  };
  while (rest.length > 32) {
    takeLanes(4);
    hash = mum(hash, 0x7b51ec3d22f7096fn);
  }
  takeLanes(Math.floor(rest.length / 8));
  if (rest.length > 0) hash ^= mum(Buffer.concat([rest], 8).readBigUInt64LE(0), 0xaf47d47c99b1461bn);
  hash ^= mum(hash, 0xa9a7ae7ceff79f3fn);
  return hash ^ mum(hash, 0xaf47d47c99b1461bn);
}

test('MUM on halves is MUM, for all lengths and seeds', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 140 }),
      fc.array(fc.bigInt({ min: 0n, max: mask }), { minLength: 1, maxLength: 4 }),
      (bytes, seeds) => {
        const halves = new Uint32Array(BigUint64Array.from(seeds).buffer);
        const found = new BigUint64Array(mumHashes(bytes, halves).slice().buffer);
        assert.deepEqual(
          [...found],
          seeds.map((seed) => reference(Buffer.from(bytes), seed)),
        );
      },
    ),
    { numRuns: 500 },
  );
});
