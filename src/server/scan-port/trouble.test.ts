import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { type Client, type Harness, post, splitReply, startScanPort } from './testing/harness.ts';

const rspamc = (body: string, extra = ''): string =>
  `CHECK RSPAMC/1.3\r\nContent-length: ${body.length}\r\n${extra}\r\n${body}`;

function assertSoftReject(text: string, status: number): void {
  const reply = splitReply(text);
  assert.equal(reply.status, status, text);
  assert.equal(JSON.parse(reply.body).action, 'soft reject');
}

/** Another client is served as if nothing had happened. */
async function assertServes(port: Harness): Promise<void> {
  const text = await port.exchange(post('/checkv2', { Connection: 'close' }, 'From: x\r\n\r\nhello'));
  assert.equal(splitReply(text).status, 200);
}

function assertLogged(port: Harness, protocol: string, reason: string): void {
  assert.equal(
    port.counted.get(`postern_scan_troubles_total ${protocol} ${reason}`),
    1,
    [...port.counted].join('\n'),
  );
  assert.ok(
    port.logged.some((line) => line.includes(`"reason":"${reason}"`) && line.includes('"peer":"127.0.0.1"')),
  );
}

test('bytes of other protocols hear that this is none of them', async (t) => {
  const port = await startScanPort(t);
  const wrong: (string | Buffer)[] = [
    Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00]),
    Buffer.from('0000000d4f00000006000001ff001fffff', 'hex'),
    'EHLO client.example\r\n',
    '\0\0\0\0',
    'GET /ping\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  ];
  for (const bytes of wrong) {
    const reply = splitReply(await port.exchange(bytes));
    assert.equal(reply.status, 400);
    assert.deepEqual(Object.keys(JSON.parse(reply.body)), ['error']);
  }
  assert.equal(port.counted.get('postern_scan_troubles_total unknown bad request'), wrong.length);
  await assertServes(port);
});

test('a message over max_message is "try later" in every protocol, and the reply outlives the unread rest', async (t) => {
  const port = await startScanPort(t, { maxMessageBytes: 1000 });
  const large = 'x'.repeat(4 * 1024 * 1024);
  const http = await port.exchange(post('/checkv2', {}, large));
  assertSoftReject(http, 413);
  assert.match(http, /message is larger than 1000 bytes/);
  const chunked = `POST /checkv2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n400000\r\n${large}\r\n0\r\n\r\n`;
  assertSoftReject(await port.exchange(chunked), 413);
  assert.match(
    await port.exchange(rspamc(large)),
    /^RSPAMD\/1\.3 0 EX_OK\r\nMetric: default; False; 0\.00 \/ nan \/ 0\.0\r\nAction: soft reject\r\nMessage: message is larger than 1000 bytes\r\n$/,
  );
  const spamc = await port.exchange(`CHECK SPAMC/1.5\r\nContent-length: ${large.length}\r\n\r\n${large}`);
  assert.equal(spamc, 'SPAMD/1.1 75 EX_TEMPFAIL message is larger than 1000 bytes\r\n');
  assert.equal(port.counted.get('postern_scan_troubles_total http too large'), 2);
  await assertServes(port);
});

test('a head over its limit is "try later" in every protocol', async (t) => {
  const port = await startScanPort(t, { limits: { maxHeaderBytes: 4096 } });
  const lines = 'Rcpt: <somebody@example.com>\r\n'.repeat(400);
  assertSoftReject(await port.exchange(`POST /checkv2 HTTP/1.1\r\n${lines}`), 431);
  assert.match(await port.exchange(`CHECK RSPAMC/1.3\r\n${lines}`), /\r\nAction: soft reject\r\n/);
  assert.match(await port.exchange(`CHECK SPAMC/1.5\r\n${lines}`), /^SPAMD\/1\.1 75 EX_TEMPFAIL /);
  await assertServes(port);
});

test('more recipients than max_recipients are "try later"', async (t) => {
  const port = await startScanPort(t, { maxRecipients: 2 });
  const text = await port.exchange(
    post('/checkv2', { Connection: 'close', Rcpt: 'a@x.example,b@x.example,c@x.example' }, 'x'),
  );
  assert.match(text, /^HTTP\/1\.1 413 .*more than 2 recipients/s);
  const extra = 'Rcpt: <a@x.example>\r\n'.repeat(3);
  assert.match(
    await port.exchange(rspamc('x', extra)),
    /Action: soft reject\r\nMessage: message has more than 2 recipients/,
  );
  assert.equal(port.scanner.requests.length, 0);
});

