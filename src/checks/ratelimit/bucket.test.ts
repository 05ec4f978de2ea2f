import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { type StoreDriver, storeDrivers } from '../../../test/helpers/store-drivers.ts';
import type { Store } from '../../core/index.ts';
import { checkBucket, pendingWindowMs, rememberLimited, updateBucket } from './bucket.ts';

const startMs = 1_700_000_040_000;
const expireMs = 600_000;
const perHour = (count: number): number => count / 3_600_000;

/** Fields of a bucket as numbers. */
async function fields(store: Store, key: string): Promise<Record<string, number>> {
  const stored = Object.entries(await store.hashGetAll(key));
  return Object.fromEntries(stored.map(([name, value]) => [name, Number(value)]));
}

/** What one may know of a bucket without knowing how it is kept: used as a second opinion. */
class NaiveBucket {
  level = 0;
  lastMs: number | undefined;
  pending: { units: number; window: number }[] = [];
  rate = 10_000;
  burst = 10_000;
  window = 0;

  check(nowMs: number, perMs: number, burst: number, units: number, isDynamic: boolean): boolean {
    const isNew = this.lastMs === undefined;
    this.window = Math.max(this.window, Math.floor(nowMs / pendingWindowMs));
    this.pending = this.pending.filter(({ window }) => window >= this.window - 1);
    if (this.lastMs !== undefined && this.level > 0 && nowMs > this.lastMs) {
      this.level -= (nowMs - this.lastMs) * perMs * (isDynamic ? this.rate / 10_000 : 1);
      this.level = Math.max(0, this.level);
      this.lastMs = nowMs;
    }
    const waiting = this.pending.reduce((sum, note) => sum + note.units, 0);
    const isAllowed = this.level + waiting + units <= burst * (isDynamic ? this.burst / 10_000 : 1);
    if (isAllowed) {
      this.pending.push({ units, window: this.window });
      if (isNew) this.lastMs = nowMs;
    }
    return isAllowed;
  }

  update(
    startedMs: number,
    charged: number,
    window: number,
    released: number,
    factors: readonly number[],
  ): void {
    const note = this.pending.findIndex((entry) => entry.window === window && entry.units === released);
    if (note >= 0) this.pending.splice(note, 1);
    if (charged === 0) return;
    const [rateFactor = 1, burstFactor = 1, maxRate = 1, maxBurst = 1] = factors;
    this.level += charged;
    this.lastMs = Math.max(this.lastMs ?? 0, startedMs);
    if (rateFactor > 1 ? this.rate < maxRate * 10_000 : this.rate > 10_000 / maxRate)
      if (rateFactor !== 1) this.rate = Math.floor(this.rate * rateFactor);
    if (burstFactor > 1 ? this.burst < maxBurst * 10_000 : this.burst > 10_000 / maxBurst)
      if (burstFactor !== 1) this.burst = Math.floor(this.burst * burstFactor);
  }
}

