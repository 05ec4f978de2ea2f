import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeCharset, decodeLabelled } from './charset.ts';

function bytes(hex: string): Buffer {
  return Buffer.from(hex.replace(/ /g, ''), 'hex');
}

test('text is decoded in its charset', () => {
  const table: [label: string | undefined, hex: string, text: string][] = [
    ['utf-8', 'c3a4', 'ä'],
    ['UTF8', 'c3a4', 'ä'],
    ['us-ascii', '61', 'a'],
    ['iso-8859-1', 'e4 80', 'ä€'],
    ['windows-1252', '9f', 'Ÿ'],
    ['ISO-8859-15', 'a4', '€'],
    ['koi8-r', 'd0', 'п'],
    ['windows-1251', 'ef', 'п'],
    ['shift_jis', '8365', 'テ'],
    ['iso-2022-jp', '1b2442 2546 1b2842', 'テ'],
    ['gb2312', 'd6d0', '中'],
    ['gb18030', 'd6d0', '中'],
    ['big5', 'a4a4', '中'],
    ['euc-kr', 'b0a1', '가'],
    ['ks_c_5601-1987', 'b0a1', '가'],
    // Outside the WHATWG Encoding standard.
    ['utf-7', '2b414f512d', 'ä'],
    ['cp850', '84', 'ä'],
    ['ibm437', '84', 'ä'],
    ['utf-32le', 'e4000000', 'ä'],
    // RFC 2781 4.3, and what zeros tell.
    ['utf-16', '00e4 0061', 'äa'],
    ['utf-16', '6100 6200', 'ab'],
    ['utf-16le', 'e400', 'ä'],
    ['utf-16be', '00e4', 'ä'],
    // Undeclared, or declared as less than it is.
    [undefined, 'c3a4', 'ä'],
    [undefined, 'e4', 'ä'],
    ['', 'e4', 'ä'],
    ['us-ascii', 'c3a4', 'ä'],
    ['us-ascii', 'e4', 'ä'],
    // A byte order mark wins.
    ['iso-8859-1', 'efbbbf c3a4', 'ä'],
    [undefined, 'fffe e400', 'ä'],
    ['utf-8', 'feff 00e4', 'ä'],
    // What the charset does not have.
    ['utf-8', '61e4', 'a\ufffd'],
    ['utf-8', '', ''],
  ];
  for (const [label, hex, text] of table) {
    assert.deepEqual(decodeCharset(bytes(hex), label), { text, isKnown: true }, `${label} ${hex}`);
  }
});

test('unknown charsets are guessed and told', () => {
  for (const label of ['x-unknown', 'base64', 'hex', 'a b', 'ü', 'x'.repeat(1000), 'iso-2022-kr', '::']) {
    assert.deepEqual(decodeLabelled(bytes('c3a4'), label), { text: 'ä', isKnown: false }, label);
    assert.deepEqual(decodeLabelled(bytes('e4'), label), { text: 'ä', isKnown: false }, label);
  }
});

test('any bytes are decoded in any charset without exception', () => {
  const labels =
    'utf-7 utf-7-imap utf-32 utf-16 ucs-2 cesu-8 gb18030 shift_jis euc-jp iso-2022-jp big5-hkscs cp437 hz-gb-2312 x-user-defined replacement macintosh';
  fc.assert(
    fc.property(fc.constantFrom(...labels.split(' ')), fc.uint8Array({ maxLength: 60 }), (label, input) => {
      assert.equal(typeof decodeCharset(Buffer.from(input), label).text, 'string');
    }),
    { numRuns: 500 },
  );
});
