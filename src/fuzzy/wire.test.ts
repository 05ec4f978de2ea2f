import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { startLmdbDriver } from '../../test/helpers/store-drivers.ts';
import { FuzzyClient, type FuzzyClientOptions } from './client.ts';
import { makeKeyPair, parseKey } from './cryptobox.ts';
import { type FuzzyOutcome, type FuzzyPeer, FuzzyServer } from './server.ts';
import { parseServers } from './servers.ts';
import { FuzzyStorage } from './storage.ts';
import { decodeReply, decodeRequest, encodeReply, encodeRequest } from './wire.ts';

const digest = createHash('blake2b512').update('spam').digest();
const shingles = BigUint64Array.from({ length: 32 }, (_, at) => 2n ** 63n + BigInt(at));
const everything: FuzzyPeer = { mayAsk: true, mayChange: true, isOverLimit: false };

const requests = fc.record(
  {
    command: fc.constantFrom('check', 'write', 'delete', 'stat', 'ping' as const),
    flag: fc.nat(255),
    value: fc.integer(),
    tag: fc.nat(0xffff_ffff),
    digest: fc.uint8Array({ minLength: 64, maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
    shingles: fc.option(fc.bigUint64Array({ minLength: 32, maxLength: 32 }), { nil: undefined }),
  },
  { noNullPrototype: true },
);

test('what is written is read', () => {
  fc.assert(
    fc.property(requests, (request) => {
      assert.deepEqual(decodeRequest(encodeRequest(request)), request);
      const { value, flag, tag, digest: bytes } = request;
      const reply = { value, flag, tag, digest: bytes, probability: 0.75, timeSeconds: 1_700_000_000 };
      assert.deepEqual(decodeReply(encodeReply(reply)), reply);
    }),
  );
});

test('a request as rspamd 3.4 sends it is read, with what it tells of senders left out', () => {
  const head = Buffer.from(`0401200a0a000000814d508f${digest.toString('hex')}`, 'hex');
  const body = Buffer.concat([head, Buffer.from(shingles.buffer)]);
  const extensions = [
    Buffer.from('640b6578616d706c652e636f6d', 'hex'),
    Buffer.from('34c0000201', 'hex'),
    Buffer.concat([Buffer.from('6'), randomBytes(16)]),
    Buffer.from('8103616263', 'hex'),
  ];
  const request = { command: 'write', flag: 10, value: 10, tag: 0x8f504d81, digest, shingles };
  assert.deepEqual(decodeRequest(body), request);
  assert.deepEqual(decodeRequest(Buffer.concat([body, ...extensions])), request);
  assert.equal(decodeRequest(Buffer.concat([body, Buffer.from('640c61', 'hex')])), undefined);
  assert.equal(decodeRequest(Buffer.concat([body, Buffer.from('00', 'hex')])), undefined);
  assert.equal(decodeRequest(body.subarray(0, -1)), undefined);
  for (const [at, value] of [
    [0, 9],
    [1, 5],
    [2, 31],
  ] as const) {
    const changed = Buffer.from(body);
    changed[at] = value;
    assert.equal(decodeRequest(changed), undefined);
  }
});

async function openServer(t: TestContext, privateKeys: readonly Buffer[] = [], encryptedOnly = false) {
  const driver = await startLmdbDriver();
  t.after(driver.close);
  const storage = new FuzzyStorage(driver.store);
  const server = new FuzzyServer({
    database: {
      check: (hash) => storage.check(hash),
      add: (hash, change) => storage.add(hash, { ...change, ttlSeconds: 1000, nowSeconds: 1_700_000_000 }),
      delete: (hash, flag) => storage.delete(hash, flag),
      count: () => storage.count(),
    },
    privateKeys,
    encryptedOnly,
  });
  return { server, storage };
}

test('hostile datagrams get no answer, and never fail', async (t) => {
  const { privateKey } = makeKeyPair();
  const { server } = await openServer(t, [parseKey(privateKey)!]);
  const valid = encodeRequest({ command: 'write', flag: 1, value: 1, tag: 1, digest, shingles });
  const datagrams = fc.oneof(
    fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes)),
    fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.concat([Buffer.from('rsfe'), bytes])),
    fc.tuple(fc.nat(valid.length - 1), fc.nat(255)).map(([at, value]) => {
      const changed = Buffer.from(valid);
      changed[at] = value;
      return changed;
    }),
    fc.nat(valid.length).map((length) => valid.subarray(0, length)),
  );
  await fc.assert(
    fc.asyncProperty(datagrams, async (datagram) => {
      const { outcome, reply } = await server.answer(datagram, everything);
      assert.equal(reply === undefined, outcome === 'unreadable');
      // Nothing is amplified: the answer is hardly longer than what was asked.
      assert.ok((reply?.length ?? 0) <= datagram.length + 20);
    }),
    { numRuns: 500 },
  );
});

test('who may not ask hears nothing, who may not change or asks too often hears why', async (t) => {
  const { server } = await openServer(t, [], false);
  const ask = async (command: 'check' | 'write', peer: Partial<FuzzyPeer>) => {
    const request = encodeRequest({ command, flag: 1, value: 1, tag: 7, digest, shingles: undefined });
    const { outcome, reply } = await server.answer(request, { ...everything, ...peer });
    const read = reply && decodeReply(reply);
    return [outcome, read?.value, read?.probability];
  };
  assert.deepEqual(await ask('check', { mayAsk: false }), ['forbidden', undefined, undefined]);
  assert.deepEqual(await ask('write', { mayChange: false }), ['forbidden', 403, 0]);
  assert.deepEqual(await ask('check', { isOverLimit: true }), ['limited', 429, 0]);
  assert.deepEqual(await ask('write', {}), ['changed', 0, 1]);
  assert.deepEqual(await ask('check', {}), ['found', 1, 1]);
  const strict = await openServer(t, [], true);
  const request = encodeRequest({ command: 'check', flag: 1, value: 1, tag: 7, digest, shingles: undefined });
  const { outcome, reply } = await strict.server.answer(request, everything);
  assert.deepEqual([outcome, decodeReply(reply!)?.value], ['unencrypted', 415]);
});

