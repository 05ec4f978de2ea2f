import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import {
  buildCheck,
  type CheckOptions,
  type LogLine,
  runCheck,
  type TestMessage,
  tableResolver,
} from '../../../test/helpers/check-table.ts';
import { cachedKeys, readArcChain, verifyArcChain } from '../../auth/index.ts';
import { asDelivered, keyRecord, makeKey, message } from '../../auth/testing/mail.ts';
import { readSuite } from '../../auth/testing/suite.ts';
import type { Task } from '../../core/index.ts';
import { arc } from './check.ts';

const rsa = makeKey('rsa');
const ed25519 = makeKey('ed25519');
const stateDir = mkdtempSync(join(tmpdir(), 'postern-arc-'));
const dns = tableResolver({ 'txt arc._domainkey.example.org': [keyRecord(rsa.key)] });
const usual = ['example.org:s=arc:i=1'];
const nowSeconds = 1_700_000_000;
const noCache = { maxEntries: 0, maxSeconds: 0 };

before(() => {
  mkdirSync(join(stateDir, 'arc'));
  writeFileSync(join(stateDir, 'arc/example.org.arc.key'), rsa.pem);
  writeFileSync(join(stateDir, 'ed.key'), ed25519.pem);
});
after(() => rmSync(stateDir, { recursive: true }));

const checkSymbols = new Set(['ARC_ALLOW', 'ARC_REJECT', 'ARC_INVALID', 'ARC_DNSFAIL', 'ARC_NA']);

type Config = Readonly<Record<string, unknown>>;

async function seal(config: Config, message: TestMessage = {}, options: CheckOptions = {}) {
  const log: LogLine[] = [];
  const { hits, task } = await runCheck(arc, config, message, { stateDir, dns, ...options, log });
  const refused = log.find((line) => line.message === 'not signed')?.fields['reason'];
  const sealed = hits.filter(({ symbol }) => !checkSymbols.has(symbol));
  return {
    task,
    options: sealed.flatMap((hit) => hit.options),
    symbols: sealed.map(({ symbol }) => symbol),
    refused,
  };
}

/** The message as the MTA passes it on: every header inserted below its own Received, one after the other. */
function delivered(task: Task): string {
  const lines = ['Received: from here by there; now'];
  for (const { name, value, order } of task.milter.addHeaders) {
    assert.equal(order, 1);
    lines.splice(1, 0, `${name}: ${value.replaceAll('\n', '\r\n')}`);
  }
  return `${lines.join('\r\n')}\r\n${task.raw.toString('latin1')}`;
}

const cases: readonly [
  name: string,
  config: Config,
  message: TestMessage,
  expected: readonly string[] | string,
][] = [
  ['inbound mail', {}, {}, usual],
  ['mail with a login', {}, { way: 'authenticated' }, 'direction'],
  ['local mail', {}, { way: 'local' }, 'direction'],
  ['sign_local', { sign_local: true }, { way: 'local' }, usual],
  [
    'sign_authenticated',
    { sign_authenticated: true, allow_username_mismatch: true },
    { way: 'authenticated' },
    usual,
  ],
  ['sign_inbound off', { sign_inbound: false }, {}, 'direction'],
  ['a recipient of another domain', {}, { rcpts: ['r@example.net'] }, 'no key'],
  ['a recipient of a subdomain', {}, { rcpts: ['r@lists.example.org'] }, usual],
  ['no recipient', {}, { rcpts: [] }, 'no domain to sign with'],
  ['an empty message', {}, { raw: '' }, []],
  ['an Ed25519 key', { path: join(stateDir, 'ed.key') }, {}, 'ARC needs an RSA key'],
  [
    'an Ed25519 key and an RSA key',
    {
      domain: {
        'example.org': {
          selectors: [{ selector: 'e', path: join(stateDir, 'ed.key') }, { selector: 'arc' }],
        },
      },
    },
    {},
    usual,
  ],
  ['symbol', { symbol: 'SEALED' }, {}, usual],
  ['sign_symbol', { sign_symbol: 'SEALED' }, {}, usual],
  ['symbol_sign', { symbol_sign: 'SEALED' }, {}, usual],
];

for (const [name, config, message, expected] of cases) {
  test(`sealing: ${name}: ${typeof expected === 'string' ? expected : expected.join(', ')}`, async () => {
    const { options, refused, task, symbols } = await seal(config, message);
    if (typeof expected === 'string') assert.deepEqual([options, refused], [[], expected]);
    else assert.deepEqual(options, expected);
    assert.equal(task.milter.addHeaders.length, options.length * 3);
    assert.equal(task.dkimSignatures.length, 0);
    if (options.length > 0)
      assert.deepEqual(symbols, [
        config['symbol'] ?? config['sign_symbol'] ?? config['symbol_sign'] ?? 'ARC_SIGNED',
      ]);
  });
}

test('seals stand above signature and results, and form a chain hop after hop', async () => {
  let text: string | undefined;
  for (const instance of [1, 2, 3]) {
    const { task, options } = await seal({}, text === undefined ? {} : { raw: text });
    assert.deepEqual(options, [`example.org:s=arc:i=${instance}`]);
    text = delivered(task);
    const parsed = message(text);
    assert.deepEqual(
      parsed.headers.all.slice(0, 4).map((header) => header.name),
      ['Received', 'ARC-Seal', 'ARC-Message-Signature', 'ARC-Authentication-Results'],
    );
    const results = parsed.headers.first('arc-authentication-results')!.value.replace(/\s+/g, ' ');
    assert.equal(
      results,
      `i=${instance}; scanner.example; arc=${instance === 1 ? 'none' : `pass (i=${instance - 1}) header.oldest-pass=0`}`,
    );
    assert.equal(
      (await verifyArcChain(parsed, { keys: cachedKeys(dns, Date, noCache), nowSeconds })).cv,
      'pass',
    );
  }
});

