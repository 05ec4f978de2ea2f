import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  buildCheck,
  noMetrics,
  recordingLog,
  runCheck,
  type TestMessage,
  tableResolver,
} from '../../../test/helpers/check-table.ts';
import { startDnsServer } from '../../../test/helpers/dns-server.ts';
import { createResolver } from '../../dns/index.ts';
import { hfilter } from './check.ts';

type Table = Parameters<typeof tableResolver>[0];

const pointer = 'ptr 7.100.51.198.in-addr.arpa';
/** What everybody has. */
const fine: Table = { 'a example.com': ['192.0.2.1'], 'a mx.example.com': ['192.0.2.2'] };

const text = (body: string, type = 'text/plain'): string =>
  `From: a@example.com\nContent-Type: ${type}\nMessage-ID: <1@example.com>\n\n${body}\n`;

const inbound: readonly {
  name: string;
  message?: TestMessage;
  dns?: Table;
  options?: Readonly<Record<string, unknown>>;
  symbols: readonly string[];
}[] = [
  { name: 'a proper server', symbols: [] },
  { name: 'no HELO', message: { envelope: { helo: undefined } }, symbols: [] },
  {
    name: 'an address as HELO',
    message: { envelope: { helo: '[8.8.4.4]' } },
    symbols: ['HFILTER_HELO_BAREIP'],
  },
  {
    name: 'a private address as HELO',
    message: { envelope: { helo: '10.0.0.1' } },
    symbols: ['HFILTER_HELO_BADIP'],
  },
  { name: 'a word as HELO', message: { envelope: { helo: 'laptop' } }, symbols: ['HFILTER_HELO_5'] },
  {
    name: 'a customer’s HELO',
    message: { envelope: { helo: 'host-1.isp.example' } },
    symbols: ['HFILTER_HELO_2'],
  },
  {
    name: 'a customer’s host that says so',
    message: { envelope: { helo: 'dhcp-1.isp.example', hostName: 'dhcp-1.isp.example' } },
    symbols: ['HFILTER_HELO_5'],
  },
  {
    name: 'a customer’s host with another HELO',
    message: { envelope: { helo: 'example.com', hostName: 'dhcp-1.isp.example' } },
    symbols: ['HFILTER_HOSTNAME_5'],
  },
  {
    name: 'no name of the client',
    message: { envelope: { hostName: undefined, helo: 'example.com' } },
    symbols: ['HFILTER_HOSTNAME_UNKNOWN'],
  },
  {
    name: 'a name of the client that only DNS knows',
    message: { envelope: { hostName: undefined, helo: 'example.com' } },
    dns: { ...fine, [pointer]: ['pppoe.city.isp.example'] },
    symbols: ['HFILTER_HOSTNAME_5'],
  },
  {
    name: 'a DNS failure for the name of the client',
    message: { envelope: { hostName: undefined, helo: 'example.com' } },
    dns: { ...fine, [pointer]: 'timeout' },
    symbols: [],
  },
  {
    name: 'no client at all',
    message: { envelope: { hostName: undefined, clientIp: undefined, helo: undefined } },
    symbols: ['HFILTER_HOSTNAME_UNKNOWN'],
  },
  {
    name: 'a HELO that is no full name',
    message: { envelope: { helo: 'a_b.c-' } },
    symbols: ['HFILTER_HELO_NOT_FQDN'],
  },
  {
    name: 'a HELO that DNS does not know',
    message: { envelope: { helo: 'no.example.com' } },
    symbols: ['HFILTER_HELO_IP_A', 'HFILTER_HELO_NORES_A_OR_MX'],
  },
  {
    name: 'a HELO with an address elsewhere',
    message: { envelope: { helo: 'else.example.com' } },
    dns: { ...fine, 'aaaa else.example.com': ['2001:db8::1'] },
    symbols: [],
  },
  {
    name: 'a HELO that DNS cannot tell of',
    message: { envelope: { helo: 'no.example.com' } },
    dns: { ...fine, 'a no.example.com': 'servfail', 'aaaa no.example.com': 'nodata' },
    symbols: [],
  },
  {
    name: 'a HELO with mail exchangers only',
    message: { envelope: { helo: 'm.example.com' } },
    dns: {
      ...fine,
      'a m.example.com': 'nodata',
      'aaaa m.example.com': 'nodata',
      'mx m.example.com': ['10 mx.example.com', '20 gone.example.com'],
    },
    symbols: ['HFILTER_HELO_IP_A', 'HFILTER_HELO_NORESOLVE_MX'],
  },
  {
    name: 'a sender domain that DNS does not know',
    message: { from: 'a@no.example.com' },
    symbols: ['HFILTER_FROMHOST_NORES_A_OR_MX'],
  },
  {
    name: 'a sender domain that takes no mail',
    message: { from: 'a@null.example.com' },
    dns: {
      ...fine,
      'a null.example.com': 'nodata',
      'aaaa null.example.com': 'nodata',
      'mx null.example.com': ['0 .'],
    },
    symbols: ['HFILTER_FROMHOST_NORES_A_OR_MX'],
  },
  {
    name: 'a sender domain whose mail exchanger is gone',
    message: { from: 'a@m.example.com' },
    dns: {
      ...fine,
      'a m.example.com': 'nodata',
      'aaaa m.example.com': 'nodata',
      'mx m.example.com': ['10 gone.example.com'],
    },
    symbols: ['HFILTER_FROMHOST_NORESOLVE_MX'],
  },
  {
    name: 'a sender domain of one label',
    message: { from: 'a@host' },
    symbols: ['HFILTER_FROMHOST_NOT_FQDN'],
  },
  { name: 'a null sender', message: { from: '' }, symbols: ['HFILTER_FROM_BOUNCE'] },
  {
    name: 'a null sender and two recipients',
    message: { from: '', rcpts: ['a@x.example', 'b@x.example'] },
    symbols: ['HFILTER_FROM_BOUNCE', 'HFILTER_RCPT_BOUNCEMOREONE'],
  },
  {
    name: 'a Message-ID of an unknown host',
    message: { raw: 'Message-ID: <1@no.example.com>\n\nHi\n' },
    options: { mid_enabled: true },
    symbols: ['HFILTER_MID_NORES_A_OR_MX'],
  },
  {
    name: 'a Message-ID of one label',
    message: { raw: 'Message-ID: <1@pc>\n\nHi\n' },
    options: { mid_enabled: true },
    symbols: ['HFILTER_MID_NOT_FQDN'],
  },
  {
    name: 'a Message-ID of a local host',
    message: { raw: 'Message-ID: <1@pc.local>\n\nHi\n' },
    options: { mid_enabled: true },
    symbols: [],
  },
  {
    name: 'everything wrong and everything off but the sender',
    message: {
      from: '',
      rcpts: ['a@x.example', 'b@x.example'],
      envelope: { helo: 'pc', hostName: undefined },
    },
    options: { helo_enabled: false, hostname_enabled: false, rcpt_enabled: false, url_enabled: false },
    symbols: ['HFILTER_FROM_BOUNCE'],
  },
];

