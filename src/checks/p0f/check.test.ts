import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { endianness, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { buildCheck, type CheckOptions, runCheck } from '../../../test/helpers/check-table.ts';
import { type StoreDriver, startLmdbDriver } from '../../../test/helpers/store-drivers.ts';
import { startTcpServer, type TcpServer } from '../../../test/helpers/tcp-server.ts';
import { parseIp } from '../../lib/index.ts';
import { p0f } from './check.ts';
import { decodeReply, encodeQuery } from './query.ts';

const isLittle = endianness() === 'LE';

/** A reply as p0f's documentation describes it. */
function reply(
  status: number,
  fields: { name?: string; flavor?: string; link?: string; distance?: number } = {},
): Buffer {
  const bytes = Buffer.alloc(232);
  const dword = (value: number, at: number) =>
    isLittle ? bytes.writeUInt32LE(value, at) : bytes.writeUInt32BE(value, at);
  dword(0x50304602, 0);
  dword(status, 4);
  dword(77, 20);
  const distance = fields.distance ?? 3;
  if (isLittle) bytes.writeInt16LE(distance, 36);
  else bytes.writeInt16BE(distance, 36);
  bytes.write(fields.name ?? 'Windows', 40);
  bytes.write(fields.flavor ?? '7 or 8', 72);
  bytes.write(fields.link ?? 'DSL', 168);
  return bytes;
}

test('a question has 21 bytes, addresses to the left', () => {
  const query = encodeQuery(parseIp('198.51.100.7')!);
  assert.equal(query.length, 21);
  assert.deepEqual([...query.subarray(4, 10)], [4, 198, 51, 100, 7, 0]);
  assert.equal(encodeQuery(parseIp('2001:db8::1')!)[4], 6);
});

test('any reply is read', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 0, maxLength: 240 }), fc.boolean(), (bytes, isWhole) => {
      const found = decodeReply(
        isWhole
          ? Buffer.concat([reply(0x10).subarray(0, 8), bytes, Buffer.alloc(232)]).subarray(0, 232)
          : Buffer.from(bytes),
      );
      assert.ok(found === 'malformed' || typeof found === 'object');
    }),
    { numRuns: 300 },
  );
});

describe('p0f', () => {
  let driver: StoreDriver;
  let folder: string;
  let number = 0;
  before(async () => {
    driver = await startLmdbDriver();
    folder = mkdtempSync(join(tmpdir(), 'postern-p0f-'));
  });
  after(async () => {
    await driver.close();
    rmSync(folder, { recursive: true });
  });

  /** A server that speaks the documented protocol, and options for it. */
  async function served(
    t: TestContext,
    serve: (socket: Socket, question: Buffer) => void,
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<{ server: TcpServer; options: Record<string, unknown>; ports: CheckOptions }> {
    const path = join(folder, `socket${++number}`);
    const server = await startTcpServer((socket) => {
      socket.on('data', (question) => serve(socket, Buffer.from(question)));
    }, path);
    t.after(() => server.close());
    return {
      server,
      options: { enabled: true, socket: path, prefix: `p0f${number}`, timeout: 2, ...more },
      ports: { store: driver.store },
    };
  }

  const answers: readonly {
    name: string;
    bytes: Buffer;
    hits: readonly (readonly [string, ...string[]])[];
  }[] = [
    {
      name: 'a known system',
      bytes: reply(0x10),
      hits: [['P0F', 'Windows 7 or 8', 'link=DSL', 'distance=3'], ['WINDOWS']],
    },
    {
      name: 'another system without link',
      bytes: reply(0x10, { name: 'Linux', flavor: '', link: '', distance: -1 }),
      hits: [['P0F', 'Linux', 'distance=-1']],
    },
    {
      name: 'an unknown system',
      bytes: reply(0x10, { name: '', flavor: '' }),
      hits: [['P0F', 'unknown', 'link=DSL', 'distance=3']],
    },
    { name: 'no match', bytes: reply(0x20), hits: [['P0F', 'unknown']] },
    { name: 'a bad question', bytes: reply(0), hits: [['P0F_FAIL', 'malformed']] },
    { name: 'another magic', bytes: Buffer.alloc(232), hits: [['P0F_FAIL', 'malformed']] },
  ];
  for (const { name, bytes, hits } of answers) {
    test(`an answer of ${name} gives exactly its symbols for inbound and authenticated mail, and none for local mail`, async (t) => {
      const { server, options, ports } = await served(
        t,
        (socket) => {
          socket.write(bytes.subarray(0, 100));
          setTimeout(() => socket.write(bytes.subarray(100)), 5);
        },
        { patterns: { WINDOWS: '^Windows.*', MAC: ['Mac', 'iOS'] } },
      );
      for (const way of ['inbound', 'authenticated'] as const) {
        const run = await runCheck(p0f, options, { way }, ports);
        assert.deepEqual(
          run.hits.map(({ symbol, options: texts }) => [symbol, ...texts]),
          hits,
        );
      }
      const { connections } = server;
      assert.deepEqual((await runCheck(p0f, options, { way: 'local' }, ports)).hits, []);
      assert.equal(server.connections, connections);
    });
  }

  test('an answer is kept, and holds as a variable', async (t) => {
    const { server, options, ports } = await served(t, (socket) => socket.write(reply(0x10)));
    const check = await buildCheck(p0f, options, ports);
    for (let i = 0; i < 3; i++) {
      const { task } = await check.run();
      assert.equal(task.variables.get('os_fingerprint'), 'Windows 7 or 8');
    }
    await check.close();
    assert.equal(server.connections, 1);
  });

  const failures: readonly (readonly [
    name: string,
    serve: (socket: Socket) => void,
    more: Readonly<Record<string, unknown>>,
    reason: string,
  ])[] = [
    ['is silent', () => {}, { timeout: 0.05 }, 'timeout'],
    ['hangs up', (socket) => socket.end(), {}, 'malformed'],
    ['is not there', () => {}, { socket: '/nonexistent/p0f' }, 'unreachable'],
  ];
  for (const [name, serve, more, reason] of failures) {
    test(`a p0f that ${name} gives P0F_FAIL`, async (t) => {
      const { options, ports } = await served(t, serve, more);
      const run = await runCheck(p0f, options, {}, ports);
      assert.deepEqual(run.hits, [{ symbol: 'P0F_FAIL', weight: 1, options: [reason] }]);
    });
  }

  test('without the store p0f is asked every time', async (t) => {
    const { server, options } = await served(t, (socket) => socket.write(reply(0x10)), { symbol: 'OS' });
    const gone = await startLmdbDriver();
    await gone.store.close();
    for (let i = 1; i <= 2; i++) {
      const run = await runCheck(p0f, options, {}, { store: gone.store });
      assert.deepEqual(run.symbols, ['OS']);
      assert.equal(server.connections, i);
    }
    await gone.close();
  });

  test('without enabled nothing runs, and a bad pattern is refused with its place', async () => {
    const check = await buildCheck(p0f, {});
    assert.deepEqual(check.units, []);
    await check.close();
    await assert.rejects(
      buildCheck(p0f, { enabled: true, patterns: { X: '(' } }, { store: driver.store }),
      /p0f|\(/,
    );
  });
});
