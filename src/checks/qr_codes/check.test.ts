import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32, deflateSync } from 'node:zlib';
import { makeZip } from '../../../test/helpers/archive-files.ts';
import { buildCheck, type CheckRun, runCheck, type Way } from '../../../test/helpers/check-table.ts';
import { makePdf, pdfStream } from '../../../test/helpers/pdf-files.ts';
import { convertPicture, qrPicturesMissing, qrPng } from '../../../test/helpers/qr-pictures.ts';
import type { Picture } from '../../core/index.ts';
import { qrCodes } from './check.ts';
import { greyPicture } from './raster.ts';
import { QrReader } from './reader.ts';

const ways: readonly Way[] = ['inbound', 'authenticated', 'local'];
const skip = qrPicturesMissing() ?? false;
/** Nothing here is about time. */
const patient = { timeout: 60 };

function mail(text: string, ...pictures: readonly Buffer[]): string {
  return [
    'From: a@example.com',
    'Subject: x',
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    '',
    text,
    ...pictures.flatMap((picture) => [
      '--b',
      'Content-Type: image/png',
      'Content-Transfer-Encoding: base64',
      '',
      picture.toString('base64'),
    ]),
    '--b--',
    '',
  ].join('\n');
}

/** A grey PNG without anything on it. */
function plainPng(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length);
    body.copy(out, 4);
    out.writeUInt32BE(crc32(body), body.length + 4);
    return out;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc((width + 1) * height, 0x80))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const links = ({ task }: CheckRun): readonly string[] =>
  task.content.urls.filter(({ from, flags }) => from === 'qr' && flags.includes('qr')).map(({ url }) => url);

const alone = [{ symbol: 'QR_URL', weight: 1, options: ['a.example.com'] }];

for (const [name, picture] of [
  ['PNG', () => qrPng('https://a.example.com/p?q=1')],
  ['JPEG', () => convertPicture(qrPng('https://a.example.com/p?q=1'), 'JPG', '-scale', '200%')],
  ['GIF', () => convertPicture(qrPng('https://a.example.com/p?q=1'), 'GIF')],
  ['BMP', () => convertPicture(qrPng('https://a.example.com/p?q=1'), 'BMP3')],
  ['a code turned round', () => convertPicture(qrPng('https://a.example.com/p?q=1'), 'PNG', '-rotate', '30')],
  ['a code in light on dark', () => convertPicture(qrPng('https://a.example.com/p?q=1'), 'PNG', '-negate')],
] as const) {
  for (const way of ways) {
    test(`${name}, ${way}: the link joins those of the message`, { skip }, async () => {
      const run = await runCheck(qrCodes, patient, { raw: mail('Scan this.', picture()), way });
      assert.deepEqual(run.hits, alone);
      assert.deepEqual(links(run), ['https://a.example.com/p?q=1']);
    });
  }
}

test('beside links of its own a code weighs less', { skip }, async () => {
  const raw = mail('See https://example.com/', qrPng('HTTPS://A.EXAMPLE.COM/X'));
  const run = await runCheck(qrCodes, patient, { raw });
  assert.deepEqual(run.hits, [{ symbol: 'QR_URL', weight: 0.3, options: ['a.example.com'] }]);
  assert.deepEqual(links(run), ['https://a.example.com/X']);
});

test('what is no link is left alone', { skip }, async () => {
  const texts = [
    'WIFI:S:net;;',
    'BCD\n002\n1\nSCT',
    'BEGIN:VCARD\nURL:https://a.example.com\nEND:VCARD',
    'example.com',
  ];
  const run = await runCheck(qrCodes, patient, { raw: mail('x', ...texts.map(qrPng)) });
  assert.deepEqual(run.hits, []);
  assert.deepEqual(links(run), []);
});

