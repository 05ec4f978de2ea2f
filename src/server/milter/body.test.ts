import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withCrlf } from './body.ts';

test('lone line feeds become CRLF and pairs stay', () => {
  assert.equal(withCrlf(Buffer.from('\na\r\nb\n\nc\r')).toString(), '\r\na\r\nb\r\n\r\nc\r');
});

test('bytes that need no change are not copied', () => {
  const bytes = Buffer.from('a\r\nb');
  assert.equal(withCrlf(bytes), bytes);
});
