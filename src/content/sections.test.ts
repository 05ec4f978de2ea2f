import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { splitSections } from './sections.ts';

test('what somebody wrote is told from what they quote, forward and sign with', () => {
  const table: readonly (readonly [string, string, string, string, string])[] = [
    ['Hello.\n', 'Hello.\n', '', '', ''],
    ['Yes.\n> really?\n> yes\nFine.\n', 'Yes.\nFine.\n', '> really?\n> yes\n', '', ''],
    ['Yes.\nOn Monday, A wrote:\n\n> x\n', 'Yes.\n', 'On Monday, A wrote:\n\n> x\n', '', ''],
    ['Am Montag schrieb A:\n> x\n', '', 'Am Montag schrieb A:\n> x\n', '', ''],
    ['В пн А написал:\n> x\n', '', 'В пн А написал:\n> x\n', '', ''],
    ['Hi\n-- \nA\nB\n', 'Hi\n', '', '-- \nA\nB\n', ''],
    ['Hi\n-- \nA\n> x\ny\n', 'Hi\ny\n', '> x\n', '-- \nA\n', ''],
    [
      'See\n---------- Forwarded message ---------\nFrom: x\n> y',
      'See\n',
      '',
      '',
      '---------- Forwarded message ---------\nFrom: x\n> y',
    ],
    ['-----Ursprüngliche Nachricht-----\r\nx', '', '', '', '-----Ursprüngliche Nachricht-----\r\nx'],
    ['This is what I wrote: a book.\n', 'This is what I wrote: a book.\n', '', '', ''],
    ['a -- b\n--- c\n', 'a -- b\n--- c\n', '', '', ''],
  ];
  for (const [text, own, quoted, signature, forwarded] of table)
    assert.deepEqual(splitSections(text), { own, quoted, signature, forwarded }, text);
});

test('no character is lost, however many lines there are', () => {
  const line = fc.constantFrom('> a', '-- ', 'x wrote:', '', 'text', '---- Original Message ----', '\r');
  fc.assert(
    fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
      const text = lines.join('\n');
      const { own, quoted, signature, forwarded } = splitSections(text);
      assert.equal(own.length + quoted.length + signature.length + forwarded.length, text.length);
    }),
  );
  for (const unit of ['> \n', '\n', 'wrote:\n', '-- \n']) {
    const { own, quoted, signature } = splitSections(unit.repeat(300_000));
    assert.equal(own.length + quoted.length + signature.length, unit.length * 300_000);
  }
});
