import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { ConfigError, LimitError, RequestHeaderList } from '../../core/index.ts';
import { parseIp } from '../../lib/index.ts';
import {
  deadHost,
  FakeUpstream,
  mirrorConfig,
  reply,
  startProxy,
  upstreamConfig,
} from './testing/fixture.ts';

const always = (): boolean => true;

function hostHeader(name: string): RequestHeaderList {
  const list = new RequestHeaderList();
  list.add('Host', name);
  return list;
}

test('a message is sent to /checkv2 and its verdict comes back', async (t) => {
  const upstream = await FakeUpstream.start(t);
  upstream.answer = (_, response) => reply(response, { action: 'reject', score: 20 });
  const { scan } = startProxy(t, { upstreams: [upstreamConfig({ hosts: [upstream.host] })] });
  const { verdict } = await scan({
    clientIp: parseIp('192.0.2.1'),
    helo: 'h.example',
    flags: new Set(['milter']),
  });
  assert.equal(verdict.action, 'reject');
  assert.equal(verdict.score, 20);
  const [asked] = upstream.asked;
  assert.equal(`${asked?.method} ${asked?.url}`, 'POST /checkv2');
  assert.equal(asked?.body.toString(), 'Subject: x\r\n\r\nold\r\n');
  assert.deepEqual(asked?.headers, [
    ['host', upstream.host],
    ['connection', 'close'],
    ['content-length', '19'],
    ['helo', 'h.example'],
    ['ip', '192.0.2.1'],
    ['flags', 'milter,body_block'],
    ['content-type', 'text/plain'],
  ]);
});

test('self_scan scans here', async (t) => {
  const { scan, local } = startProxy(t, { upstreams: [upstreamConfig({ selfScan: true })] });
  assert.equal((await scan()).verdict.action, 'local');
  assert.equal(local.requests.length, 1);
});

test('an upstream that is this very server is scanned in place', async (t) => {
  const asked: string[] = [];
  const isOwnAddress = (host: string, port: number): boolean => asked.push(`${host} ${port}`) > 0;
  const upstreams = [upstreamConfig({ hosts: ['localhost'] })];
  const { scan } = startProxy(t, { upstreams }, { isOwnAddress });
  assert.equal((await scan()).verdict.action, 'local');
  assert.deepEqual(asked, ['localhost 11333']);
});

test('without an upstream the sender is told to try later', async (t) => {
  const { scan } = startProxy(t, {});
  const { verdict } = await scan();
  assert.equal(verdict.action, 'soft reject');
  assert.equal(verdict.failure?.code, 'upstream');
});

test('a host that is none is an error of the configuration', (t) => {
  assert.throws(() => startProxy(t, { upstreams: [upstreamConfig({ hosts: ['a b'] })] }), ConfigError);
});

const settingsCases = [
  ['settings_id', { settingsId: 'out' }, 'settings-id', 'out'],
  ['settings', { settings: { symbols_enabled: [] } }, 'settings', '{"symbols_enabled":[]}'],
  ['extra_headers', { extraHeaders: { 'MTA-Tag': 'out' } }, 'mta-tag', 'out'],
] as const;
for (const [option, changes, header, value] of settingsCases) {
  test(`${option} of an upstream reaches the scanner`, async (t) => {
    const upstream = await FakeUpstream.start(t);
    const { scan } = startProxy(t, { upstreams: [upstreamConfig({ hosts: [upstream.host], ...changes })] });
    await scan();
    assert.equal(upstream.asked[0]?.headers.find(([name]) => name === header)?.[1], value);
  });
}

test('settings and extra headers of an upstream hold for a scan in place too', async (t) => {
  const config = upstreamConfig({
    selfScan: true,
    settingsId: 'out',
    settings: { a: 1 },
    extraHeaders: { 'X-A': 'b' },
  });
  const { scan, local } = startProxy(t, { upstreams: [config] });
  await scan();
  const { envelope } = local.requests[0]!;
  assert.equal(envelope.settingsId, 'out');
  assert.deepEqual(envelope.settings, { a: 1 });
  assert.equal(envelope.request.get('x-a'), 'b');
});

