import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileExpression, ExpressionError } from './index.ts';

const values: Record<string, number> = { A: 1, B: 1, C: 1, Z: 0, 'X-Y': 1, HALF: 0.5 };

function value(text: string): number {
  return compileExpression(text, (atom) => atom).evaluate((atom) => values[atom] ?? 0);
}

test('expressions have the value their grammar gives them', () => {
  for (const [text, expected] of [
    ['A', 1],
    ['Z', 0],
    ['!Z', 1],
    ['not Z and A', 1],
    ['A & Z | B', 1],
    ['A & (Z | B)', 1],
    ['Z | Z & A', 0],
    ['A && !Z || Z', 1],
    ['A + B + C >= 2', 1],
    ['(A + B + C) >= 4', 0],
    ['A + B * 3', 4],
    ['3 - A - B', 1],
    ['A == B', 1],
    ['A != B', 0],
    ['HALF < 1', 1],
    ['A or B and Z', 1],
    ['X-Y', 1],
    ['notable | A', 1],
    ['8 / 4 / 2', 1],
    ['A / Z', 0],
    ['!A | !Z', 1],
    ['-A', 0],
  ] as const)
    assert.equal(value(text), expected, text);
});

test('atoms keep their prefixes, options and regular expressions', () => {
  for (const [text, atoms] of [
    ['~A & -B & ^C', ['~A', '-B', '^C']],
    ['g:mua | g+:fuzzy | -g-:policies', ['g:mua', 'g+:fuzzy', '-g-:policies']],
    ['SYM[opt a,/re ] \\/ x/i] & B', ['SYM[opt a,/re ] \\/ x/i]', 'B']],
    ['Subject=/a (b|c) \\/ d/iH & /body/{mime}', ['Subject=/a (b|c) \\/ d/iH', '/body/{mime}']],
    ['has_symbol(A) and header_exists(X)', ['has_symbol(A)', 'header_exists(X)']],
    ['header:X-Mailer & ip', ['header:X-Mailer', 'ip']],
  ] as const)
    assert.deepEqual(compileExpression(text, (atom) => atom).atoms, atoms, text);
});

test('an expression that does not parse names the place', () => {
  for (const [text, offset] of [
    ['', 0],
    ['A &', 3],
    ['A B', 2],
    ['(A', 0],
    ['A)', 1],
    ['& A', 0],
    ['A[x', 1],
    ['A & /re', 4],
    ['('.repeat(500), 200],
  ] as const)
    assert.throws(
      () => compileExpression(text, (atom) => atom),
      (error) => error instanceof ExpressionError && error.offset === offset,
      text,
    );
});

test('operands that cannot change the outcome are not asked', () => {
  const asked: string[] = [];
  compileExpression('Z & A | B', (atom) => atom).evaluate((atom) => {
    asked.push(atom);
    return values[atom] ?? 0;
  });
  assert.deepEqual(asked, ['Z', 'B']);
});

test('no text makes the parser do anything but return or throw an ExpressionError', () => {
  const pieces = fc.constantFrom(
    'A',
    'B',
    '(',
    ')',
    '!',
    '&',
    '|',
    '+',
    '-',
    '/',
    '<',
    '=',
    '[',
    ']',
    '{',
    '}',
    ' ',
    '\\',
    'not',
    '1',
    '~',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), (list) => {
      try {
        compileExpression(list.join(''), (atom) => atom).evaluate(() => 1);
      } catch (error) {
        assert.ok(error instanceof ExpressionError);
      }
    }),
  );
});
