import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { parseSigningKey } from './keys.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
const ed25519 = generateKeyPairSync('ed25519').privateKey;

function der(key: KeyObject, type: 'pkcs1' | 'pkcs8'): Buffer {
  return key.export({ format: 'der', type }) as Buffer;
}
function pem(key: KeyObject, type: 'pkcs1' | 'pkcs8'): string {
  return key.export({ format: 'pem', type }).toString();
}

test('an RSA key is read from PEM and base64 of both wrappings, with any white space around', () => {
  const expected = rsa.export({ format: 'der', type: 'pkcs8' }).toString('base64');
  const public64 = parseSigningKey(pem(rsa, 'pkcs8')).publicKey;
  const forms: (string | Buffer)[] = [
    pem(rsa, 'pkcs1'),
    Buffer.from(`\n${pem(rsa, 'pkcs8')}\n\n`),
    expected,
    `${expected.replace(/(.{64})/g, '$1\r\n')}\n`,
    der(rsa, 'pkcs1').toString('base64'),
    Buffer.from(der(rsa, 'pkcs1').toString('base64')),
  ];
  for (const form of forms) {
    const { algorithm, bits, publicKey } = parseSigningKey(form);
    assert.deepEqual(
      { algorithm, bits, publicKey },
      { algorithm: 'rsa-sha256', bits: 1024, publicKey: public64 },
    );
  }
});

test('an Ed25519 key is read from PEM, seed and seed with public key, raw and as base64', () => {
  const seed = der(ed25519, 'pkcs8').subarray(-32);
  const expected = parseSigningKey(pem(ed25519, 'pkcs8'));
  const both = Buffer.concat([seed, Buffer.from(expected.publicKey, 'base64')]);
  assert.equal(Buffer.from(expected.publicKey, 'base64').length, 32);
  for (const form of [
    seed,
    both,
    seed.toString('base64'),
    `${both.toString('base64')}\n`,
    Buffer.from(`${seed.toString('base64')}\n`),
    der(ed25519, 'pkcs8').toString('base64'),
    Buffer.from(der(ed25519, 'pkcs8').toString('base64')),
  ]) {
    const { algorithm, publicKey } = parseSigningKey(form);
    assert.deepEqual(
      { algorithm, publicKey },
      { algorithm: 'ed25519-sha256', publicKey: expected.publicKey },
    );
  }
});

test('what is no usable key is refused with a reason that holds nothing of it', () => {
  const weak = generateKeyPairSync('rsa', { modulusLength: 512 }).privateKey;
  const elliptic = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
  const locked = rsa.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' });
  const cases: [string | Buffer, RegExp][] = [
    ['', /neither PEM nor base64/],
    ['secret-words', /neither PEM nor base64/],
    ['c2VjcmV0', /^not a private key: /],
    [pem(rsa, 'pkcs8').slice(0, 200), /^not a private key: /],
    [locked, /^not a private key: /],
    [pem(weak, 'pkcs8'), /512 bits is too short/],
    [pem(elliptic, 'pkcs8'), /ec key cannot sign mail/],
    [Buffer.alloc(31), /neither PEM nor base64/],
  ];
  for (const [content, expected] of cases) {
    assert.throws(
      () => parseSigningKey(content),
      (error: Error) =>
        expected.test(error.message) && !error.message.includes('secret') && !/\n/.test(error.message),
      expected.source,
    );
  }
});
