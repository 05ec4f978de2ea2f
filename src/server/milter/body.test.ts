import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodyOf, withCrlf } from './body.ts';

const messages: readonly [message: string, body: string][] = [
  ['A: b\r\n\r\nbody\r\n', 'body\r\n'],
  ['A: b\n\nbody\n', 'body\n'],
  ['A: b\r\n\nbody', 'body'],
  ['A: b\n\r\nbody', 'body'],
  ['\r\nbody', 'body'],
  ['\nbody', 'body'],
  ['A: b\r\n', ''],
  ['A: b', ''],
  ['A: b\r\n\r\n', ''],
  ['', ''],
];
for (const [message, body] of messages) {
  test(`the body of ${JSON.stringify(message)} is ${JSON.stringify(body)}`, () => {
    assert.equal(bodyOf(Buffer.from(message)).toString(), body);
  });
}

test('lone line feeds become CRLF and pairs stay', () => {
  assert.equal(withCrlf(Buffer.from('\na\r\nb\n\nc\r')).toString(), '\r\na\r\nb\r\n\r\nc\r');
});

test('bytes that need no change are not copied', () => {
  const bytes = Buffer.from('a\r\nb');
  assert.equal(withCrlf(bytes), bytes);
});
