import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ConfigError } from '../core/index.ts';
import { emitUcl, parseUcl, readUcl, toPlain } from './index.ts';

const key = fc.oneof(
  fc.string({ minLength: 1, maxLength: 8 }),
  fc.constantFrom('a', 'b', 'worker', 'yes', '5m', 'null', '__proto__', '$DBDIR', 'a.b'),
);
const scalar = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom('$DBDIR', '$X', "it's $5", 'a\nb', '\\', "\\'", '10k', 'yes', '/* x */', '# y', '<<EOD\nx'),
);
const { value } = fc.letrec<{ value: unknown; object: Record<string, unknown> }>((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, scalar, fc.array(tie('value'), { maxLength: 4 }), tie('object')),
  object: fc.dictionary(key, tie('value'), { maxKeys: 4 }),
}));
const document = fc.dictionary(key, value, { maxKeys: 5 });

/** Own copy without prototypes, minus zero as zero: what both sides of a comparison become. */
function canonical(input: unknown): unknown {
  return JSON.stringify(input);
}

test('every JSON document reads as what it says', () => {
  fc.assert(
    fc.property(document, (input) => {
      const { root } = parseUcl(JSON.stringify(input), { file: 'f' });
      assert.equal(canonical(toPlain(root)), canonical(input));
    }),
    { numRuns: 300 },
  );
});

test('what is emitted reads back as the same values', () => {
  fc.assert(
    fc.property(document, (input) => {
      const text = emitUcl(input);
      const { root } = parseUcl(text, { file: 'f' });
      assert.equal(canonical(toPlain(root)), canonical(input), text);
    }),
    { numRuns: 300 },
  );
});

const fragment = fc.constantFrom(
  'a',
  'b c',
  ' = ',
  '{',
  '}',
  '[',
  ']',
  ';',
  ',',
  '\n',
  '"',
  "'",
  '\\',
  '/*',
  '*/',
  '//',
  '#',
  '$DBDIR',
  '${',
  '5m',
  '.include',
  '.priority',
  '(',
  ')',
  '<<EOD\n',
  'EOD',
  '\0',
  '\u{1f600}',
  '{=',
  '=}',
  '{%',
  '%}',
  'if',
  'endif',
  '.',
  ':',
  'x|default',
  '-',
  'for x in',
  '\r\n',
  '\t',
);

test('no text makes the reader throw anything but a configuration error', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(fragment, { maxLength: 40 }).map((parts) => parts.join('')),
      ),
      (text) => {
        const reading = readUcl(text, { file: 'f', variables: { DBDIR: '/d' }, templates: { env: {} } });
        for (const { position } of [...reading.problems, ...reading.warnings]) {
          assert.ok(position && position.line >= 1 && position.column >= 1);
          assert.ok(position.line <= text.split('\n').length);
        }
        try {
          parseUcl(text, { file: 'f' });
        } catch (error) {
          assert.ok(error instanceof ConfigError);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('texts made to be slow are read in one pass', () => {
  const many = 200_000;
  for (const text of [
    'a '.repeat(many),
    `a = x${' '.repeat(many)}y`,
    'a b '.repeat(many),
    '"'.repeat(many),
    "a = '".repeat(many),
    '/*'.repeat(many),
    'a = <<EOD\n'.repeat(many),
    '$'.repeat(many),
    'a = ${'.repeat(many),
    '{= '.repeat(many),
    '{%- '.repeat(many),
    `${' '.repeat(many)}{%- if`,
    'k;'.repeat(many),
    `a = ${'9'.repeat(many)}`,
    '.include('.repeat(many),
    `a = ${'\\'.repeat(many)}`,
    'k = {\n'.repeat(255) + 'x = 1\n'.repeat(many / 10),
  ])
    readUcl(text, { file: 'f', variables: { D: 'd' }, templates: {} });
});
