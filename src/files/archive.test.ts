import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { type Member, makeRar4, makeRar5, makeZip } from '../../test/helpers/archive-files.ts';
import { hasPackers, type Packer, pack } from '../../test/helpers/packers.ts';
import type { ArchiveListing } from '../core/index.ts';
import { listArchive } from './archive.ts';
import { fileLimits, WorkBudget } from './limits.ts';
import { readMagic } from './magic.ts';
import { readTextType } from './text-type.ts';

function list(file: Buffer, limits = fileLimits, name = 'archive.bin'): ArchiveListing | undefined {
  const format = readMagic(file);
  return format === undefined ? undefined : listArchive(file, format, name, new WorkBudget(limits));
}

/** A list in short: names with sizes, `*` for encrypted ones, `>` between archives; and what is said of it. */
function brief(listing: ArchiveListing | undefined): unknown {
  if (!listing) return undefined;
  const said = (['isEncrypted', 'isObfuscated', 'isVolume', 'isCut'] as const).filter((key) => listing[key]);
  return [
    listing.format,
    listing.state,
    ...said,
    listing.members.map(
      ({ name, sizeBytes, isEncrypted, inside }) =>
        `${[...inside, name].join('>')} ${sizeBytes}${isEncrypted ? '*' : ''}`,
    ),
  ];
}

const content = { 'a.txt': 'hello\n', 'deep/ünï.js': 'alert(1)\n', 'big.exe': Buffer.alloc(50_000, 'x') };
const names = ['a.txt 6', 'big.exe 50000', 'deep/ünï.js 9'];

const packed: readonly (readonly [tool: Packer, what: string, script: string, expected: unknown])[] = [
  ['zip', 'a plain archive', 'zip -qr out.zip . && mv out.zip $out', ['zip', 'listed', names]],
  [
    'zip',
    'an archive with a password',
    'zip -qP x out.zip a.txt && mv out.zip $out',
    ['zip', 'listed', 'isEncrypted', ['a.txt 6*']],
  ],
  [
    'zip',
    'an archive written to a pipe, without sizes in front',
    'cat a.txt | zip -q - - | cat > $out',
    ['zip', 'listed', ['- 6']],
  ],
  [
    'zip',
    'an archive with wide numbers',
    'zip -q -fz out.zip a.txt && mv out.zip $out',
    ['zip', 'listed', ['a.txt 6']],
  ],
  [
    'zip',
    'the last volume of several',
    'head -c 200000 /dev/urandom > r && zip -q -s 64k out.zip r a.txt && mv out.zip $out',
    ['zip', 'listed', 'isVolume', ['r 200000', 'a.txt 6']],
  ],
  [
    'zip',
    'an archive behind a text',
    'zip -q out.zip a.txt && cat a.txt out.zip > $out',
    ['zip', 'listed', ['a.txt 6']],
  ],
  ['7z', 'an archive', '7z a -bd -y out.7z . && mv out.7z $out', ['7z', 'listed', names]],
  [
    '7z',
    'an archive with a plain directory',
    '7z a -bd -y -mhc=off out.7z . && mv out.7z $out',
    ['7z', 'listed', names],
  ],
  [
    '7z',
    'an archive with a password',
    '7z a -bd -y -px out.7z a.txt && mv out.7z $out',
    ['7z', 'listed', 'isEncrypted', ['a.txt 6*']],
  ],
  [
    '7z',
    'an archive with an encrypted directory',
    '7z a -bd -y -px -mhe=on out.7z . && mv out.7z $out',
    ['7z', 'encrypted', 'isEncrypted', []],
  ],
  [
    'genisoimage',
    'an image with names of Joliet',
    'genisoimage -quiet -J -input-charset utf-8 -o $out .',
    ['iso', 'listed', ['a.txt 6', 'big.exe 50000', 'deep/ünï.js 9']],
  ],
  [
    'genisoimage',
    'an image with names of Rock Ridge',
    'genisoimage -quiet -R -input-charset utf-8 -o $out .',
    ['iso', 'listed', ['a.txt 6', 'big.exe 50000', 'deep/ünï.js 9']],
  ],
  [
    'genisoimage',
    'an image with short names only',
    'genisoimage -quiet -input-charset utf-8 -o $out a.txt big.exe',
    ['iso', 'listed', ['A.TXT 6', 'BIG.EXE 50000']],
  ],
  [
    'genisoimage',
    'an image with UDF',
    'genisoimage -quiet -udf -input-charset utf-8 -o $out .',
    ['iso', 'listed', ['a.txt 6', 'big.exe 50000', 'deep/ünï.js 9']],
  ],
  ['arj', 'an archive', 'arj a -r -y out.arj . && mv out.arj $out', ['arj', 'listed', names]],
  [
    'arj',
    'an archive with a password',
    'arj a -gx -y out.arj a.txt && mv out.arj $out',
    ['arj', 'listed', 'isEncrypted', ['a.txt 6*']],
  ],
  ['tar', 'an archive', 'tar cf $out a.txt big.exe deep', ['tar', 'listed', names]],
  ['tar', 'a compressed archive', 'tar czf $out a.txt big.exe deep', ['gz', 'listed', names]],
  [
    'tar',
    'an archive with extended headers',
    'f=n/$(printf "%0120d" 0)/$(printf "%0120d" 1) && mkdir -p $f && cp a.txt $f/x && tar --format=pax -cf $out n',
    ['tar', 'listed', [`n/${'0'.repeat(120)}/${'0'.repeat(119)}1/x 6`]],
  ],
  [
    'tar',
    'an archive with long names of GNU',
    'f=n/$(printf "%0120d" 0)/$(printf "%0120d" 1) && mkdir -p $f && cp a.txt $f/x && tar --format=gnu -cf $out n',
    ['tar', 'listed', [`n/${'0'.repeat(120)}/${'0'.repeat(119)}1/x 6`]],
  ],
  ['gzip', 'a file', 'gzip a.txt && mv a.txt.gz $out', ['gz', 'listed', ['a.txt 6']]],
  ['gzip', 'a file without its name', 'gzip -n < a.txt > $out', ['gz', 'listed', ['archive 6']]],
  ['xz', 'a file', 'xz < a.txt > $out', ['xz', 'listed', ['archive undefined']]],
];

