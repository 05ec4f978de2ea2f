import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { runCheck, tableResolver, type Way } from '../../../test/helpers/check-table.ts';
import { shortHash } from '../../lib/index.ts';
import { phishing } from './check.ts';
import { editCost } from './weight.ts';

const ways: readonly Way[] = ['inbound', 'authenticated', 'local'];

function mail(body: string): string {
  return `From: a@example.com\nSubject: x\nContent-Type: text/html; charset=utf-8\n\n${body}\n`;
}

function link(target: string, shown: string): string {
  return `<a href="${target}">${shown}</a>`;
}

const offline = { phishtank_enabled: false };

interface Row {
  readonly name: string;
  readonly body: string;
  readonly config?: Record<string, unknown>;
  readonly hits: readonly (readonly [string, number, string])[];
}

const evil = link('http://evil.com/x', 'https://www.bank.com/');
const table: readonly Row[] = [
  { name: 'a link that says what it is', body: link('http://a.com/', 'here'), hits: [] },
  { name: 'a link that shows itself', body: link('http://www.a.com/x?y', 'a.com'), hits: [] },
  {
    name: 'the same name under another suffix',
    body: link('http://bank.co.uk/', 'www.bank.com'),
    hits: [],
  },
  {
    name: 'wholly different names',
    body: link('http://xyz.com/', 'http://bank.com'),
    hits: [['PHISHING', 0.5, 'bank.com->xyz.com']],
  },
  {
    name: 'names that differ by a letter',
    body: link('http://paypai.com/', 'www.paypal.com'),
    hits: [['PHISHING', Math.tanh(3 * (1.1 - 1 / 3)), 'paypal.com->paypai.com']],
  },
  {
    name: 'a letter more',
    body: link('http://paypall.com/', 'www.paypal.com'),
    hits: [['PHISHING', 1, 'paypal.com->paypall.com']],
  },
  {
    name: 'a name in letters of another alphabet',
    body: link('http://pаypal.com/', 'www.paypal.com'),
    hits: [['PHISHING', 1, 'paypal.com->xn--pypal-4ve.com']],
  },
  {
    name: 'an address behind a name',
    body: link('http://192.0.2.1/', 'www.bank.com'),
    hits: [['PHISHING', 0.5, 'bank.com->192.0.2.1']],
  },
  {
    name: 'a Greek name behind a Latin one',
    body: link('http://ξδλ.com/', 'www.bank.com'),
    hits: [['PHISHING', 1, 'bank.com->xn--pxaoh.com']],
  },
  {
    name: 'the same pair twice',
    body: `${link('http://xyz.com/1', 'http://bank.com')} ${link('http://xyz.com/2', 'http://bank.com')}`,
    hits: [['PHISHING', 0.5, 'bank.com->xyz.com']],
  },
  {
    name: 'another name for the symbol',
    body: link('http://xyz.com/', 'http://bank.com'),
    config: { symbol: 'R_PHISHING' },
    hits: [['R_PHISHING', 0.5, 'bank.com->xyz.com']],
  },
  {
    name: 'a shown domain in the exceptions',
    body: evil,
    config: { exceptions: { A: ['other.com'], B: ['bank.com'] } },
    hits: [['B', 1, 'bank.com->evil.com']],
  },
  {
    name: 'a shown host in a list of globs',
    body: evil,
    config: { exceptions: { A: ['glob;www.*.com'] } },
    hits: [['A', 1, 'bank.com->evil.com']],
  },
  {
    name: 'a target in the exceptions for targets',
    body: evil,
    config: { anchor_exceptions: { OWN_CLICKS: ['evil.com'] }, exceptions: { B: ['bank.com'] } },
    hits: [['OWN_CLICKS', 1, 'bank.com->evil.com']],
  },
  {
    name: 'a shown domain that is strictly guarded',
    body: `${evil} ${link('http://bank.co.uk/', 'www.bank.com')}`,
    config: { strict_domains: { STRICT: ['bank.com'] } },
    hits: [
      ['STRICT', 1, 'bank.com->evil.com'],
      ['PHISHING', 0.5, 'bank.com->evil.com'],
      ['STRICT', 1, 'bank.com->bank.co.uk'],
    ],
  },
  { name: 'a shown domain outside `domains`', body: evil, config: { domains: ['other.com'] }, hits: [] },
  {
    name: 'a shown domain of `domains`',
    body: evil,
    config: { domains: ['bank.com'] },
    hits: [['PHISHING', 0.5, 'bank.com->evil.com']],
  },
];

for (const { name, body, config = {}, hits } of table) {
  for (const way of ways) {
    test(`${name}, ${way}: ${hits.length} symbols`, async () => {
      const run = await runCheck(phishing, { ...offline, ...config }, { raw: mail(body), way });
      assert.deepEqual(
        run.hits,
        hits.map(([symbol, weight, option]) => ({ symbol, weight, options: [option] })),
      );
    });
  }
}

test('the domain that passed DMARC may lead to itself', async () => {
  const raw = mail(link('http://click.shop.com/', 'www.brand.com'));
  const authentication = { dmarc: { result: 'pass', domain: 'news.shop.com' } } as const;
  assert.deepEqual((await runCheck(phishing, offline, { raw, authentication })).symbols, []);
  const failed = { dmarc: { result: 'fail', domain: 'news.shop.com' } } as const;
  assert.deepEqual((await runCheck(phishing, offline, { raw, authentication: failed })).symbols, [
    'PHISHING',
  ]);
});

