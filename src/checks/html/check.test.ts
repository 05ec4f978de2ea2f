import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCheck, type Way } from '../../../test/helpers/check-table.ts';
import { html } from './check.ts';

const ways: readonly Way[] = ['inbound', 'authenticated', 'local'];

/** HTML beside text, so that nothing is said about there being none. */
function mail(body: string): string {
  return [
    'From: a@example.com',
    'Subject: x',
    'Content-Type: multipart/alternative; boundary=b',
    '',
    '--b',
    'Content-Type: text/plain',
    '',
    'x',
    '--b',
    'Content-Type: text/html; charset=utf-8',
    '',
    body,
    '--b--',
    '',
  ].join('\n');
}

function alone(body: string): string {
  return `From: a@example.com\nSubject: x\nContent-Type: text/html\n\n${body}\n`;
}

const words = (count: number): string => 'word '.repeat(count);
const image = (attributes: string): string => `<a href="http://a.com/"><img src="cid:1" ${attributes}></a>`;
const hidden = (count: number): string => '<p style="display:none">x</p>'.repeat(count);
const zero = (count: number): string => '<b style="font-size:0">x</b>'.repeat(count);

type Expected = readonly (readonly [symbol: string, weight?: number, option?: string])[];

const table: readonly (readonly [string, string, Expected])[] = [
  ['plain text', 'From: a@example.com\nSubject: x\n\nHello.\n', []],
  ['no text at all', 'From: a@example.com\nSubject: x\nContent-Type: image/png\n\nx\n', []],
  ['HTML beside text', mail('<p>Hello.</p>'), []],
  ['HTML alone', alone('<p>Hello.</p>'), [['MIME_HTML_ONLY']]],
  [
    'a linked image in short HTML',
    mail(words(200) + image('width=100 height=110')),
    [['HTML_SHORT_LINK_IMG_1']],
  ],
  ['a small linked image', mail(words(200) + image('width=100 height=109')), []],
  ['an image that is not linked', mail(`${words(200)}<img src="cid:1" width=100 height=110>`), []],
  [
    'a linked image from elsewhere',
    mail(`${words(200)}<a href="http://a.com/"><img src="http://a.com/i" width=100 height=110></a>`),
    [],
  ],
  ['more text', mail(words(250) + image('width=100 height=110')), [['HTML_SHORT_LINK_IMG_2']]],
  ['still more text', mail(words(350) + image('width=100 height=110')), [['HTML_SHORT_LINK_IMG_3']]],
  ['much text', mail(words(450) + image('width=100 height=110')), []],
  ['nothing but an image', mail('x <img src="http://a.com/i" width=200 height=200>'), [['R_EMPTY_IMAGE']]],
  ['nothing but a small image', mail('x <img src="http://a.com/i" width=200 height=199>'), []],
  ['an image and some text', mail(`${words(20)}<img src="http://a.com/i" width=200 height=200>`), []],
  [
    'more of linked images than of words',
    mail('x <a href="http://a.com/"><img src="http://a.com/i" width=200 height=100></a>'),
    [['R_SUSPICIOUS_IMAGES', 0.5]],
  ],
  [
    'as many words as images',
    mail('x y z <a href="http://a.com/"><img src="http://a.com/i" width=200 height=100></a>'),
    [],
  ],
  [
    'a huge image',
    mail('x <a href="http://a.com/"><img src="http://a.com/i" width=2000 height=1000></a>'),
    [],
  ],
  [
    'white text',
    mail('<p>abc</p><p style="color:white">x</p>'),
    [
      ['R_WHITE_ON_WHITE', 0.5, '0.25'],
      ['MANY_INVISIBLE_PARTS', 0.05, '1'],
    ],
  ],
  [
    'nothing but white text',
    mail('<p style="color:white">x</p>'),
    [
      ['R_WHITE_ON_WHITE', 1, '1.00'],
      ['MANY_INVISIBLE_PARTS', 0.05, '1'],
    ],
  ],
  [
    'a little white text',
    mail(`<p>${words(20)}</p><p style="color:white">x</p>`),
    [['MANY_INVISIBLE_PARTS', 0.05, '1']],
  ],
  ['two hidden parts', mail(hidden(2)), [['MANY_INVISIBLE_PARTS', 0.1, '2']]],
  ['many hidden parts', mail(hidden(30)), [['MANY_INVISIBLE_PARTS', 1, '30']]],
  ['letters of no size', mail(zero(1)), [['ZERO_FONT', 0.1, '1']]],
  ['more of them', mail(zero(5)), [['ZERO_FONT', 0.5, '5']]],
  ['still more of them', mail(zero(10)), [['ZERO_FONT', 0.5, '10']]],
  ['many of them', mail(zero(11)), [['ZERO_FONT', 1, '11']]],
  ['a style sheet', mail('<link rel=stylesheet href="http://a.com/x.CSS">x'), [['EXT_CSS']]],
  ['another style sheet', mail('<link rel=stylesheet href="http://a.com/css?x">x'), []],
  ['https shown, http meant', mail('<a href="http://a.com/"> https://a.com/</a>'), [['HTTP_TO_HTTPS']]],
  ['http shown, https meant', mail('<a href="https://a.com/">http://a.com/</a>'), []],
  ['a link to an address', mail('<a href="https://192.0.2.1/">x</a>'), [['HTTP_TO_IP']]],
  ['a link to an address in disguise', mail('<a href="http://u@0xc0000201/">x</a>'), [['HTTP_TO_IP']]],
  ['a link to a name with numbers', mail('<a href="http://a1.com/1.2.3.4">x</a>'), []],
];

for (const [name, raw, expected] of table) {
  for (const way of ways) {
    test(`${name}, ${way}: ${expected.map(([symbol]) => symbol).join(' ') || 'nothing'}`, async () => {
      const run = await runCheck(html, {}, { raw, way });
      assert.deepEqual(
        run.hits,
        expected.map(([symbol, weight = 1, option]) => ({
          symbol,
          weight,
          options: option === undefined ? [] : [option],
        })),
      );
    });
  }
}
