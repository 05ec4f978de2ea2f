import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Bucket, bucketKey } from './limits.ts';
import { formatRate, luaNumber, parseAmount, parseRateText } from './rate-text.ts';

const bucket = (keyStart: string): Bucket => ({
  burst: 1,
  ratePerSecond: 1,
  counts: 'recipients',
  symbol: undefined,
  message: undefined,
  skipSoftReject: false,
  dynamics: undefined,
  capacity: 1,
  keyStart,
});

test('texts of rates are read as the original reads them', () => {
  for (const [text, burst, perSecond] of [
    ['100 / 1h', 100, 100 / 3600],
    ['100/1h', 100, 100 / 3600],
    [' 5k / 2d ', 5000, 5000 / 172_800],
    ['1.5m/1s', 1_500_000, 1_500_000],
    ['2g / 1min', 2e9, 2e9 / 60],
    ['10 / 10 minutes', 10, 10 / 600],
    ['60 / 60', 60, 1],
    ['3 / 1hour', 3, 3 / 3600],
    ['7 / 0.5s', 7, 14],
  ] as const)
    assert.deepEqual(parseRateText(text), { burst, ratePerSecond: perSecond }, text);
});

test('what is no rate is refused', () => {
  for (const text of [
    '100 / h',
    '100',
    '/ 1h',
    '100 / 1w',
    '100 / 0h',
    '0 / 1h',
    '-1 / 1h',
    '1x / 1h',
    '1 / 1 / 1',
    '',
  ])
    assert.equal(parseRateText(text), undefined, text);
});

test('amounts have suffixes of ten', () => {
  for (const [value, expected] of [
    [100, 100],
    ['100', 100],
    ['2k', 2000],
    ['1.5M', 1_500_000],
    ['1g', 1e9],
    [0, undefined],
    [-5, undefined],
    ['1kb', undefined],
    ['', undefined],
    [Number.NaN, undefined],
    [Number.POSITIVE_INFINITY, undefined],
  ] as const)
    assert.equal(parseAmount(value), expected, String(value));
});

test('rates are told in the unit in which they are a whole number', () => {
  for (const [perSecond, expected] of [
    [100 / 3600, '100 per hour'],
    [500 / 86_400, '500 per day'],
    [10 / 60, '10 per minute'],
    [5, '5 per second'],
    [1 / 3600, '1 per hour'],
    [30 / 120, '15 per minute'],
    [(100 / 3600) * 1.01, '101 per hour'],
    [(100 / 3600) * 0.9999, '1.67 per minute'],
    [0.1 / 86_400, '0.1 per day'],
  ] as const)
    assert.equal(formatRate(perSecond), expected);
});

test('numbers in keys are written as Lua writes them', () => {
  for (const [value, expected] of [
    [100 / 3600, '0.027777777777778'],
    [50 / 3600, '0.013888888888889'],
    [10 / 86_400, '0.00011574074074074'],
    [7, '7'],
    [0.05, '0.05'],
    [100, '100'],
    [250_000, '250000'],
    [1e14, '1e+14'],
    [123_456_789_012_349, '1.2345678901235e+14'],
    [0.00001, '1e-05'],
    [1 / 86_400, '1.1574074074074e-05'],
    [0, '0'],
  ] as const)
    assert.equal(luaNumber(value), expected);
  fc.assert(
    fc.property(fc.double({ min: 1e-9, max: 1e9, noNaN: true }), (value) => {
      assert.ok(Math.abs(Number(luaNumber(value)) - value) <= value * 1e-13);
    }),
  );
});

test('keys are those that Rspamd makes', () => {
  // Read from the Redis of an Rspamd 3.4 that scanned one message.
  for (const [start, value, expected] of [
    ['1000:', 'Bob@Example.org', 'RLdxz61zeqwj86fms83yn1'],
    ['1299:', '203.0.113.5', 'RL7zz18rqdf6uuw9rm'],
    ['33333:', 'rcpt@example.org:203.0.113.5:sender@example.com', 'RLe8hkwbi4s1ikgud5jocy5e1o'],
    ['0:', 'rcpt@example.org:203.0.113.5:sender@example.com', 'RLqrtf8b5wxxam3gni38yqimt8'],
    ['', 'bob@example.org', 'RL11srn6mqac3s589'],
  ] as const)
    assert.equal(bucketKey('RL', bucket(start), value), expected);
});
