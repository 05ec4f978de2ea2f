import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  buildCheck,
  type CheckOptions,
  type LogLine,
  runCheck,
  type TestMessage,
  tableResolver,
  type Way,
} from '../../../test/helpers/check-table.ts';
import type { DkimOutcome } from '../../core/index.ts';
import { parseIp } from '../../lib/index.ts';
import { rbl } from './check.ts';

type Table = Parameters<typeof tableResolver>[0];

/** One list by the name LIST, asked in the zone `bl.test`. */
const one = (rule: Readonly<Record<string, unknown>>, section: Readonly<Record<string, unknown>> = {}) => ({
  disable_monitoring: true,
  ...section,
  rbls: { list: { rbl: 'bl.test', ...rule } },
});

async function look(
  config: Readonly<Record<string, unknown>>,
  table: Table,
  message: TestMessage = {},
  options: CheckOptions = {},
): Promise<{ readonly hits: readonly string[]; readonly asked: readonly string[] }> {
  const asked: string[] = [];
  const run = await runCheck(rbl, config, message, { dns: tableResolver(table, asked), ...options });
  const text = ({ symbol, weight, options }: (typeof run.hits)[number]): string =>
    `${symbol}${weight === 1 ? '' : `*${weight}`}[${options.join(' ')}]`;
  return { hits: run.hits.map(text), asked: asked.map((question) => question.replace(/^a /, '')) };
}

const mail = `Received: from relay.example.net (relay.example.net [203.0.113.5]) by mx.example.com with ESMTPS id 1;
 Tue, 14 Nov 2023 22:13:00 +0000
Received: from [10.1.1.1] (home.example.net [198.51.100.200]) by relay.example.net with ESMTPA id 2;
 Tue, 14 Nov 2023 22:12:00 +0000
From: News <news@sender.example.net>
Reply-To: Answers <Ans.Wers+tag@gmail.com>
To: rcpt@example.org
Subject: A test
Message-ID: <1@host.example.net>
Content-Type: text/html; charset=utf-8

<p>See <a href="http://www.shop.example.co.uk/a/b?q=1">here</a>, <a href="http://192.0.2.44/x">there</a>,
write to Some.One+list@mail.example.com <img src="http://pixel.example.info/p.gif"></p>
`;

// ---------------------------------------------------------------- kinds of questions

