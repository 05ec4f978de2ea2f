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
} from '../../../test/helpers/check-table.ts';
import { arcSet, cachedKeys, readArcChain, verifyArcChain } from '../../auth/index.ts';
import { parseSignHeaders } from '../../auth/signed-headers.ts';
import { keyRecord, makeKey, message } from '../../auth/testing/mail.ts';
import { arc } from './check.ts';

const { key } = makeKey('rsa');
const names = ['example.com', 'list.example', 'evil.example'];
const records = Object.fromEntries(names.map((name) => [`txt s._domainkey.${name}`, [keyRecord(key)]]));
const dns = tableResolver(records);
const nowSeconds = 1_700_000_000;
const noCache = { maxEntries: 0, maxSeconds: 0 };

interface Hop {
  readonly domain?: string;
  readonly results?: readonly string[];
  readonly change?: (text: string) => string;
}

/** Adds a set on top, as each server on the way does; `change` comes before. */
async function passOn(text: string, { domain = 'example.com', results = [], change }: Hop = {}) {
  const changed = change ? change(text) : text;
  const parsed = message(changed);
  const structure = readArcChain(parsed);
  const { cv } = await verifyArcChain(parsed, { keys: cachedKeys(dns, Date, noCache), nowSeconds });
  const set = arcSet(parsed, {
    domain,
    selector: 's',
    key,
    headers: parseSignHeaders('from:subject'),
    timestamp: nowSeconds,
    sets: structure.status === 'chain' ? structure.sets : [],
    // A changed message is what is passed on; the chain of seals still holds.
    cv: structure.status === 'none' ? cv : 'pass',
    authservId: 'mx.example.com',
    results,
  });
  return (
    `ARC-Seal: ${set.seal}\r\nARC-Message-Signature: ${set.signature}\r\n` +
    `ARC-Authentication-Results: ${set.authResults}\r\n${changed}`
  );
}

async function chain(...hops: readonly Hop[]): Promise<string> {
  let text = plainMessage;
  for (const hop of hops) text = await passOn(text, hop);
  return text;
}

type Config = Readonly<Record<string, unknown>>;

async function check(config: Config, test: TestMessage, options: CheckOptions = {}) {
  const run = await runCheck(arc, { sign_inbound: false, ...config }, test, { dns, ...options });
  return {
    hits: run.hits.map(({ symbol, weight, options: [option] }) =>
      [symbol, ...(weight === 1 ? [] : [weight]), ...(option === undefined ? [] : [option])].join(' '),
    ),
    found: run.task.authentication.arc,
  };
}

const rewritten = (text: string): string => text.replace('Subject: A test', 'Subject: [list] A test');
const dropSeal = (text: string): string => text.replace(/ARC-Seal:.*\r\n(?:\t.*\r\n)*/, '');

const table: readonly [name: string, text: string, expected: readonly string[], result: string][] = [
  ['no chain', plainMessage, ['ARC_NA'], 'none'],
  ['a chain of one', await chain({}), ['ARC_ALLOW example.com:s=s:i=1'], 'pass'],
  [
    'a chain of two',
    await chain({}, { domain: 'list.example', change: rewritten }),
    ['ARC_ALLOW list.example:s=s:i=2'],
    'pass',
  ],
  [
    'a changed message',
    rewritten(await chain({})),
    ['ARC_REJECT message signature: the signature does not verify'],
    'fail',
  ],
  [
    'a changed seal',
    (await chain({}, {})).replace('mx.example.com;', 'mx.example.net;'),
    ['ARC_REJECT seal: the signature does not verify'],
    'fail',
  ],
  ['a missing seal', dropSeal(await chain({})), ['ARC_INVALID set 1 is not complete'], 'fail'],
  ['rubbish', `ARC-Seal: x\r\n${plainMessage}`, ['ARC_INVALID malformed arc-seal'], 'fail'],
  [
    'a chain sealed as failed',
    (await chain({})).replace('cv=none', 'cv=fail'),
    ['ARC_REJECT seal 1 says fail'],
    'fail',
  ],
  [
    'thousands of seals',
    `${'ARC-Seal: i=1; a=rsa-sha256\r\n'.repeat(3000)}${plainMessage}`,
    ['ARC_INVALID more than 50 of arc-seal'],
    'fail',
  ],
];

for (const [name, raw, expected, result] of table) {
  test(`mail with ${name}: ${expected[0]}, whichever way it goes`, async () => {
    for (const way of ['inbound', 'authenticated', 'local'] as const) {
      const { hits, found } = await check({}, { raw, way });
      assert.deepEqual([hits, found?.result], [expected, result], way);
    }
  });
}