test('connections over max_connections are told to come later in their own protocol, then there is room again', async (t) => {
  const port = await startScanPort(t, { limits: { maxConnections: 2 } });
  const held: Client[] = [await port.open(), await port.open()];
  for (const client of held) {
    client.send('GET /ping HTTP/1.1\r\n\r\n');
    await client.until(/pong/);
  }
  assertSoftReject(await port.exchange(post('/checkv2', {}, 'x')), 503);
  assert.match(await port.exchange(rspamc('x')), /Action: soft reject/);
  assert.equal(await port.exchange('CHECK SPAMC/1.5\r\n\r\nx'), 'SPAMD/1.1 75 EX_TEMPFAIL\r\n');
  assert.equal(port.counted.get('postern_scan_troubles_total rspamc connections full'), 1);
  assert.equal(port.scanner.requests.length, 0);
  held[0]!.socket.end();
  await held[0]!.rest();
  await assertServes(port);
});

test('connections over max_connections_per_source are refused though there is room', async (t) => {
  const port = await startScanPort(t, { worker: { maxConnectionsPerSource: 1 } });
  const held = await port.open();
  held.send('GET /ping HTTP/1.1\r\n\r\n');
  await held.until(/pong/);
  assertSoftReject(await port.exchange(post('/checkv2', {}, 'x')), 503);
  assertLogged(port, 'http', 'source full');
  held.socket.end();
  await held.rest();
  await assertServes(port);
});

test('a flood of connections is answered without being listened to', async (t) => {
  const port = await startScanPort(t, { limits: { maxConnections: 1 } });
  const held = await port.open();
  held.send('GET /ping HTTP/1.1\r\n\r\n');
  await held.until(/pong/);
  const waiting = await Promise.all(Array.from({ length: 16 }, () => port.open()));
  const flooded = await port.open();
  assertSoftReject(await flooded.rest(), 503);
  for (const client of waiting) client.socket.destroy();
});

test('scans over max_tasks are told to come later', async (t) => {
  const port = await startScanPort(t, { worker: { maxTasks: 1 } });
  port.scanner.isHeld = true;
  const first = await port.open();
  first.send(post('/checkv2', { Connection: 'close' }, 'x'));
  await port.scanner.begun(1);
  assertSoftReject(await port.exchange(post('/checkv2', { Connection: 'close' }, 'x')), 503);
  assert.match(await port.exchange(rspamc('x')), /Action: soft reject/);
  port.scanner.release();
  assert.match(await first.rest(), /200 OK/);
});

test('messages that together fill the memory are told to come later', async (t) => {
  const port = await startScanPort(t, { maxMessageBytes: 1000 });
  const half = `POST /checkv2 HTTP/1.1\r\nContent-Length: 1000\r\n\r\n${'x'.repeat(999)}`;
  const slow = await Promise.all(Array.from({ length: 8 }, () => port.open()));
  for (const client of slow) client.send(half);
  // Each of the eight has arrived when a ninth finds no room.
  let text = '';
  while (!text.includes('503'))
    text = await port.exchange(post('/checkv2', { Connection: 'close' }, 'y'.repeat(1000)));
  assertSoftReject(text, 503);
  assert.match(port.logged.join('\n'), /"reason":"memory full"/);
  for (const client of slow) client.socket.resetAndDestroy();
  while (port.server.connectionCount > 0) await new Promise(setImmediate);
  await assertServes(port);
});

test('a client that sends too slowly hears "try later"', async (t) => {
  const port = await startScanPort(t, { limits: { idleTimeoutMs: 60 } });
  const started: [string, string][] = [
    ['POST /checkv2 HTTP/1.1\r\n', 'http'],
    ['POST /checkv2 HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc', 'http'],
    ['CHECK RSPAMC/1.3\r\nContent-length: 10\r\n\r\nabc', 'rspamc'],
    ['CHECK SPAMC/1.5\r\nContent-length: 10\r\n\r\nabc', 'spamc'],
  ];
  for (const [bytes, protocol] of started) {
    const text = await port.exchange(bytes);
    if (protocol === 'http') assertSoftReject(text, 408);
    else assert.match(text, protocol === 'rspamc' ? /Action: soft reject/ : /75 EX_TEMPFAIL/);
  }
  assert.equal(port.counted.get('postern_scan_troubles_total http slow sender'), 2);
  assert.equal(port.counted.get('postern_scan_troubles_total rspamc slow sender'), 1);
  assert.equal(port.counted.get('postern_scan_troubles_total spamc slow sender'), 1);
  await assertServes(port);
});

