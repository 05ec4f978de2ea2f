import type { ImageView } from '../core/index.ts';
import { inflateZlib } from './inflate.ts';
import { MetadataLinks } from './metadata-links.ts';

/** Chunks, segments and blocks of one picture that are walked over. */
const maxSteps = 20_000;
const maxTextBytes = 65_536;

/** PNG (RFC 2083 and its extension for animations). */
export function readPng(file: Buffer): ImageView | undefined {
  if (file.length < 24 || file.toString('latin1', 12, 16) !== 'IHDR') return undefined;
  const links = new MetadataLinks();
  let frames = 1;
  let isCut = true;
  let at = 8;
  for (let steps = 0; steps < maxSteps && at + 8 <= file.length; steps++) {
    const size = file.readUInt32BE(at);
    const type = file.toString('latin1', at + 4, at + 8);
    const data = file.subarray(at + 8, Math.min(at + 8 + size, file.length));
    if (type === 'acTL' && data.length >= 4) frames = data.readUInt32BE(0);
    else if (type === 'tEXt' || type === 'eXIf') links.add(data);
    else if (type === 'zTXt') links.add(inflateText(data, data.indexOf(0) + 2));
    else if (type === 'iTXt') readInternationalText(data, links);
    if (type === 'IEND') {
      isCut = false;
      break;
    }
    at += size + 12;
  }
  return {
    format: 'png',
    width: file.readUInt32BE(16),
    height: file.readUInt32BE(20),
    frames,
    links: links.all,
    isCut,
  };
}

/** Keyword, zero, is it compressed, how, language, zero, keyword again, zero, text. */
function readInternationalText(data: Buffer, links: MetadataLinks): void {
  const keyword = data.indexOf(0);
  const language = keyword < 0 ? -1 : data.indexOf(0, keyword + 3);
  const translated = language < 0 ? -1 : data.indexOf(0, language + 1);
  if (translated < 0) return;
  links.add(data[keyword + 1] === 1 ? inflateText(data, translated + 1) : data.subarray(translated + 1));
}

function inflateText(data: Buffer, start: number): Buffer {
  return start < 2 ? Buffer.alloc(0) : inflateZlib(data.subarray(start), maxTextBytes).bytes;
}

/** JPEG (ITU-T T.81 B.1): segments up to the picture itself. */
export function readJpeg(file: Buffer): ImageView | undefined {
  const links = new MetadataLinks();
  let at = 2;
  for (let steps = 0; steps < maxSteps && at + 4 <= file.length; steps++) {
    if (file[at] !== 0xff) return undefined;
    const marker = file[at + 1]!;
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += 2;
      continue;
    }
    if (marker === 0xd9 || marker === 0xda) return undefined;
    const size = file.readUInt16BE(at + 2);
    if (size < 2) return undefined;
    const data = file.subarray(at + 4, Math.min(at + 2 + size, file.length));
    // APP1 has Exif or XMP, APP13 what Photoshop adds, COM a comment.
    if (marker === 0xe1 || marker === 0xed || marker === 0xfe) links.add(data);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) {
      if (data.length < 5) return undefined;
      return {
        format: 'jpg',
        width: data.readUInt16BE(3),
        height: data.readUInt16BE(1),
        frames: 1,
        links: links.all,
        isCut: !file.subarray(-64).includes('\xff\xd9', 0, 'latin1'),
      };
    }
    at += 2 + size;
  }
  return undefined;
}

/** GIF 89a: blocks, those with pictures counted. */
export function readGif(file: Buffer): ImageView | undefined {
  if (file.length < 13) return undefined;
  const links = new MetadataLinks();
  let frames = 0;
  let isCut = true;
  let at = 13 + tableBytes(file[10]!);
  for (let steps = 0; steps < maxSteps && at < file.length; steps++) {
    const kind = file[at];
    if (kind === 0x3b) {
      isCut = false;
      break;
    }
    if (kind === 0x21) {
      if (file[at + 1] === 0xfe) links.add(file.subarray(at + 3, at + 3 + (file[at + 2] ?? 0)));
      at = afterBlocks(file, at + 2);
    } else if (kind === 0x2c && at + 10 < file.length) {
      frames++;
      at = afterBlocks(file, at + 11 + tableBytes(file[at + 9]!));
    } else break;
  }
  return {
    format: 'gif',
    width: file.readUInt16LE(6),
    height: file.readUInt16LE(8),
    frames,
    links: links.all,
    isCut,
  };
}

function tableBytes(flags: number): number {
  return (flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1);
}

function afterBlocks(file: Buffer, start: number): number {
  let at = start;
  while (at < file.length && file[at] !== 0) at += file[at]! + 1;
  return at + 1;
}
