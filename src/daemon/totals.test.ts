import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLog } from '../observe/index.ts';
import { HistoryRing } from './memory-history.ts';
import type { TotalsDelta } from './protocol.ts';
import { DeltaCounter, TotalsKeeper } from './totals.ts';

const start = Date.UTC(2026, 10, 22, 10);

async function keeperFor(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'postern-totals-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const clock = { nowMs: start, now: () => clock.nowMs };
  return { folder, clock, open: () => new TotalsKeeper(folder, clock, silentLog) };
}

function deltaOf(count: (counter: DeltaCounter) => void): TotalsDelta {
  const counter = new DeltaCounter(() => undefined);
  count(counter);
  return counter.take()!;
}

const oneReject = deltaOf((counter) => {
  counter.scan('reject', 20);
  counter.symbol('GTUBE', 1);
  counter.symbol('TIMED', 0, 4);
});

test('a counter tells once that it has something, until it was taken', () => {
  let told = 0;
  const counter = new DeltaCounter(() => told++);
  assert.equal(counter.take(), undefined);
  counter.scan('reject', 1);
  counter.connection('scan');
  counter.connection('control');
  assert.equal(told, 1);
  const delta = counter.take();
  assert.deepEqual([delta?.scanned, delta?.connections, delta?.controlConnections], [1, 1, 1]);
  assert.equal(counter.take(), undefined);
  counter.learned();
  assert.equal(told, 2);
});

test('deltas of all processes add up', async (t) => {
  const { open } = await keeperFor(t);
  const keeper = open();
  for (let i = 0; i < 40; i++) keeper.add(oneReject);
  const totals = keeper.totals();
  assert.deepEqual([totals.scanned, totals.actions['reject']], [40, 40]);
  assert.deepEqual(totals.scanTimesSeconds, new Array(31).fill(0.02));
  assert.equal(totals.symbols['GTUBE']?.hits, 40);
  assert.equal(totals.symbols['TIMED']?.timeMs, 4);
});

test('frequency is hits per second with its deviation, over minutes', async (t) => {
  const { open, clock } = await keeperFor(t);
  const keeper = open();
  for (const hits of [60, 120, 0]) {
    keeper.add(deltaOf((counter) => [counter.scan('reject', 1), counter.symbol('A', hits)]));
    clock.nowMs += 60_000;
    keeper.tick();
  }
  const symbol = keeper.totals().symbols['A'];
  assert.equal(symbol?.hits, 180);
  assert.ok(Math.abs(symbol.frequency - 1) < 1e-9);
  assert.ok(Math.abs(symbol.frequencyStddev - 1) < 1e-9);
});

test('messages are counted by hour for the graphs', async (t) => {
  const { open, clock } = await keeperFor(t);
  const keeper = open();
  keeper.add(oneReject);
  clock.nowMs += 30 * 60_000;
  keeper.add(oneReject);
  clock.nowMs += 31 * 60_000;
  keeper.add(oneReject);
  assert.deepEqual(
    keeper.totals().graph.map(({ startMs, actions }) => [startMs - start, actions]),
    [
      [0, { reject: 2 }],
      [3_600_000, { reject: 1 }],
    ],
  );
});

test('counts survive a restart, uptime does not', async (t) => {
  const { open, clock } = await keeperFor(t);
  const keeper = open();
  keeper.add(oneReject);
  keeper.save();
  clock.nowMs += 1000;
  const totals = open().totals();
  assert.deepEqual([totals.scanned, totals.symbols['GTUBE']?.hits, totals.startedMs], [1, 1, clock.nowMs]);
});

test('a reset forgets everything, on disk too', async (t) => {
  const { open, folder } = await keeperFor(t);
  const keeper = open();
  keeper.add(oneReject);
  keeper.reset();
  assert.equal(keeper.totals().scanned, 0);
  assert.deepEqual(keeper.totals().graph, []);
  assert.equal(JSON.parse(await readFile(join(folder, 'totals.json'), 'utf8')).scanned, 0);
});

test('a broken file starts counting anew', async (t) => {
  const { open, folder } = await keeperFor(t);
  for (const text of ['', '{', '[]', '{"scanned":"many"}', 'null']) {
    await writeFile(join(folder, 'totals.json'), text);
    assert.equal(open().totals().scanned, 0, text);
  }
});

test('the ring of history rows answers ranges as a list of Redis does', () => {
  const ring = new HistoryRing();
  const row = (id: string): never => ({ id }) as never;
  ring.add([row('a'), row('b')]);
  ring.add([row('c')]);
  const ids = (first: number, last: number): string[] => ring.range(first, last).map(({ id }) => id);
  assert.deepEqual(ids(0, -1), ['c', 'b', 'a']);
  assert.deepEqual(ids(1, 1), ['b']);
  assert.deepEqual(ids(-2, -1), ['b', 'a']);
  assert.deepEqual(ids(5, 9), []);
  ring.trim(2);
  assert.deepEqual(ids(0, -1), ['c', 'b']);
  ring.clear();
  assert.deepEqual(ids(0, -1), []);
});