const kinds: readonly (readonly [
  name: string,
  rule: Readonly<Record<string, unknown>>,
  asked: readonly string[],
])[] = [
  ['nothing said', {}, ['7.100.51.198.bl.test']],
  ['from', { checks: ['from'] }, ['7.100.51.198.bl.test']],
  ['from = true', { from: true }, ['7.100.51.198.bl.test']],
  ['from without IPv4', { checks: ['from'], ipv4: false }, []],
  ['received', { checks: ['received'] }, ['5.113.0.203.bl.test', '200.100.51.198.bl.test']],
  ['received = true', { received: true }, ['5.113.0.203.bl.test', '200.100.51.198.bl.test']],
  ['received, newest only', { checks: ['received'], received_max_pos: 1 }, ['5.113.0.203.bl.test']],
  ['received, oldest only', { checks: ['received'], received_min_pos: -1 }, ['200.100.51.198.bl.test']],
  [
    'received with authentication',
    { checks: ['received'], received_flags: ['authenticated'] },
    ['200.100.51.198.bl.test'],
  ],
  ['received without TLS', { checks: ['received'], received_nflags: ['ssl'] }, ['200.100.51.198.bl.test']],
  ['helo', { checks: ['helo'] }, ['mx.example.com.bl.test']],
  ['rdns', { checks: ['rdns'] }, ['mx.example.com.bl.test']],
  ['helo and rdns alike', { checks: ['helo', 'rdns'] }, ['mx.example.com.bl.test']],
  ['urls', { checks: ['urls'] }, ['example.co.uk.bl.test', '44.2.0.192.bl.test']],
  ['urls without addresses', { checks: ['urls'], no_ip: true }, ['example.co.uk.bl.test']],
  [
    'urls with whole hosts',
    { checks: ['urls'], url_full_hostname: true },
    ['www.shop.example.co.uk.bl.test', '44.2.0.192.bl.test'],
  ],
  ['urls within requests_limit', { checks: ['urls'], requests_limit: 1 }, ['example.co.uk.bl.test']],
  ['numeric_urls', { checks: ['numeric_urls'] }, ['44.2.0.192.bl.test']],
  ['images', { checks: ['images'] }, ['example.info.bl.test']],
  ['content_urls', { checks: ['content_urls'] }, []],
  ['emails', { checks: ['emails'] }, ['some.one.mail.example.com.bl.test']],
  [
    'emails with a delimiter',
    { checks: ['emails'], emails_delimiter: '_at_' },
    ['some.one_at_mail.example.com.bl.test'],
  ],
  ['emails_domainonly', { checks: ['emails'], emails_domainonly: true }, ['example.com.bl.test']],
  ['emails = domain_only', { emails: 'domain_only' }, ['example.com.bl.test']],
  ['emails hashed with @', { checks: ['emails'], hash: 'md5' }, ['4fb7c68272fe75df342fc2d44abb82cb.bl.test']],
  ['replyto as Gmail sees it', { checks: ['replyto'] }, ['answers.gmail.com.bl.test']],
  ['replyto, domain', { checks: ['replyto'], emails_domainonly: true }, ['gmail.com.bl.test']],
  ['selector', { selector: "header('subject').lower" }, []],
  ['selector of a domain', { selector: "from('mime'):domain" }, ['sender.example.net.bl.test']],
  [
    'selectors by label, parts one by one',
    { selector: { a: "from('smtp'):domain;id('b.example')" } },
    ['example.com.bl.test', 'b.example.bl.test'],
  ],
  [
    'parts of a selector joined',
    { selector: { a: "id('a.');from('smtp'):domain" }, selector_flatten: false },
    ['a.example.com.bl.test'],
  ],
  [
    'checks without those excluded',
    { checks: ['helo', 'from'], exclude_checks: ['helo'] },
    ['7.100.51.198.bl.test'],
  ],
];

for (const [name, rule, asked] of kinds) {
  test(`a list is asked: ${name}`, async () => {
    const run = await look(one(rule), {}, { raw: mail });
    assert.deepEqual(run, { hits: [], asked });
  });
}

const signatures: readonly DkimOutcome[] = [
  { result: 'pass', domain: 'mail.sender.example.net', selector: 's' },
  { result: 'pass', domain: 'esp.example.org', selector: 's' },
  { result: 'fail', domain: 'bad.example.com', selector: 's' },
];

const dkimRules: readonly (readonly [rule: Readonly<Record<string, unknown>>, asked: readonly string[]])[] = [
  [{ dkim_domainonly: true }, ['a example.net.bl.test', 'a example.org.bl.test']],
  [{ dkim_domainonly: false }, ['a mail.sender.example.net.bl.test', 'a esp.example.org.bl.test']],
  [{ ignore_defaults: true }, ['a mail.sender.example.net.bl.test', 'a esp.example.org.bl.test']],
  [{ dkim_match_from: true }, ['a example.net.bl.test']],
];

for (const [rule, expected] of dkimRules) {
  test(`domains of valid signatures are asked with ${JSON.stringify(rule)}, and after DKIM`, async () => {
    const asked: string[] = [];
    const built = await buildCheck(rbl, one({ checks: ['dkim', 'helo'], ...rule }), {
      dns: tableResolver({}, asked),
    });
    const [first, second] = built.units.filter(({ name }) => name === 'LIST');
    assert.deepEqual([first?.after, second?.after], [[], ['DKIM_CHECK']]);
    const { task } = await built.run({ raw: mail });
    task.authentication.dkim = signatures;
    asked.length = 0;
    await second!.run(task, () => {});
    assert.deepEqual(asked, expected);
    await built.close();
  });
}

