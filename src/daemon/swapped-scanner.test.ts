import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ScanOutcome, ScanRequest } from '../core/index.ts';
import { SwappedScanner } from './swapped-scanner.ts';

const request = {} as ScanRequest;
const outcome = {} as ScanOutcome;

test('a replaced scanner is closed when its last scan is over', async () => {
  const log: string[] = [];
  const waiting: (() => void)[] = [];
  const scanner = new SwappedScanner('first', (name) => ({
    scan: () => {
      log.push(`${name} scans`);
      return new Promise((resolve) => waiting.push(() => resolve(outcome)));
    },
    close: () => void log.push(`${name} closed`),
  }));
  const running = [scanner.scan(request), scanner.scan(request)];
  scanner.swap('second');
  running.push(scanner.scan(request));
  assert.deepEqual(log, ['first scans', 'first scans', 'second scans']);
  waiting[0]!();
  await running[0];
  assert.ok(!log.includes('first closed'));
  waiting[1]!();
  await running[1];
  assert.equal(log.at(-1), 'first closed');
  waiting[2]!();
  await running[2];
  scanner.swap('third');
  assert.equal(log.at(-1), 'second closed');
});

test('what cannot be built leaves the old one in place', async () => {
  const scanner = new SwappedScanner(1, (value) => {
    if (value === 2) throw new Error('bad');
    return { scan: async () => outcome, close: () => assert.fail('closed') };
  });
  assert.throws(() => scanner.swap(2), /bad/);
  assert.equal(await scanner.scan(request), outcome);
});
