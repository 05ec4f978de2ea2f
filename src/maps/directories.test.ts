import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, suite, type TestContext, test } from 'node:test';
import { type LogLine, noMetrics, recordingLog } from '../../test/helpers/check-table.ts';
import {
  startMariadb,
  startPostgres,
  startSlapd,
  withoutMariadb,
  withoutPostgres,
  withoutSlapd,
} from '../../test/helpers/directory-servers.ts';
import { freePorts } from '../../test/mta/process.ts';
import { ConfigError, type MapHandle, UpstreamError } from '../core/index.ts';
import { createMaps, type LiveMaps } from './index.ts';

const table = [
  'CREATE TABLE senders (login varchar(100), address varchar(200))',
  "INSERT INTO senders VALUES ('alice', 'alice@example.org'), ('alice', '@alice.example'), ('o''neil', 'oneil@example.org'), ('void', NULL)",
].join(';\n');

interface Bench {
  readonly maps: LiveMaps;
  readonly log: LogLine[];
  /** Moves the clock on. */
  pass(ms: number): void;
  open(spec: Readonly<Record<string, unknown>>): MapHandle;
}

function bench(context: TestContext): Bench {
  const log: LogLine[] = [];
  let now = 0;
  const maps = createMaps({
    options: {
      mapWatchIntervalMs: 1000,
      mapFileWatchMultiplier: 1,
      maps: { connectTimeoutMs: 1, readTimeoutMs: 1 },
      httpAuth: undefined,
    },
    stateDir: '/nonexistent',
    log: recordingLog(log),
    clock: { now: () => now },
    metrics: noMetrics,
    mode: 'check',
    position: () => undefined,
  });
  context.after(() => maps.close());
  return {
    maps,
    log,
    pass(ms) {
      now += ms;
    },
    open: (spec) =>
      maps.open({ external: true, ...spec }, 'hash', { description: 'senders', path: ['senders'] }),
  };
}

/** What every database must do. */
async function answers(map: MapHandle): Promise<void> {
  assert.equal(map.isExternal, true);
  assert.equal(await map.demand('alice'), 'alice@example.org, @alice.example');
  assert.equal(await map.demand("o'neil"), 'oneil@example.org', 'a quote in a key is no syntax');
  assert.equal(await map.demand("x' OR '1'='1"), undefined);
  assert.equal(await map.demand('void'), '', 'NULL is an entry without value');
  assert.equal(await map.demand('nobody'), undefined);
}

const [postgresPort = 0, mariadbPort = 0, slapdPort = 0] = await freePorts(3);

test('a map can be a query of an SQLite file', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'maps-sqlite-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'mail.db');
  const database = new DatabaseSync(file);
  database.exec(table);
  database.close();
  const { open, log } = bench(context);
  const map = open({ backend: `sqlite:${file}`, query: 'SELECT address FROM senders WHERE login = ?' });
  await answers(map);
  assert.deepEqual(map.sources, [`sqlite:${file}`]);
  const many = open({
    backend: `sqlite:${file}`,
    query:
      'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 9999999) SELECT i FROM n WHERE ? <> 0',
  });
  await assert.rejects(many.demand('x'), UpstreamError);
  const missing = open({ backend: `sqlite:${folder}/none.db`, query: 'SELECT 1 WHERE ? = 1' });
  await assert.rejects(missing.demand('x'), UpstreamError);
  assert.equal(await missing.ask('x'), undefined);
  assert.equal(
    log.filter(({ level }) => level === 'error').length,
    2,
    'one for each map, not for each look-up',
  );
});

suite('PostgreSQL', { skip: withoutPostgres }, async () => {
  const server = withoutPostgres === undefined ? await startPostgres(postgresPort, table) : undefined;
  after(() => server?.dispose());

  test('a map can be a query of it, and outlives its restart', async (context) => {
    const { open, log } = bench(context);
    const map = open({
      backend: server!.url,
      query: 'SELECT address FROM senders WHERE login = $1',
      cache_expire: 0,
    });
    await answers(map);
    assert.deepEqual(map.sources, [`postgresql://127.0.0.1:${postgresPort}/mail`], 'without credentials');
    await server!.stop();
    await assert.rejects(map.demand('alice'), UpstreamError);
    await server!.start();
    assert.equal(await retried(() => map.demand('alice')), 'alice@example.org, @alice.example');
    assert.ok(log.some(({ message }) => message === 'map answers again'));
    assert.doesNotMatch(JSON.stringify(log), /secret/);
  });

  test('a query without a limit is stopped after a thousand rows, and the next one is answered', async (context) => {
    const map = bench(context).open({
      backend: server!.url,
      query: "SELECT 'x', generate_series(1, CASE $1 WHEN 'all' THEN 2000000000 ELSE 2 END)",
      max_connections: 1,
    });
    await assert.rejects(map.demand('all'), ({ cause }: Error) =>
      String(cause).includes('more than 1000 rows'),
    );
    assert.equal(await map.demand('two'), 'x, x');
  });

  test('a query that takes too long is given up on both sides', async (context) => {
    const map = bench(context).open({
      backend: server!.url,
      query: 'SELECT $1::text FROM pg_sleep(30)',
      timeout: 0.2,
      max_connections: 1,
    });
    await assert.rejects(map.demand('a'), UpstreamError);
    await assert.rejects(map.demand('b'), UpstreamError);
  });
});

