import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { manualClock } from '../../test/helpers/clock-and-metrics.ts';
import { AnswerCache } from './cache.ts';

const answer = (text: string, ttlSeconds = 60) => ({ status: 'ok' as const, records: [text], ttlSeconds });

test('an answer is there until its time is over', () => {
  const clock = manualClock();
  const cache = new AnswerCache(clock, 10);
  cache.set('a', answer('1', 10));
  clock.advance(9_500);
  assert.deepEqual(cache.get('a'), answer('1', 1));
  clock.advance(500);
  assert.equal(cache.get('a'), undefined);
  cache.set('a', answer('2', 10));
  assert.deepEqual(cache.get('a')?.records, ['2']);
});

test('answers without time and giants are not kept', () => {
  const cache = new AnswerCache(manualClock(), 10);
  cache.set('a', answer('1', 0));
  cache.set('b', answer('x'.repeat(100_000)));
  assert.equal(cache.size, 0);
});

test('it never holds more than it may, and what is used stays', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(30), { maxLength: 200 }), (names) => {
      const cache = new AnswerCache(manualClock(), 8);
      cache.set('used', answer('u'));
      for (const name of names) {
        cache.set(String(name), answer(String(name)));
        assert.deepEqual(cache.get('used')?.records, ['u']);
        assert.deepEqual(cache.get(String(name))?.records, [String(name)]);
        assert.ok(cache.size <= 8);
      }
    }),
  );
});
