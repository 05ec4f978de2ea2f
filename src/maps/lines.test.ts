import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseLine, parseLines } from './lines.ts';

test('a line is a key and perhaps a value', () => {
  const table: [line: string, key: string | undefined, value?: string][] = [
    ['', undefined],
    ['  \t', undefined],
    ['# comment', undefined],
    ['  key  ', 'key', ''],
    ['key value', 'key', 'value'],
    ['key \t two words  # comment', 'key', 'two words'],
    ['key#comment', 'key', ''],
    ['key # comment', 'key', ''],
    ['a\\#b', 'a#b', ''],
    ['\\#a 1', '#a', '1'],
    ['"two words" 1', 'two words', '1'],
    ['"a \\" # b" 1', 'a " # b', '1'],
    ['"unclosed key', '"unclosed', 'key'],
    ['/a b#c/i value', '/a b#c/i', 'value'],
    ['/a\\/b/ 1', '/a\\/b/', '1'],
    ['/path/to/x 1', '/path/to/x', '1'],
    ['/unclosed x', '/unclosed', 'x'],
    ['key\r', 'key', ''],
    ['[2001:db8::]/32 1', '[2001:db8::]/32', '1'],
  ];
  for (const [line, key, value] of table) {
    assert.deepEqual(parseLine(line), key === undefined ? undefined : { key, value }, JSON.stringify(line));
  }
});

test('lines are numbered from 1 and a byte order mark is dropped', () => {
  assert.deepEqual(
    [...parseLines('\ufeffa\r\n\n# c\nb 1')],
    [
      { key: 'a', value: '', line: 1 },
      { key: 'b', value: '1', line: 4 },
    ],
  );
});

test('a quoted key and a value survive being written and read', () => {
  const key = fc.string({ minLength: 1 }).filter((text) => !/[\r\n]/.test(text));
  const value = fc.stringMatching(/^[!-"$-~]{0,20}$/);
  fc.assert(
    fc.property(key, value, (key, value) => {
      const quoted = key.replace(/["\\]/g, '\\$&');
      assert.deepEqual(parseLine(`"${quoted}" ${value}`), { key, value });
    }),
    { numRuns: 300 },
  );
});

test('no text breaks the reader', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      for (const entry of parseLines(text)) assert.ok(entry.key.length > 0 || text.includes('""'));
    }),
    { numRuns: 300 },
  );
});
