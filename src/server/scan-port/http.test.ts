import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { unpack } from 'msgpackr';
import { LimitError, StoreError } from '../../core/index.ts';
import { hit, verdict } from '../testing/scanner.ts';
import { type Harness, post, splitReply, startScanPort } from './testing/harness.ts';

const message = 'From: a@example.com\r\n\r\nhello\r\n';

/** One request on a connection of its own, told to close. */
async function ask(
  port: Harness,
  target: string,
  headers: Readonly<Record<string, string>> = {},
  body: string | Buffer = message,
): Promise<ReturnType<typeof splitReply> & { readonly json: Record<string, unknown> }> {
  const reply = splitReply(await port.exchange(post(target, { Connection: 'close', ...headers }, body)));
  return {
    ...reply,
    get json() {
      return JSON.parse(Buffer.from(reply.body, 'latin1').toString('utf8')) as Record<string, unknown>;
    },
  };
}

test('a message is scanned with its envelope and the verdict comes back as JSON', async (t) => {
  const port = await startScanPort(t);
  port.scanner.answer = { action: 'add header', score: 7.25, symbols: [hit('A', 7.25)] };
  const reply = await ask(port, '/checkv2', { From: '<a@example.com>', Rcpt: 'b@example.net', User: 'joe' });
  assert.equal(reply.status, 200);
  assert.match(
    reply.head,
    /^HTTP\/1\.1 200 OK\r\nConnection: close\r\nServer: postern\r\nDate: .* GMT\r\nContent-Length: \d+\r\nContent-Type: application\/json\r\n\r\n$/,
  );
  assert.equal(reply.json['action'], 'add header');
  const { envelope, raw } = port.scanner.last;
  assert.equal(raw.toString(), message);
  assert.equal(envelope.door, 'http');
  assert.equal(envelope.login, 'joe');
  assert.equal(envelope.sender?.text, 'a@example.com');
  assert.equal(envelope.recipients[0]?.text, 'b@example.net');
  assert.equal(envelope.scannerClientIp?.text, '127.0.0.1');
  assert.equal(port.scanner.settled, 1);
  assert.equal(port.counted.get('postern_scan_requests_total http verdict'), 1);
});

