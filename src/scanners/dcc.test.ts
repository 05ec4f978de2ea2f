import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dccResult } from './dcc.ts';

test('nothing that dccifd answers makes the parser throw anything but that another attempt is due', () => {
  const limits = { body_max: 10, fuz1_max: 10, fuz2_max: 10 };
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      for (const reply of [text, `A\nA\n;${text}`, `R\n${text}`, `A\nA\nX; body=${text} rep=${text}`]) {
        try {
          const result = dccResult(reply, limits);
          if (result.kind === 'found' && result.weight !== undefined)
            assert.ok(Number.isFinite(result.weight));
        } catch (error) {
          assert.equal((error as Error).name, 'UpstreamError');
        }
      }
    }),
    { numRuns: 300 },
  );
});
