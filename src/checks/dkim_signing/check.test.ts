import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import {
  buildCheck,
  type CheckOptions,
  type LogLine,
  runCheck,
  type TestMessage,
  tableResolver,
  testTask,
} from '../../../test/helpers/check-table.ts';
import { storeDrivers } from '../../../test/helpers/store-drivers.ts';
import { keyRecord, mailauthResolver, makeKey } from '../../auth/testing/mail.ts';
import type { Task } from '../../core/index.ts';
import { dkimSigning } from './check.ts';

const rsa = makeKey('rsa');
const ed25519 = makeKey('ed25519');
const stateDir = mkdtempSync(join(tmpdir(), 'postern-signing-'));
const file = (name: string): string => join(stateDir, name);

before(() => {
  mkdirSync(file('dkim'));
  writeFileSync(file('dkim/example.com.dkim.key'), rsa.pem);
  writeFileSync(file('dkim/xn--bcher-kva.example.dkim.key'), rsa.pem);
  writeFileSync(file('dkim/sub.example.com.dkim.key'), rsa.pem);
  writeFileSync(file('rsa.key'), rsa.pem);
  writeFileSync(file('ed.key'), ed25519.pem);
  writeFileSync(file('example.net.second.key'), ed25519.pem);
  writeFileSync(file('bad.key'), 'no key at all, secret');
  mkdirSync(file('folder.key'));
});
after(() => rmSync(stateDir, { recursive: true }));

type Config = Readonly<Record<string, unknown>>;

interface Outcome {
  /** Options of DKIM_SIGNED, in order. */
  readonly signed: readonly string[];
  readonly refused: string | undefined;
  readonly warnings: readonly string[];
  readonly task: Task;
}

async function sign(config: Config, message: TestMessage = {}, options: CheckOptions = {}): Promise<Outcome> {
  const log: LogLine[] = [];
  const { hits, task } = await runCheck(dkimSigning, config, message, { stateDir, ...options, log });
  const milter = task.milter.addHeaders.filter(({ name }) => name === 'DKIM-Signature').length;
  assert.equal(task.dkimSignatures.length + milter, hits.length);
  assert.ok(hits.every(({ symbol }) => symbol === (config['symbol'] ?? 'DKIM_SIGNED')));
  const refused = log.find((line) => line.message === 'not signed')?.fields['reason'];
  return {
    signed: hits.flatMap((hit) => hit.options),
    refused: refused as string | undefined,
    warnings: log.filter(({ level }) => level === 'warn').map(({ fields }) => String(fields['reason'])),
    task,
  };
}

const header = (from: string): string => `From: ${from}\r\nSubject: x\r\n\r\nHello.\r\n`;
const both: TestMessage = { way: 'local', envelope: { login: 'sender@example.com' } };
const usual = ['example.com:s=dkim'];