test('DNS without an answer is not held against the chain', async () => {
  const silent = tableResolver({ 'txt s._domainkey.example.com': 'timeout' });
  const { hits, found } = await check({}, { raw: await chain({}) }, { dns: silent });
  assert.deepEqual(hits, ['ARC_DNSFAIL message signature: DNS did not answer']);
  assert.deepEqual(found, {
    result: 'fail',
    sealers: ['example.com'],
    isTemporary: true,
    reason: 'message signature: DNS did not answer',
  });
});

test('the outcome tells who sealed and since when nothing was changed', async () => {
  const raw = await chain({}, { domain: 'list.example', change: rewritten }, {});
  assert.deepEqual((await check({}, { raw })).found, {
    result: 'pass',
    sealers: ['example.com', 'list.example', 'example.com'],
    oldestPass: 2,
  });
});

test('symbols can be named', async () => {
  const config = { symbols: { na: 'NO_ARC', allow: 'GOOD_ARC' } };
  assert.deepEqual((await check(config, {})).hits, ['NO_ARC']);
  assert.deepEqual((await check(config, { raw: await chain({}) })).hits, ['GOOD_ARC example.com:s=s:i=1']);
});

const passed = ['dmarc=pass (policy=reject) header.from=example.com'];
const allowed = (domain: string, i: number): string => `ARC_ALLOW ${domain}:s=s:i=${i}`;
const vouched = (weight: string, i: number): string => `ARC_ALLOW_TRUSTED${weight} list.example:s=s:i=${i}`;
const list: Hop = { domain: 'list.example', results: passed };
const evil: Hop = { domain: 'evil.example', results: passed };

const trustTable: readonly [
  name: string,
  hops: readonly Hop[],
  expected: readonly string[],
  mends: boolean | undefined,
][] = [
  ['a trusted sealer', [list], [allowed('list.example', 1), vouched('', 1)], true],
  ['a sealer that is not trusted', [evil], [allowed('evil.example', 1)], undefined],
  [
    'a trusted sealer that saw DMARC fail',
    [{ ...list, results: ['spf=fail', 'dmarc=fail header.from=example.com'] }],
    [allowed('list.example', 1), vouched(' 0', 1)],
    false,
  ],
  [
    'a trusted sealer that saw SPF fail and says nothing of DMARC',
    [{ ...list, results: ['spf=fail smtp.mailfrom=a@example.com'] }],
    [allowed('list.example', 1), vouched(' 0.5', 1)],
    false,
  ],
  [
    'a trusted sealer that saw another From',
    [{ ...list, results: ['dmarc=pass header.from=other.example'] }],
    [allowed('list.example', 1), vouched('', 1)],
    false,
  ],
  [
    'somebody else’s seal over a message that stayed as it was',
    [list, evil],
    [allowed('evil.example', 2), vouched('', 1)],
    true,
  ],
  [
    'somebody else’s changes after the trusted seal',
    [list, { ...evil, change: rewritten }],
    [allowed('evil.example', 2)],
    undefined,
  ],
  [
    'changes of a second trusted sealer',
    [list, { ...list, results: ['dmarc=fail'], change: rewritten }],
    [allowed('list.example', 2), vouched(' 0', 2), vouched('', 1)],
    true,
  ],
];

for (const [name, hops, expected, mends] of trustTable) {
  test(`${name}: ${expected.join(', ')}`, async () => {
    const raw = await chain(...hops);
    const config = { whitelisted_signers_map: ['list.example'] };
    const { hits, found } = await check(config, { raw });
    assert.deepEqual([hits, found?.trusted?.mendsDmarc], [expected, mends]);
    const unmended = await check({ ...config, adjust_dmarc: false }, { raw });
    assert.deepEqual([unmended.hits, unmended.found?.trusted?.mendsDmarc ?? false], [expected, false]);
  });
}

test('failures of whitelisted signers are overlooked, and nobody is trusted for them', async () => {
  const raw = rewritten(await chain(list));
  const config = { whitelisted_signers_map: ['list.example'] };
  assert.match((await check(config, { raw })).hits.join(), /^ARC_REJECT/);
  const { hits } = await check({ ...config, whitelist: ['list.example'] }, { raw });
  assert.deepEqual(hits, [allowed('list.example', 1)]);
  assert.match((await check({ whitelist: ['example.com'] }, { raw })).hits.join(), /^ARC_REJECT/);
});

test('a message without ARC headers is done at once', async () => {
  const built = await buildCheck(arc, {}, { dns });
  const unit = built.units.find(({ name }) => name === 'ARC_CHECK');
  assert.equal(
    unit!.run(testTask({}).task, () => undefined),
    undefined,
  );
  await built.close();
});

test('check and seal share one verification', async () => {
  const asked: string[] = [];
  const counting = tableResolver(records, asked);
  await runCheck(
    arc,
    { allow_envfrom_empty: true, domain: { 'example.org': { selector: 's', path: makeKey('rsa').pem } } },
    { raw: await chain({}) },
    { dns: counting, stateDir: '/nonexistent' },
  );
  assert.deepEqual(asked, ['txt s._domainkey.example.com']);
});
