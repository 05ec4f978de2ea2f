import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeEncodedWords } from './encoded-word.ts';

test('encoded words are decoded', () => {
  const table: [input: string, output: string][] = [
    ['plain', 'plain'],
    ['=?utf-8?q?a_b=3Fc?=', 'a b?c'],
    ['=?UTF-8?B?w6Q=?=', 'ä'],
    ['=?ISO-8859-1?Q?Andr=E9?= x', 'André x'],
    // The examples of RFC 2047 8.
    ['(=?ISO-8859-1?Q?a?=)', '(a)'],
    ['(=?ISO-8859-1?Q?a?= b)', '(a b)'],
    ['(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)', '(ab)'],
    ['(=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=)', '(ab)'],
    ['(=?ISO-8859-1?Q?a_b?=)', '(a b)'],
    ['(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)', '(a b)'],
    // RFC 2231 5.
    ['=?US-ASCII*EN?Q?Keith_Moore?=', 'Keith Moore'],
    // A character split between two words, with either encoding.
    ['=?utf-8?q?=C3?= =?utf-8?q?=A4?=', 'ä'],
    ['=?utf-8?B?4oI=?= =?utf-8?Q?=AC?=', '€'],
    ['=?iso-2022-jp?B?GyRCJUYbKEI=?=', 'テ'],
    // Inside a word and next to each other, as mail programs decode them.
    ['x=?utf-8?q?=C3=A4?=y', 'xäy'],
    ['=?utf-8?q?a?==?utf-8?q?b?=', 'ab'],
    ['=?utf-8?q?a b?=', 'a b'],
    ['=?utf-8?q??=', ''],
    ['=?utf-8?q?=41?=', 'A'],
    ['=?utf-8?q?=4?=', '=4'],
    ['=?utf-8?b?w6Q?=', 'ä'],
    // Unknown charsets are guessed.
    ['=?x-unknown?q?=C3=A4?=', 'ä'],
    ['=?x-unknown?q?=E4?=', 'ä'],
    ['=?utf-8?q?=E4?=', '\ufffd'],
    // No encoded words.
    ['=?utf-8?x?a?=', '=?utf-8?x?a?='],
    ['=?utf-8?q?a', '=?utf-8?q?a'],
    ['=?utf-8?=', '=?utf-8?='],
    ['=??q?a?=', '=??q?a?='],
    ['=? =?utf-8?q?a?=', '=? a'],
    ['a =?= b', 'a =?= b'],
  ];
  for (const [input, output] of table) assert.equal(decodeEncodedWords(input), output, input);
});

function writeWord(bytes: Buffer, encoding: 'B' | 'Q'): string {
  const text =
    encoding === 'B'
      ? bytes.toString('base64')
      : [...bytes].map((byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
  return `=?UTF-8?${encoding}?${text}?=`;
}

test('what was encoded comes back, even if cut between any two bytes', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }),
      fc.array(fc.tuple(fc.constantFrom('B', 'Q'), fc.integer({ min: 1, max: 45 })), { minLength: 1 }),
      fc.constantFrom(' ', '  ', '\t'),
      (text, cuts, blanks) => {
        const bytes = Buffer.from(text);
        const words: string[] = [];
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const [encoding, size] = cuts[i % cuts.length]!;
          words.push(writeWord(bytes.subarray(at, at + size), encoding));
          at += size;
        }
        assert.equal(decodeEncodedWords(words.join(blanks)), text);
      },
    ),
  );
});
