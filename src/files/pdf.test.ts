import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { makePdf, pdfStream } from '../../test/helpers/pdf-files.ts';
import type { PdfView } from '../core/index.ts';
import { readPdf } from './pdf.ts';
import { pdfLimits } from './pdf-limits.ts';

const page = '<< /Type /Page /MediaBox [0 0 9 9] >>';

/** What differs from a document of one page that does nothing. */
function findings(objects: readonly (string | Buffer)[], trailer?: string): Record<string, unknown> {
  const view = readPdf(makePdf(['<< /Type /Catalog >>', page, ...objects], trailer));
  assert.equal(view.objects, objects.length + 2);
  assert.equal(view.pages, 1);
  const { objects: _, pages: __, trailer: ___, ...rest } = view;
  const isFound = ([, value]: [string, unknown]): boolean =>
    value !== false &&
    value !== 0 &&
    value !== '' &&
    !(Array.isArray(value) && value.length === 0) &&
    !(value instanceof Set && value.size === 0);
  return Object.fromEntries(Object.entries(rest).filter(isFound));
}

const table: readonly (readonly [string, readonly (string | Buffer)[], Record<string, unknown>])[] = [
  ['nothing', [], {}],
  [
    'a link',
    ['<< /Subtype /Link /A << /S /URI /URI (https://a.example.com/x) >> >>'],
    { actions: new Set(['link']), links: ['https://a.example.com/x'] },
  ],
  [
    'a link with escapes, an object of its own, hexadecimal digits and UTF-16',
    [
      '<< /S /URI /URI (https://a.example.com/\\(1\\)\\057x\\\ny) >>',
      '<< /S/URI/URI 5 0 R>>',
      '(https://b.example.com/)',
      '<</S/URI/URI<68747470733A2F2F632E6578616D706C652E636F6D2>>>',
      `<< /S /URI /URI <feff${Buffer.from('https://d.example.com/', 'utf16le').swap16().toString('hex')}> >>`,
    ],
    {
      actions: new Set(['link']),
      links: [
        'https://a.example.com/(1)/xy',
        'https://b.example.com/',
        'https://c.example.com ',
        'https://d.example.com/',
      ],
    },
  ],
  [
    'a script',
    ['<< /S /JavaScript /JS (app.launchURL\\("https://s.example.com/p", true\\);) >>'],
    { actions: new Set(['script']), scripts: 1, links: ['https://s.example.com/p'] },
  ],
  [
    'a script in a stream that runs on opening',
    [
      '<< /Type /Catalog /OpenAction 4 0 R >>',
      '<< /S /JavaScript /JS 5 0 R >>',
      pdfStream('', deflateSync('this.getURL("https://s.example.com/q")'), '/FlateDecode'),
    ],
    {
      actions: new Set(['script']),
      runsOnOpen: true,
      scripts: 1,
      links: ['https://s.example.com/q'],
    },
  ],
  [
    'a script in several codings',
    [
      '<< /S /JavaScript /JS 4 0 R >>',
      pdfStream(
        '',
        Buffer.from(`${deflateSync('x="https://s.example.com/r"').toString('hex')}>`),
        '[/AHx /Fl]',
      ),
    ],
    { actions: new Set(['script']), scripts: 1, links: ['https://s.example.com/r'] },
  ],
  ['a place to go to on opening', ['<< /Type /Catalog /OpenAction [2 0 R /Fit] >>'], {}],
  [
    'a program',
    ['<< /S /Launch /Win << /F (cmd.exe) /P (/c echo a > x && echo b) >> >>'],
    {
      actions: new Set(['launch']),
      launches: ['cmd.exe /c echo a > x && echo b'],
      suspicion: 1,
    },
  ],
  [
    'a form that is sent somewhere',
    ['<< /FT /Tx /AA << /F << /S /SubmitForm /F << /FS /URL /F (https://f.example.com/) >> >> >> >>'],
    { actions: new Set(['submit']), hasForm: true, links: ['https://f.example.com/'] },
  ],
  [
    'a file within',
    ['<< /Type /Filespec /F (a.exe) /UF (\\376\\377\\000b\\000.\\000j\\000s) /EF << /F 9 0 R >> >>'],
    { files: ['b.js'] },
  ],
  [
    'one name that is hidden',
    ['<< /S /J#61vaScript /J#53 (x) >>'],
    { actions: new Set(['script']), scripts: 1, suspicion: 0.7 },
  ],
  ['names of fonts with blanks', ['[/Times#20New#20Roman /Courier#20New]'.repeat(20)], {}],
  ['many names that are hidden', [`[${'/a#62c    xx '.repeat(12).replaceAll('xx', '')}]`], { suspicion: 1 }],
];
for (const [name, objects, expected] of table) {
  test(`a PDF with ${name}`, () => assert.deepEqual(findings(objects), expected));
}

