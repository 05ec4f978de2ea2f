import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makePdf } from '../../test/helpers/pdf-files.ts';
import { parseMessage } from '../mime/index.ts';
import { scriptLinks } from './pages.ts';
import { contentViews } from './views.ts';

interface Attached {
  readonly header: string;
  readonly body: string | Buffer;
}

function mail(text: string, ...parts: readonly Attached[]): Buffer {
  const lines = [
    'From: a@example.com',
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    'Content-Type: text/html',
    '',
    text,
  ];
  for (const { header, body } of parts) {
    lines.push('--b', header, 'Content-Transfer-Encoding: base64', '');
    lines.push(Buffer.from(body).toString('base64'));
  }
  return Buffer.from([...lines, '--b--', ''].join('\n'));
}

const content = (text: string, ...parts: readonly Attached[]) =>
  contentViews(parseMessage(mail(text, ...parts)));
const attached = (type: string, name: string): string =>
  `Content-Type: ${type}; name="${name}"\nContent-Disposition: attachment; filename="${name}"`;

const pageTable: readonly (readonly [string, string, string, boolean])[] = [
  ['attached HTML', attached('text/html', 'a.html'), '<p>x</p>', true],
  ['HTML that is called a document', attached('application/msword', 'a.doc'), '<html><p>x</p></html>', true],
  ['a page by its name only', attached('application/octet-stream', 'a.htm'), 'go <b>on</b>', true],
  ['SVG', attached('image/svg+xml', 'a.svg'), '<svg xmlns="x"><a/></svg>', true],
  ['text', attached('text/plain', 'a.txt'), 'x <b>y</b>', false],
  ['a PDF that is called a page', attached('text/html', 'a.html'), '%PDF-1.4 <p>x</p>', false],
  ['text that is shown and called a page', 'Content-Type: text/plain; name="a.html"', '<p>x</p>', true],
];
for (const [name, header, body, isPage] of pageTable) {
  test(`${name} is ${isPage ? 'a page' : 'no page'}`, () => {
    assert.equal(content('x', { header, body }).pages.length, isPage ? 1 : 0);
  });
}

test('links of attachments join those of the message, which stay as they are', () => {
  const views = content(
    '<a href="https://both.example.com/">x</a>',
    {
      header: attached('text/html', 'a.html'),
      body:
        '<form action="https://form.example.com/p"></form><a href=/relative>x</a> see https://seen.example.com/s ' +
        '<a href="https://both.example.com/">y</a><script>location="https:\\/\\/script.example.com\\/q"; f(atob("' +
        `${Buffer.from('https://hidden.example.com/h').toString('base64')}"))</script>`,
    },
    {
      header: attached('application/pdf', 'a.pdf'),
      body: makePdf([
        '<< /S /URI /URI (https://pdf.example.com/) >>',
        '<< /S /URI /URI (mailto:z@example.org) >>',
      ]),
    },
    {
      header: attached('image/gif', 'a.gif'),
      body: Buffer.from('GIF89a\x10\0\x20\0\0\0\0\x21\xfe\x19https://image.example.com/\0;', 'latin1'),
    },
  );
  assert.deepEqual(
    views.urls.map(({ url, from, flags }) => [url, from, flags.includes('content')]),
    [
      ['https://both.example.com/', 'html', false],
      ['https://form.example.com/p', 'attachment', true],
      ['https://seen.example.com/s', 'attachment', true],
      ['https://script.example.com/q', 'attachment', true],
      ['https://hidden.example.com/h', 'attachment', true],
      ['https://pdf.example.com/', 'pdf', true],
      ['https://image.example.com', 'image', true],
    ],
  );
  assert.equal(views.linkCount, 1);
  assert.deepEqual(
    views.emails.map(({ text }) => text),
    ['z@example.org'],
  );
});

test('embedded pictures without size have that of their file', () => {
  const views = content('<img src="cid:p@x"><img src="cid:p@x" width=7 height=8><img src="cid:none">', {
    header: 'Content-Type: image/gif\nContent-ID: <p@x>',
    body: Buffer.from('GIF89a\x10\0\x20\0\0\0\0;', 'latin1'),
  });
  assert.deepEqual(
    views.htmlStructure(views.texts[0]!)!.images.map(({ width, height }) => [width, height]),
    [
      [16, 32],
      [7, 8],
      [undefined, undefined],
    ],
  );
});

test('pages and their text are bounded', () => {
  const page = { header: attached('text/html', 'a.html'), body: '<p>words</p>' };
  const views = content('x', ...Array.from({ length: 30 }, () => page));
  assert.equal(views.pages.length, 20);
  assert.ok(views.defects.some(({ kind }) => kind === 'text-too-long'));
});

test('links in scripts are bounded and end where the text does', () => {
  assert.deepEqual(scriptLinks([`x='https://a.example.com/1';y="https://b.example.com/2"`]), [
    'https://a.example.com/1',
    'https://b.example.com/2',
  ]);
  const many = Array.from({ length: 1_000 }, (_, i) => `"https://a.example.com/${i}"`).join();
  assert.equal(scriptLinks([many]).length, 200);
});
