import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { headerValue, isFieldName, plainLine, replyLine } from './reply-text.ts';

const lines: readonly [text: string, line: string][] = [
  ['Spam message rejected', '554 5.7.1 Spam message rejected'],
  ['100% sure', '554 5.7.1 100%% sure'],
  ['a\r\nQUIT\0\tb', '554 5.7.1 a QUIT b'],
  ['Grüße 😀', '554 5.7.1 Gr??e ?'],
  ['', '554 5.7.1'],
  ['\r\n', '554 5.7.1'],
];
for (const [text, line] of lines) {
  test(`the reply text ${JSON.stringify(text)} becomes ${JSON.stringify(line)}`, () => {
    assert.equal(replyLine('554 5.7.1', text), line);
  });
}

test('a reply is one line of printable ASCII that fits SMTP, with every percent sign doubled', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 3000 }), (text) => {
      const line = replyLine('451 4.7.1', text);
      assert.match(line, /^451 4\.7\.1(?: [\x21-\x7e][\x20-\x7e]*)?$/);
      assert.equal(line.replaceAll('%%', '').includes('%'), false);
      assert.ok(line.replaceAll('%%', '%').length <= 510);
    }),
    { numRuns: 300 },
  );
});

test('a text of a quarantine keeps its percent sign', () => {
  assert.equal(plainLine('100%\n'), '100%');
});

const values: readonly [value: string, clean: string][] = [
  ['plain', 'plain'],
  ['a\r\n b', 'a\n b'],
  ['a\r b', 'a\n b'],
  ['a\nBcc: x', 'a\n\tBcc: x'],
  ['a\n\nbody', 'a\n\tbody'],
  ['a\n \n\tb\n', 'a\n\tb'],
  ['a\0b', 'ab'],
  ['Grüße', 'Grüße'],
];
for (const [value, clean] of values) {
  test(`the header value ${JSON.stringify(value)} is written ${JSON.stringify(clean)}`, () => {
    assert.equal(headerValue(value), clean);
  });
}

test('no header value can begin another field or end the header', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', '\r', '\n', ' ', '\t', '\0', ':') }), (value) => {
      const clean = headerValue(value);
      assert.doesNotMatch(clean, /[\0\r]|\n(?![ \t])|\n[ \t]*(?:\n|$)/);
    }),
    { numRuns: 500 },
  );
});

test('only a printable name without colon is a field name', () => {
  for (const name of ['X-Spam', 'a', '!']) assert.equal(isFieldName(name), true);
  for (const name of ['', 'a b', 'a:', 'a\n', 'é', 'x'.repeat(201)]) assert.equal(isFieldName(name), false);
});
