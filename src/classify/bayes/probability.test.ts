import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { classProbabilities, spamProbability } from './probability.ts';
import type { Token } from './tokens.ts';

const options = { minTokens: 1, minTokenHits: 2, minProbStrength: 0.05 };
const token = (distance = 1, isMeta = false): Token => ({ high: 1, low: 0x8000_0000, distance, isMeta });
const judge = (
  pairs: readonly (readonly [spam: number, ham: number])[],
  learns: readonly [number, number] = [10, 10],
): number | undefined =>
  spamProbability(
    pairs.map(() => token()),
    pairs.flat(),
    learns,
    options,
  );

test('one token gives what the formula gives by hand', () => {
  // sf 0.4, hf 0.1: p 0.8, n 5; w = 15625/15626; b = (0.5w + 4)/(w + 5).
  const w = 15_625 / 15_626;
  const b = (0.5 * w + 4) / (w + 5);
  const bham = (0.5 * w + 1) / (w + 5);
  // With k = 1 the inverse chi-square of ln v is v.
  assert.equal(judge([[4, 1]])!.toFixed(12), ((1 - bham + 1 - (1 - b)) / 2).toFixed(12));
});

test('tokens count from their least hits and strength', () => {
  assert.equal(judge([[1, 0]]), undefined);
  assert.equal(judge([[5, 5]]), undefined);
  assert.equal(judge([]), undefined);
  assert.ok(judge([[2, 0]])! > 0.5);
  assert.ok(judge([[0, 2]])! < 0.5);
});

test('the classes weigh the same however much was learned of each', () => {
  assert.equal(judge([[20, 2]], [100, 10]), undefined);
  assert.ok(judge([[20, 2]], [10, 10])! > 0.5);
});

test('without text there is no verdict', () => {
  assert.equal(spamProbability([token(1, true)], [9, 0], [9, 9], options), undefined);
});

test('the distance of the two words weighs as in Rspamd', () => {
  // p 1, n 2: b = (0.5w + 2)/(w + 2) with w = 2f/(1 + 2f), f 1 at distance 4.
  const w = 2 / 3;
  const b = (0.5 * w + 2) / (w + 2);
  const bham = (0.5 * w) / (w + 2);
  const far = spamProbability([token(4)], [2, 0], [10, 10], options)!;
  assert.equal(far.toFixed(12), ((1 - bham + b) / 2).toFixed(12));
});

test('hundreds of tokens of one kind end in certainty, not in underflow', () => {
  const many = (spam: number, ham: number): number =>
    judge(
      Array.from({ length: 3000 }, () => [spam, ham] as const),
      [1000, 1000],
    )!;
  assert.equal(many(900, 1), 1);
  assert.equal(many(1, 900), 0);
  assert.ok(many(6, 4) > 0.99);
});

test('a probability is one, and swapping the classes mirrors it', () => {
  const count = fc.nat(1000);
  fc.assert(
    fc.property(fc.array(fc.tuple(count, count), { maxLength: 200 }), (pairs) => {
      const one = judge(pairs, [1000, 1000]);
      const other = judge(
        pairs.map(([spam, ham]) => [ham, spam] as const),
        [1000, 1000],
      );
      if (one === undefined) {
        assert.equal(other, undefined);
        return;
      }
      assert.ok(one >= 0 && one <= 1);
      assert.ok(Math.abs(one + other! - 1) < 1e-6);
    }),
    { numRuns: 300 },
  );
});

const several = { ...options, minLearns: 5 };

test('with two classes the method for several says the same as that for two', () => {
  const count = fc.nat(100);
  fc.assert(
    fc.property(fc.array(fc.tuple(count, count), { maxLength: 100 }), (pairs) => {
      const tokens = pairs.map(() => token());
      const all = { ...several, minProbStrength: 0 };
      const two = spamProbability(tokens, pairs.flat(), [100, 100], all);
      const found = classProbabilities(tokens, pairs.flat(), [100, 100], all);
      assert.equal(found === undefined, two === undefined);
      if (found === undefined || two === undefined) return;
      const spam = found.index === 0 ? found.probability : 1 - found.probability;
      assert.ok(Math.abs(spam - two) < 1e-6, `${spam} ${two}`);
    }),
    { numRuns: 300 },
  );
});

test('a class that has learned too little does not take part', () => {
  const tokens = Array.from({ length: 12 }, () => token());
  const counts = tokens.flatMap(() => [9, 0, 3]);
  assert.equal(classProbabilities(tokens, counts, [4, 10, 10], several)?.index, 2);
  assert.equal(classProbabilities(tokens, counts, [4, 4, 10], several), undefined);
});

test('of several classes the likeliest is told', () => {
  const tokens = Array.from({ length: 12 }, () => token());
  const counts = tokens.flatMap(() => [0, 8, 1]);
  assert.deepEqual(classProbabilities(tokens, counts, [10, 10, 10], several)?.index, 1);
  assert.ok(classProbabilities(tokens, counts, [10, 10, 10], several)!.probability > 0.99);
  assert.equal(
    classProbabilities(
      tokens,
      tokens.flatMap(() => [3, 3, 3]),
      [10, 10, 10],
      several,
    ),
    undefined,
  );
});
