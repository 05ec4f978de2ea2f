import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeBase64 } from './base64.ts';

function decode(text: string): [string, boolean] {
  const { bytes, isBroken } = decodeBase64(Buffer.from(text, 'latin1'));
  return [bytes.toString('latin1'), isBroken];
}

test('what was encoded comes back, whatever the line length and line end', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.integer({ min: 1, max: 80 }),
      fc.constantFrom('\r\n', '\n', '\r', ' \r\n'),
      (bytes, width, lineEnd) => {
        const encoded = Buffer.from(bytes).toString('base64');
        const lines = encoded.match(new RegExp(`.{1,${width}}`, 'g')) ?? [];
        const result = decodeBase64(Buffer.from(lines.join(lineEnd)));
        assert.deepEqual([...result.bytes], [...bytes]);
        assert.equal(result.isBroken, false);
      },
    ),
  );
});

test('broken base64 is decoded as far as it goes', () => {
  const table: [input: string, output: string, isBroken: boolean][] = [
    ['', '', false],
    ['YWJj', 'abc', false],
    // RFC 2045 6.8: characters outside the alphabet must be ignored.
    ['YW!Jj', 'abc', true],
    ['YWJj\x00', 'abc', true],
    ['YW-Jj', 'abc', true],
    // Missing padding is forgiven.
    ['YWI', 'ab', false],
    ['YQ', 'a', false],
    // One character of a unit says nothing.
    ['YWJjZ', 'abc', true],
    // Pieces encoded one by one and glued together.
    ['YQ==YmM=ZA==', 'abcd', false],
    ['====', '', false],
  ];
  for (const [input, output, isBroken] of table) assert.deepEqual(decode(input), [output, isBroken], input);
});

test('only the given range is read', () => {
  const input = Buffer.from('xxYWJjyy');
  assert.equal(decodeBase64(input, 2, 6).bytes.toString(), 'abc');
});