/** Expected: options of DKIM_SIGNED, or why there is none. */
const table: readonly [
  name: string,
  config: Config,
  message: TestMessage,
  expected: readonly string[] | string,
][] = [
  // Eligibility.
  ['inbound mail', {}, { way: 'inbound' }, 'direction'],
  ['mail with a login', {}, { way: 'authenticated' }, usual],
  ['local mail', {}, { way: 'local' }, usual],
  ['mail that is both', {}, both, usual],
  ['sign_inbound', { sign_inbound: true }, { way: 'inbound' }, usual],
  ['sign_authenticated off', { sign_authenticated: false }, { way: 'authenticated' }, 'direction'],
  ['sign_authenticated off, but local too', { sign_authenticated: false }, both, usual],
  ['sign_local off', { sign_local: false }, { way: 'local' }, 'direction'],
  ['both off', { sign_local: false, sign_authenticated: false, sign_inbound: true }, both, 'direction'],
  ['sign_networks', { sign_networks: ['198.51.100.0/24'] }, { way: 'inbound' }, usual],
  ['outside sign_networks', { sign_networks: ['203.0.113.0/24'] }, { way: 'inbound' }, 'direction'],
  ['an empty message', {}, { way: 'local', raw: '' }, []],
  // Senders.
  ['a null sender', {}, { way: 'local', from: '' }, usual],
  [
    'allow_envfrom_empty off',
    { allow_envfrom_empty: false },
    { way: 'local', from: '' },
    'empty envelope sender',
  ],
  ['no From', {}, { way: 'local', raw: 'Subject: x\r\n\r\nHi\r\n' }, 'no domain to sign with'],
  [
    'two From addresses',
    {},
    { way: 'local', raw: header('a@example.com, b@example.com') },
    'several addresses in From',
  ],
  [
    'allow_hdrfrom_multiple',
    { allow_hdrfrom_multiple: true },
    { way: 'local', raw: header('a@example.com, b@example.net') },
    usual,
  ],
  // Domain.
  [
    'a subdomain signs as the registered domain',
    {},
    { way: 'local', raw: header('a@sub.example.com') },
    usual,
  ],
  [
    'use_esld off',
    { use_esld: false },
    { way: 'local', from: 'x@sub.example.com', raw: header('a@SUB.example.com') },
    ['sub.example.com:s=dkim'],
  ],
  [
    'an IDN signs as its A-label',
    {},
    { way: 'local', from: '', raw: header('a@b\u00fccher.example') },
    ['xn--bcher-kva.example:s=dkim'],
  ],
  [
    'a domain that is a path',
    {},
    { way: 'local', from: '', raw: header('a@../rsa') },
    'no domain to sign with',
  ],
  [
    'a domain that is tags',
    { use_domain: 'envelope' },
    { way: 'local', from: 'a@x;d=y' },
    'no domain to sign with',
  ],
  [
    'use_domain envelope',
    { use_domain: 'envelope', allow_hdrfrom_mismatch: true },
    { way: 'local', raw: header('a@example.net') },
    usual,
  ],
  [
    'use_domain auth',
    { use_domain: 'auth', allow_hdrfrom_mismatch: true },
    { way: 'authenticated', raw: header('a@example.net') },
    usual,
  ],
  ['use_domain auth without login', { use_domain: 'auth' }, { way: 'local' }, 'no domain to sign with'],
  ['use_domain recipient', { use_domain: 'recipient' }, { way: 'local', rcpts: ['r@example.com'] }, usual],
  [
    'use_domain as a domain',
    { use_domain: 'Example.com' },
    { way: 'local', from: 'a@example.net', raw: header('a@example.net') },
    usual,
  ],
  [
    'use_domain_sign_local',
    { use_domain_sign_local: 'example.com', use_domain: 'x.example' },
    { way: 'local' },
    usual,
  ],
  [
    'use_domain_sign_local holds for local logins too',
    { use_domain_sign_local: 'example.com', use_domain: 'x.example' },
    both,
    usual,
  ],
  [
    'use_domain_sign_local not for others',
    { use_domain_sign_local: 'x.example' },
    { way: 'authenticated' },
    usual,
  ],
  [
    'use_domain_sign_networks',
    { sign_networks: ['198.51.100.7'], use_domain_sign_networks: 'example.com', use_domain: 'x.example' },
    {},
    usual,
  ],
  [
    'use_domain_sign_inbound',
    { sign_inbound: true, use_domain_sign_inbound: 'example.com', use_domain: 'x.example' },
    {},
    usual,
  ],
  // Mismatches.
  [
    'another envelope domain',
    {},
    { way: 'local', from: 'a@example.org' },
    'header From and envelope sender have different domains',
  ],
  ['another subdomain is no mismatch', {}, { way: 'local', from: 'a@bounce.example.com' }, usual],
  [
    'another subdomain without use_esld',
    { use_esld: false },
    { way: 'local', from: 'a@bounce.example.com' },
    'header From and envelope sender have different domains',
  ],
  [
    'allow_hdrfrom_mismatch',
    { allow_hdrfrom_mismatch: true },
    { way: 'local', from: 'a@example.org' },
    usual,
  ],
  [
    'allow_hdrfrom_mismatch_local',
    { allow_hdrfrom_mismatch_local: true },
    { way: 'local', from: 'a@example.org' },
    usual,
  ],
  [
    'allow_hdrfrom_mismatch_local with a login',
    { allow_hdrfrom_mismatch_local: true },
    { way: 'authenticated', from: 'a@example.org' },
    'header From and envelope sender have different domains',
  ],
  [
    'allow_hdrfrom_mismatch_sign_networks',
    { sign_networks: ['198.51.100.7'], allow_hdrfrom_mismatch_sign_networks: true },
    { from: 'a@example.org' },
    usual,
  ],
  [
    'a login of another domain',
    {},
    { way: 'authenticated', envelope: { login: 'x@example.net' } },
    'the login is not of the signing domain',
  ],
  ['a login of a subdomain', {}, { way: 'authenticated', envelope: { login: 'x@mail.example.com' } }, usual],
  [
    'a login without domain',
    {},
    { way: 'authenticated', envelope: { login: 'sender' } },
    'the login has no domain',
  ],
  [
    'allow_username_mismatch',
    { allow_username_mismatch: true },
    { way: 'authenticated', envelope: { login: 'sender' } },
    usual,
  ],
  // Keys.
  ['no key', {}, { way: 'local', from: 'a@example.net', raw: header('a@example.net') }, 'no key'],
  ['selector and path', { selector: 's1', path: file('$domain.$selector.key') }, { way: 'local' }, 'no key'],
  [
    'path with braces',
    { selector: 'x', path: `${stateDir}/\${selector}sa.key`, domain: { 'example.com': { selector: 'r' } } },
    { way: 'local' },
    ['example.com:s=r'],
  ],
  ['the key itself as path', { path: rsa.pem }, { way: 'local' }, usual],
  [
    'domain section',
    { domain: { 'Example.COM': { selector: 's1', path: file('rsa.key') } } },
    { way: 'local' },
    ['example.com:s=s1'],
  ],
  [
    'two selectors: two signatures',
    {
      domain: {
        'example.com': {
          selectors: [
            { selector: 'r', path: file('rsa.key') },
            { selector: 'e', path: file('ed.key') },
          ],
        },
      },
    },
    { way: 'local' },
    ['example.com:s=r', 'example.com:s=e'],
  ],
  [
    'a selector and further ones',
    {
      domain: {
        'example.com': {
          selector: 'first',
          path: file('rsa.key'),
          selectors: [{ selector: 'e', path: file('ed.key') }],
        },
      },
    },
    { way: 'local' },
    ['example.com:s=first', 'example.com:s=e'],
  ],
  [
    'domain section without path',
    { domain: { 'example.com': { selector: 'dkim' } }, try_fallback: false },
    { way: 'local' },
    usual,
  ],
  ['try_fallback off', { try_fallback: false }, { way: 'local' }, 'no key'],
  [
    'selector_map',
    { selector_map: ['example.com second'], path: file('example.net.$selector.key') },
    { way: 'local' },
    ['example.com:s=second'],
  ],
  [
    'path_map',
    { path_map: [`example.com ${file('rsa.key')}`], try_fallback: false },
    { way: 'local' },
    usual,
  ],
  [
    'maps fill what the domain section lacks',
    {
      domain: { 'example.com': { path: file('rsa.key') } },
      selector_map: ['example.com mapped'],
      path_map: ['example.com /nowhere'],
    },
    { way: 'local' },
    ['example.com:s=mapped'],
  ],
  [
    'one bad key of two',
    {
      domain: {
        'example.com': {
          selectors: [
            { selector: 'b', path: file('bad.key') },
            { selector: 'r', path: file('rsa.key') },
          ],
        },
      },
    },
    { way: 'local' },
    ['example.com:s=r'],
  ],
  ['a selector that is no name', { selector: 's;x' }, { way: 'local' }, 'no key'],
  // Tables.
  [
    'signing table and key table',
    { signing_table: ['*@example.com main'], key_table: [`main example.net:s9:${file('rsa.key')}`] },
    { way: 'local' },
    ['example.net:s=s9'],
  ],
  [
    'percent signs stand for the domain of From',
    { signing_table: ['*@* %'], key_table: [`example.net %:second:${stateDir}/%.second.key`] },
    { way: 'local', raw: header('a@example.net') },
    ['example.net:s=second'],
  ],
  [
    'a key table entry without selector',
    { signing_table: ['sender@example.com k'], key_table: [`k example.com:${file('rsa.key')}`] },
    { way: 'local' },
    usual,
  ],
  [
    'no entry in the signing table',
    { signing_table: ['*@example.net k'], key_table: ['k x:y:/z'] },
    { way: 'local' },
    'no entry in the signing table',
  ],
  [
    'no entry in the key table',
    { signing_table: ['*@example.com k'], key_table: ['j x:y:/z'] },
    { way: 'local' },
    'no entry in the key table',
  ],
  [
    'a key table entry without key',
    { signing_table: ['*@example.com k'], key_table: ['k x'] },
    { way: 'local' },
    'the key table entry names no key',
  ],
  [
    'tables and inbound mail',
    { sign_inbound: true, signing_table: ['*@* k'], key_table: [`k x.example:s:${file('rsa.key')}`] },
    {},
    'direction',
  ],
  // Spam.
  [
    'check_violation',
    { check_violation: true },
    { way: 'local', hits: [hit('R_DKIM_REJECT', 1)] },
    'the signatures of the message are forged',
  ],
  [
    'skip_spam_sign',
    { skip_spam_sign: true },
    { way: 'local', hits: [hit('SPAM', 7)] },
    'action is not no action',
  ],
  ['skip_spam_sign, ham', { skip_spam_sign: true }, { way: 'local', hits: [hit('SPAM', 3)] }, usual],
  ['spam without skip_spam_sign', {}, { way: 'local', hits: [hit('SPAM', 7)] }, usual],
  ['symbol', { symbol: 'SIGNED' }, { way: 'local' }, usual],
];

