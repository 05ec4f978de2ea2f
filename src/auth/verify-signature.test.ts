import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { dkimSign } from 'mailauth/lib/dkim/sign.js';
import type { Resolver } from '../core/index.ts';
import { dnsKeys } from './key-finder.ts';
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
  return verifyMessageSignature(parsed, header!, tags, { keys: dnsKeys(dns), nowSeconds: now });
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
    [/a=rsa-sha256/, 'a=rsa-sha1', 'rsa-sha1 must not be used any more'],
    [/a=rsa-sha256/, 'a=dsa-sha256', 'unknown algorithm'],
    [/a=rsa-sha256/, 'a=ed25519-sha256', 'the published key is of another type'],
    [/d=example\.com/, 'd=example com', 'no domain or selector'],
    [/s=s;/, '', 'no domain or selector'],
    [/v=1;/, 'v=1; l=-1;', 'malformed l='],
    [/v=1;/, 'v=1; x=soon;', 'malformed x='],
    [/v=1;/, `v=1; x=${nowSeconds - 1};`, 'the signature expires before it was made'],
    [/ t=\d+;/, ` x=${nowSeconds - 1};`, 'the signature expired'],
    [/ t=\d+;/, ` t=${nowSeconds + 1};`, 'signed in the future'],
    [/ t=\d+;/, ' t=soon;', 'malformed t='],
    [/v=1;/, 'v=2;', 'no version 1'],
    [/v=1;/, '', 'no version 1'],
    [/q=dns.txt/, 'q=dns/cert', 'unknown query method'],
    [/v=1;/, 'v=1; i=@example.net;', 'i= is not within d='],
    [/v=1;/, 'v=1; i=a@badexample.com;', 'i= is not within d='],
    [/v=1;/, 'v=1; i=example.com;', 'i= is not within d='],
    [/ bh=/, ' bh=*', 'malformed bh='],
    [/ b=/, ' b=*', 'malformed b='],
    [/ h=/, ` h=${'x:'.repeat(1000)}`, 'too many names in h='],
    [/v=1;/, 'v=1; l=999;', 'l= is more than the body'],
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

test('clocks may be apart by the jitter', async () => {
  const signed = await signedElsewhere('relaxed/relaxed');
  const [header] = message(signed).headers.every('dkim-signature');
  const at = async (now: number, jitterSeconds: number): Promise<string | undefined> => {
    const parsed = message(signed);
    const tags = parseTags(header!.rawValue);
    const context = { keys: dnsKeys(usual), nowSeconds: now, jitterSeconds };
    return (await verifyMessageSignature(parsed, header!, tags!, context)).reason;
  };
  assert.equal(await at(nowSeconds - 61, 60), 'signed in the future');
  assert.equal(await at(nowSeconds - 60, 60), undefined);
});

test('keys that are too short or too large do not count, whatever they sign', async () => {
  const signed = await signedElsewhere('relaxed/relaxed');
  const der = (bits: number, publicExponent = 65_537): string =>
    generateKeyPairSync('rsa', { modulusLength: bits, publicExponent })
      .publicKey.export({ format: 'der', type: 'spki' })
      .toString('base64');
  // A modulus of 16384 bits takes minutes to find; for the record any number of that size will do.
  const huge = createPublicKey({
    key: { kty: 'RSA', n: Buffer.alloc(2048, 0xfb).toString('base64url'), e: 'AQAB' },
    format: 'jwk',
  });
  const bigExponent = createPublicKey({
    key: {
      kty: 'RSA',
      n: Buffer.alloc(256, 0xfb).toString('base64url'),
      e: Buffer.alloc(200, 5).toString('base64url'),
    },
    format: 'jwk',
  });
  const spki = (key: KeyObject): string => key.export({ format: 'der', type: 'spki' }).toString('base64');
  for (const [p, expected] of [
    [der(512), 'policy the key is shorter than 1024 bits'],
    [der(1024), 'fail the signature does not verify'],
    [spki(huge), 'policy the key is too large'],
    [spki(bigExponent), 'policy the key is too large'],
    ['A'.repeat(20_000), 'permerror the published key is malformed'],
  ] as const) {
    const { result, reason } = await verify(signed, txtResolver({ [name]: [`v=DKIM1; p=${p}`] }));
    assert.equal(`${result} ${reason}`, expected);
  }
});

test('a test key turns a failure into nothing, and t=s keeps subdomains out', async () => {
  const signed = await signedElsewhere('relaxed/relaxed');
  const flags = (t: string): Resolver => txtResolver({ [name]: [`${keyRecord(rsa.key)}; t=${t}`] });
  assert.deepEqual(await verify(signed, flags('y')), { result: 'pass', isTest: true });
  assert.deepEqual(await verify(signed.replace('Bye', 'bye'), flags('s:y')), {
    result: 'neutral',
    reason: 'the body was changed, but the key is a test',
    isTest: true,
  });
  // Another signature, but it is refused before it is looked at.
  const subdomain = signed.replace('v=1;', 'v=1; i=@mail.example.com;');
  assert.equal((await verify(subdomain, flags('y'))).result, 'neutral');
  assert.deepEqual(await verify(subdomain, flags('s')), {
    result: 'permerror',
    reason: 'the key is not for subdomains',
  });
  // RFC 6376 dropped the g= of RFC 4871.
  const granular = txtResolver({ [name]: [`v=DKIM1; g=nobody; p=${rsa.key.publicKey}`] });
  assert.deepEqual(await verify(signed, granular), { result: 'pass' });
});

test('the signature is taken out of b= alone, wherever it stands', () => {
  assert.equal(withoutSignature(' b=abc\r\n def; bh=xyz=; h=b'), ' b=; bh=xyz=; h=b');
  assert.equal(withoutSignature('a=1; bh=xyz=;\r\n\tb = abc=\r\n\tdef '), 'a=1; bh=xyz=;\r\n\tb =');
});
