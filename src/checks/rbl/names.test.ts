import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isQuestion } from './names.ts';

test('a name is asked when every label is one, whatever stands in the message', () => {
  const label = /^(?!-)[^.\s\\]{1,63}(?<!-)$/;
  const unit = fc.constantFrom(
    'a',
    'Z',
    '9',
    '-',
    '_',
    '.',
    ' ',
    '\t',
    '\v',
    '\\',
    '\u00a0',
    '\u3000',
    'ж',
    '\u{1f600}',
  );
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 12 }), fc.nat(80), (text, more) => {
      const name = text + 'a'.repeat(more);
      assert.equal(
        isQuestion(name),
        name.split('.').every((part) => label.test(part)),
      );
    }),
    { numRuns: 500 },
  );
  assert.ok(isQuestion(`${'a.'.repeat(126)}a`));
  assert.ok(!isQuestion(`${'a.'.repeat(126)}aa`));
});