function hit(name: string, score: number) {
  return { name, score, metricScore: score, description: undefined, groups: [], options: [] };
}

for (const [name, config, message, expected] of table) {
  test(`signing: ${name}: ${typeof expected === 'string' ? expected : expected.join(', ')}`, async () => {
    const { signed, refused } = await sign(config, message);
    if (typeof expected === 'string') assert.deepEqual([signed, refused], [[], expected]);
    else assert.deepEqual(signed, expected);
  });
}

test('a forced reject or soft reject is not signed, another forced action is', async () => {
  const built = await buildCheck(dkimSigning, {}, { stateDir });
  for (const [action, count] of [
    ['reject', 0],
    ['soft reject', 0],
    ['discard', 0],
    ['add header', 1],
  ] as const) {
    const { task, preResults } = testTask({ way: 'local' });
    preResults.push({ action, message: '', module: 'test', priority: 0, isLeast: false, processAll: false });
    await built.units[0]!.run(task, () => {});
    assert.equal(task.dkimSignatures.length, count, action);
  }
  await built.close();
});

test('both signatures of a message verify elsewhere', async () => {
  const raw = Buffer.from(header('A <a@example.com>'));
  const config = {
    domain: {
      'example.com': {
        selectors: [
          { selector: 'r', path: file('rsa.key') },
          { selector: 'e', path: file('ed.key') },
        ],
      },
    },
  };
  const { task } = await sign(config, { way: 'local', raw });
  const head = task.dkimSignatures.map((value) => `DKIM-Signature: ${value}\r\n`).join('');
  const { results } = await dkimVerify(Buffer.concat([Buffer.from(head), raw]), {
    resolver: mailauthResolver({
      'r._domainkey.example.com': [keyRecord(rsa.key)],
      'e._domainkey.example.com': [keyRecord(ed25519.key)],
    }),
  });
  assert.deepEqual(
    results.map(({ status }) => status.result),
    ['pass', 'pass'],
  );
});

