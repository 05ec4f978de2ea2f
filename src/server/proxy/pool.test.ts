import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Log } from '../../core/index.ts';
import { Pool, type PoolInit } from './pool.ts';
import { parseTarget, type Target } from './target.ts';

const none = (): void => undefined;
const log: Log = { debug: none, info: none, warn: none, error: none, child: () => log };
const untried: ReadonlySet<Target> = new Set();

function pool(t: TestContext, hosts: readonly string[], changes: Partial<PoolInit> = {}): Pool {
  const made = new Pool({
    name: 'scan',
    targets: hosts.map(parseTarget),
    rotation: 'round-robin',
    policy: { maxFailures: 2, windowMs: 1000, firstPauseMs: 1, maxPauseMs: 1 },
    clock: { now: () => 0 },
    log,
    random: () => 0.5,
    check: async () => false,
    changed: none,
    ...changes,
  });
  t.after(() => made.close());
  return made;
}

const chosen = (from: Pool, count: number, key = ''): string =>
  Array.from({ length: count }, () => from.choose(untried, key)?.host).join('');

test('round robin takes scanners in turn', (t) => {
  assert.equal(chosen(pool(t, ['a', 'b', 'c']), 6), 'abcabc');
});

test('round robin spreads requests by weight', (t) => {
  assert.equal(chosen(pool(t, ['a:1:3', 'b:1:1']), 8), 'aabaaaba');
});

test('master-slave takes the scanner of the highest weight while it is well', (t) => {
  const scanners = pool(t, ['a:1:1', 'b:1:9', 'c:1:9'], { rotation: 'master-slave' });
  assert.equal(chosen(scanners, 3), 'bbb');
  const b = scanners.choose(untried, '')!;
  scanners.failed(b);
  scanners.failed(b);
  assert.equal(chosen(scanners, 2), 'cc');
});

test('random follows the numbers it draws and the weights', (t) => {
  const numbers = [0.1, 0.9, 0.9, 0.1, 0.5, 0.5];
  const scanners = pool(t, ['a', 'b:1:2'], { rotation: 'random', random: () => numbers.shift()! });
  assert.equal(chosen(scanners, 3), 'bab');
});

test('hash gives one key one scanner, spreads keys by weight, and moves only keys of a scanner that is out', (t) => {
  const scanners = pool(t, ['a', 'b', 'c:1:2'], { rotation: 'hash' });
  const keys = Array.from({ length: 400 }, (_, n) => `192.0.2.${n}`);
  const before = new Map(keys.map((key) => [key, scanners.choose(untried, key)!]));
  const share = (host: string): number =>
    [...before.values()].filter((target) => target.host === host).length;
  assert.ok(share('a') > 60 && share('b') > 60 && share('c') > 150);
  const gone = [...before.values()].find(({ host }) => host === 'b')!;
  scanners.failed(gone);
  scanners.failed(gone);
  for (const [key, target] of before) {
    const now = scanners.choose(untried, key);
    if (target === gone) assert.notEqual(now, gone);
    else assert.equal(now, target);
  }
});

test('a scanner that failed this request is not chosen again', (t) => {
  const scanners = pool(t, ['a', 'b']);
  const tried = new Set([scanners.choose(untried, '')!]);
  assert.equal(scanners.choose(tried, '')?.host, 'b');
  tried.add(scanners.choose(tried, '')!);
  assert.equal(scanners.choose(tried, ''), undefined);
});

test('failures far apart do not take a scanner out', (t) => {
  let nowMs = 0;
  const scanners = pool(t, ['a', 'b'], { clock: { now: () => nowMs } });
  const a = scanners.choose(untried, '')!;
  scanners.failed(a);
  nowMs = 2000;
  scanners.failed(a);
  assert.equal(chosen(scanners, 2), 'ba');
});

test('a success forgets earlier failures', (t) => {
  const scanners = pool(t, ['a', 'b']);
  const a = scanners.choose(untried, '')!;
  scanners.failed(a);
  scanners.succeeded(a);
  scanners.failed(a);
  assert.equal(chosen(scanners, 2), 'ba');
});

test('with every scanner out all are still tried', (t) => {
  const scanners = pool(t, ['a']);
  const a = scanners.choose(untried, '')!;
  scanners.failed(a);
  scanners.failed(a);
  assert.equal(scanners.choose(untried, ''), a);
});

test('a scanner that is out comes back when its check finds it well', async (t) => {
  let isWell = false;
  const changes: string[] = [];
  let back: (() => void) | undefined;
  const isBack = new Promise<void>((resolve) => {
    back = resolve;
  });
  const scanners = pool(t, ['a', 'b'], {
    check: async () => {
      const answer = isWell;
      isWell = true;
      return answer;
    },
    changed: ({ host }, isUp) => {
      changes.push(`${host} ${isUp}`);
      if (isUp) back?.();
    },
  });
  const keepAlive = setInterval(none, 1000);
  t.after(() => clearInterval(keepAlive));
  const a = scanners.choose(untried, '')!;
  scanners.failed(a);
  scanners.failed(a);
  assert.equal(chosen(scanners, 2), 'bb');
  await isBack;
  assert.deepEqual(changes, ['a false', 'a true']);
  assert.match(chosen(scanners, 2), /a/);
});
