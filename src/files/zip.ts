import { crc32 } from 'node:zlib';
import type { ListingBuilder, MemberSource } from './listing.ts';
import { hasBytes } from './magic.ts';
import { decodeName, decodeUtf8Name } from './names.ts';

// ZIP as in PKWARE's APPNOTE 6.3.10; the numbers name its sections.

const localHeader = 'PK\x03\x04'; // 4.3.7
const centralHeader = 'PK\x01\x02'; // 4.3.12
const descriptor = 'PK\x07\x08'; // 4.3.9
const endRecord = 'PK\x05\x06'; // 4.3.16
const endRecordBytes = 22;
const maxCommentBytes = 0xffff;

const flags = {
  encrypted: 0x1,
  descriptor: 0x8,
  strongEncryption: 0x40,
  utf8: 0x800,
  masked: 0x2000,
} as const;
const methods = { stored: 0, deflate: 8, aes: 99 } as const;

/** The fields that a member has both in its own header and in the central directory. */
interface Fields {
  readonly flags: number;
  readonly method: number;
  readonly packedBytes: number;
  readonly sizeBytes: number;
  readonly rawName: Buffer;
  readonly extra: Buffer;
}

interface Entry extends Fields {
  /** Where the member's own header begins. */
  readonly offset: number;
  /** Offset of what follows this entry. */
  readonly end: number;
}

/** A field of the extra area (4.5). */
function extraField(extra: Buffer, id: number): Buffer | undefined {
  for (let at = 0; at + 4 <= extra.length; ) {
    const size = extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === id) return extra.subarray(at + 4, at + 4 + size);
    at += 4 + size;
  }
  return undefined;
}

/** A number of 64 bits that fits; else the largest one that does. */
function readLong(file: Buffer, offset: number): number {
  if (offset < 0 || offset + 8 > file.length) return 0;
  return Math.min(Number(file.readBigUInt64LE(offset)), Number.MAX_SAFE_INTEGER);
}

const all32 = 0xffffffff;

/** Fills in what stands as 0xffffffff from the ZIP64 field (4.5.3): the numbers follow one another, only those missing. */
function widen(extra: Buffer, values: readonly number[]): readonly number[] {
  if (!values.includes(all32)) return values;
  const field = extraField(extra, 0x0001);
  if (!field) return values;
  let at = 0;
  return values.map((value) => {
    if (value !== all32 || at + 8 > field.length) return value;
    at += 8;
    return readLong(field, at - 8);
  });
}

function readEntry(file: Buffer, at: number): Entry | undefined {
  if (at + 46 > file.length || !hasBytes(file, centralHeader, at)) return undefined;
  const nameEnd = at + 46 + file.readUInt16LE(at + 28);
  const extraEnd = nameEnd + file.readUInt16LE(at + 30);
  const end = extraEnd + file.readUInt16LE(at + 32);
  if (nameEnd > file.length) return undefined;
  const extra = file.subarray(nameEnd, extraEnd);
  const [sizeBytes = 0, packedBytes = 0, offset = 0] = widen(extra, [
    file.readUInt32LE(at + 24),
    file.readUInt32LE(at + 20),
    file.readUInt32LE(at + 42),
  ]);
  return {
    flags: file.readUInt16LE(at + 8),
    method: file.readUInt16LE(at + 10),
    packedBytes,
    sizeBytes,
    rawName: file.subarray(at + 46, nameEnd),
    extra,
    offset,
    end,
  };
}

interface Local extends Fields {
  readonly dataStart: number;
}

