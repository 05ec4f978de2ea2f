import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCheck } from '../../../test/helpers/check-table.ts';
import { gtube } from './check.ts';

const text = (letter: string): string =>
  `${letter}JS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X`;
const head = 'From: a@example.com\r\nSubject: x\r\n';
const plain = (body: string): string => `${head}\r\n${body}\r\n`;

test('each letter does what the switch allows, in every direction', async () => {
  for (const [letter, gtubePatterns, symbols, action, skipped] of [
    ['X', 'reject', ['GTUBE'], 'reject', true],
    ['Y', 'reject', [], undefined, false],
    ['A', 'reject', [], undefined, false],
    ['X', 'all', ['GTUBE'], 'reject', true],
    ['Y', 'all', ['GTUBE'], 'add header', true],
    ['Z', 'all', ['GTUBE'], 'rewrite subject', true],
    ['A', 'all', [], undefined, true],
    ['X', 'disable', [], undefined, false],
    ['Q', 'all', [], undefined, false],
  ] as const) {
    for (const way of ['inbound', 'authenticated', 'local'] as const) {
      const run = await runCheck(gtube, {}, { raw: plain(text(letter)), way }, { global: { gtubePatterns } });
      const name = `${letter} ${gtubePatterns} ${way}`;
      assert.deepEqual(run.symbols, symbols, name);
      assert.equal(run.preResults[0]?.action, action, name);
      assert.equal(run.task.flags.has('skip'), skipped, name);
    }
  }
});

test('the score becomes the threshold of the action, 0 where it has none', async () => {
  const score = async (letter: string): Promise<number | undefined> =>
    (await runCheck(gtube, {}, { raw: plain(text(letter)) }, { global: { gtubePatterns: 'all' } }))
      .preResults[0]?.score;
  assert.deepEqual([await score('X'), await score('Y'), await score('Z')], [15, 6, 0]);
});

test('the text is found wherever a reader would see it, in parts of at most 8 KiB', async () => {
  const base64 = Buffer.from(`hi\r\n${text('X')}\r\n`).toString('base64');
  const html = (body: string): string => `${head}Content-Type: text/html\r\n\r\n<p>${body}</p>\r\n`;
  for (const [name, raw, symbols] of [
    ['in the middle of a line', plain(`say ${text('X')} now`), ['GTUBE']],
    ['in base64', `${head}Content-Transfer-Encoding: base64\r\n\r\n${base64}\r\n`, ['GTUBE']],
    ['in HTML with markup inside', html(text('X').replace('ANTI', '<b>ANTI</b>')), ['GTUBE']],
    ['in an HTML comment', html(`<!-- ${text('X')} -->`), []],
    ['behind 8 KiB of text', plain(`${'x'.repeat(8200)}${text('X')}`), []],
    ['in the subject only', `From: a@example.com\r\nSubject: ${text('X')}\r\n\r\nhi\r\n`, []],
    [
      'in a second text part',
      `${head}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhi\r\n--b\r\n\r\n${text('X')}\r\n--b--\r\n`,
      ['GTUBE'],
    ],
    ['nowhere, the message is empty', '', []],
  ] as const)
    assert.deepEqual((await runCheck(gtube, {}, { raw })).symbols, symbols, name);
});
