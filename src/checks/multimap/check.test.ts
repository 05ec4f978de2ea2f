import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ZodError } from 'zod';
import { makeZip } from '../../../test/helpers/archive-files.ts';
import { withAttachments } from '../../../test/helpers/attachments.ts';
import {
  buildCheck,
  type CheckOptions,
  type LogLine,
  runCheck,
  type TestMessage,
  tableResolver,
  type Way,
} from '../../../test/helpers/check-table.ts';
import { ConfigError, type Store } from '../../core/index.ts';
import { parseIp } from '../../lib/index.ts';
import { multimap } from './check.ts';
import { parseMapValue } from './map-value.ts';

type Rule = Readonly<Record<string, unknown>>;

const raw = [
  'Received: from a.example.org (b.example.org [192.0.2.5]) by mx.example with ESMTPSA id 1',
  ' for <r@example.org>; Tue, 14 Nov 2023 22:00:00 +0000',
  'Received: from inner.example.net (inner2.example.net [192.0.2.6]) by host.example (Postfix);',
  ' Tue, 14 Nov 2023 21:59:00 +0000',
  'From: =?utf-8?q?J=C3=B6rg?= <Joerg@mail.example.co.uk>',
  'To: One <a@one.org>, Two <b@two.org>, c@three.org',
  'Subject: x',
  'X-Foo: foo bar bazz',
  'X-IP: 192.0.2.77',
  'Message-ID: <id@example.com>',
  'Date: Wed, 15 Nov 2023 10:20:30 +0200',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary=x',
  '',
  '--x',
  'Content-Type: text/plain',
  '',
  'Hello',
  'world See http://user@www.example.co.uk:8080/a/b?q=1#frag and http://other.example.net/',
  '--x',
  'Content-Type: application/octet-stream; name="report.PDF"',
  'Content-Disposition: attachment; filename="report.pdf"',
  '',
  'hello',
  '--x',
  'Content-Type: image/png; name="a.png"',
  '',
  'hello',
  '--x--',
  '',
].join('\n');

const message: TestMessage = {
  raw,
  way: 'authenticated',
  from: 'sender@sub.example.com',
  rcpts: ['Rc@Example.com'],
  envelope: { login: 'Alice@example.com', hostName: 'mx.example.com', helo: 'mx.example.com' },
  variables: { asn: 64496, country: 'DE', left: 'key:value' },
  hits: [
    { name: 'EARLY', score: 1, metricScore: 1, description: undefined, groups: [], options: ['one', 'two'] },
  ],
};

const any = { regexp: true, map: ['/^[\\s\\S]*$/'] };

/** Options of every hit of one rule, in order. */
async function options(
  rule: Rule,
  from: TestMessage = message,
  extra?: CheckOptions,
): Promise<readonly string[]> {
  const { hits } = await runCheck(multimap, { RULE: rule }, from, extra);
  for (const hit of hits) assert.equal(hit.symbol, 'RULE');
  return hits.flatMap((hit) => hit.options);
}

