import type { Picture, Raster } from '../core/index.ts';
import type { PdfObjects } from './pdf-objects.ts';
import { isDictionary, type PdfDictionary, PdfName, PdfString, type PdfValue } from './pdf-values.ts';

const maxPictures = 16;
const maxSide = 20_000;

/** Pictures on the pages of a PDF (ISO 32000-1 8.9.5) that are kept as JPEG, or as rows of grey, colours or a palette. */
export function readPdfPictures(objects: PdfObjects): readonly Picture[] {
  const pictures: Picture[] = [];
  for (const { dictionary, bytes } of objects.streams('Image')) {
    const picture = pictureOf(objects, dictionary, bytes);
    if (picture) pictures.push(picture);
    if (pictures.length >= maxPictures) break;
  }
  return pictures;
}

function pictureOf(objects: PdfObjects, dictionary: PdfDictionary, bytes: Buffer): Picture | undefined {
  const width = sideOf(objects.resolve(dictionary.get('Width')));
  const height = sideOf(objects.resolve(dictionary.get('Height')));
  if (width === 0 || height === 0) return undefined;
  const filters = listOf(objects.resolve(dictionary.get('Filter'))).map((filter) =>
    nameOf(objects.resolve(filter)),
  );
  if (filters.length > 1) return undefined;
  const [filter] = filters;
  if (filter === 'DCTDecode') return { width, height, bytes, raster: undefined };
  if (filter !== undefined && filter !== 'FlateDecode') return undefined;
  const raster = rasterOf(objects, dictionary, filter === undefined ? 'none' : 'deflate');
  return raster && { width, height, bytes, raster };
}

function rasterOf(
  objects: PdfObjects,
  dictionary: PdfDictionary,
  packing: Raster['packing'],
): Raster | undefined {
  const isMask = objects.resolve(dictionary.get('ImageMask')) === true;
  const bits = isMask ? 1 : objects.resolve(dictionary.get('BitsPerComponent'));
  if (bits !== 1 && bits !== 2 && bits !== 4 && bits !== 8) return undefined;
  const colours = isMask ? { components: 1 as const } : coloursOf(objects, dictionary.get('ColorSpace'));
  if (!colours) return undefined;
  const [parameters] = listOf(objects.resolve(dictionary.get('DecodeParms')));
  const resolved = objects.resolve(parameters);
  const predictor = isDictionary(resolved) ? Number(objects.resolve(resolved.get('Predictor')) ?? 1) : 1;
  if (predictor > 1 && predictor < 10) return undefined;
  return {
    packing,
    bits,
    components: colours.components,
    palette: colours.palette,
    hasPngFilters: predictor >= 10,
  };
}

interface Colours {
  readonly components: 1 | 3;
  readonly palette?: Buffer;
}

/** Colour spaces (ISO 32000-1 8.6) whose numbers are grey, red, green and blue, or places in a palette of those. */
function coloursOf(objects: PdfObjects, value: PdfValue | undefined): Colours | undefined {
  const resolved = objects.resolve(value);
  const [first, second, , table] = listOf(resolved);
  switch (nameOf(objects.resolve(first))) {
    case 'DeviceGray':
    case 'CalGray':
    case 'G':
      return { components: 1 };
    case 'DeviceRGB':
    case 'CalRGB':
    case 'RGB':
      return { components: 3 };
    case 'ICCBased': {
      const profile = objects.resolve(second);
      const count = isDictionary(profile) ? objects.resolve(profile.get('N')) : undefined;
      return count === 1 || count === 3 ? { components: count } : undefined;
    }
    case 'Indexed':
    case 'I': {
      const base = coloursOf(objects, second);
      const bytes = objects.stream(table) ?? bytesOf(objects.resolve(table));
      return base && !base.palette && bytes
        ? { components: 1, palette: greysOf(bytes, base.components) }
        : undefined;
    }
    default:
      return undefined;
  }
}

function greysOf(bytes: Buffer, components: 1 | 3): Buffer {
  const greys = Buffer.alloc(256);
  for (let i = 0; i < 256 && (i + 1) * components <= bytes.length; i++) {
    const at = i * components;
    greys[i] = components === 1 ? bytes[at]! : (bytes[at]! + bytes[at + 1]! + bytes[at + 2]!) / 3;
  }
  return greys;
}

function bytesOf(value: PdfValue | undefined): Buffer | undefined {
  return value instanceof PdfString ? Buffer.from(value.bytes, 'latin1') : undefined;
}

function sideOf(value: PdfValue | undefined): number {
  return typeof value === 'number' && value > 0 && value <= maxSide ? Math.floor(value) : 0;
}

function listOf(value: PdfValue | undefined): readonly PdfValue[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? (value as readonly PdfValue[]) : [value];
}

function nameOf(value: PdfValue | undefined): string | undefined {
  return value instanceof PdfName ? value.name : undefined;
}