for (const { name, message = {}, dns = fine, options = {}, symbols } of inbound) {
  test(`inbound mail with ${name} gives exactly ${symbols.join(', ') || 'nothing'}`, async () => {
    const run = await runCheck(hfilter, options, message, { dns: tableResolver(dns) });
    assert.deepEqual(run.symbols, symbols);
  });
}

for (const way of ['authenticated', 'local'] as const) {
  test(`of ${way} mail only links are looked at, and DNS is not asked`, async () => {
    const asked: string[] = [];
    const message = {
      way,
      from: '',
      rcpts: ['a@x.example', 'b@x.example'],
      raw: text('http://a.example/path'),
    };
    const run = await runCheck(hfilter, { mid_enabled: true }, message, { dns: tableResolver({}, asked) });
    assert.deepEqual(run.symbols, ['HFILTER_URL_ONLY']);
    assert.deepEqual(asked, []);
  });
}

test('check_authed and check_local lift that', async () => {
  const check = await buildCheck(hfilter, { check_authed: true }, { dns: tableResolver(fine) });
  assert.deepEqual((await check.run({ way: 'authenticated' })).symbols, [
    'HFILTER_HELO_5',
    'HFILTER_HOSTNAME_UNKNOWN',
  ]);
  assert.deepEqual((await check.run({ way: 'local' })).symbols, []);
  await check.close();
});

