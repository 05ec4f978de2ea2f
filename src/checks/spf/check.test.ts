import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  buildCheck,
  type CheckOptions,
  runCheck,
  type TestMessage,
  tableResolver,
} from '../../../test/helpers/check-table.ts';
import { parseIp } from '../../lib/index.ts';
import { spf } from './check.ts';

const records: Record<string, readonly string[] | 'servfail'> = {
  'txt pass.example': ['v=spf1 ip4:198.51.100.0/24 -all'],
  'txt inner.example': ['v=spf1 include:pass.example -all'],
  'txt fail.example': ['v=spf1 -all exp=why.example'],
  'txt why.example': ['%{s} is not sent from %{i}'],
  'txt soft.example': ['v=spf1 mx ~all'],
  'txt neutral.example': ['v=spf1 ?all'],
  'txt open.example': ['v=spf1 +ALL'],
  'txt silent.example': 'servfail',
  'txt broken.example': ['v=spf1 foo:bar -all'],
  'txt twice.example': ['v=spf1 -all', 'v=spf1 +all'],
  'txt empty.example': ['v=spf1'],
  'txt mx.example.com': ['v=spf1 a -all'],
  'a mx.example.com': ['198.51.100.7'],
};
const dns = tableResolver(records);

const table: readonly [
  what: string,
  message: TestMessage,
  expected: readonly (readonly [string, string])[],
][] = [
  ['an allowed client', { from: 'joe@pass.example' }, [['R_SPF_ALLOW', '+ip4:198.51.100.0/24']]],
  [
    'a client of an included policy',
    { from: 'joe@inner.example' },
    [['R_SPF_ALLOW', '+ip4:198.51.100.0/24']],
  ],
  ['a forbidden client', { from: 'joe@fail.example' }, [['R_SPF_FAIL', '-all']]],
  ['an unlikely client', { from: 'joe@soft.example' }, [['R_SPF_SOFTFAIL', '~all']]],
  ['a domain that does not say', { from: 'joe@neutral.example' }, [['R_SPF_NEUTRAL', '?all']]],
  ['a policy without terms', { from: 'joe@empty.example' }, [['R_SPF_NEUTRAL', '?all']]],
  ['a domain that allows everybody', { from: 'joe@open.example' }, [['R_SPF_PLUSALL', '+ALL']]],
  ['a domain whose DNS fails', { from: 'joe@silent.example' }, [['R_SPF_DNSFAIL', 'temporary DNS error']]],
  ['a malformed policy', { from: 'joe@broken.example' }, [['R_SPF_PERMFAIL', 'syntax of the record']]],
  ['two policies', { from: 'joe@twice.example' }, [['R_SPF_PERMFAIL', 'more than one record']]],
  ['a domain without policy', { from: 'joe@none.example' }, [['R_SPF_NA', 'no SPF record']]],
  ['a sender without domain', { from: 'joe' }, [['R_SPF_NA', 'no SPF record']]],
  ['the null sender', { from: '' }, [['R_SPF_ALLOW', '+a']]],
  ['no envelope', { envelope: { sender: undefined } }, [['R_SPF_ALLOW', '+a']]],
  [
    'the null sender of a client without a name',
    { from: '', envelope: { helo: undefined } },
    [['R_SPF_NA', 'no SPF record']],
  ],
  ['an unknown client', { from: 'joe@pass.example', envelope: { clientIp: undefined } }, []],
  ['mail of a login', { from: 'joe@fail.example', way: 'authenticated' }, []],
  ['mail from a local address', { from: 'joe@fail.example', way: 'local' }, []],
];

for (const [what, message, expected] of table) {
  test(`${what}: ${expected.map(([symbol]) => symbol).join(' ') || 'not checked'}`, async () => {
    const { hits, task } = await runCheck(spf, {}, message, { dns });
    assert.deepEqual(
      hits.map(({ symbol, options }) => [symbol, ...options]),
      expected,
    );
    assert.equal(task.authentication.spf !== undefined, expected.length > 0);
  });
}

