import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { recordingLog } from '../../../test/helpers/check-table.ts';
import { manualClock, memoryMetrics } from '../../../test/helpers/clock-and-metrics.ts';
import { startLmdbDriver } from '../../../test/helpers/store-drivers.ts';
import { type FuzzyWorker, type Store, StoreError } from '../../core/index.ts';
import { FuzzyStorage } from '../../fuzzy/index.ts';
import { FrameReader, frame } from './frames.ts';
import { SourceLimit } from './source-limit.ts';
import { type FuzzyDoorSettings, FuzzyStorageDoor } from './storage-door.ts';

const digest = createHash('blake2b512').update('spam').digest();

/** A request of 76 bytes: version 4, no shingles. */
function request(command: number, { flag = 1, value = 10, tag = 7 } = {}): Buffer {
  const bytes = Buffer.alloc(76);
  bytes.set([4, command, 0, flag]);
  bytes.writeInt32LE(value, 4);
  bytes.writeUInt32LE(tag, 8);
  digest.copy(bytes, 12);
  return bytes;
}

const shown = (reply: Buffer | undefined) =>
  reply && [reply.readInt32LE(0), reply.readUInt32LE(4), reply.readUInt32LE(8), reply.readFloatLE(12)];

const worker: FuzzyWorker = {
  enabled: true,
  sockets: [],
  count: 1,
  tlsCertificatePath: undefined,
  tlsKeyPath: undefined,
  maxConnections: 0,
  maxConnectionsPerSource: 0,
  allowUpdate: [],
  blocked: [],
  readOnly: false,
  expireSeconds: 1000,
  privateKeys: [],
  encryptedOnly: false,
  rateLimit: { perSecond: 0, burst: 2, maxSources: 10, ipv4Bits: 24, ipv6Bits: 64, whitelist: [] },
  store: undefined,
};

async function open(t: TestContext, changes: Partial<FuzzyDoorSettings> = {}) {
  const driver = await startLmdbDriver();
  t.after(driver.close);
  const clock = manualClock(1_700_000_000_000);
  const log = recordingLog();
  const settings: FuzzyDoorSettings = {
    worker,
    storage: new FuzzyStorage(driver.store),
    mayChange: ({ text }) => text === '192.0.2.1',
    isBlocked: ({ text }) => text === '203.0.113.9',
    isUnlimited: ({ text }) => text === '192.0.2.1',
    ...changes,
  };
  const door = new FuzzyStorageDoor({ settings, clock, log, metrics: memoryMetrics() });
  /** Undefined: it is through with this request, and there was no answer. */
  const ask = async (bytes: Buffer, address = '192.0.2.1'): Promise<Buffer | undefined> => {
    let answer: Buffer | undefined;
    door.datagram(bytes, address, (reply) => {
      answer = reply;
    });
    await door.close(60_000);
    await setImmediate();
    return answer;
  };
  return { door, ask, clock, settings };
}

test('who is allowed to adds and deletes, others only ask', async (t) => {
  const { ask } = await open(t);
  assert.deepEqual(shown(await ask(request(0))), [0, 0, 7, 0]);
  assert.deepEqual(shown(await ask(request(1), '198.51.100.1')), [403, 1, 7, 0]);
  assert.deepEqual(shown(await ask(request(1))), [0, 1, 7, 1]);
  assert.deepEqual(shown(await ask(request(0), '::ffff:198.51.100.1')), [10, 1, 7, 1]);
  assert.deepEqual(shown(await ask(request(3), '2001:db8::1')), [0, 1, 7, 1]);
  assert.equal(await ask(request(0), '203.0.113.9'), undefined);
  assert.equal(await ask(request(0), 'nonsense'), undefined);
  assert.equal(await ask(Buffer.from('GET / HTTP/1.0')), undefined);
  assert.deepEqual(shown(await ask(request(2))), [0, 1, 7, 1]);
  assert.deepEqual(shown(await ask(request(0))), [0, 0, 7, 0]);
});

test('a storage that is read only is so for everybody, from the next request on', async (t) => {
  const { door, ask, settings } = await open(t);
  door.reconfigure({ ...settings, worker: { ...worker, readOnly: true } });
  assert.deepEqual(shown(await ask(request(1))), [403, 1, 7, 0]);
});

test('a network that asks too often is told so, and heard again later', async (t) => {
  const limited = { ...worker, rateLimit: { ...worker.rateLimit, perSecond: 1 } };
  const { ask, clock } = await open(t, { worker: limited });
  const values = async (address: string, count: number): Promise<readonly unknown[]> => {
    const found: unknown[] = [];
    for (let i = 0; i < count; i++) found.push(shown(await ask(request(0), address))?.[0]);
    return found;
  };
  assert.deepEqual(await values('198.51.100.1', 3), [0, 0, 429]);
  assert.deepEqual(await values('198.51.100.200', 1), [429]);
  assert.deepEqual(await values('198.51.101.1', 1), [0]);
  assert.deepEqual(await values('192.0.2.1', 5), [0, 0, 0, 0, 0]);
  clock.advance(1000);
  assert.deepEqual(await values('198.51.100.1', 2), [0, 429]);
});

test('limits remember a bounded number of networks', () => {
  const clock = manualClock(0);
  const limit = new SourceLimit({ perSecond: 1, burst: 1, maxSources: 2 }, clock);
  assert.equal(limit.isOver('a'), false);
  assert.equal(limit.isOver('a'), true);
  for (const source of ['b', 'c']) assert.equal(limit.isOver(source), false);
  assert.equal(limit.isOver('a'), false);
});

test('without its store the storage is silent', async (t) => {
  const failing = new Proxy({} as Store, {
    get: () => async () => {
      throw new StoreError('no answer');
    },
  });
  const { ask } = await open(t, { storage: new FuzzyStorage(failing) });
  assert.equal(await ask(request(0)), undefined);
});

test('over TCP requests are frames, any number on one connection', async (t) => {
  const { door } = await open(t, { mayChange: () => true });
  const server = createServer((connection) => door.handle(connection)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address);
  const connect = async (): Promise<Socket> => {
    const socket = createConnection(address.port, '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  };
  const socket = await connect();
  const bytes = Buffer.concat([frame(request(1)), frame(request(0, { tag: 8 }))]);
  socket.write(bytes.subarray(0, 50));
  socket.write(bytes.subarray(50));
  const reader = new FrameReader();
  const replies: unknown[] = [];
  while (replies.length < 2) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    for (const reply of reader.read(chunk) ?? []) replies.push(shown(reply));
  }
  assert.deepEqual(replies, [
    [0, 1, 7, 1],
    [10, 1, 8, 1],
  ]);
  socket.destroy();
  const hostile = await connect();
  hostile.write(Buffer.from([0xff, 0x3f, 1, 2, 3]));
  await once(hostile, 'close');
  await door.close(100);
});

test('frames are read however they are cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 8 }),
      fc.integer({ min: 1, max: 50 }),
      (payloads, step) => {
        const stream = Buffer.concat(payloads.map((payload) => frame(Buffer.from(payload))));
        const reader = new FrameReader();
        const found: Buffer[] = [];
        for (let at = 0; at < stream.length; at += step)
          for (const one of reader.read(stream.subarray(at, at + step)) ?? []) found.push(Buffer.from(one));
        assert.deepEqual(
          found,
          payloads.map((payload) => Buffer.from(payload)),
        );
      },
    ),
  );
});