suite('MariaDB', { skip: withoutMariadb }, async () => {
  const server = withoutMariadb === undefined ? await startMariadb(mariadbPort, table) : undefined;
  after(() => server?.dispose());

  test('a map can be a query of it', async (context) => {
    const { open } = bench(context);
    await answers(
      open({
        backend: server!.url,
        query: "SELECT address FROM senders WHERE login = ? AND '?' <> ?",
        cache_expire: 0,
      }),
    );
    await assert.rejects(
      open({
        backend: server!.url,
        query: 'SELECT ? FROM information_schema.columns a, information_schema.columns b',
      }).demand('a'),
      ({ cause }: Error) => String(cause).includes('more than 1000 rows'),
    );
    await assert.rejects(
      open({ backend: server!.url.replace('secret', 'wrong'), query: 'SELECT ?' }).demand('a'),
      UpstreamError,
    );
  });
});

suite('LDAP', { skip: withoutSlapd }, async () => {
  const person = (uid: string, ...mail: string[]): string =>
    [
      `dn: uid=${uid},dc=example,dc=org`,
      'objectClass: inetOrgPerson',
      `uid: ${uid}`,
      'cn: x',
      'sn: x',
      ...mail.map((text) => `mail: ${text}`),
      '',
    ].join('\n');
  const ldif = [
    'dn: dc=example,dc=org\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: x\n',
    person('alice', 'alice@example.org', 'sales@example.org'),
    person('void'),
  ].join('\n');
  const server = withoutSlapd === undefined ? await startSlapd(slapdPort, ldif) : undefined;
  after(() => server?.dispose());
  const spec = {
    base: 'dc=example,dc=org',
    filter: '(uid={key})',
    attributes: ['mail'],
    bind_dn: 'cn=admin,dc=example,dc=org',
    password: 'secret',
    cache_expire: 0,
  };

  test('a map can be a search of a directory, which is connected again after it was away', async (context) => {
    const map = bench(context).open({ ...spec, backend: server!.url });
    assert.equal(await map.demand('alice'), 'alice@example.org, sales@example.org');
    assert.equal(await map.demand('void'), '');
    assert.equal(await map.demand('nobody'), undefined);
    assert.equal(await map.demand('*'), undefined, 'signs of filters in keys are escaped');
    assert.equal(await map.demand('a)(uid=*'), undefined);
    await server!.stop();
    await assert.rejects(map.demand('alice'), UpstreamError);
    await server!.start();
    assert.equal(await map.demand('void'), '');
  });

  test('credentials that are refused are a failure, not an empty answer', async (context) => {
    await assert.rejects(
      bench(context)
        .open({ ...spec, backend: server!.url, password: 'wrong' })
        .demand('alice'),
      UpstreamError,
    );
  });
});

test('answers are kept for a while, also that there is none; equal questions at once are one', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'maps-cache-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'mail.db');
  const database = new DatabaseSync(file);
  context.after(() => database.close());
  database.exec(table);
  const { open, pass } = bench(context);
  const map = open({
    backend: `sqlite:${file}`,
    query: 'SELECT address FROM senders WHERE login = ?',
    cache_expire: 10,
  });
  assert.deepEqual(await Promise.all([map.ask('new'), map.ask('new')]), [undefined, undefined]);
  database.exec("INSERT INTO senders VALUES ('new', 'new@example.org')");
  assert.equal(await map.ask('new'), undefined);
  pass(10_000);
  assert.equal(await map.ask('new'), 'new@example.org');
});

test('a directory that is described wrongly is refused by the option that is wrong', (context) => {
  const { open } = bench(context);
  const sql = { backend: 'postgresql://u:p@h/d', query: 'SELECT a FROM t WHERE l = $1' };
  const ldap = { backend: 'ldap://h', filter: '(uid={key})', attributes: 'mail' };
  const cases: [spec: Readonly<Record<string, unknown>>, pattern: RegExp][] = [
    [{ ...sql, query: undefined }, /query/],
    [{ ...sql, query: "SELECT a FROM t WHERE l = '$1'" }, /does not ask for the key/],
    [{ ...sql, backend: 'mysql://h/d' }, /does not ask for the key/],
    [{ ...sql, backend: 'postgresql://h/d?sslmode=require' }, /parameters in the URL/],
    [{ backend: 'sqlite:relative.db', query: '?' }, /bad path/],
    [{ ...sql, tls: 'maybe' }, /bad value/],
    [{ ...sql, max_connections: 0 }, /bad number/],
    [{ ...sql, timeout: 0 }, /bad time/],
    [{ ...sql, method: 'query' }, /unknown option "method"/],
    [{ ...ldap, filter: 'uid={key}' }, /filter/],
    [{ ...ldap, filter: '(uid=*)' }, /filter/],
    [{ ...ldap, attributes: [] }, /attributes/],
    [{ ...ldap, scope: 'tree' }, /scope/],
    [{ ...ldap, bind_dn: 'cn=x' }, /belong together/],
    [{ ...ldap, backend: 'ldaps://h', tls: 'off' }, /always encrypted/],
  ];
  for (const [spec, pattern] of cases)
    assert.throws(
      () => open(Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== undefined))),
      (error) => error instanceof ConfigError && pattern.test(error.message),
      String(pattern),
    );
});

/** A pool may hand out a connection or two that the restart broke. */
async function retried<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (tries === 20) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