test('pictures without a code say nothing, the second time neither', async () => {
  const built = await buildCheck(qrCodes, patient);
  const raw = mail('x', plainPng(100, 100), plainPng(300, 50));
  assert.deepEqual((await built.run({ raw })).hits, []);
  assert.deepEqual((await built.run({ raw })).hits, []);
  await built.close();
});

test('broken pictures say nothing', async () => {
  const png = plainPng(100, 100);
  const broken = Buffer.concat([png.subarray(0, 60), Buffer.alloc(50, 7)]);
  assert.deepEqual((await runCheck(qrCodes, patient, { raw: mail('x', broken) })).hits, []);
});

test('small pictures are not looked at, big and many ones not either, which is told', async () => {
  const raw = mail('x', plainPng(20, 400), plainPng(500, 500), plainPng(60, 60), plainPng(61, 60));
  const run = await runCheck(qrCodes, { ...patient, max_pixels: 100_000, max_images: 1 }, { raw });
  assert.deepEqual(run.hits, [{ symbol: 'QR_UNREAD', weight: 1, options: ['2'] }]);
  const bytes = await runCheck(qrCodes, { ...patient, max_size: 1_000 }, { raw: mail('x', noise(400)) });
  assert.deepEqual(bytes.hits, [{ symbol: 'QR_UNREAD', weight: 1, options: ['1'] }]);
});

/** A PNG of many bytes. */
function noise(side: number): Buffer {
  const png = plainPng(side, side);
  return Buffer.concat([png, Buffer.alloc(2_000, 1)]);
}

const pictureOf = (side: number): Picture => ({
  width: side,
  height: side,
  bytes: plainPng(side, side),
  raster: undefined,
});

test('when the time is up the pictures are not waited for', async () => {
  const reader = new QrReader();
  assert.equal(await reader.read(pictureOf(100), AbortSignal.abort()), 'unread');
  const ending = new AbortController();
  const reading = reader.read(pictureOf(100), ending.signal);
  ending.abort();
  assert.equal(await reading, 'unread');
  await reader.close();
});

test('beyond so many pictures that wait further ones are left out', async () => {
  const reader = new QrReader();
  const { signal } = new AbortController();
  const readings = Array.from({ length: 70 }, (_, i) => reader.read(pictureOf(50 + i), signal));
  assert.equal(await readings[69], 'unread');
  await reader.close();
  assert.equal((await Promise.all(readings)).length, 70);
});

test('a check that was closed no longer holds a thread', { skip }, async () => {
  const built = await buildCheck(qrCodes, patient);
  const waiting = built.run({ raw: mail('x', qrPng('https://a.example.com/')) });
  await built.close();
  const { hits } = await waiting;
  assert.equal(hits.length, 1);
});

/** The pixels of a PGM picture (Netpbm). */
function pixelsOf(pgm: Buffer): { readonly side: number; readonly grey: Buffer } {
  const [head = '', side = ''] = /^P5\s(\d+) \d+\s255\s/.exec(pgm.toString('latin1', 0, 40)) ?? [];
  return { side: Number(side), grey: pgm.subarray(head.length) };
}

/** Rows of pixels of so many bits; with filters each row says how it differs from the one above (filter 2). */
function rowsOf(grey: Buffer, side: number, bits: number, filters: 'filters' | 'plain'): Buffer {
  const rowBytes = Math.ceil((side * bits) / 8);
  const rows = Array.from({ length: side }, (_, y) => {
    const row = Buffer.alloc(rowBytes);
    for (let x = 0; x < side; x++) {
      const at = x * bits;
      row[at >> 3]! |= (grey[y * side + x]! >> (8 - bits)) << (8 - bits - (at & 7));
    }
    return row;
  });
  if (filters === 'plain') return Buffer.concat(rows);
  return Buffer.concat(
    rows.flatMap((row, y) => [
      Buffer.from([2]),
      Buffer.from(row.map((byte, i) => byte - (y === 0 ? 0 : rows[y - 1]![i]!))),
    ]),
  );
}

