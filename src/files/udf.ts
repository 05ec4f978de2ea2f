import type { ListingBuilder } from './listing.ts';
import { hasBytes } from './magic.ts';

// UDF: ECMA-167, 3rd edition; the numbers name its parts and sections.

const sector = 2048;
const tags = {
  anchor: 2,
  partition: 5,
  logicalVolume: 6,
  end: 8,
  fileSet: 256,
  fileId: 257,
  file: 261,
  extendedFile: 266,
} as const;
const maxDescriptors = 64;
/** Extents of one folder that are read. */
const maxExtents = 64;

/** 3/7.2: the identifier of a descriptor, -1 outside the file. */
const tagAt = (file: Buffer, at: number): number =>
  at >= 0 && at + 16 <= file.length ? file.readUInt16LE(at) : -1;

/** Where blocks of the one partition begin. */
interface Volume {
  readonly start: number;
  readonly blockBytes: number;
  readonly fileSet: number;
}

function findVolume(file: Buffer): Volume | undefined {
  // 3/8.4.2.1: an anchor stands in sector 256.
  const anchor = 256 * sector;
  if (tagAt(file, anchor) !== tags.anchor || anchor + 24 > file.length) return undefined;
  const first = file.readUInt32LE(anchor + 20);
  let partition: number | undefined;
  let volume: { readonly blockBytes: number; readonly fileSet: number } | undefined;
  for (let i = first; i < first + maxDescriptors; i++) {
    const at = i * sector;
    const tag = tagAt(file, at);
    if (tag === tags.end || at + sector > file.length) break;
    // 3/10.5.8
    if (tag === tags.partition) partition = file.readUInt32LE(at + 188) * sector;
    if (tag === tags.logicalVolume) {
      // 3/10.6, 4/3.1: size of blocks, and where the set of files is described.
      volume = { blockBytes: file.readUInt32LE(at + 212), fileSet: file.readUInt32LE(at + 252) };
    }
  }
  if (partition === undefined || volume?.blockBytes !== sector) return undefined;
  return { start: partition, ...volume };
}

interface Node {
  readonly isFolder: boolean;
  readonly sizeBytes: number;
  /** Content, as far as it is one piece; for folders all pieces. */
  readonly pieces: readonly Buffer[];
}

/** 4/14.9, 4/14.17: a file, by the block of its entry. */
function readNode(file: Buffer, volume: Volume, block: number): Node | undefined {
  const at = volume.start + block * volume.blockBytes;
  const tag = tagAt(file, at);
  if ((tag !== tags.file && tag !== tags.extendedFile) || at + 216 > file.length) return undefined;
  const lengths = at + (tag === tags.file ? 168 : 208);
  const descriptors = lengths + 8 + file.readUInt32LE(lengths);
  const end = Math.min(file.length, descriptors + file.readUInt32LE(lengths + 4));
  const sizeBytes = Math.min(Number(file.readBigUInt64LE(at + 56)), Number.MAX_SAFE_INTEGER);
  const pieces: Buffer[] = [];
  // 4/14.6.8: how the places of the content are written: short, long, or the content itself.
  const layout = file.readUInt16LE(at + 34) & 7;
  if (layout === 3) pieces.push(file.subarray(descriptors, end));
  else if (layout <= 1) {
    const step = layout === 0 ? 8 : 16;
    for (let place = descriptors; place + step <= end && pieces.length < maxExtents; place += step) {
      const length = file.readUInt32LE(place) & 0x3fffffff;
      const start = volume.start + file.readUInt32LE(place + 4) * volume.blockBytes;
      if (length > 0) pieces.push(file.subarray(start, start + length));
    }
  }
  return { isFolder: file[at + 27] === 4, sizeBytes, pieces };
}

/** 1/7.2.12, UDF 2.1.1: characters of eight or sixteen bits, as the first byte says. */
function readName(raw: Buffer): string {
  if (raw[0] === 16) {
    const even = Buffer.from(raw.subarray(1, 1 + ((raw.length - 1) & ~1)));
    return even.swap16().toString('utf16le');
  }
  return raw.toString('latin1', 1);
}

/** The content of a folder. Its pieces may overlap, so that what is joined counts as unpacked. */
function joinPieces(pieces: readonly Buffer[], listing: ListingBuilder): Buffer {
  const [only = Buffer.alloc(0), ...more] = pieces;
  if (more.length === 0) return only;
  const { budget } = listing;
  const size = pieces.reduce((sum, { length }) => sum + length, 0);
  if (size > Math.min(budget.unpackedLeft, budget.limits.fileUnpackedBytes)) {
    listing.isCut = true;
    return only;
  }
  budget.unpackedLeft -= size;
  return Buffer.concat(pieces);
}

interface Entry {
  readonly name: string;
  readonly block: number;
}

/** 4/14.4: the names of a folder. */
function readEntries(content: Buffer, listing: ListingBuilder): readonly Entry[] {
  const entries: Entry[] = [];
  for (let at = 0; at + 38 <= content.length && tagAt(content, at) === tags.fileId && listing.step(); ) {
    const nameStart = at + 38 + content.readUInt16LE(at + 36);
    const nameEnd = nameStart + content[at + 19]!;
    const characteristics = content[at + 18]!;
    const isGoneOrParent = (characteristics & (4 | 8)) !== 0;
    if (!isGoneOrParent && nameEnd <= content.length)
      entries.push({
        name: readName(content.subarray(nameStart, nameEnd)),
        block: content.readUInt32LE(at + 24),
      });
    at += (nameEnd - at + 3) & ~3;
  }
  return entries;
}

/**
 * Lists an image that has UDF.
 * @returns false when it has none, or one that is laid out in a way that is not read here
 */
export function listUdf(file: Buffer, listing: ListingBuilder): boolean {
  if (![16, 17, 18, 19, 20, 21, 22, 23].some((place) => hasBytes(file, 'NSR0', place * sector + 1)))
    return false;
  const volume = findVolume(file);
  const set = volume ? volume.start + volume.fileSet * volume.blockBytes : -1;
  if (!volume || tagAt(file, set) !== tags.fileSet || set + 408 > file.length) return false;
  const seen = new Set<number>();
  const folders = [{ block: file.readUInt32LE(set + 404), path: '' }];
  let hasRoot = false;
  for (let folder = folders.shift(); folder; folder = folders.shift()) {
    const node = seen.has(folder.block) ? undefined : readNode(file, volume, folder.block);
    seen.add(folder.block);
    if (!node) continue;
    hasRoot = true;
    for (const { name, block } of readEntries(joinPieces(node.pieces, listing), listing)) {
      const path = `${folder.path}${name}`;
      const inner = readNode(file, volume, block);
      if (inner?.isFolder) {
        if (path.length < listing.budget.limits.nameBytes) folders.push({ block, path: `${path}/` });
        continue;
      }
      const [bytes, ...rest] = inner?.pieces ?? [];
      const source = bytes && rest.length === 0 ? { bytes, packing: 'stored' as const } : undefined;
      const sizeBytes = inner?.sizeBytes;
      if (!listing.add({ name: path, sizeBytes, packedBytes: sizeBytes, source })) return true;
    }
  }
  return hasRoot;
}