test('every type and filter looks up what the reference says', async () => {
  const table: [rule: Rule, options: readonly string[]][] = [
    [{ type: 'ip', map: ['198.51.100.0/24'] }, ['198.51.100.8']],
    [{ type: 'ip', map: ['192.0.2.0/24'] }, []],
    [{ type: 'from', ...any }, ['sender@sub.example.com', 'sub.example.com', 'sender']],
    [{ type: 'from', map: ['sub.example.com', 'sender'] }, ['sub.example.com', 'sender']],
    [{ type: 'from', filter: 'email', ...any }, ['sender@sub.example.com']],
    [{ type: 'from', filter: 'email:addr', ...any }, ['sender@sub.example.com']],
    [{ type: 'from', filter: 'email:user', ...any }, ['sender']],
    [{ type: 'from', filter: 'email:domain', ...any }, ['sub.example.com']],
    [{ type: 'from', filter: 'email:domain:tld', ...any }, ['example.com']],
    [{ type: 'from', filter: 'email:name', ...any }, []],
    [{ type: 'from', filter: 'regexp:/^[a-z]+/', ...any }, ['sender']],
    [{ type: 'from', filter: 'regexp:/^zzz/', ...any }, ['sender@sub.example.com']],
    [{ type: 'from', extract_from: 'mime', filter: 'email:domain:tld', ...any }, ['example.co.uk']],
    [{ type: 'from', extract_from: 'mime', filter: 'name', ...any }, ['Jörg']],
    [{ type: 'from', extract_from: 'both', filter: 'email:user', ...any }, ['sender', 'Joerg']],
    [{ type: 'rcpt', filter: 'email:domain', ...any }, ['example.com']],
    [{ type: 'rcpt', map: ['rc@example.com'] }, ['Rc@Example.com']],
    [{ type: 'rcpt', extract_from: 'mime', filter: 'email:user', ...any }, ['a', 'b', 'c']],
    [{ type: 'helo', ...any }, ['mx.example.com']],
    [{ type: 'helo', filter: 'tld', ...any }, ['example.com']],
    [{ type: 'helo', filter: 'top', ...any }, ['com']],
    [{ type: 'helo', filter: 'tld:regexp:/^[a-z]+/', ...any }, ['example']],
    [{ type: 'hostname', filter: 'regexp:/^[a-z]+/', ...any }, ['mx']],
    [{ type: 'user', map: ['alice@EXAMPLE.com'] }, ['Alice@example.com']],
    [{ type: 'user', filter: 'email:domain', ...any }, ['example.com']],
    [{ type: 'user', filter: 'email:user', ...any }, ['Alice']],
    [{ type: 'user', filter: 'regexp:/^[a-z]+/i', ...any }, ['Alice']],
    [
      { type: 'header', header: 'To', filter: 'email:domain', map: ['one.org', 'two.org'] },
      ['one.org', 'two.org'],
    ],
    [{ type: 'header', header: 'to', filter: 'email:name', ...any }, ['One', 'Two']],
    [{ type: 'header', header: ['X-Foo', 'Subject'], ...any }, ['foo bar bazz', 'x']],
    [{ type: 'header', header: 'X-Foo', filter: 'full', ...any }, ['foo bar bazz']],
    [{ type: 'header', header: 'X-Foo', filter: 'regexp:/b[a-z]+/', map: ['bar', 'bazz'] }, ['bar']],
    [{ type: 'header', header: 'X-IP', filter: 'ip_addr', map: ['192.0.2.0/24'] }, ['192.0.2.77']],
    [{ type: 'received', map: ['192.0.2.0/24'] }, ['192.0.2.5', '192.0.2.6']],
    [{ type: 'received', filter: 'from_hostname', ...any }, ['a.example.org', 'inner.example.net']],
    [{ type: 'received', filter: 'real_hostname', ...any }, ['b.example.org', 'inner2.example.net']],
    [{ type: 'received', filter: 'by_hostname', min_pos: 2, ...any }, ['host.example']],
    [{ type: 'received', filter: 'by_hostname', min_pos: -1, ...any }, ['host.example']],
    [{ type: 'received', filter: 'by_hostname', max_pos: 1, ...any }, ['mx.example']],
    [{ type: 'received', filter: 'by_hostname', max_pos: -2, ...any }, ['mx.example']],
    [{ type: 'received', filter: 'tld:from_hostname', flags: 'ssl', ...any }, ['example.org']],
    [{ type: 'received', filter: 'tld:from_hostname', nflags: ['ssl'], ...any }, ['example.net']],
    [
      { type: 'url', map: ['www.example.co.uk', 'other.example.net'] },
      ['www.example.co.uk', 'other.example.net'],
    ],
    [{ type: 'url', filter: 'tld', map: ['example.co.uk'] }, ['example.co.uk']],
    [{ type: 'url', filter: 'top', map: ['co.uk'] }, ['co.uk']],
    [{ type: 'url', filter: 'top', map: ['uk', 'net'] }, ['uk', 'net']],
    [{ type: 'url', filter: 'path', ...any }, ['a/b']],
    [{ type: 'url', filter: 'query', ...any }, ['q=1']],
    [{ type: 'url', filter: 'is_phished', ...any }, []],
    [{ type: 'url', filter: 'regexp:/^[a-z]+/', map: ['www'] }, ['www']],
    [{ type: 'url', filter: 'tld:regexp:/[^.]+$/', map: ['uk'] }, ['uk']],
    [{ type: 'url', filter: 'full:regexp:/q=(.)/', ...any }, ['q=1']],
    [
      {
        type: 'url',
        filter: ['protocol', 'host', 'port', 'user', 'path', 'query', 'fragment']
          .reduce((text, name) => `${text}|\${${name}}`, 'template:')
          .replace(':|', ':'),
        ...any,
      },
      ['http|www.example.co.uk|8080|user|a/b|q=1|frag', 'http|other.example.net|||||'],
    ],
    [{ type: 'filename', ...any }, ['report.pdf', 'a.png']],
    [{ type: 'filename', filter: 'extension', map: ['pdf', 'zip'] }, ['pdf']],
    [{ type: 'filename', filter: 'regexp:/^[a-z]+/', map: ['a'] }, ['a']],
    [{ type: 'asn', map: [64496] }, ['64496']],
    [{ type: 'country', map: ['DE'] }, ['DE']],
    [{ type: 'mempool', variable: 'left', map: ['key:value'] }, ['key:value']],
    [{ type: 'mempool', variable: 'left', filter: 'regexp:/^([a-z]+):/', map: ['key'] }, ['key']],
    [{ type: 'mempool', variable: 'none', ...any }, []],
    [{ type: 'symbol_options', target_symbol: 'EARLY', map: ['two'] }, ['two']],
    [{ type: 'selector', selector: 'user.lower', map: ['alice@example.com'] }, ['alice@example.com']],
    [
      { type: 'selector', selector: 'user;helo', delimiter: '!', ...any },
      ['Alice@example.com!mx.example.com'],
    ],
    [{ type: 'selector', selector: 'user', filter: 'regexp:/^([a-z]+)/i', ...any }, ['Alice']],
    [{ type: 'selector', selector: 'user', filter: 'regexp:/^[a-z]+/i', ...any }, []],
    [{ type: 'user', glob: true, map: ['*@example.com'] }, ['Alice@example.com']],
    [{ type: 'user', enabled: false, ...any }, []],
  ].map(([rule, expected]) => [rule as Rule, expected as readonly string[]]);
  for (const [rule, expected] of table) assert.deepEqual(await options(rule), expected, JSON.stringify(rule));
});

