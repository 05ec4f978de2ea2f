import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileLuaPattern } from './lua-pattern.ts';

const cases = [
  ['127.0.%d+.0', ['127.0.5.0', '127.0.15.0', '127a0.1.0'], ['127.0.5.1', '127.0..0', 'x127.0.5.0']],
  ['127%.0%.%d%.[12]', ['127.0.1.1', '127.0.9.2'], ['127.0.1.3', '127a0.1.1', '127.0.10.1']],
  ['^127%.0%.0%.%d-$', ['127.0.0.', '127.0.0.255'], ['127.0.0.a']],
  ['127%.(0)%.[^0]%.%d?', ['127.0.1.', '127.0.1.1'], ['127.0.0.1', '127.0.1.11']],
  ['127%.0%.0%.[%d]+', ['127.0.0.12'], ['127.0.0.']],
  ['%D', ['a'], ['1']],
] as const;

for (const [pattern, matches, others] of cases) {
  test(`the Lua pattern ${pattern} matches what Lua matches`, () => {
    const compiled = compileLuaPattern(pattern);
    assert.ok(compiled);
    for (const text of matches) assert.ok(compiled.test(text), text);
    for (const text of others) assert.ok(!compiled.test(text), text);
  });
}

test('what cannot be expressed is no pattern', () => {
  for (const pattern of ['%b()', '%1', '[1', '127.%', '(127', '%f[%d]', '[%D]'])
    assert.equal(compileLuaPattern(pattern), undefined, pattern);
});

test('any text is compiled or refused, and compiled ones answer', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), (pattern) => {
      compileLuaPattern(pattern)?.test('127.0.0.2');
    }),
    { numRuns: 300 },
  );
});
