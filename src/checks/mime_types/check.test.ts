import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { makeRar4, makeRar5, makeZip } from '../../../test/helpers/archive-files.ts';
import { type Attachment, withAttachments } from '../../../test/helpers/attachments.ts';
import { buildCheck, runCheck, type Way } from '../../../test/helpers/check-table.ts';
import { mimeTypes } from './check.ts';

const program = Buffer.from(`MZ${'\0'.repeat(200)}`, 'latin1');
const brokenSevenZip = Buffer.from(`7z\xbc\xaf\x27\x1c${'\x09'.repeat(60)}`, 'latin1');
const pdf = '%PDF-1.7\n';
const usual = 'MIME_GOOD 1 multipart/mixed';

/** Symbols with weights and options, those of the message itself left out, each kind of file apart. */
async function findings(
  attachments: readonly Attachment[],
  options: Readonly<Record<string, unknown>> = {},
  apply?: Readonly<Record<string, unknown>>,
): Promise<readonly string[]> {
  const { hits } = await runCheck(mimeTypes, options, { raw: withAttachments(attachments), apply });
  return hits
    .map(({ symbol, weight, options: told }) => `${symbol} ${weight} ${told.join(',')}`)
    .filter((line) => line !== usual && line !== 'MIME_GOOD 1 text/plain');
}

interface Case {
  readonly what: string;
  readonly files: readonly Attachment[];
  readonly hits: readonly string[];
}

const zip = (name: string | undefined, content: Buffer): Attachment => ({
  name,
  type: 'application/zip',
  content,
});

