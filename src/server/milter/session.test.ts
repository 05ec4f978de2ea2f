import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { milterReply, startMilter } from './testing/fixture.ts';
import { fullOffer, packet, words } from './testing/milter-client.ts';

test('a message is rebuilt byte for byte, with the blanks and folds of its header', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.session();
  await client.scan({
    headers: [
      ['Received', ' from a\n\tby b'],
      ['Subject', 'tight'],
      ['X-Tab', '\tvalue'],
      ['X-Empty', ''],
    ],
    body: [Buffer.from('first\r'), Buffer.from('\nsecond'), Buffer.from([0, 255, 10])],
  });
  const expected =
    'Received: from a\r\n\tby b\r\nSubject:tight\r\nX-Tab:\tvalue\r\nX-Empty:\r\n\r\nfirst\r\nsecond';
  assert.ok(
    milter.scanner.last.raw.equals(Buffer.concat([Buffer.from(expected), Buffer.from([0, 255, 10])])),
  );
});

test('without leading space every header gets one blank', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.session({ ...fullOffer, steps: 0xfffff });
  await client.scan({ headers: [['Subject', ' hello']], body: '' });
  assert.equal(milter.scanner.last.raw.toString(), 'Subject: hello\r\n\r\n');
});

test('data in the packet that ends the body belongs to the body', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.session();
  await client.scan({ body: 'one\r\n', last: 'two\r\n' });
  assert.equal(milter.scanner.last.raw.toString(), 'Subject: hello\r\n\r\none\r\ntwo\r\n');
});

test('a message without header and body is scanned', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.session();
  assert.deepEqual(await client.scan({ headers: [], body: '' }), ['a']);
  assert.equal(milter.scanner.last.raw.toString(), '\r\n');
});

test('an end of body without any content is an empty message', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.session();
  client.send('E');
  assert.deepEqual(await client.verdict(), ['a']);
  assert.equal(milter.scanner.last.raw.length, 0);
});

test('a message of many megabytes arrives whole', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.session();
  const chunk = Buffer.alloc(65_535, 'x');
  await client.scan({ body: Array.from({ length: 300 }, () => chunk) });
  assert.equal(milter.scanner.last.raw.length, 'Subject: hello\r\n\r\n'.length + 300 * 65_535);
});

test('a session that comes byte by byte gives the same message', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.connect();
  const stream = Buffer.concat([
    packet('O', words(6, 0x1ff, 0x1fffff)),
    packet('M', '<alice@example.com>'),
    packet('L', 'Subject', ' hello'),
    packet('N'),
    packet('E'),
  ]);
  for (const byte of stream) {
    client.socket.write(Buffer.from([byte]));
    await new Promise(setImmediate);
  }
  assert.equal((await client.receive())?.command, 'O');
  assert.deepEqual(await client.verdict(), ['a']);
  assert.equal(milter.scanner.last.raw.toString(), 'Subject: hello\r\n\r\n');
});

test('a whole session in one write is understood', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.connect();
  client.socket.write(
    Buffer.concat([
      packet('O', words(6, 0x1ff, 0x1fffff)),
      packet('M', '<alice@example.com>'),
      packet('L', 'Subject', ' hello'),
      packet('N'),
      packet('E'),
    ]),
  );
  assert.equal((await client.receive())?.command, 'O');
  assert.deepEqual(await client.verdict(), ['a']);
});

test('nothing of a message reaches the next one of the connection', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.session();
  await client.scan({
    from: '<alice@example.com>',
    fromParameters: ['SIZE=1'],
    to: ['<bob@example.net>', '<bad bad>'],
    headers: [['Subject', ' one']],
    macros: {
      M: { i: 'Q1', '{mail_addr}': 'alice@example.com', '{auth_author}': 'x', '{auth_authen}': 'alice' },
      R: { '{rcpt_mailer}': 'smtp' },
    },
  });
  client.send('A');
  await client.scan({ from: '<>', to: ['<carol@example.net>'], headers: [['Subject', ' two']], body: '' });
  const { envelope, raw } = milter.scanner.last;
  assert.equal(raw.toString(), 'Subject: two\r\n\r\n');
  assert.equal(envelope.sender, null);
  assert.equal(envelope.senderEsmtp.size, 0);
  assert.deepEqual(
    envelope.recipients.map(({ text }) => text),
    ['carol@example.net'],
  );
  assert.deepEqual(envelope.malformed, []);
  assert.equal(envelope.queueId, undefined);
  for (const name of ['x-milter-mail-addr', 'x-milter-auth-author', 'mailer']) {
    assert.equal(envelope.request.get(name), undefined, name);
  }
});