test('an address in IPv6 is asked by its nibbles', async () => {
  const { asked } = await look(
    one({ checks: ['from'] }),
    {},
    { envelope: { clientIp: parseIp('2001:db8::7') } },
  );
  assert.deepEqual(asked, ['7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.test']);
  const off = await look(one({ ipv6: false }), {}, { envelope: { clientIp: parseIp('2001:db8::7') } });
  assert.deepEqual(off.asked, []);
});

test('names that no public list can know are not asked', async () => {
  for (const helo of [
    'laptop',
    'pc.local',
    'app.internal',
    '[127.0.0.1]',
    'a..b.example',
    `${'x'.repeat(64)}.example`,
  ]) {
    const { asked } = await look(one({ checks: ['helo'] }), {}, { envelope: { helo } });
    assert.deepEqual(asked, [], helo);
  }
  const literal = await look(one({ checks: ['helo'] }), {}, { envelope: { helo: '[192.0.2.9]' } });
  assert.deepEqual(literal.asked, ['9.2.0.192.bl.test']);
});

test('the hop to us is asked as the client only', async () => {
  const envelope = { clientIp: parseIp('203.0.113.5') };
  const { asked } = await look(one({ checks: ['from', 'received'] }), {}, { raw: mail, envelope });
  assert.deepEqual(asked, ['5.113.0.203.bl.test', '200.100.51.198.bl.test']);
});

// ---------------------------------------------------------------- answers

const client = 'a 7.100.51.198.bl.test';

const answers: readonly (readonly [
  name: string,
  rule: Readonly<Record<string, unknown>>,
  records: Table[string],
  hits: readonly string[],
])[] = [
  ['any answer', {}, ['127.0.0.2'], ['LIST[198.51.100.7:from]']],
  ['several answers without codes', {}, ['127.0.0.2', '127.0.0.3'], ['LIST[198.51.100.7:from]']],
  ['an answer of a rewriting resolver', {}, ['203.0.113.80'], []],
  ['an own symbol', { symbol: 'MINE' }, ['127.0.0.2'], ['MINE[198.51.100.7:from]']],
  ['a code', { returncodes: { code_two: ['127.0.0.2'] } }, ['127.0.0.2'], ['CODE_TWO[198.51.100.7:from]']],
  [
    'several codes',
    { returncodes: { A: ['127.0.0.2', '127.0.0.4'], B: ['127.0.0.3'] } },
    ['127.0.0.4', '127.0.0.3'],
    ['A[198.51.100.7:from]', 'B[198.51.100.7:from]'],
  ],
  ['an unknown code', { returncodes: { A: ['127.0.0.2'] } }, ['127.0.0.9'], []],
  [
    'an unknown code that is told',
    { returncodes: { A: ['127.0.0.2'] }, unknown: true },
    ['127.0.0.9'],
    ['LIST[198.51.100.7:from:127.0.0.9]'],
  ],
  ['older spellings', { return_codes: { A: ['127.0.0.2'] } }, ['127.0.0.2'], ['A[198.51.100.7:from]']],
  [
    'Lua patterns by themselves',
    { returncodes: { A: ['127.0.%d+.1'] } },
    ['127.0.12.1'],
    ['A[198.51.100.7:from]'],
  ],
  [
    'shell patterns',
    { returncodes: { A: ['127.0.*.1'] }, returncodes_matcher: 'glob' },
    ['127.0.12.1'],
    ['A[198.51.100.7:from]'],
  ],
  [
    'expressions',
    { returncodes: { A: ['/^127\\.0\\.0\\.[2-4]$/'] }, returncodes_matcher: 'regexp' },
    ['127.0.0.3'],
    ['A[198.51.100.7:from]'],
  ],
  [
    'networks',
    { returncodes: { A: ['127.0.4.0/24'] }, returncodes_matcher: 'radix' },
    ['127.0.4.99'],
    ['A[198.51.100.7:from]'],
  ],
  [
    'bits',
    { returnbits: { A: 64, B: [8, 16], C: 1 } },
    ['127.0.0.80'],
    ['A[198.51.100.7:from]', 'B[198.51.100.7:from]'],
  ],
  ['bits of a rewriting resolver', { returnbits: { A: 1 } }, ['203.0.113.81'], []],
  ['no bit', { return_bits: { A: 2 }, unknown: true }, ['127.0.0.4'], ['LIST[198.51.100.7:from:127.0.0.4]']],
  [
    'prefixes',
    { returncodes: { A: ['127.0.0.2'] }, symbols_prefixes: { from: 'RBL', received: 'RECEIVED' } },
    ['127.0.0.2'],
    ['RBL_A[198.51.100.7:from]'],
  ],
  ['a failure', {}, 'servfail', ['LIST_FAIL[198.51.100.7:server fail]']],
  ['silence', { symbols_prefixes: { from: 'RBL' } }, 'timeout', ['LIST_FAIL[198.51.100.7:query timed out]']],
  ['no data', {}, 'nodata', []],
];