test('use_milter_headers hands the signature over among the header changes', async () => {
  const { task, signed } = await sign({ use_milter_headers: true }, { way: 'local' });
  assert.deepEqual(signed, usual);
  assert.equal(task.dkimSignatures.length, 0);
  const [added] = task.milter.addHeaders;
  assert.deepEqual([added?.name, added?.order], ['DKIM-Signature', 1]);
  assert.ok(added?.value.includes('\n\t') && !added.value.includes('\r'));
});

const signedNames = (task: Task): readonly string[] =>
  /h=([^;]+);/.exec(task.dkimSignatures[0]!)![1]!.replace(/\s/g, '').split(':');

test('headers that change on their way out are not signed', async () => {
  const plain = await sign({}, { way: 'local' });
  assert.ok(signedNames(plain.task).includes('subject'));
  const rewritten = await sign(
    {},
    { way: 'local', hits: [hit('SPAM', 7)], thresholds: { 'rewrite subject': 6 } },
  );
  assert.ok(!signedNames(rewritten.task).includes('subject'));

  const built = await buildCheck(dkimSigning, {}, { stateDir });
  const { task } = testTask({ way: 'local' });
  task.milter.removeHeaders.push({ name: 'Message-ID', instances: [0] }, { name: 'From', instances: [2] });
  task.milter.addHeaders.push({ name: 'Reply-To', value: 'x@example.com' });
  await built.units[0]!.run(task, () => {});
  await built.close();
  const names = signedNames(task);
  assert.ok(!names.includes('message-id') && !names.includes('reply-to'));
  assert.ok(names.includes('from') && names.includes('subject'));
});