test('links are asked of the list in DNS by hash, page and query apart', async () => {
  const name = (...pieces: readonly string[]): string => `a ${shortHash(32, ...pieces)}.phishtank.rspamd.com`;
  const raw = mail(
    '<a href="http://a.com/p?q=1">x</a><a href="http://b.com/">y</a><a href="http://c.com/z">z</a>',
  );
  const asked: string[] = [];
  const listed = { [name('a.com', 'p', 'q=1')]: ['127.0.0.1'], [name('c.com', 'z')]: ['127.0.0.1'] };
  const run = await runCheck(
    phishing,
    {},
    { raw, way: 'authenticated' },
    { dns: tableResolver(listed, asked) },
  );
  assert.deepEqual(run.hits, [
    { symbol: 'PHISHED_PHISHTANK', weight: 1, options: ['a.com'] },
    { symbol: 'PHISHED_PHISHTANK', weight: 1, options: ['c.com'] },
  ]);
  assert.equal(asked.length, 3);
  const page = await runCheck(
    phishing,
    {},
    { raw },
    { dns: tableResolver({ [name('a.com', 'p')]: ['127.0.0.2'] }) },
  );
  assert.deepEqual(page.hits, [{ symbol: 'PHISHED_PHISHTANK', weight: 0.3, options: ['a.com'] }]);
  const rewritten = tableResolver({ [name('a.com', 'p')]: ['192.0.2.1'], [name('c.com', 'z')]: 'servfail' });
  assert.deepEqual((await runCheck(phishing, {}, { raw }, { dns: rewritten })).hits, []);
});

test('no more names are asked than allowed', async () => {
  const asked: string[] = [];
  const raw = mail(Array.from({ length: 50 }, (_, i) => `<a href="http://a.com/${i}">x</a>`).join(''));
  await runCheck(phishing, {}, { raw }, { dns: tableResolver({}, asked), global: { maxDnsRequests: 7 } });
  assert.equal(asked.length, 7);
});

test('links are looked up in lists from files', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-phishing-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const plain = join(folder, 'plain.txt');
  const premium = join(folder, 'premium.txt');
  await writeFile(plain, '# list\nhttp://bad.com/login\nhttps://worse.com/a?b=1\nbare.com\n::\n');
  await writeFile(
    premium,
    '{"url":"http://bad.com/login","tld":"com","sector":"Money","brand":"Bank"}\n{broken\n[]\n{"url":7}\n',
  );
  const raw = mail(
    ['bad.com/login?x=1', 'bad.com/other', 'worse.com/a?b=1', 'worse.com/a?b=2', 'bare.com']
      .map((url) => `<a href="http://${url}">x</a>`)
      .join(''),
  );
  const listed = [
    { weight: 1, options: ['bad.com'] },
    { weight: 1, options: ['worse.com'] },
    { weight: 0.3, options: ['worse.com'] },
    { weight: 1, options: ['bare.com'] },
  ];
  const openphish = await runCheck(
    phishing,
    { ...offline, openphish_enabled: true, openphish_map: plain },
    { raw },
  );
  assert.deepEqual(
    openphish.hits,
    listed.map((hit) => ({ symbol: 'PHISHED_OPENPHISH', ...hit })),
  );
  const own = { ...offline, generic_service_enabled: true, generic_service_map: plain };
  assert.deepEqual((await runCheck(phishing, own, { raw })).symbols, ['PHISHED_GENERIC_SERVICE']);
  const paid = { ...offline, openphish_enabled: true, openphish_premium: true, openphish_map: premium };
  assert.deepEqual((await runCheck(phishing, paid, { raw })).hits, [
    { symbol: 'PHISHED_OPENPHISH', weight: 1, options: ['com', 'Money', 'Bank'] },
  ]);
  const excluding = {
    ...own,
    phishing_feed_exclusion_enabled: true,
    phishing_feed_exclusion_map: ['bad.com', 'worse.com', 'bare.com'],
  };
  assert.deepEqual((await runCheck(phishing, excluding, { raw })).symbols, ['PHISHED_EXCLUDED']);
});

test('a list that is switched on needs a map', async () => {
  await assert.rejects(
    runCheck(phishing, { generic_service_enabled: true }),
    /generic_service_map is needed/,
  );
  await assert.rejects(
    runCheck(phishing, { phishing_feed_exclusion_enabled: true }),
    /phishing_feed_exclusion_map is needed/,
  );
});

test('the distance counts letters that are removed, added and, double, replaced', () => {
  assert.equal(editCost('', 'abc'), 3);
  assert.equal(editCost('abc', 'abc'), 0);
  assert.equal(editCost('abc', 'axc'), 2);
  assert.equal(editCost('kitten', 'sitting'), 5);
  const label = fc.string({ maxLength: 20 });
  fc.assert(
    fc.property(label, label, (a, b) => {
      const cost = editCost(a, b);
      assert.equal(cost, editCost(b, a));
      assert.ok(cost >= Math.abs(a.length - b.length) && cost <= a.length + b.length);
    }),
  );
});