test('with compress the message goes out and the reply comes in as zstd', async (t) => {
  const upstream = await FakeUpstream.start(t);
  upstream.answer = (asked, response) => {
    assert.equal(zstdDecompressSync(asked.body).toString(), 'Subject: x\r\n\r\nold\r\n');
    const body = zstdCompressSync(Buffer.from('{"action":"greylist"}'));
    response.writeHead(200, { 'Content-Type': 'application/json', Compression: 'zstd' }).end(body);
  };
  const { scan } = startProxy(t, { upstreams: [upstreamConfig({ hosts: [upstream.host], compress: true })] });
  assert.equal((await scan()).verdict.action, 'greylist');
  assert.ok(upstream.asked[0]?.headers.some(([name, value]) => name === 'compression' && value === 'zstd'));
});

test('a rewritten body comes back behind its offset', async (t) => {
  const upstream = await FakeUpstream.start(t);
  upstream.answer = (_, response) => {
    const json = '{"action":"no action"}';
    response
      .writeHead(200, { 'Content-Type': 'application/json', 'Message-Offset': String(json.length) })
      .end(`${json}new\r\n`);
  };
  const { scan } = startProxy(t, { upstreams: [upstreamConfig({ hosts: [upstream.host] })] });
  const { verdict } = await scan({ flags: new Set(['milter']) });
  assert.equal(verdict.rewritten?.toString(), 'Subject: x\r\n\r\nnew\r\n');
});

test('with keepalive one connection serves several messages', async (t) => {
  const upstream = await FakeUpstream.start(t);
  const { scan } = startProxy(t, {
    upstreams: [upstreamConfig({ hosts: [upstream.host], keepalive: true })],
  });
  for (let i = 0; i < 3; i++) await scan();
  assert.equal(upstream.connections, 1);
});

test('a kept connection that breaks is replaced without counting as a failure', async (t) => {
  const upstream = await FakeUpstream.start(t);
  const { scan, logged } = startProxy(t, {
    maxRetries: 1,
    upstreams: [upstreamConfig({ hosts: [upstream.host], keepalive: true })],
  });
  await scan();
  const good = upstream.answer;
  upstream.answer = (_, response) => {
    upstream.answer = good;
    response.destroy();
  };
  assert.equal((await scan()).verdict.action, 'no action');
  assert.deepEqual(logged, []);
});

test('another scanner is tried when one cannot be reached', async (t) => {
  const upstream = await FakeUpstream.start(t);
  const hosts = [await deadHost(), upstream.host];
  const { scan } = startProxy(t, { upstreams: [upstreamConfig({ hosts, rotation: 'master-slave' })] });
  assert.equal((await scan()).verdict.action, 'no action');
});

const bad: readonly [what: string, answer: FakeUpstream['answer']][] = [
  ['HTTP 500', (_, response) => reply(response, { error: 'x', error_domain: 'y' }, 500)],
  ['HTTP 503 with a verdict', (_, response) => reply(response, { action: 'soft reject' }, 503)],
  ['text', (_, response) => void response.writeHead(200, { 'Content-Type': 'text/plain' }).end('pong')],
  [
    'broken JSON',
    (_, response) => void response.writeHead(200, { 'Content-Type': 'application/json' }).end('{'),
  ],
  ['no action', (_, response) => reply(response, { score: 1 })],
  ['nothing', (_, response) => void response.destroy()],
  [
    'half a reply',
    (_, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '100' });
      response.write('{"action"');
      setImmediate(() => response.destroy());
    },
  ],
  [
    'too much',
    (_, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      const more = (error?: Error | null): void => {
        if (!error) response.write(Buffer.alloc(4 * 1024 * 1024, ' '), more);
      };
      more();
    },
  ],
  [
    'broken zstd',
    (_, response) =>
      void response
        .writeHead(200, { 'Content-Type': 'application/json', 'Content-Encoding': 'zstd' })
        .end('{"action":"reject"}'),
  ],
];
for (const [what, answer] of bad) {
  test(`a scanner that answers ${what} is replaced by another, and alone means try later`, async (t) => {
    const wrong = await FakeUpstream.start(t);
    wrong.answer = answer;
    const right = await FakeUpstream.start(t);
    const pair = startProxy(t, {
      upstreams: [upstreamConfig({ hosts: [wrong.host, right.host], rotation: 'master-slave' })],
    });
    assert.equal((await pair.scan()).verdict.action, 'no action');
    const alone = startProxy(t, { maxRetries: 1, upstreams: [upstreamConfig({ hosts: [wrong.host] })] });
    assert.equal((await alone.scan()).verdict.failure?.code, 'upstream');
  });
}