const bodies: readonly { name: string; raw: string; hits: readonly (readonly [string, number])[] }[] = [
  { name: 'a line of words', raw: text('Hello, how are you?'), hits: [] },
  { name: 'a link among words', raw: text('Look at this: http://a.example/ and tell me'), hits: [] },
  {
    name: 'a link alone',
    raw: text('http://a.example/a/longer/path'),
    hits: [['HFILTER_URL_ONLY', 0.69]],
  },
  {
    name: 'two lines of links',
    raw: text('http://a.example/one/two\nhttp://b.example/one/two'),
    hits: [
      ['HFILTER_URL_ONLY', 0.62],
      ['HFILTER_URL_ONELINE', 1],
    ],
  },
  {
    name: 'three lines of links',
    raw: text('http://a.example/one\nhttp://b.example/two\nhttp://c.example/three\n\n'),
    hits: [['HFILTER_URL_ONLY', 0.31]],
  },
  {
    name: 'a link as HTML text',
    raw: text('<a href="http://a.example/x">http://a.example/x</a>', 'text/html'),
    hits: [['HFILTER_URL_ONLY', 1]],
  },
  { name: 'a link behind a word', raw: text('<a href="http://a.example/x">here</a>', 'text/html'), hits: [] },
  { name: 'a link in an empty text', raw: text('<img src="http://a.example/x">', 'text/html'), hits: [] },
];

for (const { name, raw, hits } of bodies) {
  test(`a text of ${name} gives exactly ${hits.map(([symbol]) => symbol).join(', ') || 'nothing'}`, async () => {
    const run = await runCheck(hfilter, {}, { way: 'authenticated', raw });
    assert.deepEqual(
      run.hits.map(({ symbol, weight }) => [symbol, Math.round(weight * 100) / 100]),
      hits,
    );
    const off = await runCheck(hfilter, { url_enabled: false }, { way: 'authenticated', raw });
    assert.deepEqual(off.symbols, []);
  });
}

test('an empty message and a message without anything are looked at', async () => {
  const run = await runCheck(hfilter, {}, { raw: '' }, { dns: tableResolver(fine) });
  assert.deepEqual(run.symbols, []);
});

test('a real name server hears every question once', async (t) => {
  const server = await startDnsServer({
    'example.com': { mx: ['10 mx.example.com', '20 gone.example.com'] },
    'mx.example.com': { a: ['192.0.2.2'] },
    '7.100.51.198.in-addr.arpa': { ptr: ['dhcp-1.isp.example'] },
  });
  t.after(() => server.close());
  const dns = createResolver({
    dns: {
      nameservers: [server.address],
      rotation: 'round-robin',
      timeoutMs: 1000,
      retransmits: 3,
      fakeRecords: [],
      hosts: [],
    },
    log: recordingLog(),
    metrics: noMetrics,
    clock: { now: () => 0 },
  });
  t.after(() => dns.close());
  const message = { envelope: { helo: 'example.com', hostName: undefined } };
  const { symbols } = await runCheck(hfilter, { mid_enabled: true }, message, { dns });
  assert.deepEqual(symbols, [
    'HFILTER_FROMHOST_NORESOLVE_MX',
    'HFILTER_HELO_IP_A',
    'HFILTER_HELO_NORESOLVE_MX',
    'HFILTER_HOSTNAME_5',
    'HFILTER_MID_NORESOLVE_MX',
  ]);
  const questions = server.asked.map(({ name, type }) => `${type} ${name}`).sort();
  assert.deepEqual(questions, [
    'a example.com',
    'a gone.example.com',
    'a mx.example.com',
    'aaaa example.com',
    'aaaa gone.example.com',
    'aaaa mx.example.com',
    'mx example.com',
    'ptr 7.100.51.198.in-addr.arpa',
  ]);
});