test('a message whose From is rewritten is left unsigned', async () => {
  const log: LogLine[] = [];
  const built = await buildCheck(dkimSigning, {}, { stateDir, log });
  const { task } = testTask({ way: 'local' });
  task.milter.removeHeaders.push({ name: 'From', instances: [0] });
  await built.units[0]!.run(task, () => {});
  await built.close();
  assert.deepEqual(task.dkimSignatures, []);
  assert.equal(log.at(-1)?.fields['reason'], 'From is rewritten');
});

test('sign_headers chooses the headers', async () => {
  const { task } = await sign({ sign_headers: '(o)from:subject:x-none' }, { way: 'local' });
  assert.deepEqual(signedNames(task), ['from', 'from', 'subject']);
});

test('a bad key is told once a minute, with its reason and nothing of its content', async () => {
  for (const [name, reason] of [
    ['bad.key', /^not a private key/],
    ['folder.key', /EISDIR/],
    ['none.key', /^the file does not exist$/],
  ] as const) {
    const log: LogLine[] = [];
    let nowMs = 1_700_000_000_000;
    const config = { domain: { 'example.com': { path: file(name) } } };
    const built = await buildCheck(dkimSigning, config, { stateDir, log, now: () => nowMs });
    const warnings = () => log.filter(({ level }) => level === 'warn');
    await built.run({ way: 'local' });
    await built.run({ way: 'local' });
    assert.equal(warnings().length, 1);
    nowMs += 61_000;
    const { hits } = await built.run({ way: 'local' });
    assert.equal(warnings().length, 2);
    assert.deepEqual(hits, []);
    assert.match(String(warnings()[0]!.fields['reason']), reason);
    assert.ok(!JSON.stringify(log).includes('secret'));
    await built.close();
  }
});

test('a key file that changes signs with the new key within a second or two', async () => {
  let nowMs = 1_700_000_000_000;
  const path = file('changing.key');
  const built = await buildCheck(dkimSigning, { path }, { stateDir, now: () => nowMs });
  const algorithm = async (): Promise<string | undefined> => {
    const { task } = await built.run({ way: 'local' });
    return /a=([a-z0-9-]+)/.exec(task.dkimSignatures[0] ?? '')?.[1];
  };
  assert.equal(await algorithm(), undefined);
  writeFileSync(path, rsa.pem);
  nowMs += 1001;
  assert.equal(await algorithm(), 'rsa-sha256');
  writeFileSync(path, ed25519.pem);
  utimesSync(path, 1_800_000_000, 1_800_000_000);
  nowMs += 1001;
  assert.equal(await algorithm(), 'ed25519-sha256');
  rmSync(path);
  nowMs += 1001;
  assert.equal(await algorithm(), undefined);
  await built.close();
});

test('check_pubkey compares with DNS and signs all the same unless a mismatch is not allowed', async () => {
  const name = 'txt dkim._domainkey.example.com';
  const cases: [Readonly<Record<string, readonly string[] | 'timeout'>>, string | undefined][] = [
    [{ [name]: [keyRecord(rsa.key)] }, undefined],
    [{ [name]: [keyRecord(ed25519.key)] }, 'the published key is different'],
    [{}, 'the published key is missing'],
    [{ [name]: 'timeout' }, 'the published key is unreachable'],
  ];
  for (const [records, warning] of cases) {
    const dns = tableResolver(records);
    const lenient = await sign({ check_pubkey: true }, { way: 'local' }, { dns });
    assert.deepEqual([lenient.signed, lenient.warnings], [usual, warning === undefined ? [] : [warning]]);
    const strict = await sign(
      { check_pubkey: true, allow_pubkey_mismatch: false },
      { way: 'local' },
      { dns },
    );
    assert.deepEqual(strict.signed, warning === undefined ? usual : []);
  }
});

