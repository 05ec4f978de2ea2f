import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeRar4, makeRar5, makeZip } from '../../../test/helpers/archive-files.ts';
import { withAttachments } from '../../../test/helpers/attachments.ts';
import { runCheck, type Way } from '../../../test/helpers/check-table.ts';
import { archiveRules } from './check.ts';

interface Case {
  readonly what: string;
  readonly name?: string;
  readonly content: Buffer;
  readonly subject?: string;
  readonly symbols: readonly string[];
}

const many = Array.from({ length: 10 }, (_, i) => ({ name: `${i}.txt` }));

const cases: readonly Case[] = [
  { what: 'an archive of texts', content: makeZip([{ name: 'a.txt' }]), symbols: [] },
  {
    what: 'a program among other files',
    content: makeZip([{ name: 'a.txt' }, { name: 'b.EXE' }]),
    symbols: ['EXE_IN_ARCHIVE'],
  },
  {
    what: 'nothing but a program',
    content: makeZip([{ name: 'b.com' }]),
    symbols: ['EXE_IN_ARCHIVE', 'SINGLE_FILE_ARCHIVE_WITH_EXE'],
  },
  { what: 'a program behind ten files', content: makeZip([...many, { name: 'b.exe' }]), symbols: [] },
  {
    what: 'a program in an archive behind ten files',
    content: makeZip([...many, { name: 'b.zip', content: makeZip([{ name: 'b.exe' }]) }]),
    symbols: ['EXE_IN_ARCHIVE'],
  },
  {
    what: 'a program in an archive that promises an invoice',
    name: 'Invoice_2023.zip',
    content: makeZip([{ name: 'a.txt' }, { name: 'b.exe' }]),
    symbols: ['EXE_ARCHIVE_CLICKBAIT_FILENAME', 'EXE_IN_ARCHIVE'],
  },
  {
    what: 'a program under a subject that promises one',
    subject: 'Ihre Rechnung vom 3. Mai',
    content: makeZip([{ name: 'a.txt' }, { name: 'b.exe' }]),
    symbols: ['EXE_ARCHIVE_CLICKBAIT_SUBJECT', 'EXE_IN_ARCHIVE'],
  },
  {
    what: 'an invoice in an archive',
    name: 'invoice.zip',
    content: makeZip([{ name: 'invoice.pdf' }]),
    symbols: [],
  },
  { what: 'a RAR archive', name: 'a.rar', content: makeRar5([{ name: 'a.txt' }]), symbols: [] },
  {
    what: 'an old volume of a RAR archive',
    name: 'a.r01',
    content: makeRar4([{ name: 'a.txt' }]),
    symbols: [],
  },
  {
    what: 'a RAR archive under another name',
    name: 'a.zip',
    content: makeRar5([{ name: 'a.txt' }]),
    symbols: ['MISIDENTIFIED_RAR'],
  },
  {
    what: 'a program in a RAR archive under another name',
    name: 'a.arj',
    content: makeRar4([{ name: 'a.txt' }, { name: 'b.exe' }]),
    symbols: ['EXE_IN_ARCHIVE', 'EXE_IN_MISIDENTIFIED_RAR', 'MISIDENTIFIED_RAR'],
  },
  {
    what: 'an image that is 500 times larger than packed',
    content: makeZip([{ name: 'a.img', content: 'x'.repeat(100), sizeBytes: 50_000 }]),
    symbols: ['UDF_COMPRESSION_500PLUS'],
  },
  {
    what: 'an image that is less than 500 times larger',
    content: makeZip([{ name: 'a.img', content: 'x'.repeat(100), sizeBytes: 49_999 }]),
    symbols: [],
  },
  {
    what: 'a document with a program inside',
    name: 'a.docx',
    content: makeZip([{ name: 'word/document.xml' }, { name: 'b.exe' }]),
    symbols: [],
  },
];

for (const { what, name = 'files.zip', content, subject = 'Files', symbols } of cases) {
  test(`${what} gives ${symbols.join(', ') || 'nothing'}`, async () => {
    for (const way of ['inbound', 'authenticated', 'local'] satisfies Way[]) {
      const raw = withAttachments([{ name, content }], { subject });
      assert.deepEqual((await runCheck(archiveRules, {}, { raw, way })).symbols, symbols);
    }
  });
}

test('a message without attachments gives nothing', async () => {
  assert.deepEqual((await runCheck(archiveRules, {}, {})).symbols, []);
});

test('the operator names the words', async () => {
  const raw = withAttachments([
    { name: 'lottery.zip', content: makeZip([{ name: 'a' }, { name: 'b.exe' }]) },
  ]);
  const run = await runCheck(archiveRules, { clickbait: ['/lottery/i'] }, { raw });
  assert.deepEqual(run.symbols, ['EXE_ARCHIVE_CLICKBAIT_FILENAME', 'EXE_IN_ARCHIVE']);
});
