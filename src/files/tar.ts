import type { ListingBuilder } from './listing.ts';
import { decodeName } from './names.ts';

// tar: POSIX.1-2024 pax, "ustar Interchange Format", and the long names of GNU.

const block = 512;

/** Text up to the first zero byte. */
function field(file: Buffer, start: number, length: number): Buffer {
  const bytes = file.subarray(start, start + length);
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

/** Octal digits, or base 256 behind a set first bit (GNU); undefined: no number. */
function number(file: Buffer, start: number, length: number): number | undefined {
  if ((file[start]! & 0x80) !== 0) {
    let value = file[start]! & 0x7f;
    for (let i = start + 1; i < start + length; i++) value = value * 256 + file[i]!;
    return value <= Number.MAX_SAFE_INTEGER ? value : undefined;
  }
  const digits = file
    .toString('latin1', start, start + length)
    .replace(/\0.*$/s, '')
    .trim();
  if (digits === '') return 0;
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : undefined;
}

/** The sum of a header, its own field counted as blanks. */
function hasSum(file: Buffer, at: number): boolean {
  const told = number(file, at + 148, 8);
  let sum = 8 * 0x20;
  for (let i = at; i < at + block; i++) if (i < at + 148 || i >= at + 156) sum += file[i]!;
  return told === sum;
}

/** `path` and `size` of an extended header: records `length key=value\n`. */
function readExtended(data: Buffer): { path?: Buffer; size?: number } {
  const found: { path?: Buffer; size?: number } = {};
  for (let at = 0; at < data.length; ) {
    const blank = data.indexOf(0x20, at);
    const length = blank < 0 ? Number.NaN : Number(data.toString('latin1', at, Math.min(blank, at + 10)));
    if (!(length > 0)) break;
    const record = data.subarray(blank + 1, at + length - 1);
    if (record.toString('latin1', 0, 5) === 'path=') found.path = record.subarray(5);
    if (record.toString('latin1', 0, 5) === 'size=') found.size = Number(record.toString('latin1', 5));
    at += length;
  }
  return found;
}

/** Does a tar begin here: a header whose sum is right? */
export function isTar(file: Buffer): boolean {
  return file.length >= block && file[0] !== 0 && hasSum(file, 0);
}

/** Lists a tar. What is cut short lists up to there. */
export function listTar(file: Buffer, listing: ListingBuilder): void {
  let next: { path?: Buffer; size?: number } = {};
  let at = 0;
  while (at + block <= file.length && listing.step()) {
    if (file[at] === 0) return;
    const told = hasSum(file, at) ? number(file, at + 124, 12) : undefined;
    if (told === undefined) {
      listing.state = at === 0 ? 'unreadable' : 'recovered';
      return;
    }
    const kind = String.fromCharCode(file[at + 156]!);
    const dataStart = at + block;
    const data = file.subarray(dataStart, dataStart + told);
    at = dataStart + Math.ceil(told / block) * block;
    if (kind === 'L') {
      next = { ...next, path: field(data, 0, data.length) };
    } else if (kind === 'x') {
      next = { ...next, ...readExtended(data) };
    } else if (kind !== 'g' && kind !== 'K') {
      const sizeBytes = Number.isSafeInteger(next.size) ? next.size! : told;
      if (kind === '0' || kind === '\0' || kind === '7') {
        const start = dataStart - block;
        const name = next.path ? decodeName(listing.nameBytes(next.path)) : nameOf(file, start);
        const source = { bytes: data, packing: 'stored' as const };
        // Before POSIX folders were files whose name ends with a slash.
        if (!name.endsWith('/') && !listing.add({ name, sizeBytes, packedBytes: sizeBytes, source })) return;
      }
      if (next.size !== undefined && sizeBytes !== told)
        at = dataStart + Math.ceil(sizeBytes / block) * block;
      next = {};
    }
  }
  if (at > file.length) listing.state = 'recovered';
}

function nameOf(file: Buffer, start: number): string {
  const name = decodeName(field(file, start, 100));
  // `ustar` and a zero: POSIX has a prefix where GNU has times.
  const prefix =
    file.toString('latin1', start + 257, start + 263) === 'ustar\0'
      ? field(file, start + 345, 155)
      : undefined;
  return prefix && prefix.length > 0 ? `${decodeName(prefix)}/${name}` : name;
}