test('content rules match what they name and keep the content out of the result', async () => {
  const table: [filter: string | undefined, expression: string, isMatch: boolean][] = [
    ['oneline', '/Hello world/', true],
    ['text', '/Hello world/', false],
    ['text', '/Hello\\s+world/', true],
    ['rawtext', '/^world/m', true],
    ['headers', '/X-Foo/', true],
    ['headers', '/Hello/', false],
    ['body', '/X-Foo/', false],
    ['body', '/Content-Disposition/', true],
    ['full', '/X-Foo[\\s\\S]*Hello/', true],
    [undefined, '/X-Foo[\\s\\S]*Hello/', true],
  ];
  for (const [filter, expression, isMatch] of table) {
    const rule = {
      type: 'content',
      regexp: true,
      map: [expression],
      ...(filter === undefined ? {} : { filter }),
    };
    const { hits } = await runCheck(multimap, { RULE: rule }, message);
    assert.deepEqual(
      hits,
      isMatch ? [{ symbol: 'RULE', weight: 1, options: [] }] : [],
      `${filter} ${expression}`,
    );
  }
});

test('rules look at mail of every direction, and at what that mail has', async () => {
  const config = {
    BY_IP: { type: 'ip', map: ['0.0.0.0/0'] },
    BY_USER: { type: 'user', ...any },
    BY_HOST: { type: 'hostname', ...any },
    BY_FROM: { type: 'from', filter: 'email:domain', map: ['example.com'] },
  };
  const table: [way: Way, symbols: readonly string[]][] = [
    ['inbound', ['BY_FROM', 'BY_HOST', 'BY_IP']],
    ['authenticated', ['BY_FROM', 'BY_IP', 'BY_USER']],
    ['local', ['BY_FROM', 'BY_IP']],
  ];
  for (const [way, symbols] of table)
    assert.deepEqual((await runCheck(multimap, config, { way })).symbols, symbols);
});