test('title and producer are those of the information dictionary', () => {
  const found = findings(['<< /Title (Rechnung \\374) /Producer <feff0041> >>'], '/Info 3 0 R');
  assert.deepEqual(found, { title: 'Rechnung ü', producer: 'A' });
});

test('objects in object streams count', () => {
  const inner = '10 0 11 49 << /S /URI /URI (https://o.example.com/) >>         << /Type /Page >>';
  const stream = pdfStream('/Type /ObjStm /N 2 /First 11', deflateSync(inner), '/FlateDecode');
  const view = readPdf(makePdf(['<< /Type /Catalog >>', stream]));
  assert.equal(view.objects, 4);
  assert.equal(view.pages, 1);
  assert.deepEqual(view.links, ['https://o.example.com/']);
});

test('an encrypted PDF shows what it does, not where it leads', () => {
  const found = findings(
    ['<< /Filter /Standard >>', '<< /S /URI /URI (xxxx) >>', '<< /S /JavaScript /JS (xxxx) >>'],
    '/Encrypt 3 0 R',
  );
  assert.deepEqual(found, { actions: new Set(['link', 'script']), isEncrypted: true, scripts: 1 });
});

test('a stream of references in place of a trailer tells of encryption, too', () => {
  const stream = pdfStream('/Type /XRef /Encrypt 9 0 R', Buffer.from('x'), '');
  assert.equal(readPdf(makePdf(['<< /Type /Catalog >>', stream])).isEncrypted, true);
});

test('lines behind the trailer are counted', () => {
  const pdf = makePdf(['<< /Type /Catalog >>']);
  assert.ok(readPdf(pdf).trailer!.lines < 10);
  assert.ok(readPdf(Buffer.concat([pdf, Buffer.from('x\n'.repeat(150))])).trailer!.lines > 150);
});

test('what older versions of a document did still counts', () => {
  const first = makePdf(['<< /S /URI /URI (https://old.example.com/) >>']);
  const pdf = Buffer.concat([first, Buffer.from('\n1 0 obj\n<< /Type /Catalog >>\nendobj\n')]);
  assert.deepEqual(readPdf(pdf).links, ['https://old.example.com/']);
});

test('of too many objects the first and the last are read', () => {
  const objects = Array.from({ length: 100 }, (_, i) => `<< /S /URI /URI (https://a.example.com/${i}) >>`);
  const view = readPdf(makePdf(objects), { ...pdfLimits, objects: 10 });
  assert.equal(view.objects, 100);
  assert.equal(view.isCut, true);
  assert.deepEqual(
    view.links.map((link) => Number(link.slice(22))),
    [0, 1, 2, 3, 4, 95, 96, 97, 98, 99],
  );
});

test('streams that unpack to more than the bound are read in part', () => {
  const bomb = deflateSync(Buffer.alloc(50_000_000, 0x20));
  const objects = Array.from({ length: 50 }, () =>
    pdfStream('/Type /ObjStm /N 9 /First 9', bomb, '/FlateDecode'),
  );
  assert.equal(readPdf(makePdf(objects)).isCut, true);
});

for (const [name, opening] of [
  ['brackets', '['],
  ['dictionaries', '<</a'],
  ['texts', '('],
  ['digits', '<'],
  ['comments', '%'],
  ['objects', '1 0 obj<<'],
  ['streams', '1 0 obj<</Type/ObjStm/N 1/First 1>>stream\n'],
  ['names', '/a#62'],
  ['trailers', 'trailer<<'],
] as const) {
  test(`${name} that are opened again and again come to an end`, () => {
    const view = readPdf(Buffer.from(`%PDF-1.4\n1 0 obj\n${opening.repeat(200_000)}`));
    assert.ok(view.links.length === 0);
  });
}

const sample = makePdf(
  [
    '<< /Type /Catalog /OpenAction 4 0 R /AA << /O 4 0 R >> >>',
    page,
    '<< /S /URI /URI (https://a.example.com/\\050x) >>',
    '<< /S /JavaScript /JS 5 0 R >>',
    pdfStream('', deflateSync('x'.repeat(500)), '/FlateDecode'),
    '[ 1 2.5 -3 true null (a(b)c) <4142> /N#61me << /A [ 1 0 R ] >> ]',
  ],
  '/Info 3 0 R',
);
test('PDFs that were cut short or changed are read without failing', () => {
  fc.assert(
    fc.property(
      fc.nat(sample.length),
      fc.array(fc.tuple(fc.nat(sample.length - 1), fc.nat(255)), { maxLength: 20 }),
      (length, changes) => {
        const bytes = Buffer.from(sample);
        for (const [place, value] of changes) bytes[place] = value;
        const view: PdfView = readPdf(bytes.subarray(0, length));
        assert.ok(view.suspicion >= 0 && view.suspicion <= 1);
      },
    ),
    { numRuns: 400 },
  );
});