interface Listening {
  readonly port: number;
  readonly outcomes: FuzzyOutcome[];
  lose: number;
}

/** Answers on a port of its own; loses so many datagrams first. */
async function listen(t: TestContext, server: FuzzyServer, lose = 0): Promise<Listening> {
  const socket = dgram.createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => socket.close());
  const state: Listening = { port: socket.address().port, outcomes: [], lose };
  socket.on('message', (datagram, { address, port }) => {
    if (state.lose-- > 0) return;
    void server.answer(datagram, everything).then(({ outcome, reply }) => {
      state.outcomes.push(outcome);
      if (reply) socket.send(reply, port, address);
    });
  });
  return state;
}

function clientFor(t: TestContext, servers: string, options: Partial<FuzzyClientOptions> = {}): FuzzyClient {
  const list = parseServers(servers);
  assert.ok(typeof list !== 'string');
  const client = new FuzzyClient({
    servers: list,
    serverKey: undefined,
    // Long enough for a busy machine.
    timeoutMs: 20_000,
    retransmits: 1,
    maxErrors: 1,
    reviveMs: 60_000,
    clock: Date,
    ...options,
  });
  t.after(() => client.close());
  return client;
}

const check = { command: 'check', flag: 0, value: 0, digest, shingles } as const;

test('client and server understand each other, plain and encrypted', async (t) => {
  const { publicKey, privateKey } = makeKeyPair();
  const { server } = await openServer(t, [parseKey(makeKeyPair().privateKey)!, parseKey(privateKey)!]);
  const { port } = await listen(t, server);
  for (const serverKey of [undefined, parseKey(publicKey)]) {
    const client = clientFor(t, `127.0.0.1:${port}`, { serverKey });
    const [none] = await client.ask([{ ...check, digest: randomBytes(64), shingles: undefined }]);
    assert.equal(none?.probability, 0);
    await client.ask([{ ...check, command: 'write', flag: 3, value: 10 }]);
    const like = { ...check, digest: randomBytes(64) };
    const replies = await client.ask([check, like, { ...check, command: 'stat' }]);
    assert.deepEqual(replies[0]?.digest, digest);
    assert.deepEqual(replies[1]?.digest, digest);
    assert.deepEqual(
      replies.map((reply) => [reply?.flag, reply?.probability]),
      [
        [3, 1],
        [3, 1],
        [1, 1],
      ],
    );
    await client.ask([{ ...check, command: 'delete', flag: 3 }]);
    assert.equal((await client.ask([check]))[0]?.probability, 0);
  }
  const stranger = clientFor(t, `127.0.0.1:${port}`, {
    serverKey: parseKey(makeKeyPair().publicKey),
    timeoutMs: 50,
  });
  assert.deepEqual(await stranger.ask([check]), [undefined]);
});

test('what is lost is asked again, at the next server if there is one; a dead one is left alone', async (t) => {
  const { server } = await openServer(t);
  const lossy = await listen(t, server, 2);
  const again = clientFor(t, `127.0.0.1:${lossy.port}`, { retransmits: 4, timeoutMs: 1000 });
  assert.equal((await again.ask([check, check, check])).filter((reply) => reply).length, 3);
  const dead = await listen(t, server, 1_000_000);
  const alive = await listen(t, server);
  const both = clientFor(t, `master-slave:127.0.0.1:${dead.port},127.0.0.1:${alive.port}`, {
    timeoutMs: 1000,
  });
  assert.ok((await both.ask([check]))[0]);
  const asked = dead.lose;
  assert.ok((await both.ask([check]))[0]);
  assert.equal(dead.lose, asked);
  const alone = clientFor(t, `127.0.0.1:${dead.port}`, { timeoutMs: 50 });
  assert.deepEqual(await alone.ask([check]), [undefined]);
  assert.deepEqual(await alone.ask([check], AbortSignal.abort()), [undefined]);
});

test('lists of servers are read as Rspamd writes them', () => {
  const read = (spec: string | readonly string[]) => {
    const list = parseServers(spec);
    return typeof list === 'string'
      ? list
      : [list.rotation, ...list.servers.map(({ host, port }) => `${host} ${port}`)];
  };
  assert.deepEqual(read('round-robin:fuzzy1.example.com:11336,fuzzy2.example.com'), [
    'round-robin',
    'fuzzy1.example.com 11336',
    'fuzzy2.example.com 11335',
  ]);
  assert.deepEqual(read(['a', '[::1]:99', '2001:db8::1']), [
    'round-robin',
    'a 11335',
    '::1 99',
    '2001:db8::1 11335',
  ]);
  assert.deepEqual(read('master-slave:a:1:1, b:1:5'), ['master-slave', 'b 1', 'a 1']);
  assert.deepEqual(read('random:localhost:11335'), ['random', 'localhost 11335']);
  assert.equal(read('a b'), 'no server: a b');
  assert.equal(read('a:70000'), 'no server: a:70000');
  assert.equal(read(''), 'no servers');
});