for (const [name, rule, records, hits] of answers) {
  test(`what an answer means: ${name}`, async () => {
    const run = await look(one(rule), { [client]: records });
    assert.deepEqual(run.hits, hits);
  });
}

test('one name found in several places counts once, unless merge_checks is off', async () => {
  const table = { 'a mx.example.com.bl.test': ['127.0.0.2'] };
  const merged = await look(one({ checks: ['helo', 'rdns'] }), table);
  assert.deepEqual(merged.hits, ['LIST[mx.example.com:helo,rdns]']);
  const apart = await look(one({ checks: ['helo', 'rdns'], merge_checks: false }), table);
  assert.deepEqual(apart.hits, ['LIST[mx.example.com:helo]', 'LIST[mx.example.com:rdns]']);
  const prefixed = await look(one({ checks: ['helo', 'rdns'], symbols_prefixes: { helo: 'H' } }), table);
  assert.deepEqual(prefixed.hits, ['H_LIST[mx.example.com:helo]', 'LIST[mx.example.com:rdns]']);
});

test('with resolve_ip the addresses of a name are looked up', async () => {
  const table = {
    'a example.com': ['192.0.2.1'],
    'aaaa example.com': ['2001:db8::1'],
    'a 1.2.0.192.bl.test': ['127.0.0.2'],
  };
  const { hits, asked } = await look(
    one({ checks: ['emails'], emails_domainonly: true, resolve_ip: true }),
    table,
    { raw: mail },
  );
  assert.deepEqual(hits, ['LIST[192.0.2.1:example.com:email]']);
  assert.deepEqual(asked, [
    'example.com',
    'aaaa example.com',
    '1.2.0.192.bl.test',
    '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.test',
  ]);
});

// ---------------------------------------------------------------- who is left alone

const ways: readonly Way[] = ['inbound', 'authenticated', 'local'];

const directions: readonly (readonly [
  name: string,
  rule: Readonly<Record<string, unknown>>,
  section: Readonly<Record<string, unknown>>,
  asked: readonly Way[],
])[] = [
  ['nothing said', {}, {}, ['inbound', 'authenticated']],
  ['stock defaults', {}, { default_exclude_users: true }, ['inbound']],
  [
    'the list wants logins',
    { exclude_users: false },
    { default_exclude_users: true },
    ['inbound', 'authenticated'],
  ],
  ['the list wants local clients', { exclude_local: false }, {}, ways],
  ['the older name', { exclude_private_ips: false }, {}, ways],
  ['ignore_defaults', { ignore_defaults: true }, { default_exclude_users: true }, ways],
  ['ignore_default', { ignore_default: true }, { default_exclude_users: true }, ways],
  [
    'ignore_defaults with an own option',
    { ignore_defaults: true, exclude_users: true },
    {},
    ['inbound', 'local'],
  ],
];

for (const [name, rule, section, expected] of directions) {
  test(`mail that a list looks at: ${name}`, async () => {
    const asked: Way[] = [];
    for (const way of ways) {
      const run = await look(
        one({ checks: ['helo'], ...rule }, section),
        {},
        { way, envelope: { helo: 'h.example.com' } },
      );
      if (run.asked.length > 0) asked.push(way);
    }
    assert.deepEqual(asked, expected);
  });
}

