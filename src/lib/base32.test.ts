import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeBase32, encodeBase32 } from './base32.ts';

test('digests read as the peer writes them in each alphabet', () => {
  const digest = createHash('md5').update('hello').digest();
  assert.equal(encodeBase32(digest), '7koyriozm1kczhgq7crbtmwa1r');
  assert.equal(encodeBase32(digest, 'rfc'), 'LVAUAKV4JMVHNOLRTWIRAF6FSI');
  assert.equal(encodeBase32(digest, 'bleach'), 't4q5q24ufv48dwt3nkg3q979jg');
});

test('what was written is read back', () => {
  for (const alphabet of ['z', 'rfc', 'bleach'] as const) {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        assert.deepEqual(decodeBase32(encodeBase32(bytes, alphabet), alphabet), bytes);
      }),
      { numRuns: 100 },
    );
  }
  assert.equal(decodeBase32('l'), undefined);
});