test('the null sender is no address, and without an envelope the header is read', async () => {
  const rule = { type: 'from', filter: 'email:domain', ...any };
  assert.deepEqual(await options(rule, { from: '' }), []);
  assert.deepEqual(await options(rule, { envelope: { sender: undefined } }), ['example.com']);
  const rcpt = { type: 'rcpt', filter: 'email:domain', ...any };
  assert.deepEqual(await options(rcpt, { rcpts: [] }), ['example.org']);
});

test('a value names symbol, score and options', () => {
  const table: [text: string, symbol: string | undefined, weight: number, options: readonly string[]][] = [
    ['', undefined, 1, []],
    ['SYM', 'SYM', 1, []],
    ['-2', undefined, -2, []],
    ['+.5', undefined, 0.5, []],
    ['2.5 rest', undefined, 2.5, []],
    ['5foo', undefined, 5, []],
    ['A_B:1.5', 'A_B', 1.5, []],
    ['SYM:2:a,b', 'SYM', 2, ['a', 'b']],
    ['SYM:2:', 'SYM', 2, []],
    ['FOO:bar', 'FOO', 1, []],
    ['foo bar', 'foo', 1, []],
    ['@@@', undefined, 1, []],
  ];
  for (const [text, symbol, weight, options] of table) {
    assert.deepEqual(parseMapValue(text), { symbol, weight, options }, text);
  }
});

test('symbols that values name are inserted as the rule allows', async () => {
  const map = ['alice@example.com OTHER:3:a,b', 'bob@example.com ONE', 'carl@example.com 2'];
  const run = async (rule: Rule, login: string) => {
    const built = await buildCheck(multimap, { RULE: { type: 'user', map, score: 2, ...rule } });
    const { hits } = await built.run({ envelope: { login } });
    return {
      hits,
      declared: Object.fromEntries([...built.declared].map(([name, def]) => [name, def.score])),
    };
  };
  const hit = (symbol: string, weight: number, ...options: string[]) => ({ symbol, weight, options });
  const table: [rule: Rule, login: string, hit: ReturnType<typeof hit>, declared: Record<string, number>][] =
    [
      [{}, 'alice@example.com', hit('OTHER', 3, 'a', 'b'), { RULE: 2, OTHER: 1 }],
      [{}, 'bob@example.com', hit('ONE', 1, 'bob@example.com'), { RULE: 2, ONE: 1 }],
      [{}, 'carl@example.com', hit('RULE', 2, 'carl@example.com'), { RULE: 2 }],
      [{ dynamic_symbols: true }, 'bob@example.com', hit('ONE', 1, 'bob@example.com'), { RULE: 2, ONE: 2 }],
      [{ symbols: ['ONE'] }, 'bob@example.com', hit('ONE', 1, 'bob@example.com'), { RULE: 2, ONE: 2 }],
      [{ symbols: ['ONE'] }, 'alice@example.com', hit('RULE', 3, 'a', 'b'), { RULE: 2, ONE: 2 }],
      [
        { disable_multisymbol: true },
        'bob@example.com',
        hit('RULE', 1, 'bob@example.com', 'ONE'),
        { RULE: 2 },
      ],
      [{ symbol: 'NAMED' }, 'carl@example.com', hit('NAMED', 2, 'carl@example.com'), { NAMED: 2 }],
    ];
  for (const [rule, login, expected, declared] of table) {
    const found = await run(rule, login);
    assert.deepEqual(found.hits, [expected], JSON.stringify(rule));
    assert.deepEqual(found.declared, declared, JSON.stringify(rule));
  }
});

