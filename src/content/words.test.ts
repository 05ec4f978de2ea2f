import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseMessage } from '../mime/index.ts';
import { contentLimits } from './limits.ts';
import { normalise, splitWords } from './split-words.ts';
import { contentViews } from './views.ts';
import { readWords, wordsOf } from './words.ts';

test('words are split as Unicode says for the POSIX locale, ASCII or not', () => {
  assert.deepEqual(
    splitWords(
      "They're x.y.z 1,234.50 don’t foo_bar 今日は良い天気です AT&T C++ e-mail world's a:b 2024-11",
      99,
    ),
    [
      "They're",
      'x',
      'y',
      'z',
      '1,234.50',
      'don’t',
      'foo_bar',
      '今日',
      'は',
      '良い',
      '天気',
      'です',
      'AT',
      'T',
    ].concat(['C', 'e', 'mail', "world's", 'a', 'b', '2024', '11']),
  );
  const segmenter = new Intl.Segmenter('en-US-u-va-posix', { granularity: 'word' });
  const alphabet = fc.constantFrom(...'ab1_\'., -:;"&\n');
  fc.assert(
    fc.property(fc.string({ unit: alphabet, maxLength: 30 }), (text) => {
      const expected = [...segmenter.segment(text)]
        .filter(({ isWordLike, segment }) => isWordLike && /[A-Za-z0-9]/.test(segment))
        .map(({ segment }) => segment);
      assert.deepEqual(splitWords(text, 99), expected);
    }),
    { numRuns: 500 },
  );
});

test('words are compared in one form', () => {
  const forms = [
    ["They're", 'theyre'],
    ['1,234.50', '123450'],
    ['ＦＵＬＬ', 'full'],
    ['foo_bar', 'foo_bar'],
    ['Größe', 'größe'],
    ['don’t', 'dont'],
  ] as const;
  for (const [written, form] of forms) assert.equal(normalise(written), form);
});

test('the language is known by stop words, which drop out, and the rest is stemmed', () => {
  const { language, stems } = wordsOf('The foxes were running with the dogs', 99);
  assert.deepEqual([language, ...stems], ['en', '', 'fox', '', 'run', '', '', 'dog']);
  assert.equal(wordsOf('Wir möchten die Häuser besichtigen und dann nach Hause', 99).language, 'de');
  assert.equal(wordsOf('xyzzy plugh', 99).language, undefined);
});

test('a word has four forms', () => {
  const words = readWords('Your ｐａｓｓｗｏｒｄ for pаypаl: Größe, runn\u200bing', 99, 99);
  assert.deepEqual(words.raw.slice(0, 5), ['Your', 'ｐａｓｓｗｏｒｄ', 'for', 'pаypаl', 'Größe']);
  assert.deepEqual(words.normal.slice(0, 5), ['your', 'password', 'for', 'pаypаl', 'größe']);
  assert.deepEqual(words.skeletons.slice(0, 5), ['your', 'password', 'for', 'paypal', 'große']);
  assert.equal(words.stems.length, words.raw.length);
});

test('links and addresses are one word each: their site', () => {
  const { raw, normal, stems, skeletons, sites } = readWords(
    'The offers are at https://shop.example.co.uk/Path?x=1 and the desk is Bob@Mail.Example.com',
    999,
    99,
  );
  assert.deepEqual([...sites], [4, 9]);
  for (const form of [raw, normal, stems, skeletons]) {
    assert.equal(form[4], 'example.co.uk');
    assert.equal(form[9], 'example.com');
  }
});

test('a text of another length of words is cut there, and says so', () => {
  assert.deepEqual(readWords('one two three', 99, 2).raw, ['one', 'two']);
  assert.equal(readWords('one two three', 99, 2).isCut, true);
  assert.equal(readWords('one two three', 99, 3).isCut, false);
  assert.equal(readWords('one two https://example.com/', 99, 2).isCut, true);
  assert.equal(readWords('one https://example.com/ two', 99, 2).isCut, true);
});

test('the texts of a message share one bound', () => {
  const parts = ['one two three', 'four five', 'six'].map((text) => `--b\n\n${text}\n`).join('');
  const message = parseMessage(
    Buffer.from(`MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n${parts}--b--\n`),
  );
  const content = contentViews(message, { ...contentLimits, words: 4 });
  assert.deepEqual(
    content.texts.map((text) => content.words(text).raw),
    [['one', 'two', 'three'], ['four'], []],
  );
  assert.deepEqual(
    content.defects.map(({ kind }) => kind),
    ['too-many-words'],
  );
});

test('text without blanks is read up to a bound', () => {
  assert.equal(splitWords('今日は'.repeat(100_000), 100).length, 100);
  assert.deepEqual(splitWords('ä'.repeat(1_000_000), 100), []);
});

test('any text has as many words in each form', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      const { raw, normal, stems, skeletons } = readWords(text, 99, 20);
      assert.deepEqual(
        [normal, stems, skeletons].map(({ length }) => length),
        [raw.length, raw.length, raw.length],
      );
      assert.ok(raw.length <= 20);
    }),
    { numRuns: 300 },
  );
});
