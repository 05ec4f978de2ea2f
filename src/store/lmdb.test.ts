import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type LogLine, recordingLog } from '../../test/helpers/check-table.ts';
import { manualClock, memoryMetrics, silentLog } from '../../test/helpers/clock-and-metrics.ts';
import { temporaryFolder } from '../../test/helpers/store-drivers.ts';
import { increment } from '../../test/helpers/store-procedures.ts';
import { StoreError } from '../core/index.ts';
import { currentBoot, isSameBoot } from './boot.ts';
import { LmdbEnvironment } from './lmdb-environment.ts';
import { LmdbStore } from './lmdb-store.ts';
import { storeMetrics } from './store-metrics.ts';

const worker = fileURLToPath(new URL('../../test/helpers/store-worker.ts', import.meta.url));

describe('the embedded store', () => {
  const clock = manualClock(Date.now());
  let folder: string;
  let lines: LogLine[];
  const open: LmdbStore[] = [];
  const make = (stateDir = folder, maxBytes = 1024 ** 3) => {
    const metrics = storeMetrics(memoryMetrics(), 'lmdb');
    const store = new LmdbStore({ stateDir, clock, log: recordingLog(lines), metrics, maxBytes });
    open.push(store);
    return store;
  };
  const messages = (): string => lines.map(({ message }) => message).join('\n');
  beforeEach(() => {
    folder = temporaryFolder();
    lines = [];
  });
  afterEach(async () => {
    for (const store of open.splice(0)) await store.close();
    rmSync(folder, { recursive: true });
  });

  test('what was written is there after closing and opening', async () => {
    const first = make();
    await first.set('key', 'value');
    await first.close();
    await assert.rejects(first.get('key'), /closed/);
    assert.equal(await make().get('key'), 'value');
  });

  test('two stores on one file in one process are one store', async () => {
    const first = make();
    const second = make();
    await first.set('key', 'value');
    assert.equal(await second.get('key'), 'value');
    await first.close();
    await second.set('key', 'other');
    assert.equal(await second.get('key'), 'other');
  });

  test('only its owner can read the file', async () => {
    await make().set('key', 'secret');
    assert.match(execFileSync('ls', ['-l', join(folder, 'store.mdb')]).toString(), /^-rw-------/);
  });

  test('a state folder that cannot be made is an error, and works once it can', async () => {
    const path = join(folder, 'blocked');
    writeFileSync(path, 'a file where the folder should be');
    const store = make(path);
    await assert.rejects(store.get('key'), StoreError);
    await assert.rejects(store.set('key', 'value'), (error) => {
      return error instanceof StoreError && error.message.includes(path);
    });
    await assert.rejects(store.check(), StoreError);
    assert.equal(lines.filter(({ level }) => level === 'error').length, 1, 'one line, not one a call');
    rmSync(path);
    clock.advance(2_000);
    await store.set('key', 'value');
    assert.equal(await store.get('key'), 'value');
  });

  test('a full disk fails writes, not the process, and leaves reading and deleting', () => {
    // A limit on file sizes fails writes as a full disk does.
    const script = `trap '' XFSZ; ulimit -f 600; exec "$0" "$@"`;
    const args = ['-c', script, process.execPath, worker, 'fill', folder, '', '5000'];
    const result = JSON.parse(execFileSync('/bin/bash', args).toString()) as Record<string, unknown>;
    assert.equal(result['readable'], 1000);
    assert.equal(result['deleted'], true);
    const [failure = ''] = result['failures'] as string[];
    assert.match(failure, /cannot use .*store\.mdb.*MiB left on the disk/);
  });

  test('the limit of the file stops writes until room was made', async () => {
    const store = make(folder, 200_000);
    const fill = async (): Promise<number> => {
      for (let i = 0; i < 2000; i++) {
        try {
          await store.set(`key${i}`, 'x'.repeat(1000), 5_000);
        } catch (error) {
          assert.ok(error instanceof StoreError);
          assert.match(error.message, /limit of 200000 bytes/);
          return i;
        }
      }
      return -1;
    };
    assert.ok((await fill()) > 50);
    await assert.rejects(store.set('more', 'x'), /limit/);
    assert.equal((await store.get('key0'))?.length, 1000);
    clock.advance(6_000);
    await store.upkeep();
    await store.set('more', 'x');
    assert.equal(await store.get('more'), 'x');
  });

  test('the sweep removes what expired, and nothing else', async () => {
    const store = make();
    const big = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`f${i}`, 'x'.repeat(50)]));
    await Promise.all(Array.from({ length: 500 }, (_, i) => store.set(`gone${i}`, 'x', 1_000)));
    await store.set('later', 'x', 1_000);
    await store.set('later', 'x', 100_000);
    await store.set('forever', 'x', 1_000);
    await store.set('forever', 'x');
    await store.hashSet('dropped', big);
    await store.delete('dropped');
    clock.advance(2_000);
    await store.upkeep();
    await store.close();
    const environment = LmdbEnvironment.open(folder, silentLog);
    const { keys, fields, expiry } = environment.databases;
    assert.deepEqual(
      [...keys.getKeys()].map((key) => key.toString()),
      ['forever', 'later'],
    );
    assert.deepEqual([fields.getKeysCount(), expiry.getKeysCount()], [0, 1]);
    await environment.close();
    const again = make();
    assert.equal(await again.get('later'), 'x');
    clock.advance(100_000);
    assert.equal(await again.get('later'), undefined);
    await again.upkeep();
    assert.equal(await again.get('forever'), 'x');
  });

  test('upkeep is left to the process that holds the lease', async () => {
    const store = make();
    await store.set('gone', 'x', 1_000);
    clock.advance(2_000);
    const environment = LmdbEnvironment.open(folder, silentLog);
    const { internals, keys, root } = environment.databases;
    const lease = (untilMs: number): Buffer => Buffer.from(JSON.stringify({ pid: 1, untilMs }));
    root.putSync(Buffer.from('unused'), Buffer.from('x'));
    internals.putSync(Buffer.from('lease'), lease(clock.now() + 1_000));
    await store.upkeep();
    assert.equal(keys.getKeysCount(), 1);
    clock.advance(1_500);
    await store.upkeep();
    assert.equal(keys.getKeysCount(), 0);
    await environment.close();
  });

  test('a snapshot is made when something changed, not more often than its pause', async () => {
    const store = make();
    const snapshot = join(folder, 'store.snapshot.mdb');
    const stamp = (): string =>
      existsSync(snapshot) ? String(readFileSync(snapshot).indexOf('value2')) : '';
    await store.set('key', 'value1');
    await store.upkeep();
    assert.equal(stamp(), '-1');
    await store.set('key', 'value2');
    await store.upkeep();
    assert.equal(stamp(), '-1', 'too early');
    clock.advance(301_000);
    await store.upkeep();
    assert.notEqual(stamp(), '-1');
    rmSync(snapshot);
    clock.advance(301_000);
    await store.upkeep();
    assert.equal(stamp(), '', 'nothing changed');
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes('snapshot.mdb.')),
      [],
    );
  });

  test('after a crash of a process the file is taken as it is', async () => {
    execFileSync(process.execPath, [worker, 'leave', folder, '', '0']);
    assert.equal(await make().get('left'), 'behind');
    assert.equal(messages(), '');
  });

  test('after a crash of the machine the last snapshot is taken', async () => {
    const store = make();
    await store.set('old', 'kept');
    await store.upkeep();
    await store.close();
    execFileSync(process.execPath, [worker, 'leave', folder, '', '0']);
    const otherBoot = { id: 'another run of the machine', startedSeconds: 1 };
    const environment = LmdbEnvironment.open(folder, recordingLog(lines), otherBoot);
    const names = [...environment.databases.keys.getKeys()].map((key) => key.toString());
    assert.deepEqual(names, ['old']);
    assert.match(messages(), /went down while the store was in use[\s\S]*restored from the last snapshot/);
    await environment.close();
  });

  test('after a crash of the machine without a snapshot the store is empty', async () => {
    execFileSync(process.execPath, [worker, 'leave', folder, '', '0']);
    const environment = LmdbEnvironment.open(folder, recordingLog(lines), { id: 'x', startedSeconds: 1 });
    assert.equal(environment.databases.keys.getKeysCount(), 0);
    assert.match(messages(), /no snapshot to start from/);
    await environment.close();
  });

  test('a file that was closed in order is taken after a restart of the machine', async () => {
    const store = make();
    await store.set('key', 'value');
    await store.close();
    const environment = LmdbEnvironment.open(folder, recordingLog(lines), { id: 'x', startedSeconds: 1 });
    assert.equal(environment.databases.keys.getKeysCount(), 1);
    assert.equal(messages(), '');
    await environment.close();
  });

  test('a run of the machine is known by its id, else by the time of its start', () => {
    const boot = currentBoot();
    const unnamed = { id: '', startedSeconds: boot.startedSeconds };
    assert.ok(isSameBoot(boot, currentBoot()));
    assert.ok(isSameBoot(boot, { ...boot, startedSeconds: 0 }) || boot.id === '');
    assert.ok(isSameBoot(unnamed, { id: '', startedSeconds: boot.startedSeconds + 60 }));
    assert.ok(!isSameBoot(unnamed, { id: '', startedSeconds: boot.startedSeconds + 6000 }));
    assert.ok(!isSameBoot({ id: 'a', startedSeconds: 1 }, { id: 'b', startedSeconds: 1 }));
  });

  for (const [what, damage] of [
    ['rubbish', (path: string) => writeFileSync(path, Buffer.alloc(100_000, 'rubbish'))],
    ['a cut-off file', (path: string) => truncateSync(path, 9_000)],
    ['a few bytes', (path: string) => truncateSync(path, 10)],
  ] as const)
    test(`${what} is moved aside and the snapshot taken`, async () => {
      const store = make();
      await store.set('key', 'value');
      await store.upkeep();
      await store.close();
      damage(join(folder, 'store.mdb'));
      const again = make();
      assert.equal(await again.get('key'), 'value');
      assert.match(messages(), /moved to .*store\.mdb\.damaged/);
      assert.ok(existsSync(join(folder, 'store.mdb.damaged')));
      await again.run(increment, ['counter'], [1]);
    });

  test('an empty file is a new store', async () => {
    writeFileSync(join(folder, 'store.mdb'), '');
    await make().check();
  });

  test('calls are timed and failures counted', async () => {
    const metrics = memoryMetrics();
    const store = new LmdbStore({
      stateDir: folder,
      clock,
      log: silentLog,
      metrics: storeMetrics(metrics, 'lmdb'),
      maxBytes: 1024 ** 3,
    });
    open.push(store);
    await store.set('key', 'value');
    await store.get('key');
    await assert.rejects(store.hashGet('key', 'field'));
    assert.deepEqual(Object.fromEntries(metrics.values), {
      'postern_store_seconds lmdb set': 1,
      'postern_store_seconds lmdb get': 1,
      'postern_store_errors_total lmdb hashGet': 1,
    });
  });
});