test('a scanner that does not answer in time is given up', async (t) => {
  const upstream = await FakeUpstream.start(t);
  upstream.answer = () => undefined;
  const { scan } = startProxy(t, {
    maxRetries: 1,
    upstreams: [upstreamConfig({ hosts: [upstream.host], timeoutMs: 20 })],
  });
  const { verdict } = await scan();
  assert.match(verdict.failure?.message ?? '', /within 20 ms/);
});

test('a scanner that stops in the middle of its answer is given up', async (t) => {
  const upstream = await FakeUpstream.start(t);
  upstream.answer = (_, response) => void response.writeHead(200, { 'Content-Length': '100' }).write('x');
  const { scan } = startProxy(t, {
    maxRetries: 1,
    upstreams: [upstreamConfig({ hosts: [upstream.host], timeoutMs: 50 })],
  });
  assert.match((await scan()).verdict.failure?.message ?? '', /within 50 ms/);
});

test('max_retries bounds the attempts', async (t) => {
  const upstream = await FakeUpstream.start(t);
  upstream.answer = (_, response) => reply(response, {}, 500);
  const { scan } = startProxy(t, { maxRetries: 3, upstreams: [upstreamConfig({ hosts: [upstream.host] })] });
  await scan();
  assert.equal(upstream.scans.length, 3);
});

for (const status of [413, 513]) {
  test(`HTTP ${status} of a scanner means that the message is too large, and nobody else is asked`, async (t) => {
    const upstream = await FakeUpstream.start(t);
    upstream.answer = (_, response) => reply(response, { error: 'too large' }, status);
    const { scan } = startProxy(t, { upstreams: [upstreamConfig({ hosts: [upstream.host] })] });
    await assert.rejects(scan(), (error) => error instanceof LimitError && error.code === 'tooLarge');
    assert.equal(upstream.scans.length, 1);
  });
}

test('a message over max_message is not sent', async (t) => {
  const upstream = await FakeUpstream.start(t);
  const { scan } = startProxy(
    t,
    { upstreams: [upstreamConfig({ hosts: [upstream.host] })] },
    { maxMessageBytes: 10 },
  );
  await assert.rejects(scan(), LimitError);
  assert.equal(upstream.asked.length, 0);
});

test('a client that leaves ends the request, and the scanner is not blamed', async (t) => {
  const upstream = await FakeUpstream.start(t);
  const controller = new AbortController();
  const gone = new Promise<void>((resolve) => {
    upstream.answer = (_, response) => {
      response.on('close', resolve);
      controller.abort(new Error('client left'));
    };
  });
  const { scan, logged } = startProxy(t, { upstreams: [upstreamConfig({ hosts: [upstream.host] })] });
  await assert.rejects(scan({}, controller.signal), /client left/);
  await gone;
  assert.deepEqual(logged, []);
});

test('a scanner that keeps failing is left alone until its health check succeeds', async (t) => {
  const sick = await FakeUpstream.start(t);
  const well = await FakeUpstream.start(t);
  const hosts = [sick.host, well.host];
  const { scan, counted, logged } = startProxy(t, {
    upstreams: [upstreamConfig({ hosts, rotation: 'master-slave' })],
  });
  const good = sick.answer;
  sick.answer = (_, response) => void response.destroy();
  await scan();
  await scan();
  assert.ok(logged.includes('warn scanner is out'));
  sick.answer = good;
  while (counted.get(`postern_proxy_host_up scan ${sick.host}`) !== 1)
    await new Promise((r) => setTimeout(r, 1));
  assert.ok(sick.asked.some(({ url }) => url === '/ping'));
  const before = sick.scans.length;
  await scan();
  assert.equal(sick.scans.length, before + 1);
});

test('an HTTP client chooses an upstream by its Host header', async (t) => {
  const one = await FakeUpstream.start(t);
  const two = await FakeUpstream.start(t);
  const { scan } = startProxy(t, {
    upstreams: [
      upstreamConfig({ name: 'one', hosts: [one.host], isDefault: false }),
      upstreamConfig({ name: 'two', hosts: [two.host] }),
    ],
  });
  await scan({ door: 'http', request: hostHeader('one:11332') });
  await scan({ door: 'http', request: hostHeader('other') });
  await scan({ door: 'milter', request: hostHeader('one') });
  assert.equal(one.scans.length, 1);
  assert.equal(two.scans.length, 2);
});

