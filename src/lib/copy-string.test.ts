import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { copyString } from './copy-string.ts';

test('a copy equals its original, lone surrogates included', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 0xffff })), (codes) => {
      const text = String.fromCharCode(...codes);
      assert.equal(copyString(text), text);
    }),
  );
});
