import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { distance, wordNumbers } from './distance.ts';

/** The same by the textbook's table. */
function slowDistance(a: readonly number[], b: readonly number[]): number {
  let row = new Array<number>(b.length + 1).fill(0);
  for (const x of a) {
    const next = [0];
    for (const [j, y] of b.entries()) next.push(x === y ? row[j]! + 1 : Math.max(row[j + 1]!, next[j]!));
    row = next;
  }
  const total = a.length + b.length;
  const share = (total - 2 * row.at(-1)!) / total;
  return share < 0.5 ? 0 : share;
}

test('the difference is that of the longest common subsequence', () => {
  const words = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 100 });
  fc.assert(
    fc.property(words, words, (a, b) => {
      assert.equal(distance(a, b), slowDistance(a, b));
    }),
    { numRuns: 500 },
  );
});

test('without words there is no difference', () => {
  assert.equal(distance([], [1]), undefined);
  assert.equal(distance([1], []), undefined);
});

test('any text has words', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      assert.ok(wordNumbers(text).length <= text.length);
    }),
  );
});

test('case, punctuation, line breaks and links do not count', () => {
  const same = [
    ['Hello, World! Grüße', 'HELLO world grüße'],
    ['See here <https://example.com/a?b=c> now', 'see (http://x.example/1) here now'],
    ['你好，世界。', '你\n好 世界'],
    ['“quoted” – dash', 'quoted dash'],
  ];
  for (const [a, b] of same) assert.deepEqual(wordNumbers(a!), wordNumbers(b!));
  assert.notDeepEqual(wordNumbers('one two'), wordNumbers('two one'));
});

test('a text of a million words is cut', () => {
  assert.equal(wordNumbers('ab '.repeat(1_000_000)).length, 1_000);
});
