import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { type StoreDriver, storeDrivers } from '../../../test/helpers/store-drivers.ts';
import type { Store } from '../../core/index.ts';
import { counters, windowFields } from './amounts.ts';
import { forget, settle, type TakeResult, take } from './counter.ts';
import { changeExceptions, exceptionAmount } from './exceptions.ts';
import { pendingSlotMs, slotMsOf } from './windows.ts';

const worker = fileURLToPath(new URL('../../../test/helpers/limits-worker.ts', import.meta.url));
const startMs = 1_700_000_040_000;
const leaseSlots = 12;
const expireMs = 172_800_000;
const minuteMs = 60_000;
const none = counters.map(() => -1);
const messagesPer = (minute: number, hour = -1, day = -1): readonly number[] => [
  minute,
  hour,
  day,
  -1,
  -1,
  -1,
];
const recipientsPer = (minute: number, hour = -1, day = -1): readonly number[] => [
  -1,
  -1,
  -1,
  minute,
  hour,
  day,
];

for (const [name, start] of storeDrivers())
  describe(`sending limits in ${name}`, () => {
    let driver: StoreDriver;
    let store: Store;
    let count = 0;
    /** Subjects that nobody used before, in one slot of a cluster. */
    const fresh = (): string => `{limits}${++count}`;
    before(async () => {
      driver = await start();
      store = driver.store;
    });
    after(() => driver.close());

    const ask = (
      subjects: readonly string[],
      nowMs: number,
      limits: readonly (readonly number[])[],
      recipients = 1,
    ): Promise<TakeResult> =>
      store.run(
        take,
        subjects.flatMap((subject) => [subject, `${subject}x`]),
        [nowMs, recipients, leaseSlots, expireMs, ...limits.flat()],
      );
    const end = (
      subjects: readonly string[],
      nowMs: number,
      charged: 0 | 1,
      slot: number,
      recipients = 1,
    ): Promise<void> => store.run(settle, subjects, [nowMs, recipients, leaseSlots, expireMs, slot, charged]);
    /** Sends one message and says whether it had room. */
    const send = async (
      subject: string,
      nowMs: number,
      limits: readonly number[],
      recipients = 1,
    ): Promise<boolean> => {
      const { hits, slot } = await ask([subject], nowMs, [limits], recipients);
      if (hits.length > 0) return false;
      await end([subject], nowMs, 1, slot, recipients);
      return true;
    };
    const except = (
      subject: string,
      nowMs: number,
      id: string,
      untilMs: number,
      amounts: readonly number[],
    ) =>
      store.run(
        changeExceptions,
        [`${subject}x`, '{limits}list'],
        [
          nowMs,
          subject,
          id,
          JSON.stringify({ owner: id }),
          untilMs,
          ...amounts.map((amount) => String(amount)),
        ],
      );

    test('a limit lets exactly so many through, and tells when there is room again', async () => {
      const subject = fresh();
      for (let i = 0; i < 3; i++) assert.equal(await send(subject, startMs + i * 1000, messagesPer(3)), true);
      const { hits } = await ask([subject], startMs + 5000, [messagesPer(3)]);
      assert.deepEqual(hits, [
        {
          scope: 0,
          counter: 0,
          used: 3,
          limit: 3,
          freeAtMs: startMs + minuteMs + 1000,
          isException: false,
        },
      ]);
      assert.equal(await send(subject, startMs + minuteMs + 999, messagesPer(3)), false);
      assert.equal(await send(subject, startMs + minuteMs + 1000, messagesPer(3)), true);
      assert.equal(await send(subject, startMs + minuteMs + 1000, messagesPer(3)), false);
    });

    test('every window counts besides the others', async () => {
      const subject = fresh();
      const limits = messagesPer(2, 3, 4);
      const sent = async (nowMs: number): Promise<string[]> => {
        const { hits, slot } = await ask([subject], nowMs, [limits]);
        if (hits.length === 0) await end([subject], nowMs, 1, slot);
        return hits.map(({ counter }) => counters[counter]!.window);
      };
      assert.deepEqual(await sent(startMs), []);
      assert.deepEqual(await sent(startMs), []);
      assert.deepEqual(await sent(startMs), ['minute']);
      assert.deepEqual(await sent(startMs + 2 * minuteMs), []);
      assert.deepEqual(await sent(startMs + 4 * minuteMs), ['hour']);
      assert.deepEqual(await sent(startMs + 62 * minuteMs), []);
      assert.deepEqual(await sent(startMs + 70 * minuteMs), ['day']);
      assert.deepEqual(await sent(startMs + 1465 * minuteMs), []);
    });

    test('recipients are counted apart from messages, also those of messages under way', async () => {
      const subject = fresh();
      assert.equal(await send(subject, startMs, recipientsPer(10), 6), true);
      assert.equal(await send(subject, startMs, recipientsPer(10), 5), false);
      const under = await ask([subject], startMs, [recipientsPer(10)], 4);
      assert.deepEqual(under.hits, []);
      const { hits } = await ask([subject], startMs, [recipientsPer(10)], 1);
      assert.deepEqual(
        hits.map(({ used, freeAtMs }) => [used, freeAtMs]),
        [[10, startMs + 61_000]],
      );
      await end([subject], startMs, 0, under.slot, 4);
      assert.equal(await send(subject, startMs, recipientsPer(10), 4), true);
    });

    test('a limit of nothing lets nothing through, and no limit everything', async () => {
      const subject = fresh();
      const { hits } = await ask([subject], startMs, [messagesPer(0)]);
      assert.deepEqual(
        hits.map(({ freeAtMs }) => freeAtMs),
        [undefined],
      );
      for (let i = 0; i < 20; i++) assert.equal(await send(subject, startMs, none, 1000), true);
    });

    test('a message is noted with all its subjects or with none', async () => {
      const [sender, pool] = [fresh(), fresh()];
      for (let i = 0; i < 3; i++) {
        const { hits } = await ask([sender, pool], startMs, [messagesPer(9), messagesPer(0)]);
        assert.deepEqual(
          hits.map(({ scope }) => scope),
          [1],
        );
      }
      assert.deepEqual(await store.hashGetAll(sender), {});
      const { slot } = await ask([sender, pool], startMs, [messagesPer(9), messagesPer(9)]);
      await end([sender, pool], startMs, 1, slot);
      for (const subject of [sender, pool])
        assert.deepEqual(await store.hashGetAll(subject), {
          p: '',
          ...Object.fromEntries(
            windowFields.map(({ field, lengthMs }) => [
              field,
              `${Math.floor(startMs / slotMsOf(lengthMs))}:1:1:1:1;`,
            ]),
          ),
        });
    });

    test('mail under way counts until it is settled, and what a crash left is forgotten', async () => {
      const subject = fresh();
      const first = await ask([subject], startMs, [messagesPer(1)]);
      assert.equal((await ask([subject], startMs, [messagesPer(1)])).hits.length, 1);
      await end([subject], startMs, 0, first.slot);
      await ask([subject], startMs, [messagesPer(1)]);
      const leaseMs = leaseSlots * pendingSlotMs;
      assert.equal((await ask([subject], startMs + leaseMs, [messagesPer(1)])).hits.length, 1);
      assert.equal(
        (await ask([subject], startMs + leaseMs + pendingSlotMs, [messagesPer(1)])).hits.length,
        0,
      );
    });

    test('a scan slower than the lease counts all the same, and takes nothing from others', async () => {
      const subject = fresh();
      const { slot } = await ask([subject], startMs, [messagesPer(2)]);
      const laterMs = startMs + 2 * leaseSlots * pendingSlotMs;
      const other = await ask([subject], laterMs, [messagesPer(2)]);
      await end([subject], laterMs, 1, slot);
      assert.equal((await ask([subject], laterMs, [messagesPer(2)])).hits[0]?.used, 2);
      await end([subject], laterMs, 0, other.slot);
      assert.equal(await send(subject, laterMs, messagesPer(2)), true);
    });

    test('messages at once never pass a limit together', async () => {
      const subject = fresh();
      const outcomes = await Promise.all(
        Array.from({ length: 40 }, () => ask([subject], startMs, [messagesPer(-1, 7)])),
      );
      assert.equal(outcomes.filter(({ hits }) => hits.length === 0).length, 7);
    });

    test('processes together let exactly the limit through', async () => {
      const redis = driver.redis === undefined ? '' : JSON.stringify(driver.redis);
      const args = [driver.stateDir, redis, fresh(), '150', '100'];
      const outcomes = await Promise.all(
        Array.from({ length: 3 }, () => promisify(execFile)(process.execPath, [worker, ...args])),
      );
      assert.equal(
        outcomes.reduce((sum, { stdout }) => sum + Number(stdout), 0),
        150,
      );
    });

    test('what was used can be forgotten, mail under way stays noted', async () => {
      const subject = fresh();
      assert.equal(await send(subject, startMs, messagesPer(2)), true);
      await ask([subject], startMs, [messagesPer(2)]);
      await store.run(forget, [subject], []);
      assert.equal(await send(subject, startMs, messagesPer(2)), true);
      assert.equal(await send(subject, startMs, messagesPer(2)), false);
    });

    test('a clock that was far ahead blocks nobody when it is right again', async () => {
      const subject = fresh();
      assert.equal(await send(subject, startMs + 90 * 86_400_000, messagesPer(1, 1, 1)), true);
      assert.equal(await send(subject, startMs, messagesPer(1, 1, 1)), true);
      assert.equal(await send(subject, startMs, messagesPer(1, 1, 1)), false);
    });

    test('an exception holds at once for what it names, and ends by itself', async () => {
      const subject = fresh();
      const [unset, unlimited] = [-2, -1];
      await except(subject, startMs, '1a', startMs + 5000, [2, unset, unset, unset, unset, unset]);
      assert.equal(await send(subject, startMs, messagesPer(0)), true);
      assert.equal(await send(subject, startMs, messagesPer(0)), true);
      const { hits } = await ask([subject], startMs, [messagesPer(0, 2)]);
      assert.deepEqual(
        hits.map(({ counter, limit, isException }) => [counter, limit, isException]),
        [
          [0, 2, true],
          [1, 2, false],
        ],
      );
      await except(subject, startMs, '2b', startMs + 3000, [unlimited, unset, unset, unset, unset, unset]);
      for (let i = 0; i < 5; i++) assert.equal(await send(subject, startMs + 2999, messagesPer(0)), true);
      const older = await ask([subject], startMs + 3000, [messagesPer(0)]);
      assert.deepEqual(
        older.hits.map(({ limit }) => limit),
        [2],
        'the older one holds again',
      );
      assert.equal((await ask([subject], startMs + 5000, [messagesPer(9)])).hits.length, 0);
    });

    test('exceptions are replaced, ended and listed', async () => {
      const subject = fresh();
      const listed = async (): Promise<string | undefined> =>
        (await store.hashGetAll('{limits}list'))[subject];
      const stored = (): Promise<Readonly<Record<string, string>>> => store.hashGetAll(`${subject}x`);
      const change = (id: string, info: string) =>
        store.run(changeExceptions, [`${subject}x`, '{limits}list'], [startMs, subject, id, info, 0]);
      const nowMs = driver.clock.now();
      const [soon, late] = [nowMs + 50_000, nowMs + 90_000];
      await except(subject, nowMs, '1a', soon, [5, -2, -2, -2, -2, -1]);
      await except(subject, nowMs, '2b', late, [6, -2, -2, -2, -2, -2]);
      await except(subject, nowMs, '1a', soon, [5, -2, -2, -2, -2, -1]);
      const fields = await stored();
      assert.deepEqual(fields['m:m']?.split(',').sort(), [`5:${soon}:1a`, `6:${late}:2b`]);
      assert.equal(fields['r:d'], `-1:${soon}:1a`);
      assert.deepEqual([fields['i:1a'], fields['i:2b']], ['{"owner":"1a"}', '{"owner":"2b"}']);
      assert.equal(await listed(), String(late));
      await change('2b', '');
      assert.deepEqual(Object.keys(await stored()).sort(), ['i:1a', 'm:m', 'r:d']);
      assert.equal(await listed(), String(soon));
      await except(subject, nowMs, '3c', late, [6, -2, -2, -2, -2, -2]);
      await change('*', '');
      assert.deepEqual([await stored(), await listed()], [{}, undefined]);
    });

    test('amounts of exceptions survive the way into the store', () => {
      assert.deepEqual([undefined, Number.POSITIVE_INFINITY, 0, 1e12].map(exceptionAmount), [
        '-2',
        '-1',
        '0',
        '1000000000000',
      ]);
    });

    test('no stretch of time holds more than its limit, whatever is sent when', async () => {
      const event = fc.record({
        afterMs: fc.oneof(fc.nat(3000), fc.nat(90_000), fc.nat(5_000_000)),
        recipients: fc.integer({ min: 1, max: 5 }),
        isAccepted: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(
          fc.array(event, { maxLength: 30 }),
          fc.array(fc.integer({ min: -1, max: 12 }), { minLength: 6, maxLength: 6 }),
          async (events, limits) => {
            const subject = fresh();
            const sent: { readonly atMs: number; readonly recipients: number }[] = [];
            let nowMs = startMs;
            for (const { afterMs, recipients, isAccepted } of events) {
              nowMs += afterMs;
              const { hits, slot } = await ask([subject], nowMs, [limits], recipients);
              const over = (slackMs: number): boolean =>
                counters.some(({ counts, lengthMs }, index) => {
                  const limit = limits[index]!;
                  const units = (of: { recipients: number }): number =>
                    counts === 'messages' ? 1 : of.recipients;
                  const used = sent
                    .filter(({ atMs }) => atMs > nowMs - lengthMs - slackMs * slotMsOf(lengthMs))
                    .reduce((sum, entry) => sum + units(entry), 0);
                  return limit >= 0 && used + units({ recipients }) > limit;
                });
              if (hits.length === 0) {
                assert.equal(over(0), false, 'let through although a window is full');
                await end([subject], nowMs, isAccepted ? 1 : 0, slot, recipients);
                if (isAccepted) sent.push({ atMs: nowMs, recipients });
              } else {
                assert.equal(over(1), true, 'stopped although there was room for a slot');
                for (const { freeAtMs, counter } of hits)
                  if (freeAtMs !== undefined) assert.ok(freeAtMs > nowMs, String(counter));
              }
            }
          },
        ),
        { numRuns: 60 },
      );
    });
  });
