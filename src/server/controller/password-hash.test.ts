import assert from 'node:assert/strict';
import { test } from 'node:test';
import { computePasswordHash, parsePasswordHash } from './password-hash.ts';
import { PasswordVerifier } from './passwords.ts';

const long = 'pässword with a length of more than sixty-four bytes, which is hashed first by itself';

/** What `rspamadm pw -e -p PASSWORD -t SCHEME` of Debian's package prints. */
const vectors = [
  [
    'pbkdf2',
    'hello',
    '$1$3chk1f79nx9b4m6ih9fujqipodcjcoxg$nj3fpfxm5sjw1ij7wgti667k83hkrty5xrkrozx8izkraquasybb',
  ],
  [
    'pbkdf2',
    'q1',
    '$1$qe1dbhtzwwr68ikgpdisytgn8wm8uqmu$gj1igohco49rjt6t9wee5rj46nzqxyty6c3bf5xeqt4c9d1pqpsb',
  ],
  [
    'pbkdf2',
    long,
    '$1$uiepytarxkxn5rkuruphimnsj4qraoyb$os7mqksg5i6xxmikkqgf938bu5txk5wowp7ntfb4ftyj6xx6brdb',
  ],
  [
    'catena',
    'hello',
    '$2$tppmkkm5zs4unit88duucqibjrjimb9i$5uqo4e587hi313ctcjmnreq5ozrewutsbipg1oxb6crajsnmrbmy',
  ],
  [
    'catena',
    long,
    '$2$t77ya9qhijmyf3qodpzkbyd9bpmnxx87$8dwbo3fhei1wyzzb5p4caua1mm1tyhoyjyorhwcxnf6asddzkaeb',
  ],
] as const;

test('hashes of rspamadm are computed byte for byte', () => {
  for (const [scheme, password, stored] of vectors) {
    const parsed = parsePasswordHash(stored);
    assert.equal(parsed?.scheme, scheme);
    assert.deepEqual(Buffer.from(computePasswordHash(password, parsed)), Buffer.from(parsed.hash), stored);
    if (scheme === 'pbkdf2')
      assert.notDeepEqual(Buffer.from(computePasswordHash(`${password}x`, parsed)), Buffer.from(parsed.hash));
  }
});

test('what is no hash is a plain password', () => {
  for (const text of [
    'secret',
    '',
    '$',
    '$1$',
    '$3$abc$def',
    '$1$tooshort$tooshort',
    '$1$!!!$???',
    'a$1$b$c',
  ])
    assert.equal(parsePasswordHash(text), undefined, text);
});

test('plain and hashed passwords are told right from wrong, again and again', async () => {
  const verifier = new PasswordVerifier();
  const [, , stored] = vectors[0];
  try {
    for (let round = 0; round < 2; round++) {
      assert.equal(await verifier.isRight('secret', 'secret'), true);
      assert.equal(await verifier.isRight('secret', 'secre'), false);
      assert.equal(await verifier.isRight(stored, 'hello'), true);
      assert.equal(await verifier.isRight(stored, 'hallo'), false);
      assert.equal(await verifier.isRight(stored, stored), false);
    }
  } finally {
    await verifier.close();
  }
});
