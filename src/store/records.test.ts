import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { silentLog } from '../../test/helpers/clock-and-metrics.ts';
import { historyRow } from '../../test/helpers/history-row.ts';
import { temporaryFolder } from '../../test/helpers/store-drivers.ts';
import { type Records, StoreError } from '../core/index.ts';
import { createRecords } from './index.ts';

const worker = fileURLToPath(new URL('../../test/helpers/records-worker.ts', import.meta.url));

describe('records', () => {
  let folder: string;
  const open: Records[] = [];
  const make = (stateDir = folder): Records => {
    const records = createRecords({ stateDir, log: silentLog });
    open.push(records);
    return records;
  };
  const ids = async (records: Records, first: number, last: number): Promise<string> =>
    (await records.history(first, last)).map(({ id }) => id).join(' ');
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(async () => {
    for (const records of open.splice(0)) await records.close();
    rmSync(folder, { recursive: true });
  });

  test('a row comes back as it was given', async () => {
    const row = historyRow('full', {
      requiredScore: null,
      symbols: [
        { name: 'A', score: 1.5, metricScore: 3, description: 'words', options: ['o1', 'o2'] },
        { name: 'B', score: -1, metricScore: -1 },
      ],
      subject: 'gr\u00fc\u00dfe \u{1f4ee} \0 end',
      recipientsSmtp: ['a@example.org', 'b@example.org'],
      isSkipped: true,
    });
    const records = make();
    await records.addHistory([row]);
    assert.deepEqual(await records.history(0, -1), [row]);
    await records.close();
    assert.deepEqual(await make().history(0, -1), [row]);
  });

  test('ranges count from the newest row, both ends included, and from the oldest when negative', async () => {
    const records = make();
    assert.deepEqual(await records.history(0, -1), []);
    await records.addHistory(['1', '2', '3'].map((id) => historyRow(id)));
    await records.addHistory([]);
    await records.addHistory([historyRow('4')]);
    for (const [first, last, expected] of [
      [0, -1, '4 3 2 1'],
      [0, 0, '4'],
      [1, 2, '3 2'],
      [2, 99, '2 1'],
      [9, 12, ''],
      [2, 1, ''],
      [-2, -1, '2 1'],
      [0, -2, '4 3 2'],
      [-99, -3, '4 3'],
      [0, -99, ''],
    ] as const)
      assert.equal(await ids(records, first, last), expected, `${first} ${last}`);
  });

  test('the audit trail gives back what was written, newest first, by subject and by what is still in force', async () => {
    const records = make();
    const entry = (subject: string, timeMs: number, untilMs: number | null) => ({
      timeMs,
      area: 'limits',
      verb: 'except',
      subject,
      owner: 'gr\u00fc\u00dfe',
      origin: '192.0.2.1',
      reason: 'it\'s "quoted"; --',
      untilMs,
      details: { id: 'x', used: [1, 2] },
    });
    const rows = [entry('a', 1, 50), entry('b', 2, null), entry('a', 3, 70)];
    for (const row of rows) await records.addAudit(row);
    await records.addAudit({ ...entry('a', 4, 90), area: 'other' });
    const query = { area: 'limits', maxRows: 10 };
    assert.deepEqual(await records.audit(query), rows.toReversed());
    assert.deepEqual(await records.audit({ ...query, subject: 'a' }), [rows[2], rows[0]]);
    assert.deepEqual(await records.audit({ ...query, activeAtMs: 50 }), [rows[2]]);
    assert.deepEqual(await records.audit({ ...query, maxRows: 1 }), [rows[2]]);
    await records.close();
    assert.deepEqual(await make().audit(query), rows.toReversed());
  });

  test('nothing changes or shortens the audit trail', async () => {
    const records = make();
    await records.addAudit({
      timeMs: 1,
      area: 'limits',
      verb: 'reset',
      subject: 'a',
      owner: 'o',
      origin: 'unix',
      reason: 'r',
      untilMs: null,
      details: {},
    });
    await records.clearHistory();
    const database = new DatabaseSync(join(folder, 'records.sqlite'));
    for (const change of ['DELETE FROM audit', "UPDATE audit SET owner = 'x'"])
      assert.throws(() => database.exec(change), /append-only/);
    database.close();
    assert.equal((await records.audit({ area: 'limits', maxRows: 10 })).length, 1);
  });

  test('trimming keeps the newest rows', async () => {
    const records = make();
    await records.trimHistory(2);
    await records.addHistory(['1', '2', '3', '4'].map((id) => historyRow(id)));
    await records.trimHistory(9);
    assert.equal(await ids(records, 0, -1), '4 3 2 1');
    await records.trimHistory(2);
    assert.equal(await ids(records, 0, -1), '4 3');
    await records.clearHistory();
    await records.addHistory([historyRow('5')]);
    assert.equal(await ids(records, 0, -1), '5');
    await records.trimHistory(0);
    assert.equal(await ids(records, 0, -1), '');
  });

  test('several processes write at once', async () => {
    const run = promisify(execFile);
    await Promise.all([1, 2, 3].map((part) => run(process.execPath, [worker, folder, String(part)])));
    const rows = await make().history(0, -1);
    assert.equal(rows.length, 150);
    assert.equal(new Set(rows.map(({ id }) => id)).size, 150);
  });

  test('a batch is written whole or not at all', async () => {
    const records = make();
    const broken = historyRow('broken', { score: Number.NaN });
    await assert.rejects(records.addHistory([historyRow('1'), broken]), StoreError);
    await records.addHistory([historyRow('2')]);
    assert.equal(await ids(records, 0, -1), '2');
  });

  test('a file that is no database is an error that names it, until it is moved away', async () => {
    const path = join(folder, 'records.sqlite');
    writeFileSync(path, 'this is no database'.repeat(1000));
    const records = make();
    for (const call of [
      records.history(0, -1),
      records.addHistory([historyRow('1')]),
      records.trimHistory(1),
    ])
      await assert.rejects(call, (error) => error instanceof StoreError && error.message.includes(path));
    rmSync(path);
    await make().addHistory([historyRow('1')]);
  });

  test('a cut-off file is an error', async () => {
    const records = make();
    await records.addHistory(Array.from({ length: 200 }, (_, i) => historyRow(String(i))));
    await records.close();
    truncateSync(join(folder, 'records.sqlite'), 8192);
    await assert.rejects(make().history(0, -1), StoreError);
  });

  test('a folder that cannot be made is an error', async () => {
    const path = join(folder, 'blocked');
    writeFileSync(path, '');
    await assert.rejects(make(path).history(0, -1), StoreError);
  });

  test('a file that cannot be written is an error of every call', async () => {
    mkdirSync(join(folder, 'records.sqlite'));
    await assert.rejects(make().addHistory([historyRow('1')]), /cannot use .*records\.sqlite/);
  });

  test('a file of a newer version is left alone', async () => {
    await make().history(0, -1);
    const database = new DatabaseSync(join(folder, 'records.sqlite'));
    database.exec('PRAGMA user_version = 99');
    database.close();
    await assert.rejects(make().history(0, -1), /it has schema 99, and this version of Postern knows/);
  });

  test('closed records say so', async () => {
    const records = make();
    await records.close();
    await assert.rejects(records.history(0, -1), /closed/);
  });
});