test('other checks find the outcome, the record and its domain', async () => {
  const { task } = await runCheck(spf, {}, { from: 'Joe@PASS.example' }, { dns });
  assert.deepEqual(task.authentication.spf, {
    result: 'pass',
    domain: 'pass.example',
    identity: 'mailfrom',
    sender: 'Joe@PASS.example',
    clientIp: parseIp('198.51.100.7'),
    mechanism: 'ip4:198.51.100.0/24',
    reason: undefined,
  });
  assert.equal(task.variables.get('spf_record'), 'v=spf1 ip4:198.51.100.0/24 -all');
  assert.equal(task.variables.get('spf_domain'), 'pass.example');
  const nobody = await runCheck(spf, {}, { from: '' }, { dns });
  const { identity, sender, domain } = nobody.task.authentication.spf!;
  assert.deepEqual([identity, sender, domain], ['helo', 'postmaster@mx.example.com', 'mx.example.com']);
});

const directions: readonly [
  own: Record<string, boolean>,
  global: NonNullable<CheckOptions['global']>,
  checked: readonly string[],
][] = [
  [{ check_local: true }, {}, ['local']],
  [{ check_authed: true }, {}, ['authenticated']],
  [{}, { checkLocal: true, checkAuthed: true }, ['authenticated', 'local']],
  [{ check_local: false }, { checkLocal: true, checkAuthed: true }, []],
];

for (const [own, global, checked] of directions) {
  test(`with ${JSON.stringify(own)} over ${JSON.stringify(global)} outbound mail is checked: ${checked.join(', ') || 'none'}`, async () => {
    const found: string[] = [];
    for (const way of ['authenticated', 'local'] as const) {
      const { symbols } = await runCheck(spf, own, { way, from: 'joe@fail.example' }, { dns, global });
      if (symbols.length > 0) found.push(way);
    }
    assert.deepEqual(found, checked);
  });
}

test('a client of the whitelist is not checked at all', async () => {
  const config = { whitelist: ['198.51.100.0/24'] };
  const { symbols, task } = await runCheck(spf, config, { from: 'joe@fail.example' }, { dns });
  assert.deepEqual(symbols, []);
  assert.equal(task.authentication.spf, undefined);
});

const relayed = (...hops: string[]): string =>
  [
    ...hops.map(
      (hop) =>
        `Received: from x.example (x.example [${hop}]) by y.example with ESMTP; Tue, 14 Nov 2023 22:13:20 +0000`,
    ),
    'From: a@pass.example',
    '',
    'Hi.',
    '',
  ].join('\n');

const relayTable: readonly [what: string, message: TestMessage, expected: readonly string[]][] = [
  ['the client behind a local relay', { way: 'local', raw: relayed('198.51.100.9') }, ['R_SPF_ALLOW']],
  [
    'a relay that our MTA has written down already',
    { way: 'local', raw: relayed('10.1.2.3', '198.51.100.9') },
    ['R_SPF_ALLOW'],
  ],
  ['a forbidden client behind a relay', { way: 'local', raw: relayed('203.0.113.9') }, ['R_SPF_FAIL']],
  ['a local client behind a local relay', { way: 'local', raw: relayed('10.9.9.9') }, []],
  ['a relay without a hop behind it is local as ever', { way: 'local', raw: relayed() }, []],
  ['a client that is no relay', { raw: relayed('203.0.113.9') }, ['R_SPF_ALLOW']],
  ['a relay behind another host counts as well', { raw: relayed('10.1.2.3', '203.0.113.9') }, ['R_SPF_FAIL']],
];

for (const [what, message, expected] of relayTable) {
  test(`external_relay: ${what}: ${expected.join(' ') || 'not checked'}`, async () => {
    const config = { external_relay: ['10.1.2.3'] };
    const run = await runCheck(spf, config, { from: 'joe@pass.example', ...message }, { dns });
    assert.deepEqual(run.symbols, expected);
  });
}