test('a connection serves one request after the other', async (t) => {
  const port = await startScanPort(t);
  const client = await port.open();
  for (let count = 1; count <= 3; count++) {
    client.received = '';
    client.send(post('/checkv2', {}, message));
    await client.until(/time_real":[^}]+\}$/);
    assert.match(client.received, /Connection: keep-alive\r\nKeep-Alive: timeout=60\r\n/);
    assert.equal(port.scanner.requests.length, count);
  }
  client.socket.end();
  await client.rest();
});

test('pipelined requests are answered in order, one at a time', async (t) => {
  const port = await startScanPort(t);
  let running = 0;
  port.scanner.answer = ({ raw }) => {
    assert.equal(++running, 1);
    queueMicrotask(() => running--);
    return { messageId: raw.toString() };
  };
  const client = await port.open();
  const bodies = ['one', 'two', 'three', 'four'];
  client.send(Buffer.concat(bodies.map((body) => post('/checkv2', {}, body))));
  client.socket.end();
  const text = await client.rest();
  assert.deepEqual(
    [...text.matchAll(/"message-id":"(\w+)"/g)].map((match) => match[1]),
    bodies,
  );
});

test('a client that sends ahead without end is not read until it has been served', async (t) => {
  const port = await startScanPort(t);
  port.scanner.isHeld = true;
  const client = await port.open();
  client.send(post('/checkv2', {}, 'first'));
  await port.scanner.begun(1);
  const flood = Buffer.alloc(16 * 1024 * 1024, '\n');
  const accepted = new Promise<boolean>((resolve) => client.socket.write(flood, () => resolve(true)));
  const waited = await Promise.race([
    accepted,
    new Promise((resolve) => setTimeout(() => resolve('stuck'), 100)),
  ]);
  assert.equal(waited, 'stuck');
  port.scanner.release();
  await client.until(/first|time_real/);
  await accepted;
  client.socket.destroy();
});

test('what stands behind a request and is none gets an error of its own', async (t) => {
  const port = await startScanPort(t);
  const text = await port.exchange(
    Buffer.concat([post('/checkv2', {}, 'x'), Buffer.from('garbage here\r\n\r\n')]),
  );
  const first = splitReply(text);
  assert.equal(first.status, 200);
  const second = splitReply(first.rest);
  assert.equal(second.status, 400);
  assert.deepEqual(Object.keys(JSON.parse(second.body)), ['error']);
  assert.equal(port.counted.get('postern_scan_troubles_total unknown bad request'), 1);
});

test('a chunked body is put together', async (t) => {
  const port = await startScanPort(t);
  const client = await port.open();
  client.send('POST /checkv2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n');
  for (const line of ['From: x\r\n', '\r\n', 'hello\r\n'])
    client.send(`${line.length.toString(16)}\r\n${line}\r\n`);
  client.send('0\r\n\r\n');
  await client.until(/time_real/);
  client.socket.destroy();
  assert.equal(port.scanner.last.raw.toString(), 'From: x\r\n\r\nhello\r\n');
});

test('a client that waits for 100 Continue is told to go on', async (t) => {
  const port = await startScanPort(t);
  const client = await port.open();
  client.send(
    'POST /checkv2 HTTP/1.1\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 5\r\n\r\n',
  );
  assert.equal(await client.until(/\r\n\r\n/), 'HTTP/1.1 100 Continue\r\n\r\n');
  client.send('hello');
  assert.match(await client.rest(), /HTTP\/1\.1 200 OK/);
});

test('a client that waits for 100 Continue with too large a message is told so instead', async (t) => {
  const port = await startScanPort(t, { maxMessageBytes: 10 });
  const text = await port.exchange(
    'POST /checkv2 HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n',
  );
  assert.equal(splitReply(text).status, 413);
});

test('HTTP/1.0 clients get a closed connection unless they ask otherwise', async (t) => {
  const port = await startScanPort(t);
  assert.match(await port.exchange('GET /ping HTTP/1.0\r\n\r\n'), /Connection: close\r\n.*pong\r\n$/s);
  const client = await port.open();
  client.send('GET /ping HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
  assert.match(await client.until(/pong\r\n/), /Connection: keep-alive/);
  client.socket.destroy();
});

test('HEAD has the length of the body and no body', async (t) => {
  const port = await startScanPort(t);
  const text = await port.exchange('HEAD /ping HTTP/1.1\r\nConnection: close\r\n\r\n');
  assert.match(text, /Content-Length: 6\r\n/);
  assert.ok(text.endsWith('\r\n\r\n'));
});

test('a half-closed client is answered', async (t) => {
  const port = await startScanPort(t);
  const client = await port.open();
  client.socket.end(post('/checkv2', {}, message));
  assert.match(await client.rest(), /HTTP\/1\.1 200 OK\r\n.*time_real/s);
});

test('the older paths have the older layout, skip is v2 without static weights', async (t) => {
  const port = await startScanPort(t);
  port.scanner.answer = { symbols: [hit('A', 1)] };
  for (const path of ['/check', '/Scan', '/symbols', '/process', '/report', '/report_ifspam']) {
    assert.ok('default' in (await ask(port, path)).json, path);
  }
  assert.match((await ask(port, '/skip')).body, /"A":\{"name":"A","score":1\.0\}/);
});

test('ping and metrics need no scan', async (t) => {
  const port = await startScanPort(t);
  const ping = await ask(port, '/ping', {}, '');
  assert.match(ping.head, /Content-Type: text\/plain\r\n/);
  assert.equal(ping.body, 'pong\r\n');
  const metrics = await ask(port, '/metrics', {}, '');
  assert.match(metrics.head, /application\/openmetrics-text; version=1\.0\.0; charset=utf-8/);
  assert.equal(metrics.body, 'postern_up 1\n# EOF\n');
  assert.equal(port.scanner.requests.length, 0);
});

test('query arguments count as headers that came last', async (t) => {
  const port = await startScanPort(t);
  await ask(
    port,
    '/checkv2?IP=192.0.2.7&user=bob%40x&rcpt=a%2Bb@example.com&rcpt=c+d@example.com&Settings-ID=a+b',
    {
      User: 'joe',
      Rcpt: 'z@example.com',
    },
  );
  const { envelope } = port.scanner.last;
  assert.equal(envelope.clientIp?.text, '192.0.2.7');
  assert.equal(envelope.login, 'bob@x');
  assert.deepEqual(
    envelope.recipients.map(({ text }) => text),
    ['z@example.com', 'a+b@example.com', 'c+d@example.com'],
  );
  assert.equal(envelope.settingsId, 'a b');
});

test('a mistake of the client is an honest status and one key', async (t) => {
  const port = await startScanPort(t);
  const rows: [string, Record<string, string>, number, RegExp][] = [
    ['/nosuch', {}, 404, /invalid command/],
    ['/', {}, 404, /missing command/],
    ['/checkv2', { Compression: 'gzip' }, 400, /Invalid compression method/],
    ['/checkv2', { 'Content-Encoding': 'zstd' }, 400, /Decompression error/],
    ['/checkv2', { Compression: 'zstd', Dictionary: '7' }, 400, /dictionary/],
    [
      '/checkv2',
      { File: '/etc/passwd' },
      400,
      /file and shm message sources are not allowed on this connection/,
    ],
    ['/checkv2', { Shm: '/x' }, 400, /not allowed/],
    ['/checkv2?a=%0d%0ax', {}, 400, /control character/],
    ['/checkv3', {}, 400, /multipart/],
  ];
  for (const [target, headers, status, error] of rows) {
    const reply = await ask(port, target, headers);
    assert.equal(reply.status, status, target);
    assert.deepEqual(Object.keys(reply.json), ['error']);
    assert.match(String(reply.json['error']), error);
    assert.match(reply.head.split('\r\n')[0]!, error, 'the reason phrase tells it too');
  }
  assert.equal(port.scanner.requests.length, 0);
  assert.equal(port.counted.get('postern_scan_requests_total http error'), rows.length);
  assert.match(port.logged.join('\n'), /invalid command/);
});

test('a method that asks for something else is not allowed', async (t) => {
  const port = await startScanPort(t);
  const reply = splitReply(await port.exchange('DELETE /checkv2 HTTP/1.1\r\nConnection: close\r\n\r\n'));
  assert.equal(reply.status, 405);
  assert.match(reply.head, /Allow: GET, HEAD, POST, PUT/);
});

test('a failure is a whole verdict that says soft reject, with status 503', async (t) => {
  const port = await startScanPort(t);
  const failures = [
    { failure: new StoreError('store is away'), action: 'soft reject' },
    new Error('bug'),
    new LimitError('overload', 'full'),
  ];
  for (const failure of failures) {
    port.scanner.answer = failure;
    for (const path of ['/checkv2', '/check']) {
      const reply = await ask(port, path);
      assert.equal(reply.status, 503);
      const judgement = path === '/check' ? (reply.json['default'] as object) : reply.json;
      assert.equal((judgement as Record<string, unknown>)['action'], 'soft reject');
      assert.ok('messages' in reply.json && 'time_real' in reply.json);
      assert.doesNotMatch(reply.body, /bug|away|"error"/);
    }
  }
});

test('a message over the limit of the engine is a soft reject with status 413 that names the limit', async (t) => {
  const port = await startScanPort(t);
  port.scanner.answer = new LimitError('tooLarge', 'message is larger than 5 bytes');
  const reply = await ask(port, '/checkv2');
  assert.equal(reply.status, 413);
  assert.equal(reply.json['action'], 'soft reject');
  assert.equal(reply.json['error'], 'message is larger than 5 bytes');
  assert.deepEqual(reply.json['messages'], { smtp_message: 'message is larger than 5 bytes' });
});

test('a zstd request gets a zstd reply, and so does who asks for one', async (t) => {
  const port = await startScanPort(t);
  const compressed = zstdCompressSync(Buffer.from(message));
  const rows: [Record<string, string>, string | Buffer][] = [
    [{ Compression: 'zstd' }, compressed],
    [{ 'Content-Encoding': 'zstd' }, compressed],
    [{ 'Accept-Encoding': 'gzip, zstd;q=0.5' }, message],
    [{ Flags: 'zstd' }, message],
  ];
  for (const [headers, body] of rows) {
    const reply = await ask(port, '/checkv2', headers, body);
    assert.match(reply.head, /Compression: zstd\r\nContent-Encoding: zstd\r\n/);
    const json = zstdDecompressSync(Buffer.from(reply.body, 'latin1')).toString();
    assert.equal(JSON.parse(json).action, 'no action');
    assert.equal(port.scanner.last.raw.toString(), message);
  }
  const plain = await ask(port, '/checkv2', { 'Accept-Encoding': 'gzip, zstd;q=0' });
  assert.doesNotMatch(plain.head, /zstd/);
});

test('a zstd bomb is refused, a small one and a large one', async (t) => {
  const port = await startScanPort(t, { maxMessageBytes: 4 * 1024 * 1024 });
  for (const sizeBytes of [4 * 1024 * 1024 + 1, 64 * 1024 * 1024]) {
    const bomb = zstdCompressSync(Buffer.alloc(sizeBytes));
    const reply = await ask(port, '/checkv2', { Compression: 'zstd' }, bomb);
    assert.equal(reply.status, 413);
    assert.equal(reply.json['action'], 'soft reject');
  }
  const allowed = zstdCompressSync(Buffer.alloc(4 * 1024 * 1024));
  assert.equal((await ask(port, '/checkv2', { Compression: 'zstd' }, allowed)).status, 200);
  assert.equal(port.scanner.last.raw.length, 4 * 1024 * 1024);
});

test('a client that accepts msgpack gets it, one that accepts anything else gets JSON', async (t) => {
  const port = await startScanPort(t);
  const reply = await ask(port, '/checkv2', { Accept: 'application/json;q=0.5, application/msgpack' });
  assert.match(reply.head, /Content-Type: application\/msgpack\r\n/);
  assert.equal(unpack(Buffer.from(reply.body, 'latin1')).action, 'no action');
  for (const accept of ['*/*', 'text/html', 'application/json, application/msgpack;q=0.9']) {
    assert.match((await ask(port, '/checkv2', { Accept: accept })).head, /application\/json/);
  }
});

test('a rewritten message follows the verdict when the client wants it', async (t) => {
  const port = await startScanPort(t);
  port.scanner.answer = { rewritten: Buffer.from('A: 1\r\n\r\nnew body') };
  const whole = await ask(port, '/checkv2', { Flags: 'body_block' });
  const offset = Number(/Message-Offset: (\d+)/.exec(whole.head)?.[1]);
  assert.equal(JSON.parse(whole.body.slice(0, offset)).action, 'no action');
  assert.equal(whole.body.slice(offset), 'A: 1\r\n\r\nnew body');
  const body = await ask(port, '/checkv2', { Flags: 'body_block,milter' });
  assert.ok(body.body.endsWith('}new body'));
  const compressed = await ask(port, '/checkv2', { Flags: 'body_block,zstd' });
  const plain = zstdDecompressSync(Buffer.from(compressed.body, 'latin1')).toString();
  assert.equal(
    plain.slice(Number(/Message-Offset: (\d+)/.exec(compressed.head)?.[1])),
    'A: 1\r\n\r\nnew body',
  );
  assert.doesNotMatch((await ask(port, '/checkv2')).head, /Message-Offset/);
});

function temporaryFile(t: TestContext, content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'postern-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'a message.eml');
  writeFileSync(path, content);
  return path;
}

test('a message is read from a file where that is allowed', async (t) => {
  const path = temporaryFile(t, 'from a file');
  const port = await startScanPort(t, { worker: { allowFileInputs: true }, maxMessageBytes: 20 });
  for (const value of [path, `"${path}"`, path.replaceAll(' ', '%20')]) {
    assert.equal((await ask(port, '/checkv2', { File: value }, '')).status, 200);
    assert.equal(port.scanner.last.raw.toString(), 'from a file');
  }
  const rows: [Record<string, string>, RegExp][] = [
    [{ Path: '/nonexistent' }, /cannot be read/],
    [{ File: '/' }, /no regular file/],
    [{ Shm: '/x' }, /shm message sources are not supported/],
  ];
  for (const [headers, error] of rows) {
    const reply = await ask(port, '/checkv2', headers, '');
    assert.equal(reply.status, 400);
    assert.match(String(reply.json['error']), error);
  }
  const large = temporaryFile(t, 'x'.repeat(21));
  assert.equal((await ask(port, '/checkv2', { File: large }, '')).status, 413);
});

test('on a unix socket files are always allowed', async (t) => {
  const path = temporaryFile(t, 'from a file');
  const port = await startScanPort(t, { path: `${path}.sock` });
  const reply = await ask(port, '/checkv2', { File: path }, '');
  assert.equal(reply.status, 200);
  assert.equal(port.scanner.last.raw.toString(), 'from a file');
  assert.equal(port.scanner.last.envelope.scannerClientIp, undefined);
});

test('a reply that holds other characters than ASCII has the length of its bytes', async (t) => {
  const port = await startScanPort(t);
  port.scanner.answer = verdict({ messages: { smtp_message: 'zu groß – später' } });
  const reply = await ask(port, '/checkv2');
  assert.deepEqual(reply.json['messages'], { smtp_message: 'zu groß – später' });
  assert.equal(reply.rest, '');
});