for (const [name, start] of storeDrivers())
  describe(`buckets in ${name}`, () => {
    let driver: StoreDriver;
    let store: Store;
    let count = 0;
    const freshKey = (): string => `RL${++count}`;
    before(async () => {
      driver = await start();
      store = driver.store;
    });
    after(() => driver.close());

    const check = (key: string, nowMs: number, perMs: number, burst: number, units = 1, dynamic: 0 | 1 = 0) =>
      store.run(checkBucket, [key], [nowMs, perMs, burst, units, dynamic, expireMs]);
    const charge = (
      key: string,
      startedMs: number,
      units: number,
      window: number,
      factors = [1, 1, 1, 1],
    ) => {
      const [rate = 1, burst = 1, maxRate = 1, maxBurst = 1] = factors;
      return store.run(
        updateBucket,
        [key],
        [startedMs, units, units, window, expireMs, rate, burst, maxRate, maxBurst],
      );
    };
    const release = (key: string, units: number, window: number) =>
      store.run(updateBucket, [key], [startMs, 0, units, window, expireMs, 1, 1, 1, 1]);

    test('a new bucket has the fields of the original', async () => {
      const key = freshKey();
      const result = await check(key, startMs, perHour(10), 10, 3);
      assert.deepEqual([result.isAllowed, result.level], [true, 0]);
      const { l, b, p, dr, db } = await fields(store, key);
      assert.deepEqual({ l, b, p, dr, db }, { l: startMs, b: 0, p: 3, dr: 10_000, db: 10_000 });
    });

    test('a new bucket lets no more through than its burst', async () => {
      const key = freshKey();
      assert.equal((await check(key, startMs, perHour(10), 10, 11)).isAllowed, false);
      assert.deepEqual(await fields(store, key), {});
      assert.equal((await check(key, startMs, perHour(10), 10, 10)).isAllowed, true);
    });

    test('the burst may be reached and not passed, by pending and by charged units', async () => {
      const key = freshKey();
      const first = await check(key, startMs, perHour(10), 3, 2);
      assert.equal((await check(key, startMs, perHour(10), 3, 2)).isAllowed, false);
      const second = await check(key, startMs, perHour(10), 3, 1);
      assert.equal(second.isAllowed, true);
      await charge(key, startMs, 2, first.window);
      await charge(key, startMs, 1, second.window);
      assert.equal((await check(key, startMs, perHour(10), 3, 1)).isAllowed, false);
      const { b, p } = await fields(store, key);
      assert.deepEqual([b, p], [3, 0]);
    });

    test('what was taken and given back is not charged', async () => {
      const key = freshKey();
      const { window } = await check(key, startMs, perHour(10), 2, 2);
      await release(key, 2, window);
      assert.equal((await check(key, startMs, perHour(10), 2, 2)).isAllowed, true);
    });

    test('content drains at the rate', async () => {
      const key = freshKey();
      const { window } = await check(key, startMs, perHour(100), 100, 100);
      await charge(key, startMs, 100, window);
      assert.equal((await check(key, startMs + 35_999, perHour(100), 100)).isAllowed, false);
      const later = await check(key, startMs + 36_001, perHour(100), 100);
      assert.equal(later.isAllowed, true);
      assert.ok(Math.abs(later.level - 99) < 0.001);
      assert.equal((await check(key, startMs + 99 * 3_600_000, perHour(100), 100)).level, 0);
    });

    test('slow scans do not make it drain faster', async () => {
      const key = freshKey();
      const { window } = await check(key, startMs, perHour(3600), 100, 50);
      await charge(key, startMs, 50, window);
      const slow = await check(key, startMs + 10_000, perHour(3600), 100, 1);
      assert.equal(slow.level, 40);
      await charge(key, startMs + 1_000, 1, slow.window);
      assert.equal((await check(key, startMs + 10_000, perHour(3600), 100, 1)).level, 41);
    });

    test('what a crashed worker left pending is forgotten after two minutes, also under traffic', async () => {
      const key = freshKey();
      await check(key, startMs, perHour(1), 10, 9);
      for (let ms = 10_000; ms < 60_000; ms += 10_000) {
        const { isAllowed, window } = await check(key, startMs + ms, perHour(1), 10, 1);
        assert.equal(isAllowed, true);
        await release(key, 1, window);
        assert.equal((await check(key, startMs + ms, perHour(1), 10, 2)).isAllowed, false);
      }
      assert.equal((await check(key, startMs + 2 * pendingWindowMs, perHour(1), 10, 10)).isAllowed, true);
    });

    test('a late return of forgotten units takes nothing from others', async () => {
      const key = freshKey();
      const { window } = await check(key, startMs, perHour(1), 10, 5);
      await check(key, startMs + 3 * pendingWindowMs, perHour(1), 10, 4);
      await release(key, 5, window);
      assert.equal((await fields(store, key))['p'], 4);
      const late = await check(key, startMs, perHour(1), 10, 1);
      assert.equal(
        late.window,
        Math.floor(startMs / pendingWindowMs) + 3,
        'a clock that lags does not turn back',
      );
    });

    test('factors are kept as whole ten-thousandths and stop growing once past their bound', async () => {
      const key = freshKey();
      const grow = [1.5, 1.4, 2, 10];
      for (let i = 0; i < 3; i++) await charge(key, startMs, 1, 0, grow);
      let { dr, db } = await fields(store, key);
      assert.deepEqual([dr, db], [22_500, 27_440]);
      const shrink = [0.3, 0.333, 2, 10];
      for (let i = 0; i < 3; i++) await charge(key, startMs, 1, 0, shrink);
      ({ dr, db } = await fields(store, key));
      assert.deepEqual([dr, db], [2025, 1012]);
      await charge(key, startMs, 1, 0, [0.5, 0.5, 1, 1]);
      ({ dr, db } = await fields(store, key));
      assert.deepEqual([dr, db], [2025, 1012], 'a bound of 1 switches a factor off');
    });

    test('factors count only where they are switched on', async () => {
      const key = freshKey();
      await charge(key, startMs, 1, 0, [2, 2, 5, 10]);
      assert.equal((await check(key, startMs, perHour(1), 2, 3, 0)).isAllowed, false);
      const wide = await check(key, startMs + 3_600_000, perHour(0.6), 2, 3, 1);
      assert.deepEqual(
        [wide.isAllowed, wide.level, wide.rateMultiplier, wide.burstMultiplier],
        [true, 0, 2, 2],
      );
    });

    test('a bucket that Rspamd wrote, older or newer, goes on', async () => {
      const key = freshKey();
      await store.hashSet(key, { l: startMs, b: '9.5', dr: 10_000, db: 10_000 });
      assert.equal((await check(key, startMs, perHour(1), 10, 1)).isAllowed, false);
      await store.hashSet(key, { p: -3, b: 'nan' });
      assert.equal((await check(key, startMs, perHour(1), 10, 10)).isAllowed, true);
    });

    test('a bucket goes after its time, counted from its last charge', async () => {
      const key = freshKey();
      await store.run(checkBucket, [key], [startMs, perHour(1), 10, 1, 0, 50]);
      await driver.pass(60);
      assert.deepEqual(await fields(store, key), {});
      await release(key, 1, 0);
      assert.deepEqual(await fields(store, key), {}, 'giving back makes no bucket');
    });

    test('the list of limited buckets keeps the newest', async () => {
      const key = freshKey();
      for (let i = 0; i < 6; i++) await store.run(rememberLimited, [key], [`bucket${i}`, startMs + i, 3]);
      await store.run(rememberLimited, [key], ['bucket4', startMs + 9, 3]);
      assert.deepEqual(
        (await store.sortedRange(key, 0, -1)).map(({ member }) => member),
        ['bucket3', 'bucket5', 'bucket4'],
      );
    });

    test('any course of events comes out as a plain account of it says', async () => {
      const event = fc.record({
        afterMs: fc.oneof(fc.constant(0), fc.nat(5_000), fc.nat(100_000)),
        units: fc.integer({ min: 1, max: 6 }),
        /** How many events later the message is settled; never: its worker crashed. */
        settledAfter: fc.option(fc.nat(3), { nil: undefined, freq: 4 }),
        isCharged: fc.boolean(),
        factor: fc.constantFrom(1, 1.02, 0.98),
      });
      await fc.assert(
        fc.asyncProperty(
          fc.array(event, { maxLength: 25 }),
          fc.constantFrom(perHour(10), perHour(500), perHour(5000)),
          fc.integer({ min: 2, max: 12 }),
          fc.boolean(),
          async (events, perMs, burst, isDynamic) => {
            const key = freshKey();
            const naive = new NaiveBucket();
            const open: { due: number; run: () => Promise<void> }[] = [];
            let nowMs = startMs;
            for (const [index, { afterMs, units, settledAfter, isCharged, factor }] of events.entries()) {
              nowMs += afterMs;
              const startedMs = nowMs;
              const result = await check(key, nowMs, perMs, burst, units, isDynamic ? 1 : 0);
              const expected = naive.check(nowMs, perMs, burst, units, isDynamic);
              assert.equal(result.isAllowed, expected);
              if (result.isAllowed && settledAfter !== undefined)
                open.push({
                  due: index + settledAfter,
                  run: async () => {
                    const factors = [factor, factor, 5, 10] as const;
                    const charged = isCharged ? units : 0;
                    await store.run(
                      updateBucket,
                      [key],
                      [startedMs, charged, units, result.window, expireMs, ...factors],
                    );
                    naive.update(startedMs, charged, result.window, units, factors);
                  },
                });
              for (const due of open.filter((entry) => entry.due === index)) await due.run();
            }
            const { b = 0, p = 0, dr = 10_000, db = 10_000 } = await fields(store, key);
            const waiting = naive.pending.reduce((sum, note) => sum + note.units, 0);
            assert.deepEqual([p, dr, db], [waiting, naive.rate, naive.burst]);
            assert.ok(Math.abs(b - naive.level) < 1e-6);
          },
        ),
        { numRuns: 150 },
      );
    });
  });
