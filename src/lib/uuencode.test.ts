import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeUuencode } from './uuencode.ts';

function encode(bytes: Uint8Array): string {
  const digit = (value: number): string =>
    String.fromCharCode((value & 0x3f) === 0 ? 0x60 : 0x20 + (value & 0x3f));
  const lines = ['begin 644 file.bin'];
  for (let i = 0; i < bytes.length; i += 45) {
    const chunk = bytes.subarray(i, i + 45);
    let line = digit(chunk.length);
    for (let k = 0; k < chunk.length; k += 3) {
      const [a = 0, b = 0, c = 0] = chunk.subarray(k, k + 3);
      line += digit(a >> 2) + digit((a << 4) | (b >> 4)) + digit((b << 2) | (c >> 6)) + digit(c);
    }
    lines.push(line);
  }
  lines.push('`', 'end', '');
  return lines.join('\n');
}

test('what was encoded comes back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const result = decodeUuencode(Buffer.from(encode(bytes)));
      assert.deepEqual([...result.bytes], [...bytes]);
      assert.equal(result.isBroken, false);
    }),
  );
});

test('broken uuencode is decoded as far as it goes', () => {
  const table: [input: string, output: string, isBroken: boolean][] = [
    ['', '', true],
    ['no begin line\n#0V%T\nend\n', '', true],
    ['text\r\nbegin 644 cat.txt\r\n#0V%T\r\n`\r\nend\r\nmore', 'Cat', false],
    // Blanks at the end of a line were lost on the way.
    ['begin 644 f\n#0V\nend\n', 'C', true],
    ['begin 644 f\n#0V%T\n', 'Cat', true],
  ];
  for (const [input, output, isBroken] of table) {
    const result = decodeUuencode(Buffer.from(input));
    assert.deepEqual([result.bytes.toString(), result.isBroken], [output, isBroken], input);
  }
});