function readLocal(file: Buffer, at: number): Local | undefined {
  if (at < 0 || at + 30 > file.length || !hasBytes(file, localHeader, at)) return undefined;
  const nameEnd = at + 30 + file.readUInt16LE(at + 26);
  const dataStart = nameEnd + file.readUInt16LE(at + 28);
  if (nameEnd > file.length) return undefined;
  const extra = file.subarray(nameEnd, dataStart);
  const [sizeBytes = 0, packedBytes = 0] = widen(extra, [
    file.readUInt32LE(at + 22),
    file.readUInt32LE(at + 18),
  ]);
  return {
    flags: file.readUInt16LE(at + 6),
    method: file.readUInt16LE(at + 8),
    packedBytes,
    sizeBytes,
    rawName: file.subarray(at + 30, nameEnd),
    extra,
    dataStart,
  };
}

/** The name: in the Unicode field where that belongs to the raw one (4.6.9), else as its flag says. */
function nameOf({ rawName, flags: bits, extra }: Fields, listing: ListingBuilder): string {
  const unicode = extraField(extra, 0x7075);
  if (unicode && unicode.length > 5 && unicode[0] === 1 && unicode.readUInt32LE(1) === crc32(rawName))
    return decodeUtf8Name(listing.nameBytes(unicode.subarray(5)));
  const bytes = listing.nameBytes(rawName);
  return (bits & flags.utf8) !== 0 ? decodeUtf8Name(bytes) : decodeName(bytes);
}

const isEncrypted = ({ flags: bits, method }: Fields): boolean =>
  (bits & (flags.encrypted | flags.strongEncryption)) !== 0 || method === methods.aes;

function sourceOf(
  file: Buffer,
  { method }: Fields,
  dataStart: number,
  packedBytes: number,
): MemberSource | undefined {
  if (method !== methods.stored && method !== methods.deflate) return undefined;
  return {
    bytes: file.subarray(dataStart, dataStart + packedBytes),
    packing: method === methods.stored ? 'stored' : 'deflate',
  };
}

/** @returns false when the list is full */
function addMember(
  file: Buffer,
  listing: ListingBuilder,
  fields: Fields,
  dataStart: number | undefined,
): boolean {
  let name = nameOf(fields, listing);
  if (/[/\\]$/.test(name)) {
    if (fields.packedBytes === 0) return true;
    // A folder has no content: this is a file that wants to look like one.
    name = name.replace(/[/\\]+$/, '');
    listing.isObfuscated = true;
  }
  return listing.add({
    name,
    sizeBytes: fields.sizeBytes,
    packedBytes: fields.packedBytes,
    isEncrypted: isEncrypted(fields),
    source: dataStart === undefined ? undefined : sourceOf(file, fields, dataStart, fields.packedBytes),
  });
}

/** Where the central directory begins and ends, and what has to be added to offsets in it. */
interface Directory {
  readonly start: number;
  readonly end: number;
  readonly shift: number;
  /** It lists members that are in other volumes. */
  readonly isVolume: boolean;
}

function findDirectory(file: Buffer): Directory | undefined {
  const earliest = Math.max(0, file.length - endRecordBytes - maxCommentBytes);
  const tail = file.subarray(earliest);
  for (let at = tail.length - endRecordBytes; at >= 0; at--) {
    at = tail.lastIndexOf(endRecord, at, 'latin1');
    if (at < 0) return undefined;
    const found = readEndRecord(file, earliest + at);
    if (found) return found;
  }
  return undefined;
}

function readEndRecord(file: Buffer, at: number): Directory | undefined {
  let size = file.readUInt32LE(at + 12);
  let offset = file.readUInt32LE(at + 16);
  let end = at;
  // 4.3.15, 4.3.14: the locator before the record leads to one with wide numbers.
  if (hasBytes(file, 'PK\x06\x07', at - 20)) {
    const told = readLong(file, at - 20 + 8);
    const wide = hasBytes(file, 'PK\x06\x06', told) ? told : at - 20 - 56;
    if (hasBytes(file, 'PK\x06\x06', wide) && wide + 56 <= file.length) {
      size = readLong(file, wide + 40);
      offset = readLong(file, wide + 48);
      end = wide;
    }
  }
  const isVolume = file.readUInt16LE(at + 4) !== 0 && file.readUInt16LE(at + 4) !== 0xffff;
  // Data before the archive shifts everything: the directory ends where its record begins.
  const start = end - size;
  if (start >= 0 && hasBytes(file, centralHeader, start))
    return { start, end, shift: isVolume ? 0 : start - offset, isVolume };
  if (offset < end && hasBytes(file, centralHeader, offset))
    return { start: offset, end, shift: 0, isVolume };
  return size === 0 && start >= 0 ? { start, end, shift: 0, isVolume } : undefined;
}