test('a client that drips bytes for ever is stopped by the time for a whole request', async (t) => {
  const port = await startScanPort(t, { limits: { requestTimeoutMs: 100 } });
  const client = await port.open();
  client.send('POST /checkv2 HTTP/1.1\r\nContent-Length: 100000\r\n\r\n');
  const drip = setInterval(() => client.send('x'), 10);
  await client.until(/soft reject.*\}$/);
  clearInterval(drip);
  client.socket.destroy();
  assertSoftReject(client.received, 408);
  assertLogged(port, 'http', 'slow sender');
});

test('a connection without a request is closed when it has been idle', async (t) => {
  const port = await startScanPort(t, { limits: { idleTimeoutMs: 60 } });
  assert.equal(await (await port.open()).rest(), '');
  const kept = await port.open();
  kept.send('GET /ping HTTP/1.1\r\n\r\n');
  assert.match(await kept.rest(), /pong\r\n$/);
  assert.deepEqual(port.logged, []);
});

test('a client that never reads its replies is dropped', async (t) => {
  const port = await startScanPort(t, { limits: { idleTimeoutMs: 80 } });
  port.scanner.answer = { messages: { smtp_message: 'x'.repeat(1_000_000) } };
  const client = await port.open();
  client.socket.pause();
  client.send(Buffer.concat(Array.from({ length: 40 }, () => post('/checkv2', {}, 'x'))));
  while (!port.counted.has('postern_scan_troubles_total http slow reader')) {
    await setTimeout(10);
  }
  assert.ok(port.scanner.requests.length < 40, 'requests behind an unread reply wait');
  assertLogged(port, 'http', 'slow reader');
  client.socket.destroy();
});

test('a body that ends early is an error for HTTP and "try later" for mail servers', async (t) => {
  const port = await startScanPort(t);
  const truncated = async (bytes: string): Promise<string> => {
    const client = await port.open();
    client.socket.end(bytes);
    return client.rest();
  };
  const http = splitReply(await truncated('POST /checkv2 HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc'));
  assert.equal(http.status, 400);
  assert.deepEqual(JSON.parse(http.body), { error: 'message ended early' });
  assert.equal(splitReply(await truncated('POST /checkv2 HTTP/1.1\r\n')).status, 400);
  assert.match(
    await truncated('CHECK RSPAMC/1.3\r\nContent-length: 10\r\n\r\nabc'),
    /Action: soft reject\r\nMessage: Try again later \(message ended early\)\r\n$/,
  );
  assert.match(
    await truncated('CHECK SPAMC/1.5\r\nContent-length: 10\r\n\r\nabc'),
    /^SPAMD\/1\.1 76 EX_PROTOCOL/,
  );
  assert.equal(port.scanner.requests.length, 0);
  assertLogged(port, 'rspamc', 'truncated');
});

test('a connection that breaks in the middle of a request harms nobody', async (t) => {
  const port = await startScanPort(t);
  const client = await port.open();
  client.send('POST /checkv2 HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc');
  await assertServes(port);
  client.socket.resetAndDestroy();
  while (!port.counted.has('postern_scan_troubles_total http client gone')) await new Promise(setImmediate);
  assert.match(port.logged.join('\n'), /client broke the connection/);
  await assertServes(port);
});

test('a client that breaks off during a scan aborts it, and nothing is settled', async (t) => {
  const port = await startScanPort(t);
  port.scanner.isHeld = true;
  for (const request of [
    post('/checkv2', {}, 'x'),
    rspamc('x'),
    'CHECK SPAMC/1.5\r\nContent-length: 1\r\n\r\nx',
  ]) {
    const client = await port.open();
    client.send(request);
    await port.scanner.begun(1);
    const { signal } = port.scanner.requests.pop()!;
    client.socket.resetAndDestroy();
    if (!signal!.aborted) await once(signal!, 'abort');
  }
  assert.equal(port.scanner.settled, 0);
  assert.equal(port.server.runningScans, 0);
});

