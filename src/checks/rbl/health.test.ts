import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LogLine, recordingLog } from '../../../test/helpers/check-table.ts';
import { manualClock } from '../../../test/helpers/clock-and-metrics.ts';
import type { DnsAnswer, DnsStatus } from '../../core/index.ts';
import { ListHealth } from './health.ts';

function watched(probe: 'fixed' | 'random' = 'fixed') {
  const lines: LogLine[] = [];
  const asked: string[] = [];
  const states: string[] = [];
  const clock = manualClock();
  let next: DnsAnswer = { status: 'nxdomain', records: [], ttlSeconds: 0 };
  const health = new ListHealth({
    zone: 'bl.test',
    probeName: probe === 'fixed' ? '1.0.0.127' : undefined,
    clock,
    log: recordingLog(lines),
    onChange: (state) => states.push(state),
    dns: {
      resolve: async (name) => {
        asked.push(name);
        return next;
      },
    },
  });
  return {
    health,
    asked,
    states,
    clock,
    logged: () => lines.map(({ level, message }) => `${level}: ${message}`),
    say: (status: DnsStatus, ...records: string[]) => {
      next = { status, records, ttlSeconds: 0 };
    },
    /** Mail asks: a probe starts when it is due, and ends. */
    async use() {
      const may = health.mayAsk();
      await new Promise((resolve) => setImmediate(resolve));
      return may;
    },
  };
}

test('a list is probed when it is used, once a minute, and never by itself', async () => {
  const list = watched();
  list.clock.advance(3_600_000);
  assert.deepEqual(list.asked, []);
  assert.equal(await list.use(), true);
  assert.equal(await list.use(), true);
  assert.deepEqual(list.asked, ['1.0.0.127.bl.test']);
  list.clock.advance(60_000);
  await list.use();
  assert.equal(list.asked.length, 2);
});

test('a list that lists the world is switched off and comes back', async () => {
  const list = watched();
  list.say('ok', '127.0.0.2');
  assert.equal(await list.use(), true);
  assert.equal(list.health.isDown, true);
  assert.equal(await list.use(), false);
  list.say('nxdomain');
  assert.equal(await list.use(), false);
  assert.equal(list.asked.length, 1);
  list.clock.advance(10_000);
  assert.equal(await list.use(), false);
  assert.equal(await list.use(), true);
  assert.deepEqual(list.states, ['down', 'up']);
  assert.match(list.logged()[0] ?? '', /^warn: DNS list is not asked: it lists what must not be listed/);
  assert.deepEqual(list.logged().slice(1), ['info: DNS list is asked again']);
});

test('a resolver that rewrites answers is told apart in the log', async () => {
  const list = watched();
  list.say('ok', '203.0.113.1');
  await list.use();
  assert.match(list.logged()[0] ?? '', /its answers are rewritten/);
});

test('five failures in a row switch a list off, an answer between them does not', async () => {
  const list = watched();
  await list.use();
  for (let i = 0; i < 4; i++) list.health.report('timeout');
  list.health.report('nxdomain');
  for (let i = 0; i < 4; i++) list.health.report('servfail');
  assert.equal(list.health.isDown, false);
  list.health.report('timeout');
  assert.equal(list.health.isDown, true);
  assert.deepEqual(list.states, ['down']);
});

test('while a list is dead the probes become rarer, up to ten minutes', async () => {
  const list = watched();
  list.say('timeout');
  const probes: number[] = [];
  let seen = 0;
  for (let second = 0; second < 4_000; second++) {
    await list.use();
    if (list.asked.length > seen) probes.push(second);
    seen = list.asked.length;
    list.clock.advance(1_000);
  }
  const gaps = probes.slice(1).map((at, index) => at - probes[index]!);
  assert.deepEqual(gaps.slice(0, 6), [10, 10, 10, 10, 10, 20]);
  assert.equal(Math.max(...gaps), 600);
});

test('lists of names are probed by a random name each time', async () => {
  const list = watched('random');
  for (let i = 0; i < 3; i++) {
    await list.use();
    list.clock.advance(60_000);
  }
  assert.equal(new Set(list.asked).size, 3);
  for (const name of list.asked) assert.match(name, /^[a-z]{20}\.bl\.test$/);
});
