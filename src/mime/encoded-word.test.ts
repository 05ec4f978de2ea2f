import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeEncodedWords, encodeHeaderText } from './encoded-word.ts';

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

test('what was encoded comes back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
      const encoded = encodeHeaderText(text);
      assert.equal(decodeEncodedWords(encoded), text);
      // RFC 2047 2: at most 75 characters each.
      for (const word of encoded.split(' ')) if (encoded !== text) assert.ok(word.length <= 75);
    }),
  );
});

test('plain text is left alone and what looks like an encoded word is encoded', () => {
  assert.equal(encodeHeaderText('Hello, world'), 'Hello, world');
  assert.equal(encodeHeaderText('=?utf-8?q?a?='), '=?UTF-8?B?PT91dGYtOD9xP2E/PQ==?=');
  assert.equal(encodeHeaderText('a\r\nBcc: b'), '=?UTF-8?B?YQ0KQmNjOiBi?=');
});