test('with multi every matching expression counts', async () => {
  const map = ['/^ALICE/i 3', '/alice@ex/i 0.5', '/example/ ONE:2', '/none/'];
  const run = async (multi: boolean) =>
    (await runCheck(multimap, { RULE: { type: 'user', regexp: true, multi, map } }, message)).hits.map(
      (hit) => [hit.symbol, hit.weight],
    );
  assert.deepEqual(await run(false), [['RULE', 3]]);
  assert.deepEqual(await run(true), [
    ['RULE', 3],
    ['RULE', 0.5],
    ['ONE', 2],
  ]);
});

test('an action is forced before the filters, with its message', async () => {
  const rule = { type: 'user', map: ['alice@example.com'], action: 'soft_reject' };
  const built = await buildCheck(multimap, {
    PLAIN: { ...rule, action: undefined },
    FORCE: rule,
    TEXT: { ...rule, message: 'Go away', priority: 3 },
    AFTER: { ...rule, require_symbols: 'PLAIN' },
    LATE: { ...rule, prefilter: false },
    EARLY_ONE: { type: 'user', prefilter: true, ...any },
  });
  assert.deepEqual(
    built.units.map((unit) => [unit.name, unit.stage, unit.priority, unit.after]),
    [
      ['PLAIN', 'filter', undefined, []],
      ['FORCE', 'prefilter', undefined, []],
      ['TEXT', 'prefilter', 3, []],
      ['AFTER', 'filter', undefined, ['PLAIN']],
      ['LATE', 'filter', undefined, []],
      ['EARLY_ONE', 'prefilter', undefined, []],
    ],
  );
  const { preResults } = await built.run(message);
  assert.deepEqual(
    preResults.map((result) => [result.action, result.message, result.isLeast]),
    [
      ['soft reject', 'Go away', false],
      ['soft reject', 'Matched map: FORCE', false],
      ['soft reject', 'Matched map: AFTER', false],
      ['soft reject', 'Matched map: LATE', false],
    ],
  );
});

test('required symbols decide whether a rule looks at all', async () => {
  const table: [expression: string, isMatch: boolean][] = [
    ['EARLY', true],
    ['EARLY & !NONE', true],
    ['NONE', false],
    ['(EARLY | NONE) & !(NONE)', true],
    ['EARLY + NONE >= 2', false],
  ];
  for (const [expression, isMatch] of table) {
    const found = await options({ type: 'user', require_symbols: expression, ...any });
    assert.equal(found.length, isMatch ? 1 : 0, expression);
  }
});

test('a combined rule inserts what each of its maps said', async () => {
  const rules = {
    ip: { selector: 'ip', map: ['198.51.100.0/24 2.5'] },
    from: { selector: "from('smtp')", map: ['sender@sub.example.com'] },
    from_regexp: { selector: 'from:domain', map: ['/^sub\\./'] },
    never: { selector: 'user', map: ['nobody'] },
  };
  const run = async (expression: string) =>
    (await runCheck(multimap, { RULE: { type: 'combined', rules, expression, score: 3 } }, message)).hits;
  assert.deepEqual(await run('ip & from'), [
    { symbol: 'RULE', weight: 2.5, options: ['ip=198.51.100.8'] },
    { symbol: 'RULE', weight: 1, options: ['from=sender@sub.example.com'] },
  ]);
  assert.deepEqual(await run('from_regexp & !never'), [
    { symbol: 'RULE', weight: 1, options: ['from_regexp=sub.example.com'] },
  ]);
  assert.deepEqual(await run('ip & never'), []);
  const built = await buildCheck(multimap, { RULE: { type: 'combined', rules, expression: 'ip' } });
  assert.equal(built.declared.get('RULE')?.oneShot, true);
});

