import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../core/index.ts';
import { nodesAt, parseUcl } from './index.ts';

function problemOf(text: string): string {
  try {
    parseUcl(text, { file: 'f' });
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message;
  }
  return 'no error';
}

test('every syntax error names the place and what was expected', () => {
  for (const [text, message] of [
    ['a = "x" "y"', 'f:1:9: delimiter is missing after a value (expected `;`, `,` or a new line)'],
    ['a = {\n b = 1', 'f:2:7: unexpected end of text (expected `}`)'],
    ['a = [1, 2', 'f:1:10: unexpected end of text (expected `]`)'],
    ['a = 1 }', 'f:1:7: unexpected `}` (expected a key)'],
    ['a { b = 1 ]', 'f:1:11: unexpected `]` (expected a key)'],
    ['a = ;', 'f:1:5: unexpected `;` (expected a value)'],
    ['a =', 'f:1:4: unexpected end of text (expected a value)'],
    ['a == 1', 'f:1:4: unexpected `=` (expected a value)'],
    ['"" = 1', 'f:1:1: empty key (expected a name)'],
    ['a%b = 1', 'f:1:2: `%` inside a key (expected letters, digits, `_`, `-`, `.`, `/`, or quotes)'],
    ['= 1', 'f:1:1: unexpected `=` (expected a key)'],
    [
      'a = "x\ny"',
      'f:1:7: control character or new line inside a quoted string (expected an escape such as \\n)',
    ],
    ['a = "x', 'f:1:5: string has no end (expected `"`)'],
    ["a = 'x", "f:1:5: string has no end (expected `'`)"],
    ['a = "\\u12"', 'f:1:6: bad \\u escape (expected four hexadecimal digits)'],
    ['a = <<EOD\nx', 'f:1:5: multiline text has no end (expected a line with EOD alone)'],
    ['\n /* x', 'f:2:2: comment has no end (expected `*/`)'],
    ['. x', 'f:1:1: unexpected `.` (expected a key, or a macro such as .include)'],
    ['.include(try=true "x"', 'f:1:9: arguments of .include have no end (expected `)`)'],
    ['a = 1\u0000b', 'f:1:6: delimiter is missing after a value (expected `;`, `,` or a new line)'],
  ] as const)
    assert.equal(problemOf(text), message, JSON.stringify(text));
});

test('brackets too deep inside each other are refused', () => {
  assert.match(
    problemOf('['.repeat(100_000)),
    /too many brackets inside each other \(expected at most 256\)/,
  );
  assert.match(problemOf('a {'.repeat(100_000)), /too many brackets/);
});

test('every value knows where it and its key were written', () => {
  const text = 'a {\n  b = 5;\n  c = [1,\n    x]\n}\nworker "n" {\n d 1 }\n';
  const { root } = parseUcl(text, { file: 'f' });
  const place = (...path: (string | number)[]) => {
    const [node] = nodesAt([root], path);
    const { position, keyPosition } = node!;
    return [position.line, position.column, keyPosition?.line, keyPosition?.column];
  };
  assert.deepEqual(place('a'), [1, 3, 1, 1]);
  assert.deepEqual(place('a', 'b'), [2, 7, 2, 3]);
  assert.deepEqual(place('a', 'c', 1), [4, 5, undefined, undefined]);
  assert.deepEqual(place('worker', 'n', 'd'), [7, 4, 7, 2]);
});

test('text after the closing bracket of a file is ignored with a warning', () => {
  const { warnings } = parseUcl('{a = 1}\nb = 2', { file: 'f' });
  assert.equal(warnings[0]?.message, 'text after the closing bracket of the file is ignored');
  assert.deepEqual(warnings[0]?.position, { file: 'f', line: 2, column: 1 });
});

test('a backslash that double quotes swallow is a warning', () => {
  const { warnings } = parseUcl('re = "/a\\.b/";\nok = "a\\/b\\\\d"', { file: 'f' });
  assert.deepEqual(
    warnings.map(({ position }) => position?.line),
    [1],
  );
});
