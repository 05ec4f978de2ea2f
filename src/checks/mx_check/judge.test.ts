import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { tableResolver } from '../../../test/helpers/check-table.ts';
import { startTcpServer } from '../../../test/helpers/tcp-server.ts';
import { parseIp } from '../../lib/index.ts';
import { addressKind } from './address-kind.ts';
import { type JudgeOptions, MxJudge } from './judge.ts';

const kinds = [
  ['8.8.8.8', 'public'],
  ['2600::1', 'public'],
  ['10.1.2.3', 'local'],
  ['172.31.0.1', 'local'],
  ['172.32.0.1', 'public'],
  ['127.0.0.1', 'local'],
  ['fd00::1', 'local'],
  ['fe80::1', 'local'],
  ['0.0.0.0', 'bogon'],
  ['192.0.2.1', 'bogon'],
  ['255.255.255.255', 'bogon'],
  ['::', 'bogon'],
  ['2001:db8::1', 'bogon'],
  ['ff02::1', 'bogon'],
] as const;
for (const [text, kind] of kinds) {
  test(`${text} is ${kind}`, () => assert.equal(addressKind(parseIp(text)!), kind));
}

/** A judge that takes loopback for the Internet. */
function judge(
  dns: Parameters<typeof tableResolver>[0],
  port: number,
  options: Partial<JudgeOptions> = {},
): MxJudge {
  return new MxJudge(tableResolver(dns), {
    port,
    connectTimeoutMs: 2000,
    readTimeoutMs: 2000,
    verifiesGreeting: true,
    maxAddresses: 3,
    probesIpv4: true,
    probesIpv6: false,
    excludedIps: undefined,
    badNames: undefined,
    badIps: undefined,
    kindOf: () => 'public',
    ...options,
  });
}

async function port(t: TestContext, serve: (socket: Socket) => void): Promise<number> {
  const server = await startTcpServer(serve);
  t.after(() => server.close());
  return Number(server.address.split(':')[1]);
}

const never = (): AbortSignal => new AbortController().signal;
const mx = { 'mx x.example': ['10 a.x.example'], 'a a.x.example': ['127.0.0.1'] };
const implicit = { 'mx x.example': 'nodata', 'a x.example': ['127.0.0.1'] } as const;

const greetings: readonly (readonly [says: string, serve: (socket: Socket) => void, verdict: string])[] = [
  ['220', (socket) => socket.write('220 mx.x.example ESMTP\r\n'), 'GOOD'],
  [
    'a greeting in pieces',
    (socket) => {
      socket.write('22');
      setTimeout(() => socket.write('0-a\r\n'), 20);
    },
    'GOOD',
  ],
  ['421', (socket) => socket.end('421 busy\r\n'), 'GOOD'],
  ['554', (socket) => socket.end('554 no mail here\r\n'), 'INVALID'],
  ['HTTP', (socket) => socket.end('HTTP/1.0 400 Bad\r\n\r\n'), 'INVALID'],
  ['a long line', (socket) => socket.write('x'.repeat(5000)), 'INVALID'],
  ['goodbye', (socket) => socket.end(), 'INVALID'],
];
for (const [says, serve, verdict] of greetings) {
  test(`a server that says ${says} gives ${verdict}`, async (t) => {
    const at = await port(t, serve);
    assert.deepEqual(await judge(mx, at).judge('x.example', never()), [`MX_${verdict}`]);
    assert.deepEqual(await judge(implicit, at).judge('x.example', never()), [`MX_A_${verdict}`]);
  });
}

test('a server that says nothing is good until its greeting is wanted', async (t) => {
  const at = await port(t, () => {});
  const silent = judge(mx, at, { readTimeoutMs: 30 });
  assert.deepEqual(await silent.judge('x.example', never()), ['MX_TIMEOUT_READ']);
  assert.deepEqual(await judge(mx, at, { verifiesGreeting: false }).judge('x.example', never()), ['MX_GOOD']);
});

test('a closed port refuses, and one good server among several is enough', async (t) => {
  const at = await port(t, (socket) => socket.write('220 a\r\n'));
  const server = await startTcpServer(() => {});
  const closed = Number(server.address.split(':')[1]);
  await server.close();
  assert.deepEqual(await judge(mx, closed).judge('x.example', never()), ['MX_REFUSED']);
  const two = { ...mx, 'a a.x.example': ['127.0.0.2', '127.0.0.1'] };
  assert.deepEqual(await judge(two, at).judge('x.example', never()), ['MX_GOOD']);
});

test('only so many addresses are tried, those of the preferred exchanger first', async (t) => {
  const at = await port(t, (socket) => socket.write('220 a\r\n'));
  const dns = {
    'mx x.example': ['20 b.x.example', '10 a.x.example'],
    'a a.x.example': ['127.0.0.2', '127.0.0.3'],
    'a b.x.example': ['127.0.0.1'],
  };
  assert.deepEqual(await judge(dns, at, { maxAddresses: 2 }).judge('x.example', never()), ['MX_REFUSED']);
  assert.deepEqual(await judge(dns, at, { maxAddresses: 3 }).judge('x.example', never()), ['MX_GOOD']);
});

test('a scan that is given up does not wait for servers', async (t) => {
  const at = await port(t, () => {});
  const stop = new AbortController();
  const found = judge(mx, at).judge('x.example', stop.signal);
  setTimeout(() => stop.abort(), 20);
  assert.deepEqual(await found, ['MX_ERROR']);
});