const asked = { PerformDkimSign: 'yes', DkimDomain: 'Example.org', DkimSelector: 'h' };

test('use_http_headers signs with the key of the request, whoever sends', async () => {
  const config = { use_http_headers: true };
  for (const key of [rsa.pem, ed25519.key.key.export({ format: 'der', type: 'pkcs8' }).toString('base64')]) {
    const request = { ...asked, DkimPrivateKey: key };
    assert.deepEqual((await sign(config, { way: 'inbound', request })).signed, ['example.org:s=h']);
  }
  assert.equal((await sign(config, { way: 'local' })).refused, 'the request asks for no signature');
  const incomplete = await sign(config, { way: 'local', request: asked });
  assert.equal(incomplete.refused, 'the request names no domain, selector or key');
  const fallback = await sign({ ...config, allow_headers_fallback: true }, { way: 'local', request: asked });
  assert.deepEqual(fallback.signed, usual);
});

test('a request can never name a file', async () => {
  for (const path of [
    file('rsa.key'),
    './rsa.key',
    '../rsa.key',
    ` ${file('rsa.key')}`,
    `file://${file('rsa.key')}`,
  ]) {
    const request = { ...asked, DkimPrivateKey: path };
    const { signed, warnings } = await sign({ use_http_headers: true }, { way: 'local', request });
    assert.deepEqual(signed, [], path);
    assert.match(warnings[0] ?? '', /^not a private key/);
  }
});

test('a request cannot write tags of its own', async () => {
  for (const [name, value] of [
    ['DkimDomain', 'x.example; l=0'],
    ['DkimSelector', 'a\r\nBcc: x'],
    ['DkimSelector', '..'],
  ] as const) {
    const request = { ...asked, DkimPrivateKey: rsa.pem, [name]: value };
    assert.deepEqual((await sign({ use_http_headers: true }, { way: 'local', request })).signed, []);
  }
});

test('forged signatures keep a request from being signed unless it says otherwise', async () => {
  const hits = [hit('R_DKIM_REJECT', 1)];
  const request = { ...asked, DkimPrivateKey: rsa.pem };
  const config = { use_http_headers: true };
  const refused = await sign(config, { hits, request });
  assert.equal(refused.refused, 'the signatures of the message are forged');
  const wanted = await sign(config, { hits, request: { ...request, SignOnAuthFailed: '1' } });
  assert.equal(wanted.signed.length, 1);
  const off = await sign(config, { hits, request: { ...request, SignOnAuthFailed: 'false' } });
  assert.equal(off.signed.length, 0);
  const renamed = { ...config, http_sign_on_reject_header_header: 'Anyway' };
  assert.equal((await sign(renamed, { hits, request: { ...request, Anyway: '1' } })).signed.length, 1);
});

for (const [name, start] of storeDrivers()) {
  test(`use_redis reads keys from ${name}`, async () => {
    const { store, close } = await start();
    try {
      await store.hashSet('DKIM_KEYS', {
        'dkim.example.com': rsa.pem,
        'two.example.com': ed25519.pem,
        'path.example.com': file('rsa.key'),
      });
      await store.hashSet('SELECTORS', { 'example.com': 'two' });
      const config = { use_redis: true };
      assert.deepEqual((await sign(config, { way: 'local' }, { store })).signed, usual);
      const selected = { ...config, selector_prefix: 'SELECTORS' };
      assert.deepEqual((await sign(selected, { way: 'local' }, { store })).signed, ['example.com:s=two']);
      const several = {
        ...config,
        domain: { 'example.com': { selectors: [{ selector: 'dkim' }, { selector: 'two' }] } },
      };
      assert.deepEqual((await sign(several, { way: 'local' }, { store })).signed, [
        'example.com:s=dkim',
        'example.com:s=two',
      ]);
      // A text in the store is a key, never a file.
      assert.deepEqual((await sign({ ...config, selector: 'path' }, { way: 'local' }, { store })).signed, []);
      assert.equal(
        (await sign({ ...config, selector: 'none' }, { way: 'local' }, { store })).refused,
        'no key',
      );
      const other = { ...config, key_prefix: 'OTHER' };
      assert.equal((await sign(other, { way: 'local' }, { store })).refused, 'no key');
    } finally {
      await close();
    }
  });
}

