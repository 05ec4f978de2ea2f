import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Resolver } from '../core/index.ts';
import { cachedKeys } from './key-finder.ts';
import { keyRecord, makeKey } from './testing/mail.ts';

const record = keyRecord(makeKey('ed25519').key);
const bounds = { maxEntries: 4, maxSeconds: 100 };

/** A zone in which every selector has the key, and how often it was asked. */
function zone(ttlSeconds: number, status: 'ok' | 'timeout' = 'ok'): Resolver & { asked: number } {
  return {
    asked: 0,
    async resolve() {
      this.asked++;
      return { status, records: status === 'ok' ? [record] : [], ttlSeconds };
    },
  };
}

test('a key is kept as long as its record lives, and no longer than the bound', async () => {
  for (const [ttlSeconds, lifeSeconds] of [
    [50, 50],
    [1000, 100],
  ] as const) {
    const dns = zone(ttlSeconds);
    let now = 0;
    const keys = cachedKeys(dns, { now: () => now }, bounds);
    const first = await keys('example.com', 's');
    assert.equal(first.status, 'found');
    now = lifeSeconds * 1000 - 1;
    assert.equal(await keys('example.com', 's'), first);
    assert.equal(dns.asked, 1);
    now++;
    await keys('example.com', 's');
    assert.equal(dns.asked, 2);
  }
});

test('failures are not kept, nor anything where that is switched off', async () => {
  const failing = zone(300, 'timeout');
  const keys = cachedKeys(failing, Date, bounds);
  assert.deepEqual(await keys('example.com', 's'), { status: 'unreachable' });
  await keys('example.com', 's');
  assert.equal(failing.asked, 2);
  const dns = zone(300);
  const never = cachedKeys(dns, Date, { ...bounds, maxEntries: 0 });
  await never('example.com', 's');
  await never('example.com', 's');
  assert.equal(dns.asked, 2);
});

test('the cache is bounded, and what is used stays', async () => {
  const dns = zone(300);
  const keys = cachedKeys(dns, { now: () => 0 }, bounds);
  for (let i = 0; i < 20; i++) {
    await keys('example.com', `s${i}`);
    await keys('example.com', 'used');
  }
  assert.equal(dns.asked, 21);
  await keys('example.com', 's0');
  assert.equal(dns.asked, 22);
});
