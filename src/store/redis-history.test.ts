import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, beforeEach, describe, test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import { Redis } from 'ioredis';
import { memoryMetrics, silentLog } from '../../test/helpers/clock-and-metrics.ts';
import { historyRow } from '../../test/helpers/history-row.ts';
import { findRedisServer, type RedisServer, startRedis } from '../../test/helpers/redis-server.ts';
import { temporaryFolder } from '../../test/helpers/store-drivers.ts';
import { type Records, renderHistoryRow, StoreError } from '../core/index.ts';
import { createRecords } from './records.ts';
import { createRedisHistory, historyKey, type RedisHistoryOptions } from './redis-history.ts';
import { redisSettingsFor } from './redis-settings.ts';

const defaults: RedisHistoryOptions = {
  key_prefix: 'rs_history{{HOSTNAME}}{{COMPRESS}}',
  nrows: 200,
  compress: true,
  subject_privacy: false,
  subject_privacy_alg: 'blake2',
  subject_privacy_prefix: 'obf',
  subject_privacy_length: 16,
};

/** A row that Rspamd 3.4 put into its list. */
const rspamdRow = Buffer.from(
  'KLUv/WC9AF0JANaTPiUQyzgB+KicbBZoZeQKaTBci4DEi2tCgqIAgBVERyOCVwAAAKA4NwAxADIA+kdBgyGcTSQWahjkNIctRAPmOEzh5bie4tmuurCk' +
    'HLJvGN204jH7h2OAAIFx0Dhm31WUvEsfEzC6OUnXp6FYukuB5ZW7kiZ7ii3LVTpqd81kosnJye+65yfBa9uzjFNfI79UUmIW43zw+t5y1whkWpO8Klpr' +
    'Wju0fSWxjPi5ef1keODKepKFF5IocS+STEHu6+fECSzZnMT+PpnPr+R6cWIsKG445C9ODeV7ygEwRermN18joOeBEI+AopmRxcFLcl9XRcCeG1xfDxki' +
    'rAQQAHITXLV3HC1bEAMTu8DKcsJjRW1COoRpf0Nb4vO8Wc3CNjTyUi8bfdIt4RAF',
  'base64',
);

for (const [prefix, compress, key] of [
  ['rs_history{{HOSTNAME}}{{COMPRESS}}', true, 'rs_historymx1_zst'],
  ['rs_history{{HOSTNAME}}{{COMPRESS}}', false, 'rs_historymx1'],
  ['rs_history', true, 'rs_historymx1_zst'],
  ['shared{{COMPRESS}}', true, 'shared_zst'],
  ['shared', true, 'shared'],
] as const)
  test(`key_prefix ${prefix}, ${compress ? 'compressed' : 'plain'}, is the list ${key}`, () => {
    assert.equal(historyKey(prefix, 'mx1', compress), key);
  });

