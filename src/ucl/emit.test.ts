import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emitUcl, parseUcl, toPlain } from './index.ts';

test('values are written as an operator would write them', () => {
  const text = emitUcl(
    {
      a: 1,
      list: ['x', 2],
      empty: {},
      sub: { 'k k': null, on: true },
      rules: [{ n: 1 }, [1, [2]]],
      path: '$X/y',
    },
    { comment: (path) => (path.at(-1) === 'a' ? 'one\nline' : undefined) },
  );
  assert.equal(
    text,
    `a = 1;  # one line
list = ["x", 2];
empty {}
sub {
  "k k" = null;
  "on" = true;
}
rules = [
  {
    n = 1;
  },
  [
    1,
    [2],
  ],
];
path = '$X/y';
`,
  );
});

test('a text with a dollar sign is not taken for a variable when it is read again', () => {
  const { root } = parseUcl(emitUcl({ a: '$X/y' }), { file: 'f', variables: { X: 'replaced' } });
  assert.deepEqual(toPlain(root), { a: '$X/y' });
});
