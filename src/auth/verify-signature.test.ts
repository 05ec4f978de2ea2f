import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dkimSign } from 'mailauth/lib/dkim/sign.js';
import type { Resolver } from '../core/index.ts';
import { parseTags } from './tags.ts';
import { keyRecord, makeKey, message, txtResolver } from './testing/mail.ts';
import { type SignatureOutcome, verifyMessageSignature, withoutSignature } from './verify-signature.ts';

const rsa = makeKey('rsa');
const ed25519 = makeKey('ed25519');
const nowSeconds = 1_700_000_000;
const name = 's._domainkey.example.com';
const usual = txtResolver({ [name]: [keyRecord(rsa.key)] });
const text =
  'From: A <a@example.com>\r\nTo:  b@example.org\r\nSubject: Folded\r\n\tand  more\r\nTo: c@example.org\r\n\r\n' +
  'Hello  there. \r\n\r\n\tBye\r\n\r\n\r\n';

/** Signed by another implementation. */
async function signedElsewhere(canonicalization: string, changes: object = {}): Promise<string> {
  const signer = { signingDomain: 'example.com', selector: 's', privateKey: rsa.pem, ...changes };
  const { signatures, errors } = await dkimSign(text, {
    canonicalization,
    signTime: new Date(nowSeconds * 1000),
    signatureData: [signer],
    ...signer,
  });
  assert.deepEqual(errors, []);
  return `${signatures.trimEnd()}\r\n${text}`;
}

async function verify(signed: string, dns: Resolver = usual, now = nowSeconds): Promise<SignatureOutcome> {
  const parsed = message(signed);
  const [header] = parsed.headers.every('dkim-signature');
  const tags = parseTags(parsed.raw.toString('latin1', header!.valueStart, header!.end));
  assert.ok(tags);
  return verifyMessageSignature(parsed, header!, tags, { dns, nowSeconds: now });
}

for (const how of ['relaxed/relaxed', 'relaxed/simple', 'simple/relaxed', 'simple/simple']) {
  test(`signatures of another implementation verify: ${how}`, async () => {
    const signed = await signedElsewhere(how);
    assert.deepEqual(await verify(signed), { result: 'pass' });
    assert.equal((await verify(signed.replace('Bye', 'bye'))).reason, 'the body was changed');
    assert.equal((await verify(signed.replace('Folded', 'folded'))).reason, 'the signature does not verify');
    const respaced = signed.replace('and  more', 'and more');
    assert.equal((await verify(respaced)).result, how.startsWith('relaxed') ? 'pass' : 'fail');
    const extended = signed.replace('there. ', 'there.');
    assert.equal((await verify(extended)).result, how.endsWith('relaxed') ? 'pass' : 'fail');
  });
}

test('Ed25519, and line ends that are not those of the wire, verify too', async () => {
  const dns = txtResolver({ [name]: [keyRecord(ed25519.key)] });
  const signed = await signedElsewhere('simple/simple', {
    privateKey: ed25519.pem,
    algorithm: 'ed25519-sha256',
  });
  assert.deepEqual(await verify(signed, dns), { result: 'pass' });
  assert.deepEqual(await verify(signed.replaceAll('\r\n', '\n'), dns), { result: 'pass' });
});

test('tags that cannot hold are permanent errors with their reason', async () => {
  const signed = await signedElsewhere('relaxed/relaxed');
  const cases: readonly [from: RegExp, to: string, reason: string][] = [
    [/c=relaxed\/relaxed/, 'c=relaxed/odd', 'unknown canonicalization'],
    [/c=relaxed\/relaxed/, 'c=simple/simple/x', 'unknown canonicalization'],
    [/a=rsa-sha256/, 'a=rsa-sha1', 'unknown algorithm'],
    [/a=rsa-sha256/, 'a=ed25519-sha256', 'the published key is of another type'],
    [/d=example\.com/, 'd=example com', 'no domain or selector'],
    [/s=s;/, '', 'no domain or selector'],
    [/v=1;/, 'v=1; l=-1;', 'malformed l='],
    [/v=1;/, 'v=1; x=soon;', 'malformed x='],
    [/v=1;/, `v=1; x=${nowSeconds - 1};`, 'the signature expired'],
    [/h=/, 'h=x-', 'From is not signed'],
  ];
  for (const [from, to, reason] of cases) {
    const changed =
      reason === 'From is not signed' ? signed.replace(/h=[^;]*/, 'h=to') : signed.replace(from, to);
    assert.notEqual(changed, signed);
    assert.deepEqual(await verify(changed), { result: 'permerror', reason });
  }
});

test('l= counts the bytes that are signed, and x= ends a signature', async () => {
  const signed = await signedElsewhere('relaxed/relaxed', { maxBodyLength: 5 });
  assert.deepEqual(await verify(signed.replace('there', 'where')), { result: 'pass' });
  assert.equal((await verify(signed.replace('Hello', 'Hallo'))).result, 'fail');
});

test('the record decides what its key is for', async () => {
  const signed = await signedElsewhere('relaxed/relaxed');
  const p = `p=${rsa.key.publicKey}`;
  const cases: readonly [record: readonly string[] | 'servfail', expected: string][] = [
    [[`v=DKIM1; h=sha1:sha256; s=email; ${p}`], 'pass'],
    [[`v=DKIM1; s=tlsrpt:*; ${p}`], 'pass'],
    [[`v=DKIM1; h=sha1; ${p}`], 'permerror the key is not for SHA-256'],
    [[`v=DKIM1; s=tlsrpt; ${p}`], 'permerror the key is not for mail'],
    [['v=DKIM1; p='], 'permerror the key is revoked'],
    [['v=DKIM1; p=AAAA'], 'permerror the published key cannot be used'],
    [['v=DKIM1'], 'permerror the published key is malformed'],
    ['servfail', 'temperror DNS did not answer'],
  ];
  for (const [record, expected] of cases) {
    const { result, reason } = await verify(signed, txtResolver({ [name]: record }));
    assert.equal([result, reason].filter(Boolean).join(' '), expected);
  }
  assert.equal((await verify(signed, txtResolver({}))).reason, 'no key is published');
});

test('the signature is taken out of b= alone, wherever it stands', () => {
  assert.equal(withoutSignature(' b=abc\r\n def; bh=xyz=; h=b'), ' b=; bh=xyz=; h=b');
  assert.equal(withoutSignature('a=1; bh=xyz=;\r\n\tb = abc=\r\n\tdef '), 'a=1; bh=xyz=;\r\n\tb =');
});