const cases: readonly Case[] = [
  { what: 'no attachment', files: [], hits: [] },
  { what: 'a PDF', files: [{ name: 'a.pdf', type: 'application/pdf', content: pdf }], hits: [] },
  { what: 'a PDF declared as some bytes', files: [{ name: 'a.pdf', content: pdf }], hits: [] },
  { what: 'a document declared as some bytes', files: [{ name: 'a.odt', content: 'x' }], hits: [] },
  {
    what: 'a text declared as some bytes',
    files: [{ name: 'a.txt', content: 'x' }],
    hits: [],
  },
  {
    what: 'a text declared as a picture',
    files: [{ name: 'a.txt', type: 'image/png', content: 'x' }],
    hits: ['MIME_BAD_ATTACHMENT 1 txt:image/png'],
  },
  {
    what: 'a program without a name',
    files: [{ content: program }],
    hits: ['MIME_BAD_EXTENSION 1 :exe'],
  },
  {
    what: 'a program that is declared as one',
    files: [{ name: 'a.exe', type: 'application/x-msdownload', content: program }],
    hits: ['MIME_BAD_EXTENSION 1 exe', 'MIME_BAD 1 application/x-msdownload'],
  },
  {
    what: 'a picture declared as a document',
    files: [{ name: 'a.png', type: 'application/msword', content: 'x' }],
    hits: ['MIME_BAD_ATTACHMENT 0.4 png:application/msword'],
  },
  {
    what: 'a type that nobody knows',
    files: [{ name: 'a.qqq', type: 'application/x-qqq', content: 'x' }],
    hits: ['MIME_UNKNOWN 1 application/x-qqq'],
  },
  {
    what: 'a script',
    files: [{ name: 'Run.JS', type: 'text/javascript', content: 'x' }],
    hits: ['MIME_BAD_EXTENSION 4 js'],
  },
  {
    what: 'a program behind the name of a PDF',
    files: [{ name: 'a.pdf', type: 'application/pdf', content: program }],
    hits: ['MIME_BAD_EXTENSION 1 pdf:exe', 'MIME_BAD 1.5 application/pdf:application/x-msdownload'],
  },
  {
    what: 'two extensions, the last one bad',
    files: [{ name: 'invoice.pdf.scr', content: 'x' }],
    hits: ['MIME_DOUBLE_BAD_EXTENSION 4 .pdf.scr'],
  },
  {
    what: 'two bad extensions',
    files: [{ name: 'example.com.html', type: 'text/html', content: '<html>' }],
    hits: ['MIME_BAD_EXTENSION 1 html'],
  },
  {
    what: 'a number before a bad extension',
    files: [{ name: 'report.2023.html', type: 'text/html', content: '<html>' }],
    hits: ['MIME_BAD_EXTENSION 1 html'],
  },
  {
    what: 'a version before a bad extension',
    files: [{ name: 'report.v2.html', type: 'text/html', content: '<html>' }],
    hits: ['MIME_BAD_EXTENSION 1 html'],
  },
  {
    what: 'an extension written as %xx, and one with a dot behind it',
    files: [
      { name: 'a%2evbs', content: 'x' },
      { name: 'b.bat.', content: 'x' },
    ],
    hits: ['MIME_BAD_EXTENSION 4 vbs', 'MIME_BAD_EXTENSION 4 bat'],
  },
  {
    what: 'a name whose order is turned',
    files: [{ name: 'invoice\u202efdp.exe', content: program }],
    hits: ['MIME_BAD_UNICODE 1 0x202e after invoice', 'MIME_BAD_EXTENSION 1 exe'],
  },
  {
    what: 'names with joiners where they belong, and the blank of macOS',
    files: [
      { name: '👩‍💻 می‌خواهم.png', type: 'image/png', content: 'x' },
      { name: 'Bild 9.41.00\u202fPM.png', type: 'image/png', content: 'x' },
      { name: 'שלום\u200f.png', type: 'image/png', content: 'x' },
    ],
    hits: [],
  },
  { what: 'an archive of texts', files: [zip('a.zip', makeZip([{ name: 'a.txt' }]))], hits: [] },
  {
    what: 'the only file of an archive being a program',
    files: [zip('a.zip', makeZip([{ name: 'a.exe' }]))],
    hits: ['MIME_BAD_EXTENSION 0.1 exe'],
  },
  {
    what: 'a program among other files of an archive',
    files: [zip('a.zip', makeZip([{ name: 'a.exe' }, { name: 'b.txt' }]))],
    hits: ['MIME_BAD_EXTENSION 1 exe'],
  },
  {
    what: 'an archive whose name promises another file',
    files: [zip('invoice.pdf.zip', makeZip([{ name: 'x.vbs' }]))],
    hits: ['MIME_BAD_EXTENSION 4 vbs', 'MIME_DOUBLE_BAD_EXTENSION 2 pdf!=vbs'],
  },
  {
    what: 'an archive with a password',
    files: [zip('a.zip', makeZip([{ name: 'a.txt', isEncrypted: true }]))],
    hits: ['MIME_ENCRYPTED_ARCHIVE 1 a.zip', 'MIME_ENCRYPTED_ARCHIVE 1 a.txt'],
  },
  {
    what: 'an archive whose names are encrypted',
    files: [{ name: 'a.rar', content: makeRar5([], { hasEncryptedHeaders: true }) }],
    hits: ['MIME_ENCRYPTED_ARCHIVE 1 a.rar'],
  },
  {
    what: 'an archive without its directory',
    files: [{ name: 'a.7z', content: brokenSevenZip }],
    hits: ['MIME_ENCRYPTED_ARCHIVE 0.5 unreadable directory,a.7z'],
  },
  {
    what: 'an archive with names that nobody can read',
    files: [zip('a.zip', makeZip([{ name: 'a\x01.txt' }]))],
    hits: ['MIME_OBFUSCATED_ARCHIVE 1 a.zip'],
  },
  {
    what: 'an archive in an archive, with a program inside',
    files: [zip('a.zip', makeZip([{ name: 'b.zip', content: makeZip([{ name: 'c.scr' }]) }]))],
    hits: ['MIME_ARCHIVE_IN_ARCHIVE 1 zip', 'MIME_BAD_EXTENSION 4 scr'],
  },
  {
    what: 'an archive in an archive that is called a document',
    files: [zip('a.zip', makeZip([{ name: 'b.pdf', content: makeZip([{ name: 'c.txt' }]) }]))],
    hits: ['MIME_BAD_EXTENSION 0.1 pdf', 'MIME_ARCHIVE_IN_ARCHIVE 1 b.pdf'],
  },
  {
    what: 'a packed archive',
    files: [{ name: 'a.zip.gz', type: 'application/gzip', content: gzipSync('x') }],
    hits: ['MIME_ARCHIVE_IN_ARCHIVE 1 .zip.gz', 'MIME_ARCHIVE_IN_ARCHIVE 1 zip'],
  },
  {
    what: 'a volume of an archive, and a compressed tar',
    files: [
      { name: 'a.zip.001', content: 'x' },
      { name: 'a.tar.gz', type: 'application/gzip', content: gzipSync('x') },
    ],
    hits: [],
  },
  {
    what: 'a program in a RAR archive that is named like a volume',
    files: [{ name: 'a.001', content: makeRar4([{ name: 'a.exe' }]) }],
    hits: ['MIME_EXE_IN_GEN_SPLIT_RAR 1 a.exe'],
  },
  {
    what: 'a document that is an archive inside',
    files: [
      {
        name: 'a.docx',
        type: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
        content: makeZip([{ name: 'word/document.xml' }, { name: 'word/embeddings/x.vbs' }]),
      },
    ],
    hits: [],
  },
  {
    what: 'an archive without a name',
    files: [zip(undefined, makeZip([{ name: 'a.lnk' }]))],
    hits: ['MIME_BAD_EXTENSION 4 lnk'],
  },
  {
    what: 'an archive of more files than are looked at',
    files: [zip('a.zip', makeZip(Array.from({ length: 1001 }, (_, i) => ({ name: `${i}.txt` }))))],
    hits: ['MIME_ARCHIVE_CUT 1 a.zip'],
  },
];

