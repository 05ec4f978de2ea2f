import { constants, inflateSync } from 'node:zlib';
import type { PictureQuestion } from './thread.ts';

type Raster = NonNullable<PictureQuestion['raster']>;

/** A picture in grey as a PGM file (Netpbm), which decoders read. What is missing of it is white. */
export function greyPicture({ width, height, bytes }: PictureQuestion, raster: Raster): Uint8Array {
  const { bits, components, palette, hasPngFilters } = raster;
  const rowBytes = Math.ceil((width * bits * components) / 8);
  const step = rowBytes + (hasPngFilters ? 1 : 0);
  const rows = unpack(bytes, raster.packing, step * height);
  if (hasPngFilters) undoFilters(rows, rowBytes, Math.max(1, (bits * components) >> 3));
  const header = Buffer.from(`P5\n${width} ${height}\n255\n`);
  const out = Buffer.alloc(header.length + width * height, 0xff);
  header.copy(out);
  const scale = palette ? 1 : 255 / (2 ** bits - 1);
  for (let y = 0; y < height && (y + 1) * step <= rows.length; y++) {
    const row = rows.subarray(y * step + step - rowBytes, (y + 1) * step);
    const start = header.length + y * width;
    for (let x = 0; x < width; x++) {
      const value = components === 3 ? mean(row, x, bits) : sample(row, x, bits);
      out[start + x] = palette ? (palette[value] ?? 0xff) : value * scale;
    }
  }
  return out;
}

function sample(row: Uint8Array, index: number, bits: number): number {
  if (bits === 8) return row[index]!;
  const at = index * bits;
  return (row[at >> 3]! >> (8 - bits - (at & 7))) & ((1 << bits) - 1);
}

function mean(row: Uint8Array, x: number, bits: number): number {
  return (sample(row, x * 3, bits) + sample(row, x * 3 + 1, bits) + sample(row, x * 3 + 2, bits)) / 3;
}

function unpack(bytes: Uint8Array, packing: Raster['packing'], size: number): Uint8Array {
  if (packing === 'none') return bytes.subarray(0, size);
  try {
    // A stream that ends early gives what there is.
    return inflateSync(bytes, { maxOutputLength: size + 65_536, finishFlush: constants.Z_SYNC_FLUSH });
  } catch (error) {
    if (error instanceof Error && 'code' in error) return new Uint8Array(0);
    throw error;
  }
}

/** Undoes the filters of rows (RFC 2083 6), each of which says in its first byte which one it has. */
function undoFilters(rows: Uint8Array, rowBytes: number, pixelBytes: number): void {
  const step = rowBytes + 1;
  for (let start = 0; start + step <= rows.length; start += step) {
    const filter = rows[start]!;
    if (filter === 0) continue;
    for (let i = 1; i <= rowBytes; i++) {
      const at = start + i;
      const left = i > pixelBytes ? rows[at - pixelBytes]! : 0;
      const up = start > 0 ? rows[at - step]! : 0;
      const corner = i > pixelBytes && start > 0 ? rows[at - step - pixelBytes]! : 0;
      rows[at] = rows[at]! + predicted(filter, left, up, corner);
    }
  }
}

function predicted(filter: number, left: number, up: number, corner: number): number {
  switch (filter) {
    case 1:
      return left;
    case 2:
      return up;
    case 3:
      return (left + up) >> 1;
    case 4: {
      const estimate = left + up - corner;
      const toLeft = Math.abs(estimate - left);
      const toUp = Math.abs(estimate - up);
      const toCorner = Math.abs(estimate - corner);
      if (toLeft <= toUp && toLeft <= toCorner) return left;
      return toUp <= toCorner ? up : corner;
    }
    default:
      return 0;
  }
}
