import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  buildCheck,
  type LogLine,
  runCheck,
  type TestMessage,
  type Way,
} from '../../../test/helpers/check-table.ts';
import { startLmdbDriver, storeDrivers } from '../../../test/helpers/store-drivers.ts';
import { type Hit, type Store, StoreError } from '../../core/index.ts';
import { clustering } from './check.ts';
import { addToCluster } from './cluster.ts';

const rule = { source_selector: 'user.lower', cluster_selector: 'header("Subject")', symbol: 'CLUSTER' };
const key = 'clustering:mine:sender@example.com';

const hits = (...scores: readonly number[]): readonly Hit[] =>
  scores.map((score, index) => ({
    name: `S${index}`,
    score,
    metricScore: score,
    description: undefined,
    groups: [],
    options: [],
  }));
const spam = hits(10, 10);
const junk = hits(3, 2, 2);
const ham = hits(-1);

const mail = (subject: string, message: TestMessage = {}): TestMessage => ({
  raw: `From: a@example.com\nSubject: ${subject}\n\nx\n`,
  way: 'authenticated',
  ...message,
});

const run = (message: TestMessage, store: Store, options: Readonly<Record<string, unknown>> = {}) =>
  runCheck(clustering, { rules: { mine: { ...rule, ...options } } }, message, { store });

test('without rules there is nothing to run', async () => {
  assert.deepEqual((await buildCheck(clustering, {})).units, []);
});

for (const [name, start] of storeDrivers()) {
  test(`verdicts of messages add up for who and what, in ${name}`, async (t) => {
    const { store, close } = await start();
    t.after(close);
    await run(mail('a', { hits: spam }), store);
    await run(mail('a', { hits: junk }), store);
    await run(mail('b', { hits: ham }), store);
    await run(mail('b', { hits: hits(1) }), store);
    const fields = await store.hashGetAll(key);
    const numbers = Object.fromEntries(Object.entries(fields).map(([field, text]) => [field, Number(text)]));
    assert.deepEqual(numbers, { a: 1.5, b: 0.1, __s: 1.4 });
    const known = await run(mail('a'), store);
    assert.deepEqual(known.hits, [
      { symbol: 'CLUSTER', weight: 2 * 0.01 + 1.4 * 0.1, options: ['2 clusters, known'] },
    ]);
    assert.deepEqual((await run(mail('c'), store)).hits, []);
    const many = { size_mult: 0.3 };
    const fresh = await run(mail('c'), store, many);
    assert.deepEqual(fresh.hits, [
      { symbol: 'CLUSTER', weight: 2 * 0.3 - (1.4 * 0.1) / 2, options: ['2 clusters, new'] },
    ]);
    assert.equal((await run(mail('a'), store, { size_mult: 5 })).hits[0]?.weight, 1);
  });

  test(`a full source takes no new clusters and goes on counting known ones, in ${name}`, async (t) => {
    const { store, close, pass } = await start();
    t.after(close);
    const add = (cluster: string) => store.run(addToCluster, ['K'], [cluster, 1, 2, 60_000, 300]);
    for (const cluster of ['a', 'b', 'c', 'a']) await add(cluster);
    assert.deepEqual(await store.hashGetAll('K'), { a: '2', b: '1', __s: '3' });
    await add('c');
    await pass(400);
    assert.deepEqual(await store.hashGetAll('K'), {});
  });
}

test('who has no source, or scans by hand, neither asks nor teaches', async (t) => {
  const { store, close } = await startLmdbDriver();
  t.after(close);
  const expected: readonly (readonly [TestMessage, boolean])[] = [
    ...(['inbound', 'local'] satisfies Way[]).map((way) => [{ way }, false] as const),
    [{ way: 'authenticated' }, true],
    [{ envelope: { userAgent: 'rspamc' } }, false],
  ];
  for (const [message, isMet] of expected) {
    await store.hashSet(key, { a: 5, __s: 5 });
    const { symbols } = await run(mail('a', { ...message, hits: ham }), store);
    assert.deepEqual(symbols, isMet ? ['CLUSTER'] : []);
    assert.equal((await store.hashGetAll(key))['a'], isMet ? '5.1' : '5');
  }
  const byHand = mail('a', { envelope: { userAgent: 'rspamc' } });
  assert.deepEqual((await run(byHand, store, { allow_local: true })).symbols, ['CLUSTER']);
});

test('the name of the total is no cluster, and long texts are digests', async (t) => {
  const { store, close } = await startLmdbDriver();
  t.after(close);
  await run(mail('__s', { hits: ham }), store);
  assert.deepEqual(await store.hashGetAll(key), {});
  await run(mail('long '.repeat(100), { hits: ham }), store);
  const [field = ''] = Object.keys(await store.hashGetAll(key)).filter((name) => name !== '__s');
  assert.match(field, /^.{32}$/);
});

test('while the store is away mail goes on, with one line of log', async () => {
  const away = async (): Promise<never> => {
    throw new StoreError('no connection');
  };
  const store = { hashGetAll: away, run: away } as unknown as Store;
  const log: LogLine[] = [];
  const config = { rules: { mine: rule } };
  assert.deepEqual((await runCheck(clustering, config, mail('a', { hits: ham }), { store, log })).hits, []);
  assert.deepEqual(
    log.map(({ message }) => message),
    ['clusters cannot be read or kept'],
  );
});
