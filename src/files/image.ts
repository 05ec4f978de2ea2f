import type { ImageView } from '../core/index.ts';
import { readGif, readJpeg, readPng } from './image-metadata.ts';
import { readSvg } from './svg.ts';
import { readWebp } from './webp.ts';

/** BITMAPCOREHEADER has two bytes for each side, all later headers four; a negative height is written top down. */
function readBmp(file: Buffer): ImageView | undefined {
  if (file.length < 26) return undefined;
  const isCore = file.readUInt32LE(14) === 12;
  const width = isCore ? file.readUInt16LE(18) : Math.abs(file.readInt32LE(18));
  const height = isCore ? file.readUInt16LE(20) : Math.abs(file.readInt32LE(22));
  return { format: 'bmp', width, height, frames: 1, links: [], isCut: false };
}

const readers: Readonly<Record<string, (file: Buffer) => ImageView | undefined>> = {
  png: readPng,
  jpg: readJpeg,
  gif: readGif,
  webp: readWebp,
  bmp: readBmp,
  svg: readSvg,
};

/**
 * Size, frames and links of an image from its headers; nothing of the picture is decoded. Never throws on input.
 *
 * @param format usual extension of the format
 * @returns undefined for formats that are not read, and where the header is broken
 */
export function readImage(file: Buffer, format: string): ImageView | undefined {
  return Object.hasOwn(readers, format) ? readers[format]!(file) : undefined;
}
