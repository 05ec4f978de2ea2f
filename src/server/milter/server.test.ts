import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MilterFixture, startMilter } from './testing/fixture.ts';
import { fullOffer, type MilterClient, packet, words } from './testing/milter-client.ts';

const small = { maxMessageBytes: 1000, maxHeaderBytes: 200, maxRecipients: 2 };

test('a message over the limit is refused for good and the connection goes on', async (t) => {
  const milter = await startMilter(t, { limits: small });
  const client = await milter.session();
  assert.deepEqual(await client.scan({ body: 'x'.repeat(1000) }), ['y "552 5.3.4 message too large"']);
  assert.equal(milter.scanner.requests.length, 0);
  assert.deepEqual(await client.scan(), ['a']);
});

test('an MTA that waits for an answer is asked to skip the rest of a body over the limit', async (t) => {
  const milter = await startMilter(t, { limits: small });
  const client = await milter.session({ ...fullOffer, steps: 0x1fffff & ~0x80000 });
  client.send('M', '<alice@example.com>');
  client.send('N');
  assert.equal((await client.event('B', Buffer.alloc(900)))?.command, 'c');
  assert.equal((await client.event('B', Buffer.alloc(900)))?.command, 's');
  client.send('E');
  assert.deepEqual(await client.verdict(), ['y "552 5.3.4 message too large"']);
});

test('a header over the limit is refused for good', async (t) => {
  const milter = await startMilter(t, { limits: small });
  const client = await milter.session();
  const headers = [['X-Long', 'x'.repeat(300)]] as const;
  assert.deepEqual(await client.scan({ headers }), ['y "552 5.3.4 message header too large"']);
});

test('a message with too many recipients is refused, and the next one is not', async (t) => {
  const milter = await startMilter(t, { limits: small });
  const client = await milter.session();
  const to = ['<a@example.net>', '<b@example.net>', '<c@example.net>'];
  assert.deepEqual(await client.scan({ to }), ['y "552 5.5.3 too many recipients"']);
  assert.deepEqual(await client.scan({ to: to.slice(1) }), ['a']);
});

async function refused(milter: MilterFixture, reason: string): Promise<void> {
  const client = await milter.connect();
  await client.negotiate();
  assert.equal(client.agreed.steps & 0x1000, 0);
  assert.equal((await client.connection())?.payload.toString(), '421 4.3.2 Try again later\0');
  assert.equal(await client.receive(), undefined);
  assert.equal(milter.counted.get(`postern_milter_refused_total ${reason}`), 1);
}

test('a connection beyond the limit is told to come back later', async (t) => {
  const milter = await startMilter(t, { limits: { maxConnections: 1 } });
  const client = await milter.session();
  await refused(milter, 'connections');
  assert.deepEqual(await client.scan(), ['a']);
});

test('a connection beyond the limit of its source is told to come back later', async (t) => {
  const milter = await startMilter(t, { limits: { maxConnectionsPerSource: 1 } });
  await milter.session();
  await refused(milter, 'source');
});

test('room that becomes free is given to the next connection', async (t) => {
  const milter = await startMilter(t, { limits: { maxConnections: 1, maxConnectionsPerSource: 1 } });
  const first = await milter.session();
  first.send('Q');
  while (milter.server.connectionCount > 0) await new Promise(setImmediate);
  const second = await milter.session();
  assert.deepEqual(await second.scan(), ['a']);
});

test('a refused MTA that does not wait after connecting hears it at the end of its message', async (t) => {
  const milter = await startMilter(t, { limits: { maxConnections: 0 } });
  const client = await milter.connect();
  await client.negotiate();
  assert.deepEqual(await client.scan(), ['y "451 4.3.2 Try again later"']);
  assert.equal(milter.scanner.requests.length, 0);
});

test('refusals are logged, but not each of them', async (t) => {
  const milter = await startMilter(t, { limits: { maxConnections: 0 } });
  for (let i = 0; i < 3; i++) await milter.session();
  assert.equal(milter.logged.filter((line) => line === 'warn milter connections refused').length, 1);
});

/** Lets time pass in steps until the connection is closed. */
async function waitsUntilClosed(milter: MilterFixture, client: MilterClient, stepMs: number): Promise<void> {
  const ticks = setInterval(() => milter.advance(stepMs), 4);
  await client.closed;
  clearInterval(ticks);
}

