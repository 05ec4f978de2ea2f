import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AmountError, type Amounts, counters, parseAmounts, parseLevel } from './amounts.ts';

const spelled = (amounts: Amounts): string =>
  counters
    .flatMap(({ field }, index) => (amounts[index] === undefined ? [] : [`${field}=${amounts[index]}`]))
    .join(' ');

for (const [messages, recipients, expected] of [
  ['100/h', undefined, 'm:h=100'],
  ['20/m 100/h, 500/d', '5k/d', 'm:m=20 m:h=100 m:d=500 r:d=5000'],
  ['20 / 1m; 100 / hour', '1m/day', 'm:m=20 m:h=100 r:d=1000000'],
  ['unlimited', '0/h', 'm:m=Infinity m:h=Infinity m:d=Infinity r:h=0'],
  ['unlimited/h 5/h', undefined, 'm:h=5'],
  [undefined, undefined, ''],
] as const)
  test(`messages ${messages} and recipients ${recipients} read as ${expected || 'nothing'}`, () => {
    assert.equal(spelled(parseAmounts({ messages, recipients })), expected);
  });

for (const text of ['100', 'h', '100/w', '-1/h', '1.5/h', '100/2h', '1e3/h', 'x/h', '99999999999m/h'])
  test(`${text} is no amount`, () => {
    assert.throws(() => parseAmounts({ messages: text }), AmountError);
  });

for (const [text, each, pool] of [
  ['messages 100/h', 'm:h=100', ''],
  ['each messages=100/h,500/d recipients=1k/d pool messages=5k/h', 'm:h=100 m:d=500 r:d=1000', 'm:h=5000'],
  ['Pool Recipients unlimited', '', 'r:m=Infinity r:h=Infinity r:d=Infinity'],
  ['', '', ''],
] as const)
  test(`the map value "${text}" reads as each ${each || '-'} and pool ${pool || '-'}`, () => {
    const level = parseLevel(text);
    assert.deepEqual([spelled(level.each), spelled(level.pool)], [each, pool]);
  });

for (const text of ['100/h', 'pool 100/h', 'messages lots', 'message 100/h'])
  test(`the map value "${text}" cannot be read`, () => {
    assert.throws(() => parseLevel(text), AmountError);
  });

test('any text is read or refused', () => {
  const piece = fc.constantFrom(
    'each',
    'pool',
    'messages',
    'recipients',
    '100/h',
    '/',
    '=',
    ',',
    '9k/d',
    'x',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(piece).map((words) => words.join(' ')),
      ),
      (text) => {
        try {
          for (const amount of parseLevel(text).each) assert.ok(amount === undefined || amount >= 0);
        } catch (error) {
          assert.ok(error instanceof AmountError);
        }
      },
    ),
    { numRuns: 300 },
  );
});
