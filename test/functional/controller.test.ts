import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import { eventually, gtube, message, startServer, type TestServer } from './server.ts';

interface History {
  readonly version: number;
  readonly rows: readonly Record<string, unknown>[];
}

/** What `rspamadm pw` prints for the password `hello`, by both of its schemes. */
const pbkdf2Hello =
  '$1$3chk1f79nx9b4m6ih9fujqipodcjcoxg$nj3fpfxm5sjw1ij7wgti667k83hkrty5xrkrozx8izkraquasybb';
const catenaHello =
  '$2$tppmkkm5zs4unit88duucqibjrjimb9i$5uqo4e587hi313ctcjmnreq5ozrewutsbipg1oxb6crajsnmrbmy';

let server: TestServer;
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-maps-'));
  await writeFile(join(folder, 'list.map'), 'alice@example.com\n');
  server = await startServer({
    'local.d/worker-controller.inc': `secure_ip = [];\npassword = "${pbkdf2Hello}";\nenable_password = "${catenaHello}";\n`,
    'local.d/multimap.conf': `KNOWN_SENDER { type = "from"; map = "${join(folder, 'list.map')}"; score = 1; }\n`,
  });
});
after(async () => {
  await server.dispose();
  await rm(folder, { recursive: true, force: true });
});

const hello = { headers: { Password: 'hello' } };

async function json<T>(path: string, init: RequestInit = hello): Promise<T> {
  const reply = await server.control(path, init);
  assert.equal(reply.status, 200, `${path}: ${reply.statusText}`);
  return (await reply.json()) as T;
}

test('without the right password there is an answer that says so', async () => {
  for (const init of [{}, { headers: { Password: 'wrong' } }]) {
    const reply = await server.control('/stat', init);
    assert.equal(reply.status, 401);
    assert.equal(reply.statusText, 'Unauthorized');
    assert.deepEqual(await reply.json(), { error: 'Unauthorized' });
  }
  assert.equal(await (await server.control('/ping')).text(), 'pong\r\n');
});

test('passwords hashed by rspamadm are accepted, in header and query', async () => {
  assert.equal((await json<{ auth: string }>('/auth')).auth, 'ok');
  assert.equal((await json<{ auth: string }>('/auth?password=hello', {})).auth, 'ok');
});

test('scans show in statistics, counters and history', async () => {
  await server.scan(message, {
    User: 'alice@example.com',
    IP: '192.0.2.1',
    From: 'alice@example.com',
    Rcpt: 'bob@example.net',
  });
  await server.scan(gtube, { From: 'mallory@example.com' });
  const { rows, version } = await eventually(async () => {
    const history = await json<History>('/history');
    return history.rows.length >= 2 && history;
  });
  assert.equal(version, 2);
  const row = rows.find((candidate) => candidate['user'] === 'alice@example.com');
  assert.ok(row);
  assert.deepEqual(
    [
      row['ip'],
      row['action'],
      row['sender_smtp'],
      row['rcpt_smtp'],
      row['rcpt_mime'],
      row['message-id'],
      row['direction'],
    ],
    [
      '192.0.2.1',
      'no action',
      'alice@example.com',
      ['bob@example.net'],
      ['bob@example.net'],
      'greetings@example.com',
      'outbound',
    ],
  );
  assert.deepEqual(Object.keys(row['symbols'] as object).sort(), [
    'ARC_NA',
    'FROM_EQ_ENVFROM',
    'FROM_HAS_DN',
    'KNOWN_SENDER',
    'LOCAL_OUTBOUND',
    'MID_RHS_MATCH_FROM',
    'MIME_GOOD',
    'MISSING_XM_UA',
    'RCPT_COUNT_ONE',
    'RCVD_COUNT_ZERO',
    'SINGLE_SHORT_PART',
    'TO_DN_ALL',
    'TO_MATCH_ENVRCPT_ALL',
  ]);
  const stat = await eventually(async () => {
    const reply = await json<{ scanned: number; actions: Record<string, number> }>('/stat');
    return reply.scanned >= 2 && reply;
  });
  assert.equal(stat.actions['reject'], 1);
  const counters = await json<{ symbol: string; hits: number }[]>('/counters');
  assert.equal(counters.find(({ symbol }) => symbol === 'GTUBE')?.hits, 1);
  for (const type of ['day', 'week', 'month', 'year']) {
    const series = await json<{ y: number | null }[][]>(`/graph?type=${type}`);
    assert.equal(new Set(series.map((points) => points.length)).size, 1);
    assert.equal(series.length, 6);
  }
  const metrics = await (await server.control('/metrics', hello)).text();
  assert.match(metrics, /^rspamd_scanned_total 2$/m);
  assert.match(metrics, /^postern_verdicts_total\{action="reject",direction="inbound"\} 1$/m);
  assert.ok(metrics.endsWith('# EOF\n'));
  await json('/historyreset', { method: 'POST', ...hello });
  assert.deepEqual((await json<History>('/history')).rows, []);
});

