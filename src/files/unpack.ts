import { constants, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import type { WorkBudget } from './limits.ts';

/** DEFLATE (RFC 1951) bare, in zlib's (RFC 1950) or gzip's wrapping (RFC 1952). */
export type DeflateWrapping = 'raw' | 'zlib' | 'gzip';

export interface Unpacked {
  readonly bytes: Buffer;
  /** True: there is more, or it breaks off. */
  readonly isCut: boolean;
}

const inflaters = { raw: inflateRawSync, zlib: inflateSync, gzip: gunzipSync } as const;

/**
 * Unpacks the beginning of DEFLATE data within bounds. DEFLATE makes at most 1,032 bytes of one, so a few attempts
 * with ever less input find an input whose output fits.
 *
 * @param maxBytes of output
 * @returns undefined when the data is broken or nothing is left of the budget
 */
export function unpackDeflate(
  packed: Buffer,
  wrapping: DeflateWrapping,
  maxBytes: number,
  budget: WorkBudget,
): Unpacked | undefined {
  const inflate = inflaters[wrapping];
  let input = Math.min(packed.length, maxBytes);
  while (input > 0) {
    const limit = Math.min(maxBytes, budget.unpackedLeft);
    if (limit <= 0) return undefined;
    try {
      const bytes = inflate(packed.subarray(0, input), {
        maxOutputLength: limit,
        finishFlush: constants.Z_SYNC_FLUSH,
      });
      budget.unpackedLeft -= bytes.length;
      return { bytes, isCut: input < packed.length };
    } catch (error) {
      if (!(error instanceof RangeError)) return undefined;
      budget.unpackedLeft -= limit;
      input = Math.floor(input / 8);
    }
  }
  return undefined;
}

/** Packed bytes that hold at least the first block of a tar, and the magic of everything else. */
export const headBytes = 1024;

/** Unpacks what so few bytes at the beginning of DEFLATE data make: never more than a megabyte. */
export function unpackHead(
  packed: Buffer,
  wrapping: DeflateWrapping,
  budget: WorkBudget,
): Unpacked | undefined {
  return unpackDeflate(packed, wrapping, 2 * 1024 * 1024, budget);
}