const pdfTable: readonly (readonly [string, (code: Buffer) => Buffer])[] = [
  [
    'a JPEG',
    (code) =>
      pdfPicture(code, convertPicture(code, 'JPG', '-quality', '90'), '/DCTDecode', '/ColorSpace /DeviceRGB'),
  ],
  ['grey of 8 bits', (code) => pdfRows(code, 8, 'plain', '/ColorSpace /DeviceGray')],
  ['one bit, with filters of PNG', (code) => pdfRows(code, 1, 'filters', '/ColorSpace [/ICCBased 3 0 R]')],
  ['a mask', (code) => pdfRows(code, 1, 'plain', '/ImageMask true')],
  [
    'a palette',
    (code) =>
      pdfRows(code, 4, 'plain', `/ColorSpace [/Indexed /DeviceRGB 15 <ffffff${'000000'.repeat(15)}>]`),
  ],
];

function pdfPicture(code: Buffer, stream: Buffer, filter: string, entries: string): Buffer {
  const { side } = pixelsOf(convertPicture(code, 'PGM'));
  const dictionary = `/Subtype /Image /Width ${side} /Height ${side} /BitsPerComponent 8 ${entries}`;
  return makePdf(['<<>>', pdfStream(dictionary, stream, filter), '<< /N 1 >>']);
}

function pdfRows(code: Buffer, bits: number, filters: 'filters' | 'plain', entries: string): Buffer {
  const { side, grey } = pixelsOf(convertPicture(code, 'PGM'));
  const parameters = filters === 'filters' ? '/DecodeParms << /Predictor 15 >>' : '';
  const dictionary = `/Subtype /Image /Width ${side} /Height ${side} /BitsPerComponent ${bits} ${entries} ${parameters}`;
  return makePdf([
    '<<>>',
    pdfStream(dictionary, deflateSync(rowsOf(grey, side, bits, filters)), '/FlateDecode'),
    '<< /N 1 >>',
  ]);
}

for (const [name, pdf] of pdfTable) {
  test(`a code in a PDF, kept as ${name}`, { skip }, async () => {
    const raw = mail('x', pdf(qrPng('https://a.example.com/p'))).replace('image/png', 'application/pdf');
    assert.deepEqual((await runCheck(qrCodes, patient, { raw })).hits, alone);
  });
}

test('a code in an office document', { skip }, async () => {
  const docx = makeZip([
    { name: '[Content_Types].xml', content: '<Types/>' },
    { name: 'word/media/image1.png', content: qrPng('https://a.example.com/p') },
  ]);
  const raw = mail('x', docx).replace('image/png', 'application/octet-stream');
  assert.deepEqual((await runCheck(qrCodes, patient, { raw })).hits, alone);
});

test('rows of pixels that are broken or cut short give white', () => {
  const raster = {
    packing: 'deflate',
    bits: 8,
    components: 1,
    palette: undefined,
    hasPngFilters: true,
  } as const;
  for (const bytes of [Buffer.from('broken'), deflateSync(Buffer.alloc(5)), Buffer.alloc(0)]) {
    const grey = greyPicture({ width: 9, height: 9, bytes, raster }, raster);
    assert.ok(
      Buffer.from(grey)
        .subarray(11)
        .every((value) => value === 0xff),
    );
  }
});

test('the filters of PNG are undone', () => {
  const rows = Buffer.from([0, 1, 2, 3, 1, 1, 1, 1, 2, 1, 1, 1, 3, 4, 4, 4, 4, 1, 1, 1]);
  const raster = {
    packing: 'none',
    bits: 8,
    components: 1,
    palette: undefined,
    hasPngFilters: true,
  } as const;
  const grey = greyPicture({ width: 3, height: 5, bytes: rows, raster }, raster);
  assert.deepEqual([...grey.subarray(11)], [1, 2, 3, 1, 2, 3, 2, 3, 4, 5, 8, 10, 6, 9, 11]);
});