test('maps are listed, read and written', async () => {
  const maps = await json<{ map: number; uri: string; editable: boolean }[]>('/maps');
  const map = maps.find(({ uri }) => uri.endsWith('list.map'));
  assert.ok(map?.editable);
  const headers = { Password: 'hello', Map: String(map.map) };
  assert.equal(await (await server.control('/getmap', { headers })).text(), 'alice@example.com\n');
  await json('/savemap', { method: 'POST', headers, body: 'carol@example.com\n' });
  assert.equal(await readFile(join(folder, 'list.map'), 'utf8'), 'carol@example.com\n');
});

test('actions and scores that are saved hold after the reload', async () => {
  await json('/saveactions', { method: 'POST', body: '[20, null, 7.5, 3]', ...hello });
  const actions = await json<{ action: string; value: number | null }[]>('/actions');
  assert.equal(actions.find(({ action }) => action === 'reject')?.value, 20);
  assert.equal(actions.find(({ action }) => action === 'add header')?.value, 7.5);
  await json('/savesymbols', { method: 'POST', body: '[{"name":"KNOWN_SENDER","value":2.5}]', ...hello });
  const groups = await json<{ rules: { symbol: string; weight: number }[] }[]>('/symbols');
  const rule = groups.flatMap(({ rules }) => rules).find(({ symbol }) => symbol === 'KNOWN_SENDER');
  assert.equal(rule?.weight, 2.5);
});

test('mistakes are answered with their reason', async () => {
  for (const [path, body, status, error] of [
    ['/saveactions', '', 400, 'Empty body is not permitted'],
    ['/saveactions', '{', 400, 'Cannot parse input'],
    ['/savesymbols', '[]', 404, 'No symbols to save'],
    ['/getmap', '', 400, 'Id header missing'],
    ['/graph', '', 400, 'Absent graph type'],
    ['/graph?type=century', '', 400, 'Invalid graph type'],
    ['/learnspam', '', 400, 'Empty body is not permitted'],
    ['/plugins/selectors/check_selector', '', 404, 'missing selector'],
  ] as const) {
    const reply = await server.control(path, { method: 'POST', body, ...hello });
    assert.equal(reply.status, status, path);
    assert.equal(reply.statusText, error, path);
    assert.deepEqual(await reply.json(), { error }, path);
  }
  const unknown = await server.control('/nosuch', hello);
  assert.deepEqual([unknown.status, await unknown.text()], [404, 'Not found']);
  assert.equal((await server.control('/stat', { method: 'PUT', ...hello })).status, 500);
});

test('the router takes GET and POST, answers a preflight, and cleans paths', async () => {
  const preflight = await server.control('/stat', { method: 'OPTIONS' });
  assert.equal(preflight.status, 200);
  assert.equal(preflight.headers.get('access-control-allow-methods'), 'POST, GET, OPTIONS');
  assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /Password,Map/);
  for (const method of ['HEAD', 'PUT', 'DELETE', 'PROPFIND']) {
    const reply = await server.control('/stat', { method, ...hello });
    assert.deepEqual(
      [reply.status, reply.statusText, await reply.text()],
      [500, 'Invalid method', ''],
      method,
    );
    assert.equal(reply.headers.get('cache-control'), 'no-store');
  }
  assert.equal((await json<{ auth: string }>('//x/.././/auth')).auth, 'ok');
});

test('bodies may be zstd, and replies are for who asks', async () => {
  const headers = { ...hello.headers, 'Content-Encoding': 'zstd' };
  const body = zstdCompressSync(Buffer.from('[20, null, 7.5, 3]'));
  assert.deepEqual(await json('/saveactions', { method: 'POST', headers, body }), { success: true });
  const broken = await server.control('/saveactions', {
    method: 'POST',
    headers,
    body: body.subarray(0, -3),
  });
  assert.equal(broken.status, 400);
  const gzip = await server.control('/saveactions', {
    method: 'POST',
    headers: { ...headers, 'Content-Encoding': 'gzip' },
    body,
  });
  assert.deepEqual([gzip.status, gzip.statusText], [400, 'Invalid compression method']);
  for (const encoding of ['zstd', 'gzip']) {
    const reply = await server.control('/symbols', {
      headers: { ...hello.headers, 'Accept-Encoding': `br, ${encoding}` },
    });
    assert.equal(reply.headers.get('content-encoding'), encoding);
    assert.ok(Array.isArray(await reply.json()));
  }
});