test('client, HELO, TLS and login stay for the next message of the connection', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.session();
  client.macros('H', { '{cipher}': 'AES' });
  await client.scan({ macros: { M: { '{auth_authen}': 'alice' } } });
  client.send('A');
  await client.scan();
  const { envelope } = milter.scanner.last;
  assert.equal(envelope.clientIp?.text, '192.0.2.7');
  assert.equal(envelope.helo, 'helo.example');
  assert.equal(envelope.tls?.cipher, 'AES');
  assert.equal(envelope.login, 'alice');
});

test('a verdict that changes how rejects end does not change the next message', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.session();
  milter.scanner.answer = { action: 'reject', milter: milterReply({ rejectAs: 'discard' }) };
  assert.deepEqual(await client.scan(), ['d']);
  milter.scanner.answer = { action: 'reject', milter: milterReply({ noAction: true }) };
  assert.deepEqual(await client.scan(), ['h "X-Rspamd-Action" " reject"', 'a']);
  milter.scanner.answer = { action: 'reject' };
  assert.deepEqual(await client.scan(), ['y "554 5.7.1 Spam message rejected"']);
});

test('an aborted message is forgotten and the next one begins anew', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.session();
  client.macros('M', { i: 'Q1' });
  client.send('M', '<alice@example.com>');
  client.send('R', '<bob@example.net>');
  client.send('L', 'Subject', ' one');
  client.send('A');
  await client.scan({ from: '<carol@example.com>', to: [], headers: [['Subject', ' two']], body: '' });
  const { envelope, raw } = milter.scanner.last;
  assert.equal(raw.toString(), 'Subject: two\r\n\r\n');
  assert.deepEqual(envelope.recipients, []);
  assert.equal(envelope.queueId, undefined);
});

test('an abort during a scan gives it up, and no late verdict is written', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.session();
  milter.scanner.isHeld = true;
  milter.scanner.answer = { action: 'reject' };
  await client.message();
  await milter.scanner.begun(1);
  const first = milter.scanner.last;
  client.send('A');
  await client.message();
  await milter.scanner.begun(2);
  assert.equal(first.signal?.aborted, true);
  assert.equal(milter.scanner.last.signal?.aborted, false);
  milter.scanner.answer = {};
  milter.scanner.release();
  assert.deepEqual(await client.verdict(), ['a']);
  assert.deepEqual(client.unread, []);
  assert.equal(milter.scanner.settled, 1);
});

test('a connection that goes during a scan gives it up', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.session();
  milter.scanner.isHeld = true;
  await client.message();
  await milter.scanner.begun(1);
  const { signal } = milter.scanner.last;
  const gone = new Promise((resolve) => signal?.addEventListener('abort', resolve));
  client.close();
  await gone;
  milter.scanner.release();
  assert.equal(milter.counted.get('postern_milter_messages_total aborted'), 1);
});

test('a half-closed connection ends', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.session();
  client.socket.end(packet('M', '<alice@example.com>'));
  await client.closed;
});

test('QUIT ends the connection without an answer', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.session();
  client.send('Q');
  assert.equal(await client.receive(), undefined);
});

test('a new connection on the same socket knows nothing of the one before', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.session();
  await client.scan({ macros: { M: { '{auth_authen}': 'alice' } } });
  client.send('K');
  await client.connection('other.example', '198.51.100.1');
  await client.scan();
  const { envelope } = milter.scanner.last;
  assert.equal(envelope.clientIp?.text, '198.51.100.1');
  assert.equal(envelope.helo, undefined);
  assert.equal(envelope.login, undefined);
});

test('after a new connection on the same socket a new offer is taken', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.session();
  client.send('K');
  assert.deepEqual((await client.negotiate({ version: 2, actions: 1, steps: 0 }))?.terms, {
    version: 2,
    actions: 1,
    steps: 0,
  });
  assert.equal((await client.connection())?.command, 'c');
});

