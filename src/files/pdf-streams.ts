import { inflateZlib } from './inflate.ts';
import type { PdfWork } from './pdf-lexer.ts';
import { isDictionary, type PdfDictionary, PdfName, type PdfValue } from './pdf-values.ts';

const maxFilters = 4;

/** Names of filters (ISO 32000-1 table 6). The short ones of inline images (table 94) are accepted by readers anywhere. */
function filtersOf(dictionary: PdfDictionary): readonly string[] {
  const filter = dictionary.get('Filter');
  const filters = Array.isArray(filter) ? (filter as readonly PdfValue[]) : [filter];
  return filters.flatMap((each) => (each instanceof PdfName ? each.name : [])).slice(0, maxFilters);
}

/** Has a stream been rearranged before it was compressed (ISO 32000-1 7.4.4.4)? Object streams never need that. */
function hasPredictor(dictionary: PdfDictionary): boolean {
  const parameters = dictionary.get('DecodeParms') ?? dictionary.get('DP');
  const list = Array.isArray(parameters) ? (parameters as readonly PdfValue[]) : [parameters];
  return list.some((each) => isDictionary(each) && Number(each.get('Predictor') ?? 1) > 1);
}

function fromHexadecimal(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1').replaceAll(/\s+/g, '');
  return Buffer.from(/^[0-9A-Fa-f]*/.exec(text)![0], 'hex');
}

/** ASCII base-85 (ISO 32000-1 7.4.3). */
function fromBase85(bytes: Buffer): Buffer {
  const out = Buffer.alloc(Math.ceil(bytes.length / 5) * 4 + bytes.length * 4);
  let length = 0;
  let group = 0;
  let digits = 0;
  for (const byte of bytes) {
    if (byte === 0x7e) break;
    if (byte === 0x7a && digits === 0) {
      length += 4;
      continue;
    }
    if (byte < 0x21 || byte > 0x75) continue;
    group = group * 85 + byte - 0x21;
    if (++digits < 5) continue;
    length = out.writeUInt32BE(group >>> 0, length);
    group = 0;
    digits = 0;
  }
  if (digits > 1) {
    for (let i = digits; i < 5; i++) group = group * 85 + 84;
    out.writeUInt32BE(group >>> 0, length);
    length += digits - 1;
  }
  return out.subarray(0, length);
}

/**
 * What a stream holds.
 *
 * @param stream its bytes as they stand in the file, perhaps with some that follow
 * @param maxBytes bytes of it that are wanted
 * @returns undefined when it is coded in a way that is not read here (pictures and fonts are)
 */
export function decodeStream(
  dictionary: PdfDictionary,
  stream: Buffer,
  maxBytes: number,
  work: PdfWork,
): { readonly bytes: Buffer; readonly isCut: boolean } | undefined {
  if (hasPredictor(dictionary) || work.inflatedBytes <= 0) return undefined;
  let bytes = stream;
  let isCut = false;
  for (const filter of filtersOf(dictionary)) {
    switch (filter) {
      case 'FlateDecode':
      case 'Fl': {
        const inflated = inflateZlib(bytes, Math.max(1, Math.min(maxBytes, work.inflatedBytes)));
        // A stream that is too big was tried several times.
        work.inflatedBytes -= inflated.isCut ? maxBytes : inflated.bytes.length;
        bytes = inflated.bytes;
        isCut ||= inflated.isCut;
        break;
      }
      case 'ASCIIHexDecode':
      case 'AHx':
        bytes = fromHexadecimal(bytes.subarray(0, maxBytes));
        work.inflatedBytes -= bytes.length;
        break;
      case 'ASCII85Decode':
      case 'A85':
        bytes = fromBase85(bytes.subarray(0, maxBytes));
        work.inflatedBytes -= bytes.length;
        break;
      default:
        return undefined;
    }
  }
  return { bytes: bytes.subarray(0, maxBytes), isCut };
}