test('a client that closes while it waits has given up, but half-closing right after the request is fine', async (t) => {
  const port = await startScanPort(t, { limits: { idleTimeoutMs: 40 } });
  port.scanner.isHeld = true;
  const patient = await port.open();
  patient.socket.end(post('/checkv2', {}, 'x'));
  await port.scanner.begun(1);
  const gone = await port.open();
  gone.send(rspamc('x'));
  await port.scanner.begun(2);
  port.skip(150);
  // Until the server has looked at the clock.
  await setTimeout(200);
  gone.socket.end();
  await once(port.scanner.requests[1]!.signal!, 'abort');
  assertLogged(port, 'rspamc', 'client gone');
  assert.equal(port.scanner.requests[0]!.signal!.aborted, false);
  port.scanner.release();
  assert.match(await patient.rest(), /200 OK/);
  assert.equal(port.scanner.settled, 1);
});

test('a scan that never ends is given up and answered', async (t) => {
  const port = await startScanPort(t, { taskTimeoutMs: 8000, limits: { idleTimeoutMs: 100 } });
  port.scanner.isHeld = true;
  const client = await port.open();
  client.send(post('/checkv2', {}, 'x'));
  await port.scanner.begun(1);
  port.skip(21_000);
  assertSoftReject(await client.rest(), 503);
  assert.equal(port.scanner.last.signal!.aborted, true);
  assertLogged(port, 'http', 'scan stuck');
});

test('closing lets requests finish and closes idle connections', async (t) => {
  const port = await startScanPort(t);
  port.scanner.isHeld = true;
  const idle = await port.open();
  const busy = await port.open();
  busy.send(post('/checkv2', {}, 'x'));
  await port.scanner.begun(1);
  const closed = port.server.close(60_000);
  assert.equal(await idle.rest(), '');
  port.scanner.release();
  assert.match(await busy.rest(), /200 OK\r\nConnection: close/);
  await closed;
  assert.equal(port.scanner.settled, 1);
});

test('closing does not wait for ever, and then says "try later"', async (t) => {
  const port = await startScanPort(t);
  port.scanner.isHeld = true;
  const busy = await port.open();
  busy.send(rspamc('x'));
  await port.scanner.begun(1);
  const reading = await port.open();
  reading.send('POST /checkv2 HTTP/1.1\r\nContent-Length: 3\r\n\r\nab');
  await assertServesNothing(port);
  const closed = port.server.close(1);
  assert.match(await busy.rest(), /Action: soft reject/);
  assertSoftReject(await reading.rest(), 503);
  await closed;
  assert.equal(port.scanner.last.signal!.aborted, true);
});

/** Waits until the server has read what was sent before. */
async function assertServesNothing(port: Harness): Promise<void> {
  assert.match(await port.exchange('GET /ping HTTP/1.0\r\n\r\n'), /pong/);
}

test('closing does not wait for a client that never reads', async (t) => {
  const port = await startScanPort(t);
  port.scanner.answer = { messages: { smtp_message: 'x'.repeat(10_000_000) } };
  const client = await port.open();
  client.socket.pause();
  client.send(post('/checkv2', {}, 'x'));
  await port.scanner.begun(1);
  await port.server.close(1);
  assert.equal(port.server.connectionCount, 0);
  client.socket.destroy();
});

test('a server that closes turns new connections away with "try later"', async (t) => {
  const port = await startScanPort(t);
  await port.server.close(0);
  assertSoftReject(await port.exchange(post('/checkv2', {}, 'x')), 503);
});

test('new limits count for the next request', async (t) => {
  const port = await startScanPort(t, { maxMessageBytes: 10 });
  const client = await port.open();
  client.send(post('/checkv2', {}, 'short'));
  await client.until(/time_real[^}]*\}/);
  client.received = '';
  const other = await startScanPort(t, { maxMessageBytes: 3 });
  port.server.reconfigure(...other.configured);
  client.send(post('/checkv2', {}, 'short'));
  assertSoftReject(await client.rest(), 413);
});
