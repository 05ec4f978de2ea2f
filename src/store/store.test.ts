import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type StoreDriver, storeDrivers } from '../../test/helpers/store-drivers.ts';
import { everything, failing, increment } from '../../test/helpers/store-procedures.ts';
import { type Store, StoreError } from '../core/index.ts';

const worker = fileURLToPath(new URL('../../test/helpers/store-worker.ts', import.meta.url));

function startWorker(driver: StoreDriver, mode: string, count: number): ChildProcess {
  const redis = driver.redis === undefined ? '' : JSON.stringify(driver.redis);
  return spawn(process.execPath, [worker, mode, driver.stateDir, redis, String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

for (const [name, start] of storeDrivers())
  describe(`in ${name}`, () => {
    let driver: StoreDriver;
    let store: Store;
    before(async () => {
      driver = await start();
      store = driver.store;
    });
    after(() => driver.close());

    test('a key that was never set has no value', async () => {
      assert.equal(await store.get('nothing'), undefined);
      assert.equal(await store.hashGet('nothing', 'field'), undefined);
      assert.deepEqual(await store.hashGetAll('nothing'), {});
      assert.deepEqual(await store.sortedRange('nothing', 0, -1), []);
      await store.delete('nothing');
      await store.hashDelete('nothing', 'field');
    });

    test('a text is kept as it is', async () => {
      for (const text of ['plain', '', 'gr\u00fc\u00dfe \u{1f4ee}', 'a\0b\r\nc', 'x'.repeat(100_000)]) {
        await store.set('text', text);
        assert.equal(await store.get('text'), text);
      }
      await store.delete('text');
      assert.equal(await store.get('text'), undefined);
    });

    test('any text can be a key or a field', async () => {
      const long = 'k'.repeat(5000);
      for (const key of ['\u{1f511}', 'with blank', 'null\0byte', long, `${long}2`, '__proto__']) {
        await store.set(`s${key}`, key);
        assert.equal(await store.get(`s${key}`), key);
        await store.hashSet(`h${key}`, { [key]: key });
        assert.equal(await store.hashGet(`h${key}`, key), key);
      }
    });

    test('a key is gone after its time, and setting it again gives it a new one', async () => {
      await store.set('brief', 'a', 40);
      await store.set('renewed', 'a', 40);
      await store.set('renewed', 'b');
      await store.set('longer', 'a', 40);
      await store.set('longer', 'b', 100_000);
      assert.equal(await store.get('brief'), 'a');
      await driver.pass(40);
      assert.equal(await store.get('brief'), undefined);
      assert.equal(await store.get('renewed'), 'b');
      assert.equal(await store.get('longer'), 'b');
    });

    test('fields of a hash are set, read and removed one by one', async () => {
      await store.hashSet('hash', { one: 1, two: '2', half: 0.5 });
      await store.hashSet('hash', { two: 'zwei' });
      await store.hashSet('hash', {});
      assert.deepEqual(await store.hashGetAll('hash'), { one: '1', two: 'zwei', half: '0.5' });
      assert.equal(await store.hashGet('hash', 'two'), 'zwei');
      assert.equal(await store.hashGet('hash', 'three'), undefined);
      for (const field of ['one', 'two', 'half', 'none']) await store.hashDelete('hash', field);
      assert.deepEqual(await store.hashGetAll('hash'), {});
    });

    test('a hash may grow large and shrink to nothing', async () => {
      const fields = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`field${i}`, `value${i}`]));
      await store.hashSet('large', { first: 'x' });
      await store.hashSet('large', fields);
      await store.hashSet('large', { field7: 'changed' });
      assert.equal(await store.hashGet('large', 'field7'), 'changed');
      assert.equal(await store.hashGet('large', 'first'), 'x');
      assert.equal(Object.keys(await store.hashGetAll('large')).length, 1001);
      for (const field of ['first', ...Object.keys(fields)]) await store.hashDelete('large', field);
      assert.deepEqual(await store.hashGetAll('large'), {});
      await store.hashSet('large', fields);
      await store.delete('large');
      assert.equal(await store.hashGet('large', 'field7'), undefined);
      await store.hashSet('large', { fresh: 1 });
      assert.deepEqual(await store.hashGetAll('large'), { fresh: '1' });
    });

    test('a procedure reaches every kind of value', async () => {
      const keys = ['{e}text', '{e}hash', '{e}sorted'];
      assert.deepEqual(await store.run(everything, keys, [40]), ['one', 'two', '2', '2', 'x,y']);
      assert.deepEqual(await store.sortedRange('{e}sorted', 0, -1), [
        { member: 'x', score: 0.5 },
        { member: 'y', score: 1 },
      ]);
      assert.deepEqual(await store.sortedRange('{e}sorted', -1, -1), [{ member: 'y', score: 1 }]);
      assert.deepEqual(await store.sortedRange('{e}sorted', 5, 9), []);
      await driver.pass(40);
      assert.equal(await store.get('{e}text'), undefined);
      assert.deepEqual(await store.hashGetAll('{e}hash'), { a: '1', b: 'two' });
    });

    test('a value of another kind is an error, and stays', async () => {
      await store.set('kind', 'text');
      for (const wrong of [
        store.hashGet('kind', 'a'),
        store.hashGetAll('kind'),
        store.hashSet('kind', { a: 1 }),
        store.sortedRange('kind', 0, 1),
        store.run(increment, ['kind'], [1]),
      ])
        await assert.rejects(wrong, StoreError);
      await store.hashSet('otherkind', { a: 1 });
      await assert.rejects(store.get('otherkind'), StoreError);
      assert.equal(await store.get('kind'), 'text');
    });

    test('a procedure that fails leaves nothing behind and harms no other', async () => {
      const [first, broken, second] = await Promise.allSettled([
        store.run(increment, ['beside'], [1]),
        store.run(failing, ['beside'], []),
        store.run(increment, ['beside'], [1]),
      ]);
      assert.deepEqual([first.status, broken.status, second.status], ['fulfilled', 'rejected', 'fulfilled']);
      assert.ok(broken.status === 'rejected' && broken.reason instanceof StoreError);
      assert.match(broken.reason.message, /the procedure failed/);
      assert.equal(await store.get('beside:half'), undefined);
      assert.equal(await store.hashGet('beside', 'n'), '2');
    });

    test('increments at the same time are all counted', async () => {
      const results = await Promise.all(
        Array.from({ length: 200 }, () => store.run(increment, ['many'], [1])),
      );
      assert.equal(new Set(results).size, 200);
      assert.equal(await store.hashGet('many', 'n'), '200');
    });

    test('increments of several processes are all counted, whatever happens to one of them', async () => {
      const victim = startWorker(driver, 'increment', 1_000_000);
      await once(victim.stdout!, 'data');
      const workers = Array.from({ length: 3 }, () => startWorker(driver, 'increment', 500));
      victim.kill('SIGKILL');
      await once(victim, 'exit');
      const before = Number((await store.hashGet('shared', 'n')) ?? '0');
      assert.ok(before >= 0);
      const codes = await Promise.all(workers.map(async (child) => (await once(child, 'exit'))[0] as number));
      assert.deepEqual(codes, [0, 0, 0]);
      // Of the victim's own increments any number may have been made, each of them whole.
      const total = Number(await store.hashGet('shared', 'n'));
      await store.delete('shared');
      const again = startWorker(driver, 'increment', 500);
      await Promise.all(Array.from({ length: 500 }, () => store.run(increment, ['shared'], [1])));
      await once(again, 'exit');
      assert.ok(total >= 1500);
      assert.equal(await store.hashGet('shared', 'n'), '1000');
    });

    test('it says that it works', async () => {
      await store.check();
    });
  });
