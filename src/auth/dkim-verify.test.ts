import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DkimOutcome, Resolver } from '../core/index.ts';
import { dkimSignature } from './dkim-sign.ts';
import { verifyDkimSignature } from './dkim-verify.ts';
import { dnsKeys } from './key-finder.ts';
import { parseSignHeaders } from './signed-headers.ts';
import { asDelivered, keyRecord, makeKey, message, txtResolver } from './testing/mail.ts';

const { key } = makeKey('rsa');
const dns = txtResolver({
  's._domainkey.example.com': [keyRecord(key)],
  's._domainkey.xn--bcher-kva.example': [keyRecord(key)],
});
const timestamp = 1_700_000_000;
const plain = 'From: a@example.com\r\nSubject: Hi\r\n\r\nHello.\r\n';

async function verify(text: string, resolver: Resolver = dns): Promise<readonly DkimOutcome[]> {
  const parsed = message(text);
  const context = { keys: dnsKeys(resolver), nowSeconds: timestamp };
  return Promise.all(
    parsed.headers.every('dkim-signature').map((header) => verifyDkimSignature(parsed, header, context)),
  );
}

function signed(domain = 'example.com'): string {
  const headers = parseSignHeaders('from:subject');
  const value = dkimSignature(message(plain), { domain, selector: 's', key, headers, timestamp });
  return `DKIM-Signature: ${value}\r\n${plain}`;
}

test('an outcome names the signature', async () => {
  const [outcome] = await verify(signed());
  const { signatureStart, ...rest } = outcome!;
  assert.deepEqual(rest, {
    result: 'pass',
    domain: 'example.com',
    selector: 's',
    algorithm: 'rsa-sha256',
  });
  assert.match(signed().replaceAll(/\s/g, ''), new RegExp(`;b=${RegExp.escape(signatureStart!)}`));
});

test('upper case and internationalised domains are names as DNS has them (RFC 8616)', async () => {
  const [outcome] = await verify(signed(Buffer.from('bücher.EXAMPLE').toString('latin1')));
  assert.deepEqual([outcome!.result, outcome!.domain], ['pass', 'xn--bcher-kva.example']);
});

test('what is no signature is a permanent error without names', async () => {
  for (const value of [
    '',
    ';;',
    'hello',
    'v=1; v=1',
    `v=1; ${'x'.repeat(70_000)}=1`,
    'v=1; d=../etc; s=a b; a=\x01',
  ])
    assert.deepEqual(
      (await verify(`DKIM-Signature: ${value}\r\n${plain}`)).map(
        ({ result, domain, selector, algorithm }) => [result, domain, selector, algorithm],
      ),
      [['permerror', '', '', undefined]],
      value.slice(0, 40),
    );
});

// RFC 6376 Appendix A.2 as errata 3192 (one blank) and 4926 (six blanks where lines are folded) have it; key of Appendix C.
const rfc6376 = [
  'DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;',
  '      c=simple/simple; q=dns/txt; i=joe@football.example.com;',
  '      h=Received : From : To : Subject : Date : Message-ID;',
  '      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;',
  '      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB',
  '      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut',
  '      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV',
  '      4bmp/YzhwvcubU4=;',
  'Received: from client1.football.example.com  [192.0.2.1]',
  '      by submitserver.example.com with SUBMISSION;',
  '      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)',
  'From: Joe SixPack <joe@football.example.com>',
  'To: Suzie Q <suzie@shopping.example.net>',
  'Subject: Is dinner ready?',
  'Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)',
  'Message-ID: <20030712040037.46341.5F8J@football.example.com>',
  '',
  'Hi.',
  '',
  'We lost the game. Are you hungry yet?',
  '',
  'Joe.',
  '',
].join('\r\n');
const rfc6376Key = [
  'v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkM',
  'oGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/R',
  'tdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToI',
  'MmPSPDdQPNUYckcQ2QIDAQAB',
].join('');

test('the signature of RFC 6376 Appendix A verifies, and not after a change', async () => {
  const resolver = txtResolver({ 'brisbane._domainkey.example.com': [rfc6376Key] });
  assert.deepEqual(await verify(rfc6376, resolver), [
    {
      result: 'pass',
      domain: 'example.com',
      selector: 'brisbane',
      identity: 'joe@football.example.com',
      algorithm: 'rsa-sha256',
      signatureStart: 'AuUoFEfD',
    },
  ]);
  for (const [from, to] of [
    ['game. Are', 'game.  Are'],
    ['Is dinner', 'is dinner'],
    ['client1', 'client2'],
  ] as const)
    assert.equal((await verify(rfc6376.replace(from, to), resolver))[0]!.result, 'fail', from);
  const line = txtResolver({ 'brisbane._domainkey.example.com': [`${rfc6376Key}; t=s`] });
  assert.equal((await verify(rfc6376, line))[0]!.reason, 'the key is not for subdomains');
});

test('whatever stands in a signature header, there is an outcome', async () => {
  const bits = [
    'v=1',
    'a=rsa-sha256',
    'a=rsa-sha1',
    'd=example.com',
    's=s',
    'h=from',
    'bh=AA==',
    'b=AA==',
    'l=1',
  ];
  const tag = fc.oneof(
    fc.constantFrom(...bits, 'c=relaxed', 'x=1', 't=9', 'i=@a', 'q=', '', ' \t', '\r\n '),
    fc.string({ unit: 'binary-ascii', maxLength: 8 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(tag, { maxLength: 14 }), async (tags) => {
      const value = tags.join(';').replaceAll(/[\r\n]+/g, '\r\n ');
      for (const { result, reason } of await verify(`DKIM-Signature: ${value}\r\n${plain}`)) {
        assert.notEqual(result, 'pass');
        assert.ok(reason);
      }
    }),
    { numRuns: 400 },
  );
});

test('blanks without end cost no more than their number', async () => {
  const value = `v=1; a=rsa-sha256${' '.repeat(60_000)}x; d=example.com; s=s`;
  assert.equal((await verify(`DKIM-Signature: ${value}\r\n${plain}`))[0]!.reason, 'unknown algorithm');
});

test('our signatures verify however the message travelled', async () => {
  for (const raw of [plain, plain.replaceAll('\r\n', '\n')]) {
    const parsed = message(raw);
    const headers = parseSignHeaders('(o)from:(o)subject');
    const value = dkimSignature(parsed, { domain: 'example.com', selector: 's', key, headers, timestamp });
    const [outcome] = await verify(`DKIM-Signature: ${value}\r\n${asDelivered(parsed.raw)}`);
    assert.equal(outcome!.result, 'pass');
  }
});
