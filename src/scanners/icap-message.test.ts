import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseHead, threatsOf } from './icap-message.ts';

test('nothing that an ICAP service answers makes the parsers throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      const head = parseHead(`ICAP/1.0 200 OK\r\n${text}`, 'ICAP');
      threatsOf(head.headers);
      threatsOf(new Map([['x-infection-found', text]]));
      threatsOf(new Map([['x-violations-found', text]]));
      assert.equal(head.status, 200);
    }),
    { numRuns: 300 },
  );
});
