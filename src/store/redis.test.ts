import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LogLine, recordingLog } from '../../test/helpers/check-table.ts';
import { memoryMetrics } from '../../test/helpers/clock-and-metrics.ts';
import {
  certificates,
  findRedisServer,
  type RedisServer,
  startRedis,
  startRedisCluster,
  startRedisSentinel,
} from '../../test/helpers/redis-server.ts';
import { everything, increment } from '../../test/helpers/store-procedures.ts';
import { type Section, type Store, StoreError } from '../core/index.ts';
import { createStores } from './index.ts';

const binary = findRedisServer();

if (binary !== undefined)
  describe('with a real Redis', () => {
    const closers: (() => Promise<void>)[] = [];
    after(async () => {
      await Promise.all(closers.map((close) => close()));
    });
    const start = async (
      ...options: Parameters<typeof startRedis> extends [string, ...infer R] ? R : never
    ) => {
      const server = await startRedis(binary, ...options);
      closers.push(() => server.kill());
      return server;
    };
    const connect = (redis: Section, lines: LogLine[] = []): Store => {
      const stores = createStores({
        redis,
        stateDir: '/nonexistent',
        log: recordingLog(lines),
        metrics: memoryMetrics(),
        clock: Date,
      });
      closers.push(() => stores.close());
      return stores.forModule('test', undefined);
    };
    /** Calls until it works; a bug shows as the test's own time limit. */
    const eventually = async <Value>(call: () => Promise<Value>): Promise<Value> => {
      for (;;) {
        try {
          return await call();
        } catch (error) {
          assert.ok(error instanceof StoreError);
          await sleep(20);
        }
      }
    };

    test('modules with equal settings share a store, others do not', async () => {
      const server = await start();
      const stores = createStores({
        redis: { servers: server.address, other: { servers: server.address, db: 1 } },
        stateDir: '/nonexistent',
        log: recordingLog(),
        metrics: memoryMetrics(),
        clock: Date,
      });
      closers.push(() => stores.close());
      const one = stores.forModule('one', undefined);
      assert.equal(stores.forModule('two', {}), one);
      const other = stores.forModule('other', undefined);
      await one.set('key', 'zero');
      await other.set('key', 'one');
      assert.deepEqual([await one.get('key'), await other.get('key')], ['zero', 'one']);
    });

    test('a prefix stands in front of every key, in scripts too', async () => {
      const server = await start();
      const store = connect({ servers: server.address, prefix: 'mail:' });
      await store.run(everything, ['t', 'h', 's'], [100_000]);
      const keys = await server.command('KEYS', '*');
      for (const key of ['mail:t', 'mail:h', 'mail:s']) assert.ok(keys.includes(key));
      assert.equal(await store.get('t'), 'one');
    });

    test('a user with a password gets in, a wrong password is an error that does not show it', async () => {
      const lines = ['user default off', 'user postern on >s3cret-word ~* +@all -@dangerous +info'];
      const server = await start({ tcp: 'plain', lines });
      const settings = { servers: server.address, username: 'postern' };
      await connect({ ...settings, password: 's3cret-word' }).check();
      const log: LogLine[] = [];
      await assert.rejects(connect({ ...settings, password: 'wr0ng-word' }, log).check(), (error) => {
        assert.ok(error instanceof StoreError);
        assert.match(error.message, /WRONGPASS|NOAUTH/);
        assert.ok(!/wr0ng-word/.test(`${error.message}${JSON.stringify(log)}`));
        return true;
      });
    });

    test('TLS is spoken and the certificate checked', async () => {
      const server = await start({ tcp: 'tls' });
      const settings = { servers: `localhost:${server.port}`, ssl: true };
      await connect({ ...settings, ssl_ca: certificates.authority }).check();
      await connect({ ...settings, ssl_ca: certificates.authority, sni: 'redis.test' }).check();
      await connect({ ...settings, no_ssl_verify: true }).check();
      await assert.rejects(connect(settings).check(), /certificate|self-signed/);
      const wrongName = { ...settings, ssl_ca: certificates.authority, sni: 'other.test' };
      await assert.rejects(connect(wrongName).check(), /altnames/);
      await assert.rejects(
        connect({ ...settings, ssl_ca: '/nonexistent.pem' }).check(),
        /cannot read ssl_ca/,
      );
      await assert.rejects(connect({ servers: settings.servers, timeout: 0.3 }).check(), StoreError);
    });

    test('reads go to the read servers, writes to the write servers', async () => {
      const master = await start({ tcp: 'plain' });
      const replica = await start({ tcp: 'plain', lines: [`replicaof 127.0.0.1 ${master.port}`] });
      while (!(await replica.command('INFO', 'replication')).includes('master_link_status:up'))
        await sleep(10);
      const store = connect({ write_servers: master.address, read_servers: replica.address });
      await store.set('key', 'value');
      while ((await store.get('key')) === undefined) await sleep(5);
      assert.match(await replica.command('INFO', 'commandstats'), /cmdstat_get:/);
      assert.doesNotMatch(await master.command('INFO', 'commandstats'), /cmdstat_get:/);
      await assert.rejects(connect({ servers: replica.address }).check(), /READONLY/);
    });

    test('with several servers the next one takes over from a dead one', async () => {
      const first = await start({ tcp: 'plain' });
      const second = await start({ tcp: 'plain' });
      const store = connect({ servers: `${first.address}:1,${second.address}:9` });
      await store.set('key', 'second has more weight');
      assert.match(await second.command('GET', 'key'), /weight/);
      await second.kill();
      await eventually(() => store.set('key', 'first'));
      assert.match(await first.command('GET', 'key'), /first/);
    });

    test('with hash every key has its server', async () => {
      const servers = [await start({ tcp: 'plain' }), await start({ tcp: 'plain' })];
      const store = connect({ servers: `hash:${servers.map(({ address }) => address).join(',')}` });
      for (let i = 0; i < 30; i++) await store.set(`key${i}`, String(i));
      for (let i = 0; i < 30; i++) assert.equal(await store.get(`key${i}`), String(i));
      for (const server of servers) assert.doesNotMatch(await server.command('DBSIZE'), /^:(0|30)\r/);
    });

    test('a script that the server forgot is sent again', async () => {
      const server = await start();
      const store = connect({ servers: server.address });
      assert.equal(await store.run(increment, ['n'], [1]), 1);
      await server.command('SCRIPT', 'FLUSH');
      assert.equal(await store.run(increment, ['n'], [1]), 2);
    });

    test('with nobody listening calls fail at once', async () => {
      const server = await start({ tcp: 'plain' });
      await server.kill();
      const log: LogLine[] = [];
      const store = connect({ servers: server.address }, log);
      for (let i = 0; i < 100; i++) await assert.rejects(store.get('key'), StoreError);
      await assert.rejects(store.check(), /ECONNREFUSED/);
      assert.equal(log.filter(({ level }) => level === 'error').length, 1, 'one line for the outage');
    });

    test('a server that dies fails what is on its way, and serves again when it is back', async () => {
      const server = await start({ tcp: 'plain' });
      const store = connect({ servers: server.address });
      await store.check();
      server.freeze();
      const waiting = Promise.allSettled(Array.from({ length: 20 }, () => store.run(increment, ['n'], [1])));
      await server.kill();
      const results = await waiting;
      assert.ok(results.every(({ status }) => status === 'rejected'));
      await assert.rejects(store.get('key'), StoreError);
      const back = await start({ tcp: 'plain', port: server.port });
      assert.equal(await eventually(() => store.run(increment, ['n'], [1])), 1);
      assert.match(await back.command('HGET', 'n', 'n'), /1/);
    });

    test('a server that takes commands and says nothing is given up after the timeout', async () => {
      const server = await start({ tcp: 'plain' });
      const store = connect({ servers: server.address, timeout: 0.2 });
      await store.check();
      server.freeze();
      await assert.rejects(store.get('key'), StoreError);
      while (await store.get('key').then(String, (error: Error) => /no answer within/.test(error.message)))
        await sleep(20);
      await assert.rejects(store.get('key'), StoreError, 'and then at once, without another wait');
      server.thaw();
      await eventually(() => store.check());
    });

    test('a full memory is an error of writes only', async () => {
      const server = await start({ lines: ['maxmemory 1', 'maxmemory-policy noeviction'] });
      const store = connect({ servers: server.address });
      await assert.rejects(store.set('key', 'value'), /OOM/);
      await assert.rejects(store.check(), /OOM/);
      assert.equal(await store.get('key'), undefined);
    });

    test('latency and errors are measured', async () => {
      const server = await start();
      const metrics = memoryMetrics();
      const stores = createStores({
        redis: { servers: server.address },
        stateDir: '/nonexistent',
        log: recordingLog(),
        metrics,
        clock: Date,
      });
      closers.push(() => stores.close());
      const store = stores.forModule('test', undefined);
      await store.set('key', 'value');
      await assert.rejects(store.hashGet('key', 'field'), /WRONGTYPE/);
      assert.deepEqual(Object.fromEntries(metrics.values), {
        'postern_store_seconds redis set': 1,
        'postern_store_errors_total redis hashGet': 1,
      });
    });

    test('in a cluster every key finds its node, and keys with one hash tag share a procedure', async () => {
      const nodes = await startRedisCluster(binary);
      closers.push(async () => {
        await Promise.all(nodes.map((node) => node.kill()));
      });
      const store = connect({ servers: nodes[0]!.address, cluster: true });
      for (let i = 0; i < 30; i++) await store.run(increment, [`counter${i}`], [i]);
      for (let i = 0; i < 30; i++) assert.equal(await store.hashGet(`counter${i}`, 'n'), String(i));
      for (const node of nodes) assert.doesNotMatch(await node.command('DBSIZE'), /^:0\r/);
      assert.equal((await store.run(everything, ['{tag}t', '{tag}h', '{tag}s'], [1000]))[0], 'one');
      await assert.rejects(store.run(everything, ['t', 'h', 's'], [1000]), /CROSSSLOT|slot/);
      await nodes[2]!.kill();
      const results = await Promise.allSettled(
        Array.from({ length: 30 }, (_, i) => store.run(increment, [`counter${i}`], [1])),
      );
      const failed = results.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
      assert.ok(failed.length > 0 && failed.every(({ reason }) => reason instanceof StoreError));
    });

    test('Sentinel names the master, also after a failover', async () => {
      const { master, replica, sentinel } = await startRedisSentinel(binary, 'mymaster');
      const servers: readonly RedisServer[] = [master, replica, sentinel];
      closers.push(async () => {
        await Promise.all(servers.map((server) => server.kill()));
      });
      const settings = { sentinels: sentinel.address, sentinel_masters_pattern: '^my' };
      const store = connect(settings);
      await store.set('key', 'value');
      assert.match(await master.command('GET', 'key'), /value/);
      const none = connect({ sentinels: sentinel.address, sentinel_masters_pattern: '^other' });
      await assert.rejects(none.check(), /no master matches/);
      await master.kill();
      await eventually(() => store.set('key', 'after'));
      assert.match(await replica.command('GET', 'key'), /after/);
      await sentinel.kill();
      await assert.rejects(connect(settings).check(), /no sentinel names a master/);
    });
  });