test('use_vault reads keys from a Vault, by validity', async () => {
  const now = 1_700_000_000;
  const seen: string[] = [];
  const replies: Readonly<Record<string, [number, string]>> = {
    '/v1/dkim/example.com': [
      200,
      JSON.stringify({
        data: {
          selectors: [
            {
              selector: 'now',
              key: rsa.pem,
              domain: 'example.com',
              valid_start: now - 10,
              valid_end: now + 10,
            },
            { selector: 'past', key: rsa.pem, valid_end: `${now}` },
            { selector: 'future', key: rsa.pem, valid_start: now + 1 },
            { selector: 'always', key: ed25519.pem },
            { selector: 'path', key: file('rsa.key') },
          ],
        },
      }),
    ],
    '/v1/dkim/broken.example': [200, '{"secret":'],
    '/v1/dkim/odd.example': [200, '{"data":{"selectors":"secret"}}'],
    '/v1/dkim/huge.example': [200, `{"x":"${'x'.repeat(1_100_000)}"}`],
    '/v1/dkim/sealed.example': [503, 'secret'],
  };
  const server = createServer((request, response) => {
    seen.push(`${request.headers['x-vault-token']} ${request.url}`);
    const [status, body] = replies[request.url ?? ''] ?? [404, '{"errors":[]}'];
    response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  const url = `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : 0}/`;
  try {
    const config = { use_vault: true, vault_url: url, vault_token: 't0ken' };
    const from = (domain: string): TestMessage => ({ way: 'local', from: '', raw: header(`a@${domain}`) });
    const { signed } = await sign(config, { way: 'local' });
    assert.deepEqual(signed, ['example.com:s=now', 'example.com:s=always']);
    assert.deepEqual(seen, ['t0ken /v1/dkim/example.com']);
    assert.equal((await sign(config, from('none.example'))).refused, 'no key');
    for (const [domain, reason] of [
      ['broken.example', /no JSON/],
      ['odd.example', /no list of selectors/],
      ['huge.example', /larger than/],
      ['sealed.example', /HTTP status 503/],
    ] as const) {
      const { refused, warnings } = await sign(config, from(domain));
      assert.equal(refused, 'the Vault failed');
      assert.match(warnings[0] ?? '', reason);
      assert.ok(!warnings[0]?.includes('secret'));
    }
    const limited = { ...config, vault_domains: ['example.net'] };
    assert.equal((await sign(limited, { way: 'local' })).refused, 'the domain is not in vault_domains');
    const byTable = { ...config, signing_table: ['*@* example.com'] };
    assert.deepEqual((await sign(byTable, from('customer.example'))).signed, [
      'example.com:s=now',
      'example.com:s=always',
    ]);
  } finally {
    server.close();
    server.closeAllConnections();
  }
  const gone = await sign({ use_vault: true, vault_url: url, vault_token: 't' }, { way: 'local' });
  assert.equal(gone.refused, 'the Vault failed');
});

test('options that contradict each other are refused by name', async () => {
  const cases: [Config, RegExp][] = [
    [{ use_vault: true }, /use_vault: needs vault_url and vault_token/],
    [{ use_vault: true, vault_url: 'vault', vault_token: 'x' }, /vault_url: is no address/],
    [{ sign_headers: 'subject' }, /sign_headers: must hold from/],
    [{ sign_headers: 'from:sub ject' }, /sign_headers: "sub ject" is no header name/],
    [{ sign_headers: 'from:dkim-signature' }, /must not hold dkim-signature/],
    [{ domain: { 'exa mple': {} } }, /domain\.exa mple: is no domain name/],
  ];
  for (const [config, expected] of cases) await assert.rejects(buildCheck(dkimSigning, config), expected);
});

test('a message on its way is logged without its addresses', async () => {
  const log: LogLine[] = [];
  await runCheck(
    dkimSigning,
    {},
    { way: 'authenticated', envelope: { login: 'x@example.net' } },
    { stateDir, log },
  );
  assert.ok(log.length > 0 && !JSON.stringify(log).includes('@'));
});