test('a zone is asked for the reversed address', async () => {
  const asked: string[] = [];
  const log: LogLine[] = [];
  const dns = tableResolver(
    { 'a 8.100.51.198.bl.example.com': ['127.0.0.2'], 'a 9.100.51.198.bl.example.com': 'servfail' },
    asked,
  );
  const rule = { type: 'dnsbl', map: 'bl.example.com' };
  assert.deepEqual(await options(rule, message, { dns }), ['bl.example.com']);
  const from = (text: string): TestMessage => ({ envelope: { clientIp: parseIp(text) } });
  assert.deepEqual(await options(rule, from('198.51.100.9'), { dns, log }), []);
  assert.equal(log.filter((line) => line.level === 'error').length, 1);
  assert.deepEqual(await options(rule, from('2001:db8::1'), { dns }), []);
  assert.equal(asked.at(-1), `a 1.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.bl.example.com`);
  assert.deepEqual(await options(rule, { envelope: { clientIp: undefined } }, { dns }), []);
});

test('hashes in the store are asked by key, network and selector', async () => {
  const hashes: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    users: { 'Alice@example.com': '2' },
    nets: { '198.51.100.0/24': '' },
    'mx.example.com': { 'Alice@example.com': 'BY_HELO:4' },
  };
  const store = { hashGet: async (key: string, field: string) => hashes[key]?.[field] } as unknown as Store;
  const run = async (rule: Rule) => (await runCheck(multimap, { RULE: rule }, message, { store })).hits;
  assert.deepEqual(await run({ type: 'user', map: 'redis://users' }), [
    { symbol: 'RULE', weight: 2, options: ['Alice@example.com'] },
  ]);
  assert.deepEqual(await run({ type: 'ip', map: 'redis://nets' }), [
    { symbol: 'RULE', weight: 1, options: ['198.51.100.8'] },
  ]);
  assert.deepEqual(await run({ type: 'user', map: 'redis+selector://helo' }), [
    { symbol: 'BY_HELO', weight: 4, options: ['Alice@example.com'] },
  ]);
  assert.deepEqual(await run({ type: 'user', map: 'redis://none' }), []);
});

