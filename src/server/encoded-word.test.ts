import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeHeaderText } from './encoded-word.ts';

test('printable ASCII stays as it is', () => {
  assert.equal(encodeHeaderText('*** SPAM *** 100% =?x'), '*** SPAM *** 100% =?x');
});

test('other text becomes one encoded word', () => {
  assert.equal(encodeHeaderText('Grüße'), '=?UTF-8?B?R3LDvMOfZQ==?=');
});

test('a control character never reaches the header as it is', () => {
  assert.match(encodeHeaderText('a\r\nBcc: x'), /^=\?UTF-8\?B\?[\w+/=]+\?=$/);
});

test('long text becomes folded words of at most 75 characters that decode to the same text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
      const encoded = encodeHeaderText(`é${text}`, '\n ');
      let decoded = '';
      for (const word of encoded.split('\n ')) {
        assert.ok(word.length <= 75);
        decoded += Buffer.from(word.slice(10, -2), 'base64').toString();
      }
      assert.equal(decoded, `é${text}`.toWellFormed());
    }),
    { numRuns: 300 },
  );
});