test('a policy that is known already is told with :c, also after its TTL', async () => {
  let nowMs = 1_700_000_000_000;
  const asked: string[] = [];
  const built = await buildCheck(
    spf,
    { spf_cache_expire: 1000 },
    { dns: tableResolver(records, asked), now: () => nowMs },
  );
  const option = async (): Promise<string | undefined> =>
    (await built.run({ from: 'joe@fail.example' })).hits[0]?.options[0];
  assert.equal(await option(), '-all');
  nowMs += 299_000;
  assert.equal(await option(), '-all:c');
  nowMs += 2_000;
  assert.equal(await option(), '-all');
  assert.equal(asked.length, 2);
});

test('with spf_cache_size = 0 nothing is kept', async () => {
  const built = await buildCheck(spf, { spf_cache_size: 0 }, { dns });
  for (let i = 0; i < 2; i++) {
    const { hits } = await built.run({ from: 'joe@fail.example' });
    assert.deepEqual(hits[0]?.options, ['-all']);
  }
});

test("the domain's words are fetched only with explanation = true", async () => {
  const asked: string[] = [];
  const resolver = tableResolver(records, asked);
  const silent = await runCheck(spf, {}, { from: 'joe@fail.example' }, { dns: resolver });
  assert.equal(silent.task.authentication.spf?.reason, undefined);
  assert.deepEqual(asked, ['txt fail.example']);
  const { task } = await runCheck(spf, { explanation: true }, { from: 'joe@fail.example' }, { dns });
  assert.equal(task.authentication.spf?.reason, 'joe@fail.example is not sent from 198.51.100.7');
});

test('the bounds of the options hold', async () => {
  const chain = Object.fromEntries(
    Array.from({ length: 5 }, (_, i) => [`txt d${i}.example`, [`v=spf1 include:d${i + 1}.example -all`]]),
  );
  const resolver = tableResolver({ ...chain, 'txt d5.example': ['v=spf1 +ip4:198.51.100.7'] });
  const symbolsWith = async (config: Record<string, number>): Promise<readonly string[]> =>
    (await runCheck(spf, config, { from: 'joe@d0.example' }, { dns: resolver })).symbols;
  assert.deepEqual(await symbolsWith({}), ['R_SPF_ALLOW']);
  assert.deepEqual(await symbolsWith({ max_dns_nesting: 4 }), ['R_SPF_PERMFAIL']);
  assert.deepEqual(await symbolsWith({ max_dns_requests: 5 }), ['R_SPF_PERMFAIL']);
  assert.deepEqual(await symbolsWith({ max_dns_nesting: 5, max_dns_requests: 6 }), ['R_SPF_ALLOW']);
});

test('disable_ipv6 asks no name for IPv6 addresses', async () => {
  const asked: string[] = [];
  const resolver = tableResolver({ 'txt v6.example': ['v=spf1 a ip6:2001:db8::/32 -all'] }, asked);
  const message = { from: 'joe@v6.example', envelope: { clientIp: parseIp('2001:db8::1') } };
  const { hits } = await runCheck(spf, { disable_ipv6: true }, message, { dns: resolver });
  assert.deepEqual(hits[0]?.options, ['+ip6:2001:db8::/32']);
  assert.deepEqual(asked, ['txt v6.example']);
});

test('symbols may have other names, with the standard scores', async () => {
  const built = await buildCheck(spf, { symbols: { fail: 'MY_SPF_FAIL' } }, { dns });
  assert.equal(built.declared.get('MY_SPF_FAIL')?.score, 1);
  assert.deepEqual((await built.run({ from: 'joe@fail.example' })).symbols, ['MY_SPF_FAIL']);
});

test('a domain whose DNS never answers costs no more than the task has left', async () => {
  const waits: (number | undefined)[] = [];
  const resolver = {
    resolve: async (_name: string, _type: string, options?: { readonly timeoutMs?: number }) => {
      waits.push(options?.timeoutMs);
      return { status: 'timeout', records: [], ttlSeconds: 0 } as const;
    },
  };
  const message = { from: 'joe@pass.example', startedMs: 1_700_000_000_000 - 4_000 };
  const run = await runCheck(spf, {}, message, { dns: resolver, global: { taskTimeoutMs: 8_000 } });
  assert.deepEqual(run.symbols, ['R_SPF_DNSFAIL']);
  assert.ok(waits.every((limitMs) => limitMs !== undefined && limitMs <= 3_500));
});
