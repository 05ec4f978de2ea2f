import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import { ConfigError, type Log, type MapKind, type Metrics, type Store } from '../core/index.ts';
import { parseIp } from '../lib/index.ts';
import { createMaps, type LiveMaps, type MapsInit } from './index.ts';
import { writeCdb } from './testing/cdb-writer.ts';

interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

function recordingLog(lines: LogLine[]): Log {
  const at =
    (level: string) =>
    (message: string, fields = {}) => {
      lines.push({ level, message, fields });
    };
  const log: Log = {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => log,
  };
  return log;
}

const noMetrics: Metrics = {
  counter: () => ({ add() {} }),
  gauge: () => ({ set() {} }),
  histogram: () => ({ observe() {} }),
};

interface Bench {
  readonly dir: string;
  readonly log: LogLine[];
  make(extra?: Partial<MapsInit>): LiveMaps;
}

async function bench(t: TestContext): Promise<Bench> {
  const dir = await mkdtemp(join(tmpdir(), 'maps-'));
  const made: LiveMaps[] = [];
  t.after(async () => {
    for (const maps of made) await maps.close();
    await rm(dir, { recursive: true, force: true });
  });
  const log: LogLine[] = [];
  return {
    dir,
    log,
    make(extra = {}) {
      const maps = createMaps({
        options: {
          // Far away: tests look by hand.
          mapWatchIntervalMs: 3_600_000,
          mapFileWatchMultiplier: 1,
          maps: { connectTimeoutMs: 500, readTimeoutMs: 500 },
          httpAuth: undefined,
        },
        stateDir: dir,
        log: recordingLog(log),
        clock: { now: () => Date.now() },
        metrics: noMetrics,
        mode: 'check',
        ...extra,
      });
      made.push(maps);
      return maps;
    },
  };
}

const info = { description: 'a test map', path: ['module', 'option'] };
let stamp = 1_700_000_000;

/** Writes a file with a new modification time each time. */
async function put(path: string, data: string | Uint8Array): Promise<void> {
  await writeFile(path, data);
  stamp += 10;
  await utimes(path, stamp, stamp);
}