/** The next place of some bytes; places are asked for in ascending order, so that the file is searched once. */
class NextMark {
  readonly #file: Buffer;
  readonly #mark: string;
  #place = -1;

  constructor(file: Buffer, mark: string) {
    this.#file = file;
    this.#mark = mark;
  }

  /** The end of the file when there is none. */
  from(offset: number): number {
    if (this.#place < offset) {
      const place = this.#file.indexOf(this.#mark, offset, 'latin1');
      this.#place = place < 0 ? this.#file.length : place;
    }
    return this.#place;
  }
}

/**
 * Reads members from their own headers, one after the other: what is left where there is no directory, or what it
 * keeps quiet about.
 */
function walkLocals(
  file: Buffer,
  listing: ListingBuilder,
  from: number,
  to: number,
  known: ReadonlySet<number>,
): void {
  const marks = [localHeader, centralHeader, descriptor].map((mark) => new NextMark(file, mark));
  for (let at = from; at < to && listing.step(); ) {
    const local = readLocal(file, at);
    if (!local) {
      at = marks[0]!.from(at + 1);
      continue;
    }
    let end = local.dataStart + local.packedBytes;
    if (local.packedBytes === 0 && (local.flags & flags.descriptor) !== 0) {
      // The size comes behind the data: search for what follows.
      end = Math.min(...marks.map((mark) => mark.from(local.dataStart)));
    }
    const fields = { ...local, packedBytes: end - local.dataStart };
    if (!known.has(at) && !addMember(file, listing, fields, local.dataStart)) return;
    at = Math.max(end, at + 4);
  }
}

function readDirectory(
  file: Buffer,
  listing: ListingBuilder,
  { start, end, shift, isVolume }: Directory,
): void {
  listing.isVolume = isVolume;
  const offsets = new Set<number>();
  let at = start;
  while (at < end && listing.step()) {
    const entry = readEntry(file, at);
    if (!entry) {
      listing.state = 'recovered';
      break;
    }
    at = entry.end;
    const offset = entry.offset + shift;
    offsets.add(offset);
    const local = isVolume ? undefined : readLocal(file, offset);
    // A masked directory (4.3.13) is encrypted, and the names in the members' own headers are left out.
    const isMasked = (entry.flags & flags.masked) !== 0;
    if (isMasked) listing.isEncrypted = true;
    if (!isMasked && !isVolume && local?.rawName.equals(entry.rawName) !== true) listing.isObfuscated = true;
    if (!addMember(file, listing, entry, local?.dataStart)) return;
  }
  // An archive that begins with a member which its directory does not list shows different files to different programs.
  const first = offsets.size === 0 ? start : Math.min(...offsets);
  if (isVolume) return;
  if (first > 0 && hasBytes(file, localHeader, 0) && !offsets.has(0)) {
    listing.isObfuscated = true;
    walkLocals(file, listing, 0, first, offsets);
  } else if (listing.state === 'recovered') {
    walkLocals(file, listing, first, start, offsets);
  }
}

/** Lists a ZIP archive from its central directory, or from its members' headers where there is none. */
export function listZip(file: Buffer, listing: ListingBuilder): void {
  const directory = findDirectory(file);
  if (directory) {
    readDirectory(file, listing, directory);
    return;
  }
  listing.state = 'recovered';
  walkLocals(file, listing, 0, file.length, new Set());
  if (listing.members.length === 0) listing.state = 'unreadable';
}