async function twice(change: (text: string) => string, config: Config = {}, options: CheckOptions = {}) {
  const first = await seal({});
  return seal(config, { raw: change(delivered(first.task)) }, options);
}

test('a chain that does not verify is sealed as failed, and never again', async () => {
  const changed = await twice((text) => text.replace('A test', 'B test'));
  assert.deepEqual(changed.options, ['example.org:s=arc:i=2']);
  const marked = delivered(changed.task);
  assert.match(marked, /ARC-Seal: i=2;.*cv=fail/);
  assert.equal(readArcChain(message(marked)).status, 'failed');
  assert.equal((await seal({}, { raw: marked })).refused, 'the chain is sealed as failed');
});

test('a chain that is broken, or that DNS does not tell of now, is left alone', async () => {
  const broken = await twice((text) => text.replace(/ARC-Seal:.*\r\n(?:\t.*\r\n)*/, ''));
  assert.deepEqual([broken.refused, broken.options], ['the chain is broken', []]);
  const silent = tableResolver({ 'txt arc._domainkey.example.org': 'timeout' });
  const unknown = await twice((text) => text, {}, { dns: silent });
  assert.deepEqual([unknown.refused, unknown.options], ['the chain cannot be checked now', []]);
});

test('what a trusted server found is sealed and believed; others are not', async () => {
  const results = 'mx.example.org; arc=fail; spf=pass smtp.mailfrom=a@example.com';
  const withResults = (text: string): string => `Authentication-Results: ${results}\r\n${text}`;
  const reuse = { reuse_auth_results: true, trusted_authserv_id: ['MX.example.org', 'other.example'] };
  const trusted = await twice(withResults, reuse);
  const text = delivered(trusted.task);
  assert.match(text, /ARC-Seal: i=2;.*cv=fail/);
  assert.match(text, /ARC-Authentication-Results: i=2; mx\.example\.org;\r\n\tarc=fail;\r\n\tspf=pass smtp/);

  const untrusted = delivered((await twice(withResults, { reuse_auth_results: true })).task);
  assert.match(untrusted, /i=2; scanner\.example;\r\n\tarc=pass \(i=1\) header\.oldest-pass=0\r\n/);
  assert.match(untrusted, /ARC-Seal: i=2;.*cv=pass/);
  const off = delivered((await twice(withResults, { trusted_authserv_id: 'mx.example.org' })).task);
  assert.match(off, /i=2; scanner\.example;/);
});

test('a trusted arc=none says nothing of a chain that is there', async () => {
  const { task } = await twice((text) => `Authentication-Results: scanner.example; arc=none\r\n${text}`, {
    reuse_auth_results: true,
  });
  assert.match(delivered(task), /ARC-Seal: i=2;.*cv=pass/);
});

test('a seal must not be among the signed headers', async () => {
  await assert.rejects(
    buildCheck(arc, { sign_headers: 'from:arc-seal' }),
    /sign_headers: must not hold arc-seal/,
  );
});

const signingCase = z.object({
  message: z.string(),
  t: z.coerce.number(),
  'sig-headers': z.string(),
  'srv-id': z.string(),
  AS: z.string().nullish(),
  AMS: z.string().nullish(),
  AAR: z.string().nullish(),
});
const signer = z.looseObject({ domain: z.string(), sel: z.string(), privatekey: z.string() });

/** Tags by name, without signature: its bits depend on the order of tags, which is free. */
function tagsOf(value: string): Readonly<Record<string, string>> {
  const tags = value.split(';').map((item) => item.replace(/\s/g, '').split(/=(.*)/s));
  return Object.fromEntries(tags.filter(([name]) => name !== 'b').map(([name, text]) => [name, text]));
}

for (const { tests, dns: records, rest } of readSuite('arc-draft-sign-tests.yml', signingCase)) {
  const { domain, sel, privatekey } = signer.parse(rest);
  for (const [name, given] of Object.entries(tests)) {
    test(`ARC signing suite: ${name}`, async () => {
      const config = {
        reuse_auth_results: true,
        trusted_authserv_id: given['srv-id'],
        sign_headers: given['sig-headers'],
        domain: { [domain]: { selector: sel, path: privatekey } },
        allow_envfrom_empty: true,
      };
      const raw = Buffer.from(asDelivered(Buffer.from(given.message)), 'latin1');
      const run = { dns: records, now: () => given.t * 1000 };
      const { task } = await seal(config, { raw, rcpts: [`arc@${domain}`] }, run);
      const added = new Map(task.milter.addHeaders.map((header) => [header.name, header.value]));
      if (!given.AS?.trim()) {
        assert.equal(added.size, 0);
        return;
      }
      assert.deepEqual(tagsOf(added.get('ARC-Seal')!), tagsOf(given.AS));
      assert.deepEqual(tagsOf(added.get('ARC-Message-Signature')!), tagsOf(given.AMS ?? ''));
      const words = (text: string): string => text.trim().replace(/\s+/g, ' ');
      assert.equal(words(added.get('ARC-Authentication-Results')!), words(given.AAR ?? ''));
      const { cv } = await verifyArcChain(message(delivered(task)), {
        keys: cachedKeys(records, Date, noCache),
        nowSeconds: given.t,
      });
      assert.equal(cv, given.AS.includes('cv=fail') ? 'fail' : 'pass');
    });
  }
}