test('an external map is asked for every key, and a combined rule waits for it', async (t) => {
  const server = createServer((request, response) => {
    if (request.url === '/?Alice%40example.com') response.end('3');
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const map = {
    external: true,
    backend: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    method: 'query',
  };
  const built = await buildCheck(multimap, {
    PLAIN: { type: 'user', map },
    MISS: { type: 'helo', map },
    COMBINED: {
      type: 'combined',
      rules: { user: { selector: 'user', map }, ip: { selector: 'ip', map: ['198.51.100.0/24'] } },
      expression: 'user & ip',
    },
  });
  assert.deepEqual(
    built.units.map((unit) => unit.waits),
    [true, true, true],
  );
  const { hits } = await built.run(message);
  assert.deepEqual(
    hits.map((hit) => [hit.symbol, hit.weight]),
    [
      ['PLAIN', 3],
      ['COMBINED', 3],
      ['COMBINED', 1],
    ],
  );
});

test('a list in a file takes effect when it changes', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'multimap-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const path = join(dir, 'users.map');
  const built = await buildCheck(multimap, { RULE: { type: 'user', map: path } });
  t.after(() => built.close());
  assert.deepEqual((await built.run(message)).symbols, []);
  await writeFile(path, 'alice@example.com\n');
  await built.maps.refresh();
  assert.deepEqual((await built.run(message)).symbols, ['RULE']);
});

test('what is wrong with a rule is told with its place', async () => {
  const table: [rule: Rule, message: RegExp][] = [
    [{ type: 'user' }, /multimap\.RULE: the rule has no map/],
    [{ type: 'user', map: 'ftp://x/' }, /multimap\.RULE\.map: .*no map/],
    [{ type: 'header', map: ['x'] }, /type header needs `header`/],
    [{ type: 'mempool', map: ['x'] }, /needs `variable`/],
    [{ type: 'selector', map: ['x'] }, /needs `selector`/],
    [{ type: 'selector', selector: 'nothing', map: ['x'] }, /multimap\.RULE\.selector: bad selector/],
    [{ type: 'symbol_options', map: ['x'] }, /needs `target_symbol`/],
    [{ type: 'from', filter: 'email:colour', map: ['x'] }, /RULE\.filter: unknown filter "email:colour"/],
    [{ type: 'from', filter: 'regexp:/(a/', map: ['x'] }, /RULE\.filter: bad expression/],
    [{ type: 'helo', filter: 'email', map: ['x'] }, /unknown filter/],
    [{ type: 'url', filter: 'tag:a', map: ['x'] }, /no tags/],
    [{ type: 'url', filter: 'template:$colour', map: ['x'] }, /no part of a URL is called "colour"/],
    [{ type: 'filename', filter: 'x', map: ['x'] }, /unknown filter/],
    [{ type: 'content', filter: 'x', map: ['x'] }, /unknown filter/],
    [{ type: 'received', filter: 'x', map: ['x'] }, /unknown filter/],
    [{ type: 'received', flags: ['x'], map: ['192.0.2.1'] }, /RULE\.flags: unknown flag/],
    [{ type: 'user', regexp: true, map: ['/(a+)+$/'] }, /exponential/],
    [{ type: 'user', require_symbols: 'A &', map: ['x'] }, /RULE\.require_symbols: bad expression/],
    [{ type: 'dnsbl', map: ['x'] }, /name of a zone/],
    [{ type: 'combined', expression: 'a' }, /needs rules/],
    [{ type: 'combined', rules: { a: { selector: 'user', map: ['x'] } } }, /needs an expression/],
    [
      { type: 'combined', rules: { a: { selector: 'user', map: ['x'] } }, expression: 'b' },
      /RULE\.expression: .*no rule is called "b" \(a\)/,
    ],
    [
      { type: 'combined', rules: { a: { selector: 'user', map: ['x'], type: 'y' } }, expression: 'a' },
      /rules\.a\.type: unknown type "y"/,
    ],
    [{ type: 'user', map: ['x'], message_func: 'return function() end' }, /message_func is Lua/],
    [{ type: 'user', map: 'redis://' }, /no hash after/],
    [{ type: 'user', map: ['x'], action: 'rejct' }, /RULE\.action: unknown action .rejct./],
  ];
  for (const [rule, pattern] of table) {
    await assert.rejects(
      buildCheck(multimap, { RULE: rule }),
      (error) => error instanceof ConfigError && pattern.test(error.message),
      JSON.stringify(rule),
    );
  }
  await assert.rejects(buildCheck(multimap, { RULE: { type: 'user', map: ['x'], colour: 1 } }), ZodError);
  await assert.rejects(buildCheck(multimap, { RULE: { type: 'colour', map: ['x'] } }), ZodError);
  await assert.rejects(buildCheck(multimap, { colour: 'red' }), ZodError);
  const { warnings } = await buildCheck(multimap, { RULE: { type: 'user', map: ['x'], hostname: true } });
  assert.deepEqual(warnings, ['RULE.hostname: this switch has no effect']);
});

test('without rules there is nothing to run', async () => {
  assert.deepEqual((await buildCheck(multimap, {})).units, []);
  assert.deepEqual((await buildCheck(multimap, { redis: { servers: 'localhost' } })).units, []);
});

test('file names inside archives and types by content are looked up, unless the rule says otherwise', async () => {
  const inner = makeZip([{ name: 'c.scr' }]);
  const from = {
    raw: withAttachments([
      {
        name: 'a.zip',
        type: 'application/zip',
        content: makeZip([{ name: 'd/b.txt' }, { name: 'i.zip', content: inner }]),
      },
      { content: Buffer.from('%PDF-1.7') },
    ]),
  };
  const inArchive = ['d/b.txt', 'i.zip', 'c.scr'];
  const rule = { type: 'filename', ...any };
  assert.deepEqual(await options(rule, from), ['a.zip', 'detected.zip', ...inArchive, 'detected.pdf']);
  assert.deepEqual(await options({ ...rule, skip_archives: true }, from), [
    'a.zip',
    'detected.zip',
    'detected.pdf',
  ]);
  assert.deepEqual(await options({ ...rule, skip_detected: true }, from), ['a.zip', ...inArchive]);
  assert.deepEqual(await options({ ...rule, skip_archives: true, skip_detected: true }, from), ['a.zip']);
  assert.deepEqual(await options({ type: 'filename', filter: 'extension', map: ['scr', 'pdf'] }, from), [
    'scr',
    'pdf',
  ]);
});

for (const way of ['inbound', 'authenticated', 'local'] as const)
  test(`a map of rules gives the symbols of its metas and of rules with a score: ${way}`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'postern-rules-'));
    const file = join(folder, 'rules.map');
    const rules = [
      'header FROM_ORG From:addr =~ /\\.uk$/i',
      'body WITHOUT_SCORE /./',
      'selector OF_SELECTOR from("mime"):domain =~ /^mail\\./',
      'score FROM_ORG 2.5',
      'describe FROM_ORG From the islands',
      'meta BOTH FROM_ORG && OF_SELECTOR && WITHOUT_SCORE',
      'meta NEITHER !FROM_ORG || !OF_SELECTOR',
      'meta SMALL FROM_ORG',
      'score SMALL 0.1',
      'header BROKEN From =~ /(?R)/',
      'score BROKEN 1',
    ].join('\n');
    await writeFile(file, rules);
    const log: LogLine[] = [];
    const built = await buildCheck(
      multimap,
      { RULES: { type: 'regexp_rules', map: file, group: 'own' } },
      { log },
    );
    try {
      assert.deepEqual((await built.run({ raw, way })).symbols, ['BOTH', 'FROM_ORG', 'SMALL']);
      assert.deepEqual(built.declared.get('FROM_ORG'), {
        score: 2.5,
        description: 'From the islands',
        groups: ['own'],
        oneShot: true,
      });
      assert.equal(built.declared.get('BOTH')?.score, 1);
      assert.equal(built.declared.get('SMALL')?.score, 0.1);
      assert.match(
        String(log.find(({ level }) => level === 'warn')?.fields['problem']),
        /rule BROKEN is off/,
      );
    } finally {
      await built.close();
      await rm(folder, { recursive: true });
    }
  });

test('a map of rules that hits forces the action of its rule; a map that is missing does nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-rules-'));
  const file = join(folder, 'rules.map');
  await writeFile(file, 'header A From =~ /./\nscore A 1\n');
  const rule = { type: 'regexp_rules', map: file, action: 'reject' };
  const built = await buildCheck(multimap, { RULES: rule, NONE: { type: 'regexp_rules', map: '/none' } });
  try {
    const { preResults, symbols } = await built.run({ raw });
    assert.deepEqual(symbols, ['A']);
    assert.deepEqual(
      preResults.map(({ action }) => action),
      ['reject'],
    );
  } finally {
    await built.close();
    await rm(folder, { recursive: true });
  }
});