const binary = findRedisServer();
if (binary !== undefined)
  describe('history in Redis', () => {
    let server: RedisServer;
    let redis: Redis;
    const open: Records[] = [];
    const stateDir = temporaryFolder();
    const build = (options: Partial<RedisHistoryOptions> = {}, hostName = 'mx1'): Records => {
      const settings = redisSettingsFor(
        'history_redis',
        { servers: server.address, timeout: 0.2 },
        undefined,
      );
      assert.ok(settings);
      const records = createRedisHistory({
        options: { ...defaults, ...options },
        settings,
        hostName,
        log: silentLog,
        metrics: memoryMetrics(),
        file: createRecords({ stateDir, log: silentLog }),
      });
      open.push(records);
      return records;
    };
    before(async () => {
      server = await startRedis(binary);
      redis = new Redis(server.address);
    });
    beforeEach(async () => {
      await redis.flushall();
    });
    after(async () => {
      for (const records of open) await records.close();
      redis.disconnect();
      await server.kill();
      rmSync(stateDir, { recursive: true, force: true });
    });
    const ids = async (records: Records, first = 0, last = -1): Promise<string[]> =>
      (await records.history(first, last)).map(({ id }) => id);

    test('rows come back newest first, and ranges count as in Redis', async () => {
      const records = build();
      await records.addHistory([historyRow('1'), historyRow('2')]);
      await records.addHistory([historyRow('3')]);
      assert.deepEqual(await ids(records), ['3', '2', '1']);
      assert.deepEqual(await ids(records, 1, 1), ['2']);
      assert.deepEqual(await ids(records, -2, -1), ['2', '1']);
      assert.deepEqual((await records.history(0, 0))[0], historyRow('3'));
    });

    test('only so many rows are kept, of one write too', async () => {
      const records = build({ nrows: 2 });
      await records.addHistory([historyRow('1'), historyRow('2'), historyRow('3')]);
      assert.deepEqual(await ids(records), ['3', '2']);
      await records.addHistory([historyRow('4')]);
      await records.trimHistory(1);
      assert.deepEqual(await ids(records), ['4', '3']);
    });

    test('rows in the list are zstd over JSON in the shape of Rspamd, or plain JSON', async () => {
      await build().addHistory([historyRow('1')]);
      const [packed] = await redis.lrangeBuffer('rs_historymx1_zst', 0, -1);
      assert.deepEqual(JSON.parse(zstdDecompressSync(packed!).toString()), renderHistoryRow(historyRow('1')));
      assert.equal(await redis.ttl('rs_historymx1_zst'), -1);
      await build({ compress: false }).addHistory([historyRow('2')]);
      const [plain] = await redis.lrange('rs_historymx1', 0, -1);
      assert.deepEqual(JSON.parse(plain!), renderHistoryRow(historyRow('2')));
    });

    test('rows that Rspamd wrote are shown', async () => {
      const records = build();
      await redis.lpush('rs_historymx1_zst', rspamdRow);
      await records.addHistory([historyRow('2')]);
      assert.deepEqual(await ids(records), ['2', 'unknown']);
      const [, row] = await records.history(0, -1);
      assert.deepEqual(row?.symbols, [
        {
          name: 'GREYLIST',
          score: 0,
          metricScore: 0,
          options: ['greylisted', 'Sun, 22 Nov 2026 16:44:23 GMT', 'too early'],
        },
      ]);
      assert.equal(row?.action, 'soft reject');
      assert.equal(row?.timeMs, 1_795_365_563_000);
      assert.deepEqual(row?.recipientsSmtp, ['zed@Example.com']);
      assert.equal(row?.requiredScore, 15);
    });

    test('what is no row is left out', async () => {
      const records = build();
      const rubbish = [Buffer.from('{'), Buffer.from('[1]'), Buffer.from('"x"'), rspamdRow.subarray(0, 50)];
      await redis.lpush('rs_historymx1_zst', ...rubbish);
      await records.addHistory([historyRow('1')]);
      assert.deepEqual(await ids(records), ['1']);
    });

    test('each host has its own list, and both the same where the name has no host', async () => {
      const [one, two] = [build({}, 'mx1'), build({}, 'mx2')];
      await one.addHistory([historyRow('1')]);
      assert.deepEqual([await ids(one), await ids(two)], [['1'], []]);
      const [three, four] = [build({ key_prefix: 'all' }, 'mx1'), build({ key_prefix: 'all' }, 'mx2')];
      await three.addHistory([historyRow('3')]);
      assert.deepEqual(await ids(four), ['3']);
    });

    test('a reset empties the list, and rows that nobody adds to expire', async () => {
      const records = build({ expire: 100 });
      await records.addHistory([historyRow('1')]);
      const ttl = await redis.ttl('rs_historymx1_zst');
      assert.ok(ttl > 90 && ttl <= 100, String(ttl));
      await records.clearHistory();
      assert.deepEqual(await ids(records), []);
    });

    test('with privacy the subject is a digest, and no subject stays none', async () => {
      const records = build({ subject_privacy: true, subject_privacy_length: 8 });
      await records.addHistory([
        historyRow('1', { subject: 'abc' }),
        historyRow('2', { subject: 'unknown' }),
      ]);
      assert.deepEqual(
        (await records.history(0, -1)).map(({ subject }) => subject),
        ['unknown', 'obf:ba80a53f'],
      );
    });

    test('a server that does not answer is a StoreError within the timeout', async () => {
      const records = build();
      await records.addHistory([historyRow('1')]);
      server.freeze();
      await assert.rejects(records.history(0, -1), StoreError);
      await assert.rejects(records.addHistory([historyRow('2')]), StoreError);
      server.thaw();
    });
  });
