import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { buildCheck, runCheck, type TestMessage, tableResolver } from '../../../test/helpers/check-table.ts';
import { onceReceived } from './check.ts';
import { compileHostPattern } from './host-pattern.ts';

const hop = (name: string): string =>
  `Received: from ${name} (${name} [192.0.2.1]) by mx.else.example with ESMTP id 1; Tue, 14 Nov 2023 22:13:20 +0000`;
const raw = (...headers: readonly string[]): string =>
  [...headers, 'From: a@example.com', 'To: b@example.org', '', 'Hi', ''].join('\n');

const nameless = { hostName: undefined };
const pointer = 'ptr 7.100.51.198.in-addr.arpa';

const table: readonly {
  name: string;
  message: TestMessage;
  dns?: Parameters<typeof tableResolver>[0];
  options?: Readonly<Record<string, unknown>>;
  symbols: readonly string[];
  asked?: number;
}[] = [
  {
    name: 'a host that is called mail',
    message: { envelope: { hostName: 'mail.example.com' }, raw: raw(hop('a.example')) },
    symbols: [],
  },
  { name: 'no hop from a host that the MTA named', message: {}, symbols: [] },
  { name: 'one hop', message: { raw: raw(hop('a.example')) }, symbols: ['ONCE_RECEIVED'] },
  { name: 'two hops', message: { raw: raw(hop('a.example'), hop('b.example')) }, symbols: [] },
  {
    name: 'a dynamic host',
    message: { envelope: { hostName: 'x.Dynamic.example' }, raw: raw(hop('a.example')) },
    symbols: ['ONCE_RECEIVED', 'ONCE_RECEIVED_STRICT'],
  },
  {
    name: 'a host without name',
    message: { envelope: nameless, raw: raw('X-Mailer: M 1.0') },
    symbols: ['DIRECT_TO_MX', 'ONCE_RECEIVED', 'RDNS_NONE'],
    asked: 2,
  },
  {
    name: 'a host without name and two hops',
    message: { envelope: nameless, raw: raw(hop('a.example'), hop('b.example')) },
    symbols: ['RDNS_NONE'],
    asked: 1,
  },
  {
    name: 'a name the MTA did not say, of a bad host',
    message: { envelope: nameless },
    dns: { [pointer]: ['1.static.example'] },
    symbols: ['ONCE_RECEIVED', 'ONCE_RECEIVED_STRICT'],
    asked: 2,
  },
  {
    name: 'a name the MTA did not say, of a good host',
    message: { envelope: nameless },
    dns: { [pointer]: ['mail.example.com'] },
    symbols: [],
    asked: 2,
  },
  {
    name: 'a DNS failure',
    message: { envelope: nameless, raw: raw('User-Agent: M') },
    dns: { [pointer]: 'servfail' },
    symbols: ['ONCE_RECEIVED', 'RDNS_DNSFAIL'],
    asked: 2,
  },
  {
    name: 'a pointer record that is empty',
    message: { envelope: nameless },
    dns: { [pointer]: 'nodata' },
    symbols: ['ONCE_RECEIVED', 'RDNS_NONE'],
    asked: 2,
  },
  {
    name: 'no client and no hop',
    message: { envelope: { clientIp: undefined, hostName: undefined } },
    symbols: [],
  },
  {
    name: 'no client and a hop from a bad host',
    message: { envelope: { clientIp: undefined, hostName: undefined }, raw: raw(hop('1.dynamic.example')) },
    symbols: ['ONCE_RECEIVED', 'ONCE_RECEIVED_STRICT'],
  },
  {
    name: 'a client on the whitelist',
    message: {},
    options: { whitelist: ['198.51.100.0/24'] },
    symbols: [],
  },
  {
    name: 'Lua patterns',
    message: { envelope: { hostName: 'host12.pool.example' }, raw: raw(hop('a.example')) },
    options: { bad_host: '^host%d+%.' },
    symbols: ['ONCE_RECEIVED', 'ONCE_RECEIVED_STRICT'],
  },
  {
    name: 'other names of symbols',
    message: { envelope: { ...nameless }, raw: raw('X-Mailer: M') },
    options: { symbol: 'A', symbol_strict: 'B', symbol_mx: 'C' },
    symbols: ['A', 'C', 'RDNS_NONE'],
    asked: 2,
  },
];

for (const { name, message, dns = {}, options = {}, symbols, asked = 0 } of table) {
  test(`inbound mail with ${name} gives exactly ${symbols.join(', ') || 'nothing'}`, async () => {
    const questions: string[] = [];
    const run = await runCheck(onceReceived, options, message, { dns: tableResolver(dns, questions) });
    assert.deepEqual(run.symbols, symbols);
    assert.equal(questions.length, asked);
  });
}

for (const way of ['authenticated', 'local'] as const) {
  test(`${way} mail is left alone and DNS is not asked`, async () => {
    const questions: string[] = [];
    const run = await runCheck(
      onceReceived,
      {},
      { way, envelope: nameless },
      { dns: tableResolver({}, questions) },
    );
    assert.deepEqual(run.symbols, []);
    assert.deepEqual(questions, []);
  });
}

test('check_authed frees mail with a login, check_local mail from local addresses, for RDNS_NONE too', async () => {
  const check = await buildCheck(onceReceived, { check_authed: true });
  assert.deepEqual((await check.run({ way: 'authenticated' })).symbols, ['ONCE_RECEIVED', 'RDNS_NONE']);
  assert.deepEqual((await check.run({ way: 'local' })).symbols, []);
  await check.close();
  const local = await buildCheck(onceReceived, {}, { global: { checkLocal: true } });
  assert.deepEqual((await local.run({ way: 'local' })).symbols, ['ONCE_RECEIVED', 'RDNS_NONE']);
  assert.deepEqual((await local.run({ way: 'authenticated' })).symbols, []);
  await local.close();
});

const patterns: readonly (readonly [pattern: string, host: string, matches: boolean])[] = [
  ['my-host', 'a.my-host.example', true],
  ['my-host', 'a.mhost.example', false],
  ['mail.example', 'MAIL.example', true],
  ['^mail', 'mail.example', true],
  ['^mail', 'a.mail.example', false],
  ['%.example$', 'a.example', true],
  ['%.example$', 'aexample', false],
  ['^[%w-]+%.dyn%.', 'a-1.dyn.example', true],
  ['^[^0-9]+%.x', 'a1.x', false],
  ['(ab)%d?', 'xab', true],
  ['a.-b%.', 'axxxb.example', true],
  ['%D%d', '12', false],
  ['100%%', 'x100%y', true],
];
for (const [pattern, host, matches] of patterns) {
  test(`the pattern ${pattern} ${matches ? 'matches' : 'does not match'} ${host}`, () => {
    const compiled = compileHostPattern(pattern);
    assert.ok(typeof compiled === 'object');
    assert.equal(compiled.matches(host), matches);
  });
}

for (const pattern of ['%b()', '%f[%w]', '(a)%1', '%', '[a', '%q', '(a', '[%D]']) {
  test(`the pattern ${pattern} is refused with its place`, async () => {
    await assert.rejects(
      buildCheck(onceReceived, { bad_host: ['static', pattern] }),
      /once_received.bad_host.1|bad Lua pattern/,
    );
  });
}

test('any pattern is compiled or refused', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', '%', '[', ']', '^', '-', '(', ')', '*', '.', '$', 'd') }),
      fc.string(),
      (pattern, host) => {
        const compiled = compileHostPattern(pattern);
        if (typeof compiled === 'object') compiled.matches(host);
      },
    ),
    { numRuns: 300 },
  );
});
