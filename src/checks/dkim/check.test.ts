import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  buildCheck,
  type CheckOptions,
  plainMessage,
  runCheck,
  type TestMessage,
  tableResolver,
  testTask,
  type Way,
} from '../../../test/helpers/check-table.ts';
import { dkimSignature } from '../../auth/index.ts';
import { parseSignHeaders } from '../../auth/signed-headers.ts';
import { keyRecord, makeKey, message } from '../../auth/testing/mail.ts';
import { parseIp } from '../../lib/index.ts';
import { dkim } from './check.ts';

const { key } = makeKey('ed25519');
const other = makeKey('ed25519').key;
const dns = tableResolver({
  'txt s._domainkey.example.com': [keyRecord(key)],
  'txt s._domainkey.example.net': [keyRecord(key)],
  'txt wrong._domainkey.example.com': [keyRecord(other)],
  'txt test._domainkey.example.com': [`${keyRecord(other)}; t=y`],
  'txt gone._domainkey.example.com': ['v=DKIM1; p='],
  'txt slow._domainkey.example.com': 'timeout',
});
const timestamp = 1_700_000_000;
const headers = parseSignHeaders('from:subject');

function signature(selector = 's', domain = 'example.com', at = timestamp): string {
  const value = dkimSignature(message(plainMessage), { domain, selector, key, headers, timestamp: at });
  return `DKIM-Signature: ${value}\r\n`;
}

type Config = Readonly<Record<string, unknown>>;

async function check(config: Config, test: TestMessage, options: CheckOptions = {}) {
  const run = await runCheck(dkim, config, test, { dns, ...options });
  return {
    hits: run.hits.map(({ symbol, weight, options: [option] }) =>
      [symbol, ...(weight === 1 ? [] : [weight]), ...(option === undefined ? [] : [option])].join(' '),
    ),
    found: run.task.authentication.dkim?.map(({ result }) => result),
  };
}

const trace = (mark: string, domain = 'example.com'): string => `DKIM_TRACE 0 ${domain}:${mark}`;
const pass = [trace('+'), 'R_DKIM_ALLOW example.com:s=s'];

const cases: readonly [
  name: string,
  before: string,
  expected: readonly string[],
  found: readonly string[],
  change?: (text: string) => string,
][] = [
  ['no signature', '', ['R_DKIM_NA'], []],
  ['a good signature', signature(), pass, ['pass']],
  [
    'a changed body',
    signature(),
    [trace('-'), 'R_DKIM_REJECT example.com:s=s'],
    ['fail'],
    (text) => text.replace('Hello', 'Hallo'),
  ],
  ['another key', signature('wrong'), [trace('-'), 'R_DKIM_REJECT example.com:s=wrong'], ['fail']],
  ['no key', signature('none'), [trace('~'), 'R_DKIM_PERMFAIL example.com:s=none'], ['permerror']],
  ['a revoked key', signature('gone'), [trace('~'), 'R_DKIM_PERMFAIL example.com:s=gone'], ['permerror']],
  ['DNS is silent', signature('slow'), [trace('?'), 'R_DKIM_TEMPFAIL example.com:s=slow'], ['temperror']],
  ['a failed test', signature('test'), [trace('~'), 'R_DKIM_NA'], ['neutral']],
  ['rubbish', 'DKIM-Signature: hello\r\n', ['R_DKIM_PERMFAIL no list of tags'], ['permerror']],
  [
    'rsa-sha1',
    signature().replace('ed25519-sha256', 'rsa-sha1'),
    [trace('~'), 'R_DKIM_PERMFAIL example.com:s=s'],
    ['permerror'],
  ],
  [
    'several signatures',
    signature() + signature('wrong') + signature('s', 'example.net'),
    [
      ...pass,
      trace('-'),
      'R_DKIM_REJECT example.com:s=wrong',
      trace('+', 'example.net'),
      'R_DKIM_ALLOW example.net:s=s',
    ],
    ['pass', 'fail', 'pass'],
  ],
  [
    'a signature from the future',
    signature('s', 'example.com', timestamp + 21_601),
    [trace('~'), 'R_DKIM_PERMFAIL example.com:s=s'],
    ['permerror'],
  ],
  ['a clock that is ahead', signature('s', 'example.com', timestamp + 21_600), pass, ['pass']],
];

for (const [name, before, expected, found, change = (text: string) => text] of cases) {
  test(`mail with ${name}: ${expected.join(', ')}; outgoing mail is not looked at`, async () => {
    const raw = change(before + plainMessage);
    assert.deepEqual(await check({}, { raw }), { hits: expected, found });
    for (const way of ['authenticated', 'local'] as const)
      assert.deepEqual(await check({}, { raw, way }), { hits: [], found: undefined }, way);
  });
}

const both: TestMessage = { way: 'local', envelope: { login: 'a@example.com' } };
const directions: readonly [config: Config, global: CheckOptions['global'], checked: readonly string[]][] = [
  [{ check_authed: true }, {}, ['authenticated']],
  [{ check_local: true }, {}, ['local']],
  [{}, { checkLocal: true, checkAuthed: true }, ['authenticated', 'local', 'both']],
  // Key by key: one in the section leaves the other to the options.
  [{ check_local: false }, { checkLocal: true, checkAuthed: true }, ['authenticated']],
  [{ check_local: true }, { checkAuthed: true }, ['authenticated', 'local', 'both']],
];

