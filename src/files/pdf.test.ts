import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { leftOutWithout } from '../../test/helpers/left-out.ts';
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

test('a PDF that needs a password shows what it does, not where it leads', () => {
  const found = findings(
    ['<< /Filter /Standard >>', '<< /S /URI /URI (xxxx) >>', '<< /S /JavaScript /JS (xxxx) >>'],
    '/Encrypt 3 0 R',
  );
  assert.deepEqual(found, { actions: new Set(['link', 'script']), isEncrypted: true, scripts: 1 });
});

const qpdf = '/usr/bin/qpdf';
/** Has qpdf write a document anew. It needs a table of references, and mends what has none. */
function rewrite(pdf: Buffer, ...options: readonly string[]): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'postern-pdf-'));
  try {
    const [from, to] = [join(folder, 'from.pdf'), join(folder, 'to.pdf')];
    writeFileSync(from, pdf);
    const { status, stderr } = spawnSync(qpdf, [...options, '--', from, to], {
      encoding: 'utf8',
      timeout: 30_000,
    });
    // 3: there were warnings.
    assert.ok(status === 0 || status === 3, stderr);
    return readFileSync(to);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const written = makePdf(
  [
    '<< /Type /Catalog /Pages 2 0 R /OpenAction 5 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Annots [4 0 R] >>',
    '<< /Type /Annot /Subtype /Link /Rect [0 0 1 1] /A << /S /URI /URI (https://q.example.com/) >> >>',
    '<< /S /JavaScript /JS 6 0 R >>',
    pdfStream('', Buffer.from('x = "https://js.example.com/"'), ''),
    '<< /Title (Gruss) >>',
  ],
  '/Info 7 0 R',
);
const weak = '--allow-weak-crypto';
for (const [name, options, isEncrypted] of [
  ['object streams', ['--object-streams=generate'], false],
  ['40-bit RC4', [weak, '--encrypt', '', 'owner', '40'], true],
  ['128-bit RC4', [weak, '--encrypt', '', 'owner', '128', '--use-aes=n'], true],
  ['128-bit AES', ['--encrypt', '', 'owner', '128', '--use-aes=y'], true],
  ['128-bit AES and clear metadata', [weak, '--encrypt', '', 'owner', '128', '--cleartext-metadata'], true],
  ['256-bit AES', ['--encrypt', '', 'owner', '256'], true],
  ['256-bit AES of before the standard', [weak, '--encrypt', '', 'owner', '256', '--force-R5'], true],
  ['256-bit AES and object streams', ['--object-streams=generate', '--encrypt', '', 'owner', '256'], true],
] as const) {
  test(`qpdf’s ${name} are read, with the empty password if need be`, {
    skip: leftOutWithout({ qpdf }),
  }, () => {
    const view = readPdf(rewrite(written, ...options));
    assert.deepEqual(view.links.toSorted(), ['https://js.example.com/', 'https://q.example.com/']);
    assert.equal(view.title, 'Gruss');
    assert.equal(view.isEncrypted, isEncrypted);
    assert.equal(view.runsOnOpen, true);
    assert.equal(view.pages, 1);
  });
}

test('what needs a password stays closed', { skip: leftOutWithout({ qpdf }) }, () => {
  const view = readPdf(rewrite(written, '--encrypt', 'user', 'owner', '256'));
  assert.deepEqual([view.isEncrypted, view.links, view.title], [true, [], '']);
  assert.deepEqual([...view.actions].toSorted(), ['link', 'script']);
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
test('encryption that makes no sense is none that opens', () => {
  const text = fc.constantFrom(
    '(x)',
    `<${'00'.repeat(48)}>`,
    `<${'ff'.repeat(32)}>`,
    '7',
    '/Standard',
    'true',
    '[]',
  );
  const keys = fc.constantFrom('V', 'R', 'O', 'U', 'UE', 'P', 'Length', 'CF', 'StmF', 'StrF');
  fc.assert(
    fc.property(
      fc.nat(6),
      fc.nat(7),
      fc.array(fc.tuple(keys, text), { maxLength: 10 }),
      (version, revision, entries) => {
        const rest = entries.map(([key, value]) => `/${key} ${value}`).join(' ');
        const encrypt = `<< /Filter /Standard ${rest} /V ${version} /R ${revision} >>`;
        const view = readPdf(
          makePdf([encrypt, '<< /S /URI /URI (https://a.example.com/) >>'], '/Encrypt 1 0 R'),
        );
        assert.deepEqual(view.links, []);
      },
    ),
    { numRuns: 300 },
  );
});

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
