import type { ListingBuilder } from './listing.ts';
import { hasBytes } from './magic.ts';
import { decodeName } from './names.ts';
import { listUdf } from './udf.ts';

// ISO 9660 (ECMA-119; the numbers name its sections), Joliet, and the names of Rock Ridge (IEEE P1282).

const sector = 2048;
const maxDescriptors = 32;

interface Volume {
  readonly root: number;
  /** Joliet: names in UTF-16, high bytes first. */
  readonly isJoliet: boolean;
}

/** The volume with the best names: Joliet's, else the primary one (8.1). */
function findVolume(file: Buffer): Volume | undefined {
  let primary: Volume | undefined;
  for (let i = 16; i < 16 + maxDescriptors; i++) {
    const at = i * sector;
    if (at + sector > file.length || !hasBytes(file, 'CD001', at + 1)) break;
    const kind = file[at];
    if (kind === 255) break;
    if (kind === 1) primary ??= { root: at + 156, isJoliet: false };
    // 8.5.6: escape sequences of UCS-2.
    if (kind === 2 && /^%\/[@CE]/.test(file.toString('latin1', at + 88, at + 91)))
      return { root: at + 156, isJoliet: true };
  }
  return primary;
}

/** A name of Rock Ridge, from the area behind the plain one; undefined: none. */
function rockRidgeName(area: Buffer): Buffer | undefined {
  const pieces: Buffer[] = [];
  for (let at = 0; at + 4 <= area.length; ) {
    const size = area[at + 2]!;
    if (size < 4) break;
    if (hasBytes(area, 'NM', at) && size > 5) pieces.push(area.subarray(at + 5, at + size));
    at += size;
  }
  return pieces.length === 0 ? undefined : Buffer.concat(pieces);
}

function readName(record: Buffer, { isJoliet }: Volume): string {
  const length = record[32]!;
  const raw = record.subarray(33, 33 + length);
  if (isJoliet) {
    const even = Buffer.from(raw.subarray(0, raw.length & ~1));
    return even.swap16().toString('utf16le').replace(/;\d+$/, '');
  }
  const name = rockRidgeName(record.subarray(33 + length + ((length + 1) & 1)));
  // 7.5.1: NAME.EXT;1
  return name ? decodeName(name) : decodeName(raw).replace(/;\d+$/, '').replace(/\.$/, '');
}

function listVolume(file: Buffer, listing: ListingBuilder, volume: Volume): void {
  const seen = new Set<number>();
  const folders = [
    { start: file.readUInt32LE(volume.root + 2), size: file.readUInt32LE(volume.root + 10), path: '' },
  ];
  for (let folder = folders.shift(); folder; folder = folders.shift()) {
    if (seen.has(folder.start)) continue;
    seen.add(folder.start);
    const begin = folder.start * sector;
    if (begin + 34 > file.length) listing.state = 'recovered';
    const end = Math.min(file.length, begin + folder.size);
    for (let at = begin; at + 34 <= end; ) {
      if (!listing.step()) return;
      const length = file[at]!;
      if (length < 34) {
        // 6.8.1.1: records do not cross sectors; zeros fill up.
        at = (Math.floor(at / sector) + 1) * sector;
        continue;
      }
      const record = file.subarray(at, at + length);
      at += length;
      if (record.length < 34) break;
      // 7.6.2: the folder itself and the one above.
      if (record[32] === 1 && record[33]! <= 1) continue;
      const name = `${folder.path}${readName(record, volume)}`;
      const start = record.readUInt32LE(2);
      const size = record.readUInt32LE(10);
      if ((record[25]! & 2) !== 0) {
        if (name.length < listing.budget.limits.nameBytes) folders.push({ start, size, path: `${name}/` });
        continue;
      }
      const bytes = file.subarray(start * sector, start * sector + size);
      if (!listing.add({ name, sizeBytes: size, packedBytes: size, source: { bytes, packing: 'stored' } }))
        return;
    }
  }
}

/** Lists the image of a disc: by UDF where it has that, as Windows does, else by ISO 9660. */
export function listIso(file: Buffer, listing: ListingBuilder): void {
  if (listUdf(file, listing)) return;
  const volume = findVolume(file);
  if (volume && volume.root + 34 <= file.length) listVolume(file, listing, volume);
  else listing.state = 'unreadable';
}