test('local_exclude_ip_map takes clients and hops out of lists, as it is documented', async () => {
  const section = { local_exclude_ip_map: ['198.51.100.0/24'] };
  const of = (rule: Readonly<Record<string, unknown>>, clientIp: string) =>
    look(one(rule, section), {}, { raw: mail, envelope: { clientIp: parseIp(clientIp) } });
  assert.deepEqual((await of({ checks: ['from'] }, '198.51.100.7')).asked, []);
  assert.deepEqual((await of({ checks: ['from'], exclude_local: false }, '198.51.100.7')).asked.length, 1);
  assert.deepEqual((await of({ checks: ['received'] }, '192.0.2.7')).asked, ['5.113.0.203.bl.test']);
});

test('a list is asked only when the symbols it requires are there, and comes after them', async () => {
  const rule = { checks: ['from'], require_symbols: ['A', 'B'] };
  const hit = (name: string) => ({
    name,
    score: 0,
    metricScore: 0,
    description: '',
    groups: [],
    options: [],
  });
  assert.deepEqual((await look(one(rule), {}, { hits: [hit('A')] })).asked, []);
  assert.deepEqual((await look(one(rule), {}, { hits: [hit('A'), hit('B')] })).asked.length, 1);
  const built = await buildCheck(rbl, one(rule));
  assert.deepEqual(built.units[0]?.after, ['A', 'B']);
  await built.close();
});

test('zones in disabled_rbl_suffixes_map are not asked', async () => {
  assert.deepEqual((await look(one({}, { disabled_rbl_suffixes_map: ['bl.test'] }), {})).asked, []);
  assert.deepEqual((await look(one({}, { disabled_rbl_suffixes_map: ['other.test'] }), {})).asked.length, 1);
});

// ---------------------------------------------------------------- allow lists

const allowed = (lists: Readonly<Record<string, Readonly<Record<string, unknown>>>>, section = {}) => ({
  disable_monitoring: true,
  ...section,
  rbls: lists,
});
const bothListed = { 'a 7.100.51.198.bl.test': ['127.0.0.2'], 'a 7.100.51.198.wl.test': ['127.0.0.3'] };

test('what an allow list holds is not counted for other lists, in whatever order they answer', async () => {
  const lists = { black: { rbl: 'bl.test' }, white: { rbl: 'wl.test', is_whitelist: true } };
  assert.deepEqual((await look(allowed(lists), bothListed)).hits, ['WHITE[198.51.100.7:from]']);
  const slow = tableResolver(bothListed);
  const dns = {
    resolve: async (...question: Parameters<typeof slow.resolve>) => {
      if (question[0].endsWith('wl.test')) await new Promise((resolve) => setImmediate(resolve));
      return slow.resolve(...question);
    },
  };
  const built = await buildCheck(rbl, allowed(lists), { dns });
  const hits: string[] = [];
  const { task } = await built.run({ envelope: { clientIp: undefined } });
  task.correctEnvelope({ clientIp: parseIp('198.51.100.7') });
  await Promise.all(built.units.map((unit) => unit.run(task, (symbol) => hits.push(symbol))));
  assert.deepEqual(hits, ['WHITE']);
  await built.close();
});

test('a list may ignore allow lists, and an allow list has symbols that do not protect', async () => {
  const lists = {
    white: { rbl: 'wl.test', is_whitelist: true },
    black: { rbl: 'bl.test', ignore_whitelist: true },
  };
  assert.deepEqual((await look(allowed(lists), bothListed)).hits.length, 2);
  const codes = {
    rbl: 'wl.test',
    is_whitelist: true,
    returncodes: { W_LOW: '127.0.0.3', W_HI: '127.0.0.4' },
    unknown: true,
  };
  const exception = { ...codes, whitelist_exception: ['W_LOW'] };
  const run = (white: Readonly<Record<string, unknown>>, code: string) =>
    look(allowed({ white, black: { rbl: 'bl.test' } }), { ...bothListed, 'a 7.100.51.198.wl.test': [code] });
  assert.deepEqual((await run(exception, '127.0.0.3')).hits, [
    'W_LOW[198.51.100.7:from]',
    'BLACK[198.51.100.7:from]',
  ]);
  assert.deepEqual((await run(exception, '127.0.0.4')).hits, ['W_HI[198.51.100.7:from]']);
  // "You ask too much" is no recommendation.
  assert.deepEqual((await run(exception, '127.0.0.255')).hits.length, 2);
});

