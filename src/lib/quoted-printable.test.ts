import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeQuotedPrintable, hexValue } from './quoted-printable.ts';

function decode(text: string): [string, boolean] {
  const { bytes, isBroken } = decodeQuotedPrintable(Buffer.from(text, 'latin1'));
  return [bytes.toString('latin1'), isBroken];
}

/** RFC 2045 6.7 with a soft line break after so many characters. */
function encode(bytes: Uint8Array, width: number): string {
  let out = '';
  let column = 0;
  for (const byte of bytes) {
    const isPlain = byte > 0x20 && byte < 0x7f && byte !== 0x3d;
    const piece = isPlain
      ? String.fromCharCode(byte)
      : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    if (column + piece.length > width) {
      out += '=\r\n';
      column = 0;
    }
    out += piece;
    column += piece.length;
  }
  return out;
}

test('what was encoded comes back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 3, max: 75 }), (bytes, width) => {
      const result = decodeQuotedPrintable(Buffer.from(encode(bytes, width)));
      assert.deepEqual([...result.bytes], [...bytes]);
      assert.equal(result.isBroken, false);
    }),
  );
});

test('the rules of RFC 2045 6.7 hold and what breaks them stays readable', () => {
  const table: [input: string, output: string, isBroken: boolean][] = [
    ['', '', false],
    ['a=3Db', 'a=b', false],
    ['a=3db', 'a=b', false],
    // Rule 3: blanks at line ends were added on the way.
    ['a \t\r\nb  ', 'a\r\nb', false],
    ['a=20\r\nb', 'a \r\nb', false],
    ['a=20 \r\nb', 'a \r\nb', false],
    // Rule 5: soft line breaks, also with blanks added after them and with other line ends.
    ['a=\r\nb', 'ab', false],
    ['a= \t\r\nb', 'ab', false],
    ['a=\nb', 'ab', false],
    ['a=\rb', 'ab', false],
    ['a =\r\nb', 'a b', false],
    ['a=', 'a', false],
    ['a= ', 'a', false],
    // Everything else stands for itself.
    ['1=1', '1=1', true],
    ['a=ZZ', 'a=ZZ', true],
    ['a= b', 'a= b', true],
    ['=4', '=4', true],
    ['\xe9', '\xe9', false],
  ];
  for (const [input, output, isBroken] of table) assert.deepEqual(decode(input), [output, isBroken], input);
});

test('a hexadecimal digit has a value and nothing else has', () => {
  assert.deepEqual(
    [...'09afAFg/:'].map((char) => hexValue(char.charCodeAt(0))),
    [0, 9, 10, 15, 10, 15, -1, -1, -1],
  );
  assert.equal(hexValue(0x130), -1);
});
