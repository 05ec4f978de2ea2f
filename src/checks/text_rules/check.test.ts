import { mail, type RuleRow, testRules } from '../../../test/helpers/rule-table.ts';
import { textRules } from './check.ts';

const words = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => `word${from + i}`).join(' ');
const plain = (text: string): string => `Content-Type: text/plain\n\n${text}`;
const html = (text: string): string => `Content-Type: text/html\n\n<html><body><p>${text}</p></body></html>`;
const multi = (subtype: string, parts: readonly string[], boundary = 'x'): string =>
  `Content-Type: multipart/${subtype}; boundary=${boundary}\n\n${parts.map((part) => `--${boundary}\n${part}\n`).join('')}--${boundary}--\n`;
const row = (
  name: string,
  parts: readonly string[],
  expected: readonly string[],
  subtype = 'alternative',
): RuleRow => [name, { raw: `MIME-Version: 1.0\n${multi(subtype, parts)}` }, expected];

const text = (subject: string, body: string): { readonly raw: string } => ({
  raw: mail([`Subject: ${subject}`, 'Content-Type: text/plain; charset=utf-8'], body),
});

const obfuscated: readonly RuleRow[] = [
  ['honest words', text('Your password', 'Verify your PayPal account: a casino, P A Y M E N T\n'), []],
  [
    'one word with look-alikes',
    text('Hello', 'Your pаypаl account\n'),
    ['OBFUSCATED_WORDS*0.4 paypal:letters'],
  ],
  ['the same word often', text('p@yp@l', 'p@yp@l paypa1\n'), ['OBFUSCATED_WORDS*0.4 paypal:digits']],
  [
    'words of several kinds',
    text('ver\u200bify', 'Your acc0unt at PayPaI: c.a.s.i.n.o\n'),
    ['OBFUSCATED_WORDS verify:invisible account:digits paypal:letters casino:spread'],
  ],
  ['styled words', text('x', '𝐩𝐚𝐬𝐬𝐰𝐨𝐫𝐝\n'), ['OBFUSCATED_WORDS*0.2 password:style']],
  ['full width in Japanese', text('x', 'ＰＡＳＳＷＯＲＤを入力してください。ありがとうございます\n'), []],
  [
    'the name of the author',
    { raw: mail(['From: =?utf-8?Q?P=D0=B0yPal?= <a@example.com>'], 'Hello\n') },
    ['OBFUSCATED_WORDS*0.4 paypal:letters'],
  ],
];

testRules(textRules, [
  row('the same words', [plain(words(0, 50)), html(words(0, 50))], []),
  row(
    'the same words, differently written',
    [plain('HELLO, world\nhttp://example.com/x yes'), html('Hello world <b>yes</b>')],
    [],
  ),
  row('half of the words', [plain(words(0, 20)), html(words(10, 30))], ['R_PARTS_DIFFER*0 50.0%']),
  row('a word more in common', [plain(words(0, 20)), html(words(9, 29))], []),
  row('few words, all different', [plain(words(0, 15)), html(words(20, 35))], ['R_PARTS_DIFFER*0.5 100.0%']),
  row(
    'more than 30 words, all different',
    [plain(words(0, 16)), html(words(20, 35))],
    ['R_PARTS_DIFFER 100.0%'],
  ),
  row('a text without words', [plain('***'), html(words(0, 50))], []),
  row('an HTML version without words', [plain(words(0, 50)), html('<img src="cid:a">')], []),
  row(
    'HTML with images',
    [plain(words(0, 30)), multi('related', [html(words(40, 70))], 'y')],
    ['R_PARTS_DIFFER 100.0%'],
  ),
  row('texts that are no versions of one', [plain(words(0, 50)), html(words(60, 90))], [], 'mixed'),
  row('plain text alone', [plain(words(0, 50))], []),
  ...obfuscated,
  ['no multipart', { raw: mail(['From: a@example.com'], words(0, 50)) }, []],
]);
