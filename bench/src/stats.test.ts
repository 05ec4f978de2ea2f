import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ascending, blockRatios, quantile, slope, spreadOf } from './stats.ts';

it('interpolates quantiles between neighbours', () => {
  assert.equal(quantile([1, 2, 3, 4], 0.5), 2.5);
  assert.equal(quantile([10, 20], 0.99), 19.9);
  assert.equal(quantile([7], 0.99), 7);
  assert.ok(Number.isNaN(quantile([], 0.5)));
});

it('sorts by number, not by text', () => {
  assert.deepEqual([...ascending([10, 9, 100])], [9, 10, 100]);
});

it('tells median, quartiles and extremes', () => {
  assert.deepEqual(spreadOf([5, 1, 4, 2, 3]), {
    count: 5,
    median: 3,
    firstQuartile: 2,
    thirdQuartile: 4,
    min: 1,
    max: 5,
  });
});

it('divides the second by the first, block by block', () => {
  assert.deepEqual(blockRatios([2, 4], [1, 6]), [0.5, 1.5]);
  assert.throws(() => blockRatios([1], []), RangeError);
});

it('finds the slope of a line and none of a single point', () => {
  const line = [1, 2, 3].map((x) => ({ x, y: 5 + 2 * x }));
  assert.equal(slope(line), 2);
  assert.ok(Number.isNaN(slope(line.slice(0, 1))));
});
