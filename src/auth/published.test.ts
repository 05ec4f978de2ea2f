import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comparePublished } from './published.ts';
import { keyRecord, makeKey, txtResolver } from './testing/mail.ts';

const rsa = makeKey('rsa').key;
const other = makeKey('rsa').key;
const ed25519 = makeKey('ed25519').key;
const pkcs1 = rsa.publicKeyObject.export({ format: 'der', type: 'pkcs1' }).toString('base64');

const cases: readonly [
  name: string,
  records: readonly string[] | 'timeout' | 'nodata' | 'servfail',
  state: string,
][] = [
  ['the record of the key', [keyRecord(rsa)], 'same'],
  ['without v= and k=', [`p=${rsa.publicKey}`], 'same'],
  ['the bare PKCS#1 key', [`v=DKIM1; p=${pkcs1}`], 'same'],
  ['white space in p=', [`v=DKIM1;k=rsa;p=${rsa.publicKey.replace(/(.{70})/g, '$1 \t')};`], 'same'],
  ['after a record that is something else', ['v=spf1 -all', keyRecord(rsa)], 'same'],
  ['another key', [keyRecord(other)], 'different'],
  ['a key of another type', [keyRecord(ed25519)], 'different'],
  ['no record', 'nodata', 'missing'],
  ['an empty p=', ['v=DKIM1; p='], 'revoked'],
  ['no tag list', ['hello'], 'malformed'],
  ['no p=', ['v=DKIM1; k=rsa'], 'malformed'],
  ['another version', [`v=DKIM2; p=${rsa.publicKey}`], 'malformed'],
  ['v= that is not first', [`p=${rsa.publicKey}; v=DKIM1`], 'malformed'],
  ['p= twice', [`p=${rsa.publicKey}; p=`], 'malformed'],
  ['p= that is no key', ['v=DKIM1; p=AAAA'], 'malformed'],
  ['a silent server', 'timeout', 'unreachable'],
  ['a failing server', 'servfail', 'unreachable'],
];

for (const [name, records, state] of cases) {
  test(`published: ${name}: ${state}`, async () => {
    const dns = txtResolver({ 's1._domainkey.example.com': records });
    assert.equal(await comparePublished(dns, 'example.com', 's1', rsa), state);
  });
}

test('an Ed25519 key is published as its 32 bytes (RFC 8463 4)', async () => {
  const dns = txtResolver({ 's._domainkey.example.com': [keyRecord(ed25519)] });
  assert.equal(await comparePublished(dns, 'example.com', 's', ed25519), 'same');
  assert.equal(await comparePublished(dns, 'example.net', 's', ed25519), 'missing');
});