test('an allow list protects only what was looked up in the same way', async () => {
  const lists = {
    white: { rbl: 'wl.test', checks: ['helo'], is_whitelist: true },
    black: { rbl: 'bl.test', checks: ['helo', 'rdns'] },
  };
  const table = { 'a mx.example.com.bl.test': ['127.0.0.2'], 'a mx.example.com.wl.test': ['127.0.0.2'] };
  const { hits } = await look(allowed(lists), table);
  assert.deepEqual(hits, ['WHITE[mx.example.com:helo]', 'BLACK[mx.example.com:rdns]']);
});

const mapped: readonly (readonly [
  rule: Readonly<Record<string, unknown>>,
  section: Readonly<Record<string, unknown>>,
  asked: readonly string[],
])[] = [
  [{ checks: ['urls'] }, { url_whitelist: ['example.co.uk'] }, ['44.2.0.192.bl.test']],
  [
    { checks: ['urls'], ignore_whitelist: true },
    { url_whitelist: ['example.co.uk'] },
    ['example.co.uk.bl.test', '44.2.0.192.bl.test'],
  ],
  [
    { checks: ['urls'], ignore_url_whitelist: true },
    { url_whitelist: ['example.co.uk'] },
    ['example.co.uk.bl.test', '44.2.0.192.bl.test'],
  ],
  [
    { checks: ['urls'], url_whitelist: ['44.2.0.192'] },
    { url_whitelist: ['example.co.uk'] },
    ['example.co.uk.bl.test'],
  ],
  [{ checks: ['emails'], whitelist: ['mail.example.com'] }, {}, []],
  [{ checks: ['from'], whitelist: ['198.51.100.0/24'] }, {}, []],
  [
    { checks: ['from', 'urls'], no_ip: true },
    { url_whitelist: ['example.co.uk'] },
    ['example.co.uk.bl.test', '7.100.51.198.bl.test'].reverse(),
  ],
];

for (const [rule, section, asked] of mapped) {
  test(`maps keep names from lists: ${JSON.stringify(rule)} ${JSON.stringify(section)}`, async () => {
    assert.deepEqual((await look(one(rule, section), {}, { raw: mail })).asked, asked);
  });
}

// ---------------------------------------------------------------- bounds

test('a message with 10,000 links asks no more than requests_limit and the bound of a message', async () => {
  const links = Array.from({ length: 10_000 }, (_, i) => `http://host.d${i}.com/`).join('\n');
  const raw = `From: a@example.com\n\n${links}\n`;
  assert.equal((await look(one({ checks: ['urls'] }), {}, { raw })).asked.length, 64);
  assert.equal((await look(one({ checks: ['urls'], requests_limit: 100 }), {}, { raw })).asked.length, 100);
  assert.equal(
    (
      await look(
        one({ checks: ['urls'], requests_limit: 9999 }),
        {},
        { raw },
        { global: { maxDnsRequests: 10 } },
      )
    ).asked.length,
    80,
  );
});

test('what cannot be a name is never asked', async () => {
  const selector = "header('X-Names').lower";
  for (const value of ['..', 'a..b', '-a.b', 'a b', `${'x'.repeat(300)}`, '.', 'a\\b.c', '']) {
    const raw = `From: a@example.com\nX-Names: ${value}\n\nx\n`;
    const { asked } = await look(one({ selector }), {}, { raw });
    assert.ok(asked.length <= 1, value);
    assert.ok(
      asked.every((name) => name.length < 254),
      value,
    );
  }
});

// ---------------------------------------------------------------- configuration