for (const [config, global = {}, checked] of directions) {
  test(`with ${JSON.stringify({ ...config, ...global })} outgoing mail is checked: ${checked.join(', ')}`, async () => {
    const found: string[] = [];
    for (const [name, way] of [
      ['authenticated', { way: 'authenticated' as Way }],
      ['local', { way: 'local' as Way }],
      ['both', both],
    ] as const)
      if ((await check(config, way, { global })).hits.length > 0) found.push(name);
    assert.deepEqual(found, checked);
  });
}

test('mail from the whitelist is not checked', async () => {
  const config = { whitelist: ['198.51.100.0/24'] };
  assert.deepEqual(await check(config, {}), { hits: [], found: undefined });
  const elsewhere = { envelope: { clientIp: parseIp('203.0.113.1') } };
  assert.deepEqual((await check(config, elsewhere)).hits, ['R_DKIM_NA']);
});

test('symbols can be named', async () => {
  const config = { symbol_allow: 'GOOD', symbol_na: 'NONE' };
  assert.deepEqual((await check(config, { raw: signature() + plainMessage })).hits, [
    trace('+'),
    'GOOD example.com:s=s',
  ]);
  assert.deepEqual((await check(config, {})).hits, ['NONE']);
});

test('domains of the map weigh what it says, and others can be left out', async () => {
  const raw = signature() + signature('wrong') + signature('s', 'example.net') + plainMessage;
  const [good, bad, net] = ['R_DKIM_ALLOW', 'R_DKIM_REJECT', 'R_DKIM_ALLOW'];
  const table: readonly [config: Config, expected: readonly string[]][] = [
    [{ domains: ['example.com 3:2'] }, [`${good} 2 example.com:s=s`, `${bad} 3 example.com:s=wrong`]],
    [
      { trusted_domains: ['example.com 0.5:1'] },
      [`${good} example.com:s=s`, `${bad} 0.5 example.com:s=wrong`],
    ],
    [
      { domains: ['example.com'], strict_multiplier: 4 },
      [`${good} 4 example.com:s=s`, `${bad} 4 example.com:s=wrong`],
    ],
  ];
  for (const [config, expected] of table) {
    const signs = async (more: Config): Promise<readonly string[]> =>
      (await check({ ...config, ...more }, { raw })).hits.filter((hit) => !hit.startsWith('DKIM_TRACE'));
    assert.deepEqual(await signs({}), [...expected, `${net} example.net:s=s`]);
    assert.deepEqual(await signs({ trusted_only: true }), expected);
  }
  await assert.rejects(buildCheck(dkim, { trusted_only: true }), /dkim\.trusted_only/);
});

test('skip_multi leaves mail with several signatures alone', async () => {
  const raw = signature() + signature('wrong') + plainMessage;
  assert.deepEqual(await check({ skip_multi: true }, { raw }), { hits: [], found: undefined });
  assert.deepEqual((await check({ skip_multi: true }, { raw: signature() + plainMessage })).hits, pass);
});

test('of thousands of signatures only the first few are looked at, and asked for', async () => {
  const asked: string[] = [];
  const counting = tableResolver({ 'txt s._domainkey.example.com': [keyRecord(key)] }, asked);
  const raw = signature('wrong').repeat(3000) + signature() + plainMessage;
  const few = await check({ max_sigs: 2 }, { raw }, { dns: counting });
  assert.deepEqual(few.found, ['permerror', 'permerror']);
  assert.equal(asked.length, 2);
  assert.equal((await check({}, { raw })).found?.length, 5);
});

test('a name server that never answers ends in a symbol', async () => {
  const silent = {
    resolve: (_: string, __: string, { signal }: { signal?: AbortSignal } = {}) =>
      new Promise<{ status: 'timeout'; records: []; ttlSeconds: 0 }>((resolve) => {
        signal?.addEventListener('abort', () => resolve({ status: 'timeout', records: [], ttlSeconds: 0 }));
      }),
  };
  const raw = signature() + plainMessage;
  const alive = setInterval(() => undefined, 1000);
  const { hits } = await check({}, { raw }, { dns: silent, global: { taskTimeoutMs: 100 } });
  clearInterval(alive);
  assert.deepEqual(hits, [trace('?'), 'R_DKIM_TEMPFAIL example.com:s=s']);
});

test('a message without a signature is done at once', async () => {
  const built = await buildCheck(dkim, {}, { dns });
  const { units } = built;
  assert.equal(
    units[0]!.run(testTask({}).task, () => undefined),
    undefined,
  );
  await built.close();
});

test('keys are remembered between messages', async () => {
  const asked: string[] = [];
  let now = timestamp * 1000;
  const living = {
    async resolve(name: string) {
      asked.push(name);
      return { status: 'ok' as const, records: [keyRecord(key)], ttlSeconds: 3600 };
    },
  };
  const raw = signature() + plainMessage;
  const built = await buildCheck(dkim, { dkim_cache_expire: 60 }, { dns: living, now: () => now });
  await built.run({ raw });
  await built.run({ raw });
  assert.equal(asked.length, 1);
  now += 60_000;
  await built.run({ raw });
  assert.equal(asked.length, 2);
  await built.close();
});