const stalls: readonly [what: string, phase: string, stall: (client: MilterClient) => void][] = [
  [
    'begins a packet and stops',
    'packet',
    (client) => client.socket.write(packet('H', 'helo').subarray(0, 6)),
  ],
  [
    'begins a message and stops',
    'content',
    (client) => {
      client.send('M', '<alice@example.com>');
      client.send('L', 'Subject', ' x');
    },
  ],
];
for (const [what, phase, stall] of stalls) {
  test(`an MTA that ${what} is cut after the request time`, async (t) => {
    const milter = await startMilter(t);
    const client = await milter.session();
    stall(client);
    await waitsUntilClosed(milter, client, 10_000);
    assert.equal(milter.counted.get(`postern_milter_timeouts_total ${phase}`), 1);
  });
}

test('a connection that says nothing at all is cut after the request time', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.connect();
  await waitsUntilClosed(milter, client, 10_000);
  assert.equal(milter.counted.get('postern_milter_timeouts_total negotiation'), 1);
});

test('an idle MTA is cut after the idle time', async (t) => {
  const milter = await startMilter(t, { limits: { requestTimeoutMs: 1 } });
  const client = await milter.session();
  await waitsUntilClosed(milter, client, 100_000);
  assert.equal(milter.counted.get('postern_milter_timeouts_total idle'), 1);
});

test('an MTA may be silent for longer while its client uploads a message', async (t) => {
  const milter = await startMilter(t, { limits: { requestTimeoutMs: 1, idleTimeoutMs: 1 } });
  const client = await milter.connect();
  client.socket.write(Buffer.concat([packet('O', words(6, 0, 0)), packet('M', '<alice@example.com>')]));
  await client.receive();
  await waitsUntilClosed(milter, client, 300_000);
  assert.ok(milter.now() >= 3_600_000);
});

test('no time counts while a scan runs', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.session();
  milter.scanner.isHeld = true;
  await client.message();
  await milter.scanner.begun(1);
  const ticks = setInterval(() => milter.advance(1_000_000), 4);
  t.after(() => clearInterval(ticks));
  for (let i = 0; i < 10; i++) assert.equal((await client.receive())?.command, 'p');
  milter.scanner.release();
  assert.deepEqual(await client.verdict(), ['a']);
});

test('an MTA that never reads its answers is not listened to any more', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.session({ version: 6, actions: 0, steps: 0 });
  client.socket.pause();
  const flood = Buffer.concat(Array.from({ length: 20_000 }, () => packet('H', 'helo.example')));
  const writer = setInterval(() => client.socket.write(flood), 1);
  t.after(() => clearInterval(writer));
  await waitsUntilClosed(milter, client, 1000);
  assert.equal(milter.counted.get('postern_milter_timeouts_total answer'), 1);
});

test('closing ends idle sessions at once', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.session();
  await milter.server.close(60_000);
  assert.equal(await client.receive(), undefined);
});

test('closing waits for a message whose scan runs', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.session();
  milter.scanner.isHeld = true;
  await client.message();
  await milter.scanner.begun(1);
  const closed = milter.server.close(60_000);
  milter.scanner.release();
  assert.deepEqual(await client.verdict(), ['a']);
  assert.equal(await client.receive(), undefined);
  await closed;
});

test('closing waits for a message that has begun to come in', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.session({ version: 6, actions: 0, steps: 0 });
  await client.event('M', '<alice@example.com>');
  const closed = milter.server.close(60_000);
  await client.event('N');
  client.send('E');
  assert.deepEqual(await client.verdict(), ['a']);
  await closed;
});

test('closing cuts what is left after the grace', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.session();
  milter.scanner.isHeld = true;
  await client.message();
  await milter.scanner.begun(1);
  await milter.server.close(1);
  assert.equal(await client.receive(), undefined);
  assert.equal(milter.scanner.last.signal?.aborted, true);
});

test('a server that was replaced serves its sessions until their MTAs are done', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.session();
  const closed = milter.server.close(Number.POSITIVE_INFINITY);
  assert.deepEqual(await client.scan(), ['a']);
  assert.deepEqual(await client.scan(), ['a']);
  client.send('Q');
  await closed;
});

test('a server that was replaced can still be stopped', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.session();
  const closed = milter.server.close(Number.POSITIVE_INFINITY);
  await milter.server.close(60_000);
  await closed;
  assert.equal(await client.receive(), undefined);
});

test('a connection that comes while the server stops is told to come back later', async (t) => {
  const milter = await startMilter(t);
  await milter.server.close(1);
  await refused(milter, 'stopping');
});

test('a new configuration holds for the next message of an open connection', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.session();
  milter.scanner.answer = { action: 'reject' };
  await client.scan();
  milter.reconfigure({ rejectMessage: 'Go away' });
  assert.deepEqual(await client.scan(), ['y "554 5.7.1 Go away"']);
});