const mistakes: readonly (readonly [config: Readonly<Record<string, unknown>>, message: RegExp])[] = [
  [one({ rbl: 'no zone' }), /no name of a zone/],
  [one({ process_script: 'return 1' }), /Lua/],
  [one({ local_exclude_ip_map: ['10.0.0.0/8'] }), /belongs into the section/],
  [one({ checks: ['selector'] }), /needs the option `selector`/],
  [one({ returncodes: { A: ['127.0.0.%1'] } }), /no Lua pattern/],
  [one({ returncodes: { A: ['x'] }, returncodes_matcher: 'radix' }), /no network/],
  [one({ returncodes: { A: ['/(/'] }, returncodes_matcher: 'regexp' }), /bad expression/],
  [one({ selector: 'nothing()' }), /unknown selector/],
];

for (const [config, message] of mistakes) {
  test(`a mistake is named: ${message}`, async () => {
    await assert.rejects(buildCheck(rbl, config), message);
  });
}

test('lists that are off make nothing; what is left of a list that used to be stock is told and left out', async () => {
  for (const rule of [{ enabled: false }, { disabled: true }]) {
    const built = await buildCheck(rbl, one(rule));
    assert.deepEqual(built.units, []);
    await built.close();
  }
  const off = await buildCheck(rbl, one({}, { default_enabled: false }));
  assert.deepEqual(off.units, []);
  const rest = await buildCheck(rbl, { rbls: { nixspam: { symbol: 'RBL_NIXSPAM' } }, default_from: true });
  assert.deepEqual(rest.units, []);
  assert.equal(rest.warnings.length, 2);
});

test('every symbol of a list is declared, and other rules can wait for all lists', async () => {
  const built = await buildCheck(rbl, {
    rbls: {
      white: { rbl: 'wl.test', is_whitelist: true },
      black: { rbl: 'bl.test', returncodes: { A: '127.0.0.2' }, symbols_prefixes: { from: 'RBL' } },
    },
  });
  assert.deepEqual([...built.declared.keys()], ['WHITE', 'WHITE_FAIL', 'RBL_BLACK', 'RBL_A', 'BLACK_FAIL']);
  assert.deepEqual(
    built.units.map(({ name, after }) => [name, after]),
    [
      ['WHITE', []],
      ['BLACK_CHECK', []],
      ['RBL_CALLBACK_WHITE', ['WHITE']],
      ['RBL_CALLBACK', ['BLACK_CHECK']],
    ],
  );
  await built.close();
});

test('below some domains more labels are asked', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'rbl-test-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const path = join(dir, 'compose');
  writeFileSync(path, '# hosters\nexample.co.uk\n*.example.net # all\n!own.example.net\n');
  const hosts = [
    'a.b.example.co.uk',
    'example.co.uk',
    'x.y.example.net',
    'my.own.example.net',
    'a.example.org',
  ];
  const raw = `From: a@example.com\n\n${hosts.map((host) => `http://${host}/`).join('\n')}\n`;
  const { asked } = await look(one({ checks: ['urls'], url_compose_map: path }), {}, { raw });
  const expected = ['b.example.co.uk', 'example.co.uk', 'x.y.example.net', 'example.net', 'example.org'];
  assert.deepEqual(
    asked,
    expected.map((name) => `${name}.bl.test`),
  );
});

test('maps for selectors have names', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'rbl-test-'));
  t.after(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, 'hosts'), 'www.shop.example.co.uk\n');
  const { asked } = await look(
    one(
      { selector: "specific_urls_filter_map('mine').apply_methods('get_host', 'get_path').join_tables('/')" },
      { attached_maps: [{ selector_alias: 'mine', url: join(dir, 'hosts') }] },
    ),
    {},
    { raw: mail },
  );
  assert.deepEqual(asked, ['www.shop.example.co.uk/a/b.bl.test']);
});

test('a failure is logged without what was asked', async () => {
  const log: LogLine[] = [];
  await look(
    one({ checks: ['emails'] }),
    { 'a some.one.mail.example.com.bl.test': 'servfail' },
    { raw: mail },
    { log },
  );
  assert.deepEqual(
    log.map(({ message, fields }) => [message, fields]),
    [['DNS list did not answer', { id: 'task1', list: 'list', questions: 1 }]],
  );
});
