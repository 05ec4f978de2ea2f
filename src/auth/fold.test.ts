import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { foldTags, foldWords, type Tag } from './fold.ts';
import { parseTags, withoutFws } from './tags.ts';

const name = 'DKIM-Signature';

function columnsOf(value: string): readonly number[] {
  return `${name}: ${value}`.split('\r\n').map((line) => line.replace(/^\t/, ' '.repeat(8)).length);
}

const word = fc.stringMatching(/^[a-z0-9]{1,12}$/);

test('tags are folded at 78 columns and read back as they were', () => {
  const lists = fc.array(word, { minLength: 1, maxLength: 60 }).map((names) => names.join(':'));
  const base64 = fc.base64String({ maxLength: 700 });
  fc.assert(
    fc.property(lists, word, base64, (names, selector, signature) => {
      const tags: Tag[] = [
        ['v', '1'],
        ['d', 'example.com'],
        ['s', selector],
        ['h', names],
        ['bh', 'x'.repeat(44)],
        ['b', ''],
      ];
      const folded = foldTags(tags, name.length, signature);
      assert.ok(Math.max(...columnsOf(folded)) <= 78);
      assert.ok(!/[ \t]\r\n/.test(folded));
      const read = parseTags(folded);
      for (const [tag, value] of tags)
        assert.equal(withoutFws(read?.get(tag) ?? '?'), tag === 'b' ? signature : value);
    }),
    { numRuns: 300 },
  );
});

test('a domain or selector too long for a line stands whole on one of its own', () => {
  const domain = `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.example`;
  const selector = 's'.repeat(63);
  const folded = foldTags(
    [
      ['v', '1'],
      ['d', domain],
      ['s', selector],
      ['b', ''],
    ],
    name.length,
    'c2ln',
  );
  assert.equal(folded, `v=1;\r\n\td=${domain};\r\n\ts=${selector}; b=\r\n\tc2ln`);
});

test('words are folded at blanks', () => {
  const text = Array.from({ length: 40 }, (_, index) => `word${index}`).join(' ');
  const folded = foldWords(text, name.length);
  assert.ok(Math.max(...columnsOf(folded)) <= 78);
  assert.equal(folded.replaceAll('\r\n\t', ' '), text);
});