test('a second client on a connection does not inherit the login of the first', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.session();
  await client.scan({ macros: { M: { '{auth_authen}': 'alice' } } });
  await client.connection('other.example', '198.51.100.1');
  await client.scan();
  assert.equal(milter.scanner.last.envelope.login, undefined);
});

test('HELO may repeat and the last one counts', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.session();
  await client.event('H', 'second.example');
  await client.scan();
  assert.equal(milter.scanner.last.envelope.helo, 'second.example');
});

test('the scan is settled once its answer is written', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.session();
  await client.scan();
  assert.equal(milter.scanner.settled, 1);
  assert.equal(milter.counted.get('postern_milter_messages_total accept'), 1);
});

test('an MTA that waits is told that the scan goes on', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.session();
  milter.scanner.isHeld = true;
  await client.message();
  await milter.scanner.begun(1);
  const ticks = setInterval(() => milter.advance(4000), 5);
  t.after(() => clearInterval(ticks));
  assert.equal((await client.receive())?.command, 'p');
  assert.equal((await client.receive())?.command, 'p');
  milter.scanner.release();
  assert.deepEqual(await client.verdict(), ['a']);
});

const garbage: readonly [what: string, bytes: Buffer][] = [
  ['an unknown command', packet('Z')],
  ['a packet of no bytes', words(0)],
  ['a packet of two gigabytes', words(0x7fffffff)],
  ['a header without a name', packet('L', '', 'value')],
  ['a cut connect command', packet('C', 'name')],
  ['text of another protocol', Buffer.from('EHLO helo.example\r\n')],
];
for (const [what, bytes] of garbage) {
  test(`${what} closes the connection, and others go on`, async (t) => {
    const milter = await startMilter(t);
    const other = await milter.session();
    const client = await milter.session();
    client.socket.write(bytes);
    assert.equal(await client.receive(), undefined);
    assert.equal(milter.counted.get('postern_milter_protocol_errors_total'), 1);
    assert.deepEqual(await other.scan(), ['a']);
  });
}

test('no order of commands and no payload harms the server', async (t) => {
  const milter = await startMilter(t);
  const command = fc.constantFrom(...'ODCHMRTLNBEAQKUZ');
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom(
      words(6, 0x1ff, 0x1fffff),
      words(4, 0x3f, 0),
      Buffer.from('a\0b\0'),
      Buffer.from('c\x004\0\x19192.0.2.7\0'),
    ),
  );
  const conversation = fc.array(fc.tuple(command, payload), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(conversation, async (packets) => {
      const client = await milter.connect();
      client.socket.write(
        Buffer.concat([packet('O', words(6, 0x1ff, 0)), ...packets.map(([c, p]) => packet(c, p))]),
      );
      client.socket.end();
      await client.closed;
    }),
    { numRuns: 150 },
  );
  assert.deepEqual(await (await milter.session()).scan(), ['a']);
  assert.deepEqual(
    milter.logged.filter((line) => line.startsWith('error')),
    [],
  );
});

test('a command during a scan closes the connection', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.session();
  milter.scanner.isHeld = true;
  await client.message();
  client.send('M', '<bob@example.net>');
  assert.equal(await client.receive(), undefined);
});

const probes: readonly [request: string, answer: RegExp][] = [
  ['GET /ping HTTP/1.0\r\n\r\n', /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\npong\r\n$/],
  ['GET /ping HTTP/1.1\r\nHost: x\r\n\r\n', /\r\n\r\npong\r\n$/],
  [
    'HEAD /ping HTTP/1.1\r\nHost: x\r\n\r\n',
    /^HTTP\/1\.1 200 OK\r\n[\s\S]*Content-Length: 6\r\n[\s\S]*\r\n\r\n$/,
  ],
  ['GET /other HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 404 /],
  [`GET /ping HTTP/1.1\r\nX: ${'x'.repeat(5000)}`, /^HTTP\/1\.1 431 /],
];
for (const [request, answer] of probes) {
  test(`a health check ${JSON.stringify(request.slice(0, 30))} is answered by HTTP`, async (t) => {
    const milter = await startMilter(t);
    const client = await milter.connect();
    client.socket.removeAllListeners('data');
    const chunks: Buffer[] = [];
    client.socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    client.socket.write(request.slice(0, 2));
    client.socket.write(request.slice(2));
    await client.closed;
    assert.match(Buffer.concat(chunks).toString(), answer);
  });
}
