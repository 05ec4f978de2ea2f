import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hideText, shortHash } from './digest.ts';

// Keys that Rspamd 3.4 wrote to Redis.
const keys = [
  { pieces: ['<abc-123@example.com>'], key: '1559jg891owahpwb6uc8' },
  { pieces: ['alice@example.com'], key: 'jgdqy6no' },
  { pieces: ['Bob@example.net', 'Alice@example.com', '198.51.96.0'], key: '7ofqatn187bqsdktsyic' },
  { pieces: [Buffer.from('\nHello Alice\n')], key: 't35ygsokrg4mxjdo5w3r' },
  { pieces: [], key: 'au4ro5mebesgyd5a7xbm' },
] as const;

for (const { pieces, key } of keys)
  test(`a short hash of ${pieces.length} pieces is what Rspamd has as key: ${key}`, () => {
    assert.equal(shortHash(key.length, ...pieces), key);
  });

test('a text is hidden behind a prefix and as many digits as wanted', () => {
  assert.equal(hideText('abc', { hash: 'md5', prefix: 'obf', length: 8 }), 'obf:90015098');
  assert.equal(
    hideText('abc', { hash: 'sha1', prefix: '', length: 0 }),
    'a9993e364706816aba3e25717850c26c9cd0d89d',
  );
  assert.equal(hideText('abc', { hash: 'blake2', prefix: 'obf', length: 16 }), 'obf:ba80a53f981c4d0d');
});