for (const { what, files, hits } of cases) {
  test(`${what} gives ${hits.length === 0 ? 'nothing' : hits.join(' and ')}`, async () => {
    assert.deepEqual(await findings(files), hits);
  });
}

for (const way of ['inbound', 'authenticated', 'local'] satisfies Way[]) {
  test(`${way} mail is judged`, async () => {
    const raw = withAttachments([{ name: 'a.vbs', content: 'x' }]);
    const run = await runCheck(mimeTypes, {}, { raw, way });
    assert.deepEqual(run.symbols, ['MIME_BAD_EXTENSION', 'MIME_GOOD']);
  });
}

test('a message without attachments has a usual type', async () => {
  const run = await runCheck(mimeTypes, {}, {});
  assert.deepEqual(run.hits, [{ symbol: 'MIME_GOOD', weight: 1, options: ['text/plain'] }]);
});

test('the list of types beats the one built in', async () => {
  const file = { name: 'a.qqq', type: 'application/x-qqq', content: 'x' };
  const bytes = { name: 'b.bin', type: 'application/octet-stream', content: 'x' };
  const list = { file: ['application/x-qqq 3', 'application/octet-stream -1', 'multipart/mixed 0'] };
  assert.deepEqual(await findings([file, bytes], list), [
    'MIME_BAD 3 application/x-qqq',
    'MIME_GOOD 1 application/octet-stream',
  ]);
  const expressions = { file: ['/^application\\/x-q/ 2'], regexp: true };
  assert.deepEqual(await findings([file], expressions), ['MIME_BAD 2 application/x-qqq']);
});

test('tables add to those built in, and 0 takes an entry out', async () => {
  const files = [
    { name: 'a.qqq', content: 'x' },
    { name: 'a.html', type: 'text/html', content: '<html>' },
    { name: 'a.vbs', content: 'x' },
  ];
  assert.deepEqual(await findings(files, { bad_extensions: { qqq: 3, html: 0 } }), [
    'MIME_BAD_EXTENSION 3 qqq',
    'MIME_BAD_EXTENSION 4 vbs',
  ]);
});

test('types of extensions are the operator’s to name', async () => {
  const files = [{ name: 'a.qqq', type: 'text/plain', content: 'x' }];
  assert.deepEqual(await findings(files, { extension_map: { qqq: ['application/x-qqq', 'image/png'] } }), [
    'MIME_BAD_ATTACHMENT 1 qqq:text/plain',
  ]);
  const picture = [{ name: 'a.png', type: 'text/plain', content: 'x' }];
  assert.deepEqual(await findings(picture, { other_extensions_mult: 0.2 }), [
    'MIME_BAD_ATTACHMENT 0.2 png:text/plain',
  ]);
});

test('names on the white list are not judged, unless they hide something', async () => {
  const files = [
    { name: 'winmail.vbs', content: 'x' },
    { name: 'winmail\u200b.vbs', content: 'x' },
  ];
  assert.deepEqual(await findings(files, { filename_whitelist: ['/^winmail/'] }), [
    'MIME_BAD_UNICODE 1 0x200b after winmail',
  ]);
});

test('settings bring tables of their own', async () => {
  const files = [
    { name: 'a.qqq', content: 'x' },
    { name: 'a.zip', type: 'application/zip', content: makeZip([{ name: 'b.www' }, { name: 'c.txt' }]) },
  ];
  const apply = {
    plugins: { mime_types: { bad_extensions: { qqq: 2 }, bad_archive_extensions: { www: 3 } } },
  };
  assert.deepEqual(await findings(files, {}, apply), [
    'MIME_BAD_EXTENSION 2 qqq',
    'MIME_BAD_EXTENSION 3 www',
  ]);
});

test('tables of settings may be lists', async () => {
  const apply = { plugins: { mime_types: { bad_extensions: ['qqq', '.www'] } } };
  const files = [
    { name: 'a.qqq', content: 'x' },
    { name: 'a.www', content: 'x' },
  ];
  assert.deepEqual(await findings(files, {}, apply), [
    'MIME_BAD_EXTENSION 1 qqq',
    'MIME_BAD_EXTENSION 1 www',
  ]);
});

test('symbols may be renamed', async () => {
  const files = [{ name: 'a.vbs', content: 'x' }];
  assert.deepEqual(await findings(files, { symbol_bad_extension: 'BAD_FILE' }), ['BAD_FILE 4 vbs']);
  assert.equal(
    (await buildCheck(mimeTypes, { symbol_bad_extension: 'BAD_FILE' })).declared.get('BAD_FILE')?.score,
    2,
  );
});