test('history can be asked for in ranges', async () => {
  await json('/historyreset', { method: 'POST', ...hello });
  for (const id of ['1', '2', '3']) {
    await server.scan(message, { 'Queue-Id': id });
    await eventually(async () => (await json<History>('/history')).rows.length === Number(id));
  }
  const ids = async (query: string): Promise<unknown[]> =>
    (await json<History>(`/history${query}`)).rows.map((row) => row['qid']);
  assert.deepEqual(await ids(''), ['3', '2', '1']);
  assert.deepEqual(await ids('?from=0&to=0'), ['3']);
  assert.deepEqual(await ids('?from=1&to=-1'), ['2', '1']);
  assert.deepEqual(await ids('?from=0&to=-2'), ['3', '2']);
  assert.deepEqual(await ids('?from=-1&to=-1'), ['1']);
  assert.deepEqual(await ids('?from=5&to=9'), []);
  assert.equal((await server.control('/history?from=x', hello)).status, 400);
});

test('bytes that are no request are answered and end that connection only', async () => {
  const socket = connect(server.ports.controller, '127.0.0.1');
  socket.setTimeout(10_000, () => socket.destroy());
  socket.write('nonsense\r\n\r\n');
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  assert.match(Buffer.concat(chunks).toString(), /^HTTP\/1\.1 400 .*\{"error":"HTTP parser error"\}$/s);
  assert.equal((await server.control('/ping')).status, 200);
});

test('a scan through the controller counts like any other', async () => {
  const verdict = await json<{ action: string }>('/checkv2', { method: 'POST', body: gtube, ...hello });
  assert.equal(verdict.action, 'reject');
  assert.equal((await server.control('/checkv2', { method: 'POST', body: gtube })).status, 401);
  await eventually(async () => (await json<History>('/history')).rows[0]?.['action'] === 'reject');
});

test('selectors can be tried on a message', async () => {
  assert.deepEqual(await json('/plugins/selectors/check_selector?selector=from.lower'), { success: true });
  assert.deepEqual(await json('/plugins/selectors/check_selector?selector=nosuch'), { success: false });
  const path = `/plugins/selectors/check_message?selector=${encodeURIComponent("header('Subject').lower")}`;
  assert.deepEqual(await json(path, { method: 'POST', body: message, ...hello }), {
    success: true,
    data: ['greetings'],
  });
});

test('connections over the limit are told so', async () => {
  const other = await startServer({
    'local.d/worker-controller.inc': 'max_connections = 2;\n',
  });
  const sockets: Socket[] = [];
  try {
    for (let i = 0; i < 2; i++) {
      const socket = connect(other.ports.controller, '127.0.0.1');
      sockets.push(socket);
      socket.write('GET /ping HTTP/1.1\r\nHost: x\r\n\r\n');
      await once(socket, 'data');
    }
    const refused = await other.control('/ping');
    assert.deepEqual([refused.status, await refused.json()], [503, { error: 'too many connections' }]);
    for (const socket of sockets) socket.destroy();
    await eventually(async () => (await other.control('/ping')).status === 200);
  } finally {
    for (const socket of sockets) socket.destroy();
    await other.dispose();
  }
});

test('a client that guesses passwords is told to stop', async () => {
  const other = await startServer({
    'local.d/worker-controller.inc': 'secure_ip = [];\npassword = "secret";\nmax_auth_failures = 3;\n',
  });
  try {
    const statuses: number[] = [];
    for (let i = 0; i < 5; i++) {
      statuses.push((await other.control('/stat', { headers: { Password: `guess${i}` } })).status);
    }
    assert.deepEqual(statuses, [401, 401, 401, 429, 429]);
  } finally {
    await other.dispose();
  }
});

test('rspamc understands the server', async () => {
  const file = join(folder, 'message.eml');
  await writeFile(file, gtube);
  const rspamc = (...args: string[]): string =>
    execFileSync('rspamc', args, { encoding: 'utf8', timeout: 20_000 });
  const scan = `127.0.0.1:${server.ports.scan}`;
  const control = ['-h', `127.0.0.1:${server.ports.controller}`, '-P', 'hello'];
  assert.match(rspamc('-h', scan, 'symbols', file), /Action: reject[\s\S]*Symbol: GTUBE \(0\.00\)/);
  assert.match(rspamc(...control, 'stat'), /Messages scanned: \d+[\s\S]*action reject: \d+/);
  assert.match(rspamc(...control, 'counters'), /GTUBE/);
  assert.match(rspamc(...control, 'uptime'), /Uptime:/);
});
