import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodyOffsetOf, rewrittenBody } from './index.ts';

test('a body begins after the first blank line, whatever ends the lines', () => {
  const rows: [string, number][] = [
    ['A: 1\r\n\r\nbody', 8],
    ['A: 1\n\nbody', 6],
    ['\nbody', 1],
    ['\r\nbody', 2],
    ['A: 1\r\n', 6],
    ['', 0],
  ];
  for (const [text, offset] of rows)
    assert.equal(bodyOffsetOf(Buffer.from(text)), offset, JSON.stringify(text));
});

test('a rewritten message is whole, and without its header for a milter', () => {
  const message = Buffer.from('A: 1\r\n\r\nbody');
  assert.equal(rewrittenBody(message, new Set()).toString(), 'A: 1\r\n\r\nbody');
  assert.equal(rewrittenBody(message, new Set(['milter'])).toString(), 'body');
});