async function serve(
  t: TestContext,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('every inline form of a map option is read', async (t) => {
  const { make } = await bench(t);
  const maps = make();
  const table: [kind: MapKind, spec: unknown, key: string, value: string | undefined][] = [
    ['set', ['one', 'two words'], 'Two Words', ''],
    ['set', ['one'], 'other', undefined],
    ['set', 'example.com', 'EXAMPLE.com', ''],
    ['hash', ['a 1', 'b'], 'A', '1'],
    ['hash', ['a 1', 'b'], 'b', ''],
    ['hash', { a: 1, b: true, 'two words': 'x # y' }, 'two words', 'x # y'],
    ['hash', { url: 'static', data: ['a 1', 'a 2'] }, 'a', '2'],
    ['hash', { data: 'a 1\n# comment\nb 2' }, 'b', '2'],
    ['radix', '192.0.2.0/24', '192.0.2.9', ''],
    ['radix', '192.0.2.1, 198.51.100.0/24', '198.51.100.7', ''],
    ['radix', ['10.0.0.0/8 private', '[2001:db8::]/32'], '10.1.2.3', 'private'],
    ['radix', ['10.0.0.0/8 private', '[2001:db8::]/32'], '2001:db8::1', ''],
    ['radix', { '10.0.0.0/8': 'private', '10.1.0.0/16': 'lan' }, '10.1.2.3', 'lan'],
    ['regexp', ['/^a+$/i yes', '/b/'], 'AAA', 'yes'],
    ['regexp', ['foo'], 'xfoox', ''],
    ['glob', ['*.example.com x'], 'a.example.com', 'x'],
    ['set', ['glob;*.example.com'], 'a.example.com', ''],
    ['set', [], 'x', undefined],
    ['hash', [15169], '15169', ''],
  ];
  for (const [kind, spec, key, value] of table) {
    const map = maps.open(spec, kind, info);
    assert.equal(map.isLoaded, true);
    assert.equal(map.lookup(key), value, `${kind} ${JSON.stringify(spec)} ${key}`);
  }
});

test('a value that is no map is refused with its path', async (t) => {
  const { make } = await bench(t);
  const maps = make({ position: () => ({ file: 'x.conf', line: 3, column: 5 }) });
  const table: [spec: unknown, kind: MapKind, message: RegExp][] = [
    ['sign+https://example.com/a', 'set', /signed maps/],
    ['key=abc+https://example.com/a', 'set', /signed maps/],
    ['fallback+https://example.com/a', 'set', /must be a file/],
    ['fallback+file:///a', 'set', /besides its fallback/],
    ['etc/foo.map', 'set', /is no map/],
    ['glob;*.example.com', 'set', /is no map/],
    ['ftp://example.com/a', 'set', /is no map/],
    ['', 'set', /is no map/],
    [true, 'set', /is no map/],
    ['/a.enc', 'set', /encrypted/],
    ['cdb;https://example.com/a', 'set', /local file/],
    ['example.com', 'radix', /is no map/],
    [['10.0.0.0/99'], 'radix', /is no map/],
    [['10.0.0.1', '10.0.0.0/8,bad'], 'radix', /bad network/],
    [['/(a+)+$/'], 'regexp', /exponential/],
    [{ url: '/x', colour: 1 }, 'set', /unknown option "colour"/],
    [{ url: 'static' }, 'set', /needs "data"/],
    [{ url: 'zst+static', data: 'x' }, 'set', /zst\+static/],
    [{ url: '/x', poll: 0 }, 'set', /interval/],
    [{ a: { b: 1 } }, 'hash', /bad entry/],
    [{ external: true }, 'set', /backend/],
    [{ external: true, backend: 'http://x/', method: 'PUT' }, 'set', /method/],
    ['redis://x', 'set', /needs a store/],
  ];
  for (const [spec, kind, message] of table) {
    assert.throws(
      () => maps.open(spec, kind, info),
      (error) =>
        error instanceof ConfigError &&
        message.test(error.message) &&
        /^x\.conf:3:5: module\.option/.test(error.message),
      JSON.stringify(spec),
    );
  }
});

test('a file is read when it appears, again when it changes, and the last good one stays', async (t) => {
  const { dir, log, make } = await bench(t);
  const path = join(dir, 'a.map');
  const maps = make();
  const map = maps.open(path, 'hash', info);
  let changes = 0;
  map.onChange(() => changes++);
  await maps.ready();
  assert.equal(map.isLoaded, false);
  assert.equal(map.lookup('a'), undefined);

  await put(path, 'a 1\n"b c" 2 # said\n\\#d 3\nb#comment\n');
  await maps.refresh();
  assert.equal(map.isLoaded, true);
  assert.deepEqual(
    ['A', 'b c', 'b'].map((key) => map.lookup(key)),
    ['1', '2', ''],
  );
  assert.equal(map.entryCount, 4);
  assert.equal(map.hitCount, 3);
  assert.equal(changes, 1);
  assert.match(map.text() ?? '', /said/);

  await maps.refresh();
  assert.equal(changes, 1);

  await put(path, 'a 9\n');
  await maps.refresh();
  assert.equal(map.lookup('a'), '9');
  assert.equal(map.lookup('b'), undefined);

  await rm(path);
  await maps.refresh();
  await maps.refresh();
  assert.equal(map.lookup('a'), '9');
  assert.equal(log.filter((line) => /gone/.test(line.message)).length, 1);
});

test('bad lines are left out and named, everything else is used', async (t) => {
  const { dir, log, make } = await bench(t);
  const path = join(dir, 're.map');
  await put(path, '/a(/ one\n/b/i two\n\n/(c+)+d/ three\n/b/i again\n');
  const maps = make();
  const map = maps.open(`regexp;${path}`, 'set', info);
  await maps.ready();
  assert.equal(map.lookup('B'), 'two');
  const told = log
    .filter((line) => /map entry/.test(line.message))
    .map((line) => [line.level, line.fields['line']]);
  assert.deepEqual(told, [
    ['error', `${path}:1`],
    ['error', `${path}:4`],
    ['warn', `${path}:5`],
  ]);
});

test('a source beyond the limits keeps the last good contents, told once', async (t) => {
  const { dir, log, make } = await bench(t);
  const path = join(dir, 'a.map');
  await put(path, 'a\n');
  const maps = make({ limits: { maxBytes: 64, maxEntries: 3 } });
  const map = maps.open(path, 'set', info);
  await maps.ready();
  await put(path, 'b\n'.repeat(100));
  await maps.refresh();
  await maps.refresh();
  assert.equal(map.lookup('a'), '');
  assert.equal(map.lookup('b'), undefined);
  await put(path, 'b\nc\nd\ne\n');
  await maps.refresh();
  assert.equal(map.lookup('a'), '');
  assert.deepEqual(
    log.filter((line) => line.level === 'error').map((line) => line.fields['reason']),
    [`${path}: larger than 64 bytes`, 'more than 3 entries'],
  );
});

test('an unreadable source is an error in the log and nothing more', async (t) => {
  const { dir, log, make } = await bench(t);
  const maps = make();
  // A directory can be looked at but not read, whoever runs the test.
  const map = maps.open(dir, 'set', info);
  await maps.ready();
  assert.equal(map.isLoaded, false);
  assert.equal(map.lookup('x'), undefined);
  assert.match(String(log.find((line) => line.level === 'error')?.fields['reason']), /EISDIR/);
});

test('several backends add up and a fallback stands in for all of them', async (t) => {
  const { dir, make } = await bench(t);
  const [one, two, fallback] = ['1', '2', 'f'].map((name) => join(dir, name)) as [string, string, string];
  await put(fallback, 'f\n');
  const maps = make();
  const map = maps.open([one, `file://${two}`, `fallback+file://${fallback}`], 'set', info);
  await maps.ready();
  assert.equal(map.lookup('f'), '');
  await put(one, 'a\n');
  await put(two, 'b');
  await maps.refresh();
  assert.deepEqual(
    ['a', 'b', 'f'].map((key) => map.lookup(key)),
    ['', '', undefined],
  );
});

test('zstd is recognised by its first bytes and bounded when unpacked', async (t) => {
  const { dir, log, make } = await bench(t);
  const good = join(dir, 'good.zst');
  const bomb = join(dir, 'bomb');
  const fake = join(dir, 'fake.zst');
  await put(good, zstdCompressSync('a 1\n'));
  await put(bomb, zstdCompressSync(Buffer.alloc(1_000_000, 'a')));
  await put(fake, 'a 1\n');
  const maps = make({ limits: { maxBytes: 10_000 } });
  const opened = [good, bomb, fake].map((path) => maps.open(path, 'hash', info));
  await maps.ready();
  assert.deepEqual(
    opened.map((map) => map.isLoaded),
    [true, false, false],
  );
  assert.equal(opened[0]!.lookup('a'), '1');
  assert.equal(log.filter((line) => line.level === 'error').length, 2);
});

test('a constant database is looked up in its file and replaced when the file is', async (t) => {
  const { dir, log, make } = await bench(t);
  const path = join(dir, 'a.cdb');
  const records = Array.from({ length: 500 }, (_, i): [string, string] => [`key${i}`, `value${i}`]);
  await put(path, writeCdb(records));
  const maps = make();
  const map = maps.open(`cdb://${path}`, 'hash', info);
  const external = maps.open({ external: true, cdb: path }, 'set', info);
  await maps.ready();
  assert.equal(map.kind, 'cdb');
  for (const [key, value] of records) assert.equal(map.lookup(key), value);
  assert.equal(map.lookup('key500'), undefined);
  assert.equal(map.entryCount, 500);
  assert.equal(await external.ask('key7'), 'value7');
  await put(`${path}.new`, writeCdb([['x', 'y']]));
  await rename(`${path}.new`, path);
  await maps.refresh();
  assert.deepEqual([map.lookup('x'), map.lookup('key1')], ['y', undefined]);
  await put(`${path}.new`, 'no database');
  await rename(`${path}.new`, path);
  await maps.refresh();
  assert.equal(map.lookup('x'), 'y');
  assert.equal(log.filter((line) => line.level === 'error').length, 2);
});

test('an address is looked up in networks as it is and in other maps by its text', async (t) => {
  const { make } = await bench(t);
  const maps = make();
  const ip = parseIp('192.0.2.1')!;
  assert.equal(maps.open(['192.0.2.0/24 x', '192.0.2.0/24 y', '0.0.0.0/0'], 'radix', info).lookup(ip), 'x');
  assert.equal(maps.open(['192.0.2.1 x'], 'hash', info).lookup(ip), 'x');
  assert.equal(maps.open(['/^192\\./ x'], 'regexp', info).lookup(ip), 'x');
  assert.deepEqual(maps.open(['a 1', '/a/ 2', 'b 3'], 'regexp_multi', info).lookupAll('a'), ['1', '2']);
  assert.deepEqual(maps.open(['a 1', '/a/ 2', 'b 3'], 'regexp', info).lookupAll('a'), ['1']);
});

test('the same value is one map, and an alias finds it', async (t) => {
  const { make } = await bench(t);
  const maps = make();
  const map = maps.open({ data: ['a'], selector_alias: 'mine', name: 'my list' }, 'set', info);
  assert.equal(maps.open({ data: ['a'], selector_alias: 'mine', name: 'my list' }, 'set', info), map);
  assert.equal(maps.byAlias('mine'), map);
  assert.equal(map.description, 'my list');
  assert.deepEqual(map.sources, ['static']);
  assert.throws(() => maps.open({ data: ['b'], selector_alias: 'mine' }, 'set', info), /second map/);
});

test('a plain map keeps its text', async (t) => {
  const { dir, make } = await bench(t);
  const path = join(dir, 'settings');
  await put(path, 'a { b = 1; }\n');
  const maps = make();
  const map = maps.open(path, 'plain', info);
  await maps.ready();
  assert.equal(map.text(), 'a { b = 1; }\n');
});

test('a remote list is fetched once for all processes, kept on disk and asked for again with its tag', async (t) => {
  const { make } = await bench(t);
  const asked: (string | undefined)[] = [];
  const base = await serve(t, (request, response) => {
    asked.push(request.headers['if-none-match']);
    if (request.headers['authorization'] !== `Basic ${Buffer.from('me:secret').toString('base64')}`) {
      response.writeHead(401).end();
    } else if (request.headers['if-none-match'] === '"1"') response.writeHead(304).end();
    else
      response.writeHead(200, { etag: '"1"', 'cache-control': 'max-age=60' }).end(zstdCompressSync('a 1\n'));
  });
  let now = 1_000_000_000;
  const options = { mode: 'live', clock: { now: () => now } } as const;
  const url = `${base.replace('//', '//me:secret@')}/list.zst`;
  const first = make(options);
  const second = make(options);
  const map = first.open(url, 'hash', info);
  const same = second.open(url, 'hash', info);
  await Promise.all([first.refresh(), second.refresh()]);
  await Promise.all([first.refresh(), second.refresh()]);
  assert.deepEqual([map.lookup('a'), same.lookup('a')], ['1', '1']);
  assert.deepEqual(asked, [undefined]);
  assert.deepEqual(map.sources, [`${base}/list.zst`]);

  // The next start has it before the network is asked.
  const third = make(options);
  const later = third.open(url, 'hash', info);
  await third.ready();
  assert.equal(later.lookup('a'), '1');

  now += 3 * 3_600_000;
  await third.refresh();
  assert.deepEqual(asked, [undefined, '"1"']);
  assert.equal(later.lookup('a'), '1');
});

test('a remote list that cannot be fetched is empty with one warning, or stays as it was', async (t) => {
  const { log, make } = await bench(t);
  let status = 500;
  let body = 'a\n';
  const base = await serve(t, (_, response) => response.writeHead(status).end(body));
  let now = 1_000_000_000;
  const maps = make({ mode: 'live', clock: { now: () => now }, limits: { maxBytes: 1000 } });
  const map = maps.open(`${base}/list`, 'set', info);
  await maps.ready();
  await maps.refresh();
  await maps.refresh();
  assert.equal(map.isLoaded, false);
  assert.equal(log.filter((line) => /empty until/.test(line.message)).length, 1);

  status = 200;
  now += 60_000;
  await maps.refresh();
  assert.equal(map.lookup('a'), '');

  body = 'b\n'.repeat(1000);
  now += 3 * 3_600_000;
  await maps.refresh();
  assert.deepEqual([map.lookup('a'), map.lookup('b')], ['', undefined]);
  assert.match(String(log.find((line) => /cached one stays/.test(line.message))?.fields['reason']), /larger/);
});

test('an external map asks its server for every key', async (t) => {
  const { log, make } = await bench(t);
  const seen: string[] = [];
  const base = await serve(t, (request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      seen.push(`${request.method} ${request.url} ${request.headers['key'] ?? ''} ${body}`);
      if (request.url?.startsWith('/broken')) response.writeHead(500).end();
      else if (/none/.test(`${request.url}${body}`)) response.writeHead(404).end();
      else response.writeHead(200).end('value\n');
    });
  });
  const maps = make();
  const open = (method: string, path = '/m', extra = {}) =>
    maps.open({ external: true, backend: `${base}${path}`, method, ...extra }, 'set', info);
  assert.equal(open('query').isExternal, true);
  assert.equal(await open('query').ask('a b&c'), 'value');
  assert.equal(await open('query').ask('none'), undefined);
  assert.equal(await open('header').ask('k'), 'value');
  assert.equal(await open('header').ask('k\r\nx: y'), undefined);
  assert.equal(await open('body').ask(parseIp('192.0.2.1')!), 'value');
  assert.equal(await open('body', '/m', { encode: 'json' }).ask('q"'), 'value');
  assert.equal(await open('body', '/m', { encode: 'messagepack' }).ask('q'), 'value');
  assert.equal(await open('query', '/broken').ask('x'), undefined);
  assert.equal(await open('query', '/broken').ask('x'), undefined);
  assert.deepEqual(seen.slice(0, 6), [
    'GET /m?a%20b%26c  ',
    'GET /m?none  ',
    'GET /m k ',
    'POST /m  192.0.2.1',
    'POST /m  "q\\""',
    'POST /m  \u00a1q'.replace('\u00a1', '\ufffd'),
  ]);
  assert.equal(log.filter((line) => line.level === 'error').length, 1);
});

test('a redis map asks the store for the key, or for the networks of an address', async (t) => {
  const { make } = await bench(t);
  const fields: Readonly<Record<string, string>> = { a: '1', '192.0.2.0/24': 'net', '2001:db8::/64': 'six' };
  const store = { hashGet: async (_: string, field: string) => fields[field] } as unknown as Store;
  const map = make({ store }).open('redis://list', 'hash', info);
  assert.equal(map.isExternal, true);
  assert.equal(await map.ask('a'), '1');
  assert.equal(await map.ask('b'), undefined);
  assert.equal(await map.ask(parseIp('192.0.2.77')!), 'net');
  assert.equal(await map.ask(parseIp('2001:db8::5')!), 'six');
  assert.equal(await map.ask(parseIp('198.51.100.1')!), undefined);
});