for (const [tool, what, script, expected] of packed) {
  test(`${what} of ${tool} is listed`, () => {
    if (!hasPackers(tool)) return;
    const listing = list(pack(content, script));
    const found = brief(listing);
    // The order is the packer's.
    if (Array.isArray(found)) (found.at(-1) as string[]).sort();
    const sorted = (expected as unknown[]).map((item) => (Array.isArray(item) ? item.toSorted() : item));
    assert.deepEqual(found, sorted);
  });
}

test('packed sizes are told where the format has them', () => {
  if (!hasPackers('zip', '7z')) return;
  const zip = list(pack(content, 'zip -q out.zip big.exe && mv out.zip $out'));
  assert.ok(zip!.members[0]!.packedBytes! < 200);
  const alone = list(pack(content, '7z a -bd -y out.7z big.exe && mv out.7z $out'));
  assert.ok(alone!.members[0]!.packedBytes! < 400);
  const together = list(pack(content, '7z a -bd -y out.7z . && mv out.7z $out'));
  assert.equal(together!.members[0]!.packedBytes, undefined);
});

test('archives within archives are listed, as deep as the bound', () => {
  const inner = makeZip([{ name: 'x.exe' }]);
  const second = makeZip([{ name: 'inner.zip', content: inner }, { name: 'b.txt' }]);
  const third = gzipSync(second);
  assert.deepEqual(brief(list(third)), [
    'gz',
    'listed',
    [
      `archive ${second.length}`,
      `archive>inner.zip ${inner.length}`,
      'archive>b.txt 7',
      'archive>inner.zip>x.exe 7',
    ],
  ]);
  const limited = list(third, { ...fileLimits, nestedDepth: 1 });
  assert.deepEqual(brief(limited), [
    'gz',
    'listed',
    'isCut',
    [`archive ${second.length}`, `archive>inner.zip ${inner.length}`, 'archive>b.txt 7'],
  ]);
});

test('an archive that is compressed within another one is listed', () => {
  if (!hasPackers('zip', 'tar')) return;
  const file = pack(content, 'tar cf t.tar a.txt && zip -q out.zip t.tar && mv out.zip $out');
  assert.deepEqual(brief(list(file)), ['zip', 'listed', ['t.tar 10240', 't.tar>a.txt 6']]);
});

test('documents within an archive are not opened', () => {
  const document = makeZip([{ name: 'word/document.xml' }, { name: 'word/media/a.png' }]);
  const file = makeZip([{ name: 'a.docx', content: document }, { name: 'b.txt' }]);
  assert.deepEqual(brief(list(file)), ['zip', 'listed', [`a.docx ${document.length}`, 'b.txt 7']]);
});

