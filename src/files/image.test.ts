import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { convertPicture, qrPicturesMissing, qrPng } from '../../test/helpers/qr-pictures.ts';
import type { ImageView, Part } from '../core/index.ts';
import { readImage } from './image.ts';
import { fileViews } from './views.ts';

const skip = qrPicturesMissing() ?? false;

function view(bytes: Buffer): ImageView | undefined {
  return fileViews()({ kind: 'image', decoded: () => bytes } as unknown as Part).image;
}

const image = (
  format: ImageView['format'],
  width: number,
  height: number,
  rest: Partial<ImageView> = {},
) => ({
  format,
  width,
  height,
  frames: 1,
  links: [],
  isCut: false,
  ...rest,
});

for (const [to, expected] of [
  ['PNG', image('png', 130, 70)],
  ['JPG', image('jpg', 130, 70)],
  ['GIF', image('gif', 130, 70)],
  ['BMP3', image('bmp', 130, 70)],
  ['WEBP', image('webp', 130, 70)],
] as const) {
  test(`ImageMagick’s ${to} has the size that it was given`, { skip }, () => {
    assert.deepEqual(view(convertPicture(qrPng('x'), to, '-resize', '130x70!')), expected);
  });
}

test('frames of animations and comments are found in what ImageMagick writes', { skip }, () => {
  const operations = [
    '-resize',
    '60x40!',
    '(',
    '+clone',
    '-negate',
    ')',
    '(',
    '+clone',
    '-rotate',
    '180',
    ')',
  ];
  const comment = ['-set', 'comment', 'see https://c.example.com/x.'];
  const links = ['https://c.example.com/x'];
  assert.deepEqual(view(convertPicture(qrPng('x'), 'GIF', ...operations, ...comment)), {
    ...image('gif', 60, 40, { frames: 3, links }),
  });
  assert.deepEqual(view(convertPicture(qrPng('x'), 'JPG', ...comment))?.links, links);
  assert.deepEqual(view(convertPicture(qrPng('x'), 'PNG', ...comment))?.links, links);
});

/** A PNG of chunks, without checksums, which nobody looks at. */
function png(...chunks: readonly (readonly [type: string, data: Buffer])[]): Buffer {
  const parts = chunks.map(([type, data]) => {
    const size = Buffer.alloc(4);
    size.writeUInt32BE(data.length);
    return Buffer.concat([size, Buffer.from(type), data, Buffer.alloc(4)]);
  });
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...parts]);
}
const header = Buffer.from('00000010000000200806000000', 'hex');
const pngText = (type: string, data: string | Buffer): Buffer =>
  png(['IHDR', header], [type, Buffer.from(data)], ['IEND', Buffer.alloc(0)]);
const link = 'https://a.example.com/b';
const packed = deflateSync(Buffer.from(link));

const texts: readonly (readonly [string, Buffer, Partial<ImageView>])[] = [
  ['tEXt', pngText('tEXt', `Comment\0${link}`), { links: [link] }],
  ['zTXt', pngText('zTXt', Buffer.concat([Buffer.from('Comment\0\0'), packed])), { links: [link] }],
  ['iTXt', pngText('iTXt', `Comment\0\0\0en\0Kommentar\0${link}`), { links: [link] }],
  [
    'iTXt that is packed',
    pngText('iTXt', Buffer.concat([Buffer.from('Comment\0\x01\0en\0\0'), packed])),
    { links: [link] },
  ],
  [
    'XMP, whose vocabularies lead nowhere',
    pngText(
      'iTXt',
      `XML:com.adobe.xmp\0\0\0\0\0<x xmlns:x="http://ns.adobe.com/xap/1.0/" y="http://www.w3.org/1999/02/22-rdf-syntax-ns#" z="${link}"/>`,
    ),
    { links: [link] },
  ],
  ['UTF-16, as Exif of Windows', pngText('eXIf', Buffer.from(`x ${link} `, 'utf16le')), { links: [link] }],
  ['an animation', pngText('acTL', Buffer.from('0000000700000000', 'hex')), { frames: 7 }],
  ['nothing behind the header', png(['IHDR', header]), { isCut: true }],
];
for (const [name, bytes, expected] of texts) {
  test(`a PNG with ${name}`, () => assert.deepEqual(view(bytes), image('png', 16, 32, expected)));
}

for (const [svg, width, height] of [
  ['<svg width="30" height="2cm">', 30, 76],
  ['<?xml version="1.0"?><!-- x --><svg viewBox="0 0 12.5 8"><path/></svg>', 12.5, 8],
  ['<svg width="100%" height="100%" viewBox="0,0,5,6">', 5, 6],
  ['<svg>', 0, 0],
] as const) {
  test(`${svg} is ${width} by ${height}`, () =>
    assert.deepEqual(readImage(Buffer.from(svg), 'svg'), image('svg', width, height)));
}

test('webp in its three kinds', () => {
  const riff = (type: string, data: string): Buffer => {
    const chunk = Buffer.alloc(30);
    chunk.write('RIFF\0\0\0\0WEBP', 'latin1');
    chunk.write(type, 12, 'latin1');
    chunk.writeUInt32LE(10, 16);
    chunk.write(data, 20, 'hex');
    return chunk;
  };
  for (const bytes of [
    riff('VP8X', '000000000f00001f0000'),
    riff('VP8L', '2f0fc0070000000000'),
    riff('VP8 ', '0000009d012a10002000'),
  ])
    assert.deepEqual(readImage(bytes, 'webp'), image('webp', 16, 32));
});

test('other formats have no view', () => {
  assert.equal(readImage(Buffer.from('II*\0'), 'tiff'), undefined);
  assert.equal(readImage(Buffer.from('x'), 'constructor'), undefined);
});

const samples = [
  ...texts.map(([, bytes]) => bytes),
  Buffer.from(
    'GIF89a\x10\0\x20\0\x80\0\0aaaaaa\x21\xfe\x05https\0\x2c\0\0\0\0\x10\0\x20\0\0\x02\x02ab\0;',
    'latin1',
  ),
  Buffer.from('ffd8ffe1001048656c6c6f2c20776f726c642121ffc0000b08002000100101110000ffda0000ffd9', 'hex'),
  Buffer.from(
    'RIFF\x2a\0\0\0WEBPVP8X\x0a\0\0\0\x12\0\0\0\x0f\0\0\x1f\0\0ANMF\x02\0\0\0xxXMP \x04\0\0\0http',
    'latin1',
  ),
  Buffer.from('<svg width="3" height="4" viewBox="0 0 1 1">'),
];
test('pictures that were cut short or changed are read without failing', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...samples),
      fc.constantFrom('png', 'gif', 'jpg', 'webp', 'bmp', 'svg'),
      fc.nat(200),
      fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 10 }),
      (sample, format, length, changes) => {
        const bytes = Buffer.from(sample.subarray(0, length));
        for (const [place, value] of changes) if (place < bytes.length) bytes[place] = value;
        for (const read of [readImage(bytes, format), view(bytes)])
          assert.ok(read === undefined || (read.width >= 0 && read.height >= 0 && read.frames >= 0));
      },
    ),
    { numRuns: 500 },
  );
});
