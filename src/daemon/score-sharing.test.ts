import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type LogLine, noMetrics, recordingLog } from '../../test/helpers/check-table.ts';
import { storeDrivers, temporaryFolder } from '../../test/helpers/store-drivers.ts';
import { dynamicConf } from '../checks/dynamic_conf/check.ts';
import type { Configuration, Section } from '../core/index.ts';
import { ScoreSharing } from './score-sharing.ts';
import { SharedScores } from './shared-scores.ts';

const key = 'dynamic_conf';

for (const [name, start] of storeDrivers()) {
  describe(name, () => {
    test('what one machine shares, another sees once; changes are added up', async () => {
      const driver = await start();
      const [one, other] = [1, 2].map(() => new SharedScores(driver.store, key, recordingLog()));
      assert.equal(await other!.changes(), undefined);
      await one!.share({ scores: { A: 1, B: 2 }, actions: { reject: 15, 'add header': null } });
      await one!.share({ scores: { B: 3 } });
      assert.deepEqual(await other!.changes(), {
        scores: { A: 1, B: 3 },
        actions: { reject: 15, 'add header': null },
      });
      assert.equal(await other!.changes(), undefined);
      assert.equal(await driver.store.hashGet(key, 'v'), '2');
      await driver.close();
    });

    test('a machine does not take over what it shared itself, but what came before it', async () => {
      const driver = await start();
      const [one, other] = [1, 2].map(() => new SharedScores(driver.store, key, recordingLog()));
      await one!.share({ scores: { A: 1 } });
      await one!.changes();
      await one!.share({ scores: { A: 2 } });
      assert.equal(await one!.changes(), undefined);
      await other!.share({ scores: { B: 1 } });
      await one!.share({ scores: { C: 1 } });
      assert.deepEqual((await one!.changes())?.scores, { A: 2, B: 1, C: 1 });
      await driver.close();
    });

    test('what Rspamd or somebody else left is read as far as it can be', async () => {
      const driver = await start();
      const log: LogLine[] = [];
      const shared = new SharedScores(driver.store, key, recordingLog(log));
      await driver.store.hashSet(key, {
        v: 7,
        d: '{"scores":{"A":{"score":2,"priority":10},"B":"high","C\\n":1,"D":4},"symbols_disabled":["X"]}',
      });
      assert.deepEqual(await shared.changes(), { scores: { A: 2, D: 4 }, actions: {} });
      assert.match(JSON.stringify(log), /not taken over/);
      for (const data of ['', '[1]', 'null', '{', '{"scores":1,"actions":7}']) {
        await driver.store.hashSet(key, { v: data.length + 100, d: data });
        assert.deepEqual((await shared.changes())?.scores, {}, data);
      }
      await shared.share({ scores: { E: 1 } });
      assert.deepEqual(JSON.parse((await driver.store.hashGet(key, 'd')) ?? ''), {
        scores: { E: 1 },
        actions: 7,
      });
      await driver.close();
    });
  });
}

function configurationOf(section: Section, redis: Section | undefined, stateDir: string): Configuration {
  return {
    modules: new Map([['dynamic_conf', dynamicConf.config.parse(section)]]),
    sections: new Map(Object.keys(section).length > 0 ? [['dynamic_conf', section]] : []),
    redis,
    stateDir,
    options: { disabledModules: [] },
  } as unknown as Configuration;
}

for (const [, startRedis] of storeDrivers().filter(([name]) => name === 'Redis')) {
  test('one takes over what was saved on the other, and loads it', async () => {
    const driver = await startRedis();
    const loaded = Promise.withResolvers<void>();
    const machine = (reload: () => void) =>
      new ScoreSharing({
        reload: async () => reload(),
        clock: Date,
        log: recordingLog(),
        metrics: noMetrics,
      });
    const one = machine(() => assert.fail('nothing changed here'));
    const other = machine(() => loaded.resolve());
    const stateDir = temporaryFolder();
    one.configure(configurationOf({ redis_watch_interval: 1 }, driver.redis, temporaryFolder()));
    other.configure(configurationOf({ redis_watch_interval: 1 }, driver.redis, stateDir));
    await one.share({ scores: { BAD_SYMBOL: 4.5 }, actions: { 'add header': 7 } });
    await loaded.promise;
    assert.match(readFileSync(join(stateDir, 'dynamic/scores.conf'), 'utf8'), /BAD_SYMBOL = 4\.5/);
    assert.match(readFileSync(join(stateDir, 'dynamic/actions.conf'), 'utf8'), /add_header = 7/);
    one.stop();
    other.stop();
    await driver.close();
  });
}

test('without Redis nothing is shared, and the log says so; without a section neither', async () => {
  const log: LogLine[] = [];
  const sharing = new ScoreSharing({
    reload: async () => assert.fail(),
    clock: Date,
    log: recordingLog(log),
    metrics: noMetrics,
  });
  sharing.configure(configurationOf({}, undefined, temporaryFolder()));
  await sharing.share({ scores: { A: 1 } });
  assert.equal(log.length, 0);
  sharing.configure(configurationOf({ enabled: true }, undefined, temporaryFolder()));
  await sharing.share({ scores: { A: 1 } });
  assert.match(log[0]!.message, /shares nothing/);
  sharing.stop();
});