test('archives within archives that lie over one another are opened up to a bound', () => {
  // Every member is the whole file.
  const inner = makeZip([{ name: 'x.txt', content: 'x'.repeat(100_000) }]);
  const members = Array.from({ length: 20 }, (_, i) => ({ name: `${i}.zip`, content: inner }));
  const budget = new WorkBudget({ ...fileLimits, nestedBytes: 500_000 });
  const listing = listArchive(makeZip(members), 'zip', 'x.zip', budget)!;
  assert.equal(listing.isCut, true);
  assert.equal(listing.members.length, 20 + 4);
});

test('an image of a disc that is compressed within an archive is listed', () => {
  if (!hasPackers('zip', 'genisoimage')) return;
  const script = 'genisoimage -quiet -J -o i.img a.txt && zip -q out.zip i.img && mv out.zip $out';
  const found = list(pack(content, script));
  assert.deepEqual(
    found?.members.map(({ name, inside }) => [...inside, name].join('>')),
    ['i.img', 'i.img>a.txt'],
  );
});

const two: readonly Member[] = [{ name: 'a.txt' }, { name: 'b.exe', isEncrypted: true }];

for (const [version, make] of [
  [4, makeRar4],
  [5, makeRar5],
] as const) {
  test(`a RAR ${version} archive is listed, with encrypted members and the volume's mark`, () => {
    assert.deepEqual(brief(list(make(two))), ['rar', 'listed', 'isEncrypted', ['a.txt 7', 'b.exe 7*']]);
    assert.deepEqual(brief(list(make([{ name: 'a.txt' }], { isVolume: true }))), [
      'rar',
      'listed',
      'isVolume',
      ['a.txt 7'],
    ]);
  });

  test(`a RAR ${version} archive with encrypted headers says so`, () => {
    assert.deepEqual(brief(list(make(two, { hasEncryptedHeaders: true }))), [
      'rar',
      'encrypted',
      'isEncrypted',
      [],
    ]);
  });

  test(`of a RAR ${version} archive that is cut short the beginning is listed`, () => {
    const file = make([{ name: 'a.txt' }, { name: 'b.txt' }]);
    assert.deepEqual(brief(list(file.subarray(0, file.length - 40))), ['rar', 'recovered', ['a.txt 7']]);
  });
}

test('names of RAR 4 in its packing of UTF-16 are read', () => {
  // High byte 0x04; four characters as low byte and high byte, then two from the plain name.
  const name = Buffer.from([...Buffer.from('????.x'), 0, 0x04, 0x55, 0x3f, 0x40, 0x38, 0x32, 0xf0, 0x00]);
  assert.equal(
    list(makeRar4([{ name }]))?.members[0]?.name,
    'при\u0432.x'.replace('при', '\u043f\u0440\u0438'),
  );
});

test('a ZIP archive whose directory is missing is listed from what is left', () => {
  const file = makeZip([{ name: 'a.txt' }, { name: 'b.exe' }]);
  assert.deepEqual(brief(list(file.subarray(0, file.length - 120))), [
    'zip',
    'recovered',
    ['a.txt 7', 'b.exe 7'],
  ]);
});

test('a ZIP archive in front of another one, whose directory keeps it quiet, is listed as well', () => {
  const hidden = makeZip([{ name: 'evil.exe' }]);
  const shown = makeZip([{ name: 'a.txt' }]);
  assert.deepEqual(brief(list(Buffer.concat([hidden, shown]))), [
    'zip',
    'listed',
    'isObfuscated',
    ['a.txt 7', 'evil.exe 7'],
  ]);
});

const odd: readonly (readonly [what: string, file: Buffer])[] = [
  [
    'a name that differs from the one in front of the content',
    makeZip([{ name: 'a.txt', localName: 'a.exe' }]),
  ],
  ['a zero byte in a name', makeZip([{ name: 'a.txt\0.exe' }])],
  ['control characters in a name', makeZip([{ name: 'a\x1b[2J.txt' }])],
  ['a name that is no UTF-8 although it says so', makeZip([{ name: Buffer.from([0x61, 0xff, 0xfe]) }])],
  ['a member without a name', makeZip([{ name: '' }])],
  ['a folder with content', makeZip([{ name: 'a.exe/' }])],
];