test('a mirror gets a copy, and its answer counts for nothing', async (t) => {
  const copy = await FakeUpstream.start(t);
  copy.answer = (_, response) => reply(response, { action: 'reject' });
  const { scan, counted } = startProxy(t, {
    upstreams: [upstreamConfig({ selfScan: true })],
    mirrors: [mirrorConfig({ hosts: [copy.host] })],
  });
  assert.equal((await scan({ helo: 'h.example' })).verdict.action, 'local');
  await copy.scanned(1);
  assert.ok(copy.scans[0]?.headers.some(([name, value]) => name === 'helo' && value === 'h.example'));
  while (counted.get('postern_proxy_mirrored_total copy answered') !== 1) await new Promise(setImmediate);
});

test('a mirror that is down delays nothing', async (t) => {
  const { scan } = startProxy(t, {
    upstreams: [upstreamConfig({ selfScan: true })],
    mirrors: [mirrorConfig({ hosts: [await deadHost()] })],
  });
  assert.equal((await scan()).verdict.action, 'local');
});

test('a mirror gets its share of the messages', async (t) => {
  const copy = await FakeUpstream.start(t);
  const numbers = [0.1, 0.29, 0.3, 0.9];
  const { scan } = startProxy(
    t,
    {
      upstreams: [upstreamConfig({ selfScan: true })],
      mirrors: [mirrorConfig({ hosts: [copy.host], probability: 0.3 })],
    },
    { random: () => numbers.shift()! },
  );
  for (let i = 0; i < 4; i++) await scan();
  await copy.scanned(2);
  assert.equal(copy.scans.length, 2);
});

test('a slow mirror gets no more copies than it may hold', async (t) => {
  const copy = await FakeUpstream.start(t);
  copy.answer = () => undefined;
  const { scan, counted } = startProxy(t, {
    upstreams: [upstreamConfig({ selfScan: true })],
    mirrors: [mirrorConfig({ hosts: [copy.host] })],
  });
  for (let i = 0; i < 70; i++) await scan();
  assert.equal(counted.get('postern_proxy_mirrored_total copy left out'), 6);
});

test('a mirror that follows the master ends with it', async (t) => {
  const copy = await FakeUpstream.start(t);
  const master = await FakeUpstream.start(t);
  const ended = new Promise<void>((resolve) => {
    copy.answer = (_, response) => void response.on('close', resolve);
  });
  master.answer = (_, response) => void copy.scanned(1).then(() => reply(response, { action: 'no action' }));
  const { scan } = startProxy(t, {
    upstreams: [upstreamConfig({ hosts: [master.host] })],
    mirrors: [mirrorConfig({ hosts: [copy.host], followMaster: true })],
  });
  await scan();
  await ended;
});

test('requests go to the scanners in turn', async (t) => {
  const upstreams = await Promise.all([FakeUpstream.start(t), FakeUpstream.start(t)]);
  const { scan } = startProxy(t, {
    upstreams: [upstreamConfig({ hosts: upstreams.map(({ host }) => host) })],
  });
  for (let i = 0; i < 4; i++) await scan();
  assert.deepEqual(
    upstreams.map(({ scans }) => scans.length),
    [2, 2],
  );
});

test('one of several scanners may be this very server', async (t) => {
  const other = await FakeUpstream.start(t);
  const upstreams = [upstreamConfig({ hosts: ['localhost:11333', other.host] })];
  const { scan, local } = startProxy(t, { upstreams }, { isOwnAddress: (host) => host === 'localhost' });
  for (let i = 0; i < 4; i++) await scan();
  assert.equal(local.requests.length, 2);
  assert.equal(other.scans.length, 2);
});

test('log_tag_type queue_id names a scan without a tag of its own', async (t) => {
  const { scan, local } = startProxy(
    t,
    { logTagType: 'queue_id', upstreams: [upstreamConfig({ hosts: ['localhost'] })] },
    { isOwnAddress: always },
  );
  await scan({ door: 'http', queueId: '4Fx' });
  await scan({ door: 'http', queueId: '4Fx', logTag: 'own' });
  assert.deepEqual(
    local.requests.map(({ envelope }) => envelope.logTag),
    ['4Fx', 'own'],
  );
});