for (const [what, file] of odd) {
  test(`an archive with ${what} is obfuscated`, () => {
    const listing = list(file)!;
    assert.equal(listing.isObfuscated, true);
    assert.equal(listing.members.length, 1);
  });
}

test('names without a mark are UTF-8 where they can be, else of code page 437', () => {
  const file = makeZip([{ name: 'ä.txt' }, { name: Buffer.from([0x84, 0x2e, 0x74, 0x78, 0x74]) }], {
    flags: 0,
  });
  assert.deepEqual(
    list(file)?.members.map(({ name }) => name),
    ['ä.txt', 'ä.txt'],
  );
  assert.equal(list(file)?.isObfuscated, false);
});

test('folders and empty archives list nothing', () => {
  assert.deepEqual(brief(list(makeZip([{ name: 'd/', content: '' }]))), ['zip', 'listed', []]);
  assert.deepEqual(brief(list(makeZip([]))), ['zip', 'listed', []]);
});

test('more members than the bound are left out, and the list says so', () => {
  const members = Array.from({ length: 30 }, (_, i) => ({ name: `${i}.txt` }));
  const limits = { ...fileLimits, members: 20 };
  for (const file of [makeZip(members), makeRar4(members), makeRar5(members)]) {
    const listing = list(file, limits)!;
    assert.equal(listing.members.length, 20);
    assert.equal(listing.isCut, true);
  }
});

test('a name is read up to the bound', () => {
  const listing = list(makeZip([{ name: 'x'.repeat(60_000) }]))!;
  assert.equal(listing.members[0]!.name.length, fileLimits.nameBytes);
});

test('a bomb is not unpacked beyond the budget', () => {
  const layer = gzipSync(Buffer.alloc(64 * 1024 * 1024));
  const members = Array.from({ length: 40 }, (_, i) => ({ name: `${i}.gz`, content: layer }));
  const budget = new WorkBudget(fileLimits);
  const listing = listArchive(makeZip(members), 'zip', 'bomb.zip', budget)!;
  assert.ok(budget.unpackedLeft >= 0);
  assert.equal(listing.isCut, true);
  assert.ok(listing.members.length <= fileLimits.members);
});

test('a packed directory of 7z that says it is huge is not unpacked', () => {
  if (!hasPackers('7z')) return;
  const file = pack(
    Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`${i}`.padStart(200, 'n'), 'x'])),
    '7z a -bd -y out.7z . && mv out.7z $out',
  );
  assert.equal(list(file)?.members.length, 300);
  const budget = new WorkBudget({ ...fileLimits, unpackedBytes: 100_000 });
  const listing = listArchive(file, '7z', 'x.7z', budget)!;
  assert.deepEqual(brief(listing), ['7z', 'unreadable', 'isCut', []]);
});

test('files that are cut or flipped anywhere never break a reader, nor pass a bound', () => {
  const seeds = [
    makeZip([{ name: 'a.txt' }, { name: 'b.zip', content: makeZip([{ name: 'c' }]) }, ...two]),
    makeRar4([...two, { name: Buffer.from('????\0\x04\x55\x3f\x40\x38\x32', 'latin1') }]),
    makeRar5([...two, { name: 'ü' }]),
    gzipSync(makeZip(two)),
    ...packed.filter(([tool]) => hasPackers(tool)).map(([, , script]) => pack(content, script)),
  ];
  const limits = { ...fileLimits, members: 50, entries: 500, unpackedBytes: 1024 * 1024 };
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255)), { maxLength: 8 }),
      (seed, keep, flips) => {
        const file = Buffer.from(
          seed.subarray(0, keep < 0.5 ? Math.ceil(seed.length * keep * 2) : seed.length),
        );
        // Half of the flips hit the first bytes, where headers are.
        for (const [place, value] of flips) {
          const range = place < 0.5 ? Math.min(200, file.length) : file.length;
          if (range > 0) file[Math.floor(place * range) % range] = value;
        }
        for (const format of ['zip', 'rar', '7z', 'gz', 'tar', 'iso', 'udf', 'cab', 'arj']) {
          const budget = new WorkBudget(limits);
          const listing = listArchive(file, format, 'x', budget)!;
          assert.ok(listing.members.length <= limits.members);
          assert.ok(budget.unpackedLeft >= 0);
          assert.ok(listing.members.every(({ name }) => name.isWellFormed()));
        }
        readMagic(file);
        readTextType(file);
      },
    ),
    { numRuns: 600 },
  );
});
