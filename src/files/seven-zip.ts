import { crc32 } from 'node:zlib';
import type { ListingBuilder } from './listing.ts';
import { decodeLzma } from './lzma.ts';
import { decodeUtf16Name } from './names.ts';

// 7z as in 7zFormat.txt of the LZMA SDK.

const ids = {
  end: 0x00,
  header: 0x01,
  archiveProperties: 0x02,
  additionalStreams: 0x03,
  mainStreams: 0x04,
  files: 0x05,
  packInfo: 0x06,
  unpackInfo: 0x07,
  subStreams: 0x08,
  size: 0x09,
  crc: 0x0a,
  folder: 0x0b,
  unpackSizes: 0x0c,
  unpackStreams: 0x0d,
  emptyStream: 0x0e,
  emptyFile: 0x0f,
  names: 0x11,
  attributes: 0x15,
  encodedHeader: 0x17,
} as const;

const coders = { copy: '00', lzma: '030101', aes: '06f10701' } as const;

/** Bytes of a packed directory that are unpacked at most. */
const maxDirectoryBytes = 1024 * 1024;
/** Bytes of a directory that are read at most. */
const maxPlainDirectoryBytes = 4 * 1024 * 1024;
/** Unpacking LZMA takes that many times longer than DEFLATE. */
const lzmaCost = 8;
/** More of anything than files could fit. */
const maxCount = 50_000;

/** The directory is not what it should be. */
class BrokenDirectory extends Error {}

class Reader {
  readonly #bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  byte(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) throw new BrokenDirectory();
    return byte;
  }

  /** The first byte tells by its leading ones how many follow, and holds the highest bits. */
  number(): number {
    const first = this.byte();
    let value = 0;
    let factor = 1;
    for (let mask = 0x80; mask > 0; mask >>= 1) {
      if ((first & mask) === 0) return value + (first & (mask - 1)) * factor;
      value += this.byte() * factor;
      factor *= 256;
    }
    return value;
  }

  /** A number of things that are kept or walked through. */
  count(): number {
    const count = this.number();
    if (count > maxCount) throw new BrokenDirectory();
    return count;
  }

  bytes(length: number): Buffer {
    if (this.at + length > this.#bytes.length) throw new BrokenDirectory();
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  bits(count: number): boolean[] {
    const bytes = this.bytes(Math.ceil(count / 8));
    return Array.from({ length: count }, (_, i) => (bytes[i >> 3]! & (0x80 >> (i & 7))) !== 0);
  }

  /** One bit for each, or a byte that says that all are set. */
  optionalBits(count: number): boolean[] {
    return this.byte() !== 0 ? new Array<boolean>(count).fill(true) : this.bits(count);
  }

  digests(count: number): void {
    this.bytes(this.optionalBits(count).filter(Boolean).length * 4);
  }
}

interface Folder {
  readonly coders: readonly { readonly id: string; readonly properties: Buffer }[];
  readonly outStreams: number;
  /** The output that is no other coder's input: the files. */
  readonly mainStream: number;
  unpackSizes: readonly number[];
  /** Files in it. */
  streams: number;
  hasDigest: boolean;
}

interface Streams {
  readonly packPosition: number;
  readonly packSizes: readonly number[];
  readonly folders: readonly Folder[];
  /** Sizes of the files, folder by folder. */
  readonly sizes: readonly number[];
}

function readFolder(reader: Reader): Folder {
  const list: { id: string; properties: Buffer }[] = [];
  const count = reader.number();
  if (count === 0 || count > 32) throw new BrokenDirectory();
  let inStreams = 0;
  let outStreams = 0;
  for (let i = 0; i < count; i++) {
    const flags = reader.byte();
    const id = reader.bytes(flags & 0x0f).toString('hex');
    inStreams += (flags & 0x10) !== 0 ? reader.count() : 1;
    outStreams += (flags & 0x10) !== 0 ? reader.count() : 1;
    list.push({ id, properties: (flags & 0x20) !== 0 ? reader.bytes(reader.count()) : Buffer.alloc(0) });
  }
  const bound = new Set<number>();
  for (let i = 1; i < outStreams; i++) {
    reader.number();
    bound.add(reader.number());
  }
  let mainStream = 0;
  while (bound.has(mainStream)) mainStream++;
  const packed = inStreams - outStreams + 1;
  for (let i = 0; packed > 1 && i < packed; i++) reader.number();
  return { coders: list, outStreams, mainStream, unpackSizes: [], streams: 1, hasDigest: false };
}

const sizeOf = ({ unpackSizes, mainStream }: Folder): number => unpackSizes[mainStream] ?? 0;

function readFolders(reader: Reader): Folder[] {
  if (reader.byte() !== ids.folder) throw new BrokenDirectory();
  const count = reader.count();
  // The folders could stand in another stream; nobody writes that.
  if (reader.byte() !== 0) throw new BrokenDirectory();
  const folders = Array.from({ length: count }, () => readFolder(reader));
  for (let id = reader.byte(); id !== ids.end; id = reader.byte()) {
    if (id === ids.unpackSizes) {
      for (const folder of folders)
        folder.unpackSizes = Array.from({ length: folder.outStreams }, () => reader.number());
    } else if (id === ids.crc) {
      const defined = reader.optionalBits(count);
      reader.bytes(defined.filter(Boolean).length * 4);
      folders.forEach((folder, i) => {
        folder.hasDigest = defined[i]!;
      });
    } else throw new BrokenDirectory();
  }
  return folders;
}

function readSubStreams(reader: Reader, folders: readonly Folder[]): number[] {
  let id = reader.byte();
  if (id === ids.unpackStreams) {
    for (const folder of folders) folder.streams = reader.count();
    id = reader.byte();
  }
  const sizes: number[] = [];
  for (const folder of folders) {
    let left = sizeOf(folder);
    for (let i = 1; i < folder.streams; i++) {
      const size = id === ids.size ? reader.number() : 0;
      left -= size;
      sizes.push(size);
      if (sizes.length > maxCount) throw new BrokenDirectory();
    }
    if (folder.streams > 0) sizes.push(Math.max(0, left));
  }
  if (id === ids.size) id = reader.byte();
  for (; id !== ids.end; id = reader.byte()) {
    if (id !== ids.crc) throw new BrokenDirectory();
    const unknown = folders.reduce(
      (sum, { streams, hasDigest }) => sum + (streams === 1 && hasDigest ? 0 : streams),
      0,
    );
    reader.digests(unknown);
  }
  return sizes;
}

function readStreams(reader: Reader): Streams {
  let packPosition = 0;
  let packSizes: readonly number[] = [];
  let folders: Folder[] = [];
  let sizes: readonly number[] | undefined;
  for (let id = reader.byte(); id !== ids.end; id = reader.byte()) {
    if (id === ids.packInfo) {
      packPosition = reader.number();
      const count = reader.count();
      for (let inner = reader.byte(); inner !== ids.end; inner = reader.byte()) {
        if (inner === ids.size) packSizes = Array.from({ length: count }, () => reader.number());
        else if (inner === ids.crc) reader.digests(count);
        else throw new BrokenDirectory();
      }
    } else if (id === ids.unpackInfo) folders = readFolders(reader);
    else if (id === ids.subStreams) sizes = readSubStreams(reader, folders);
    else throw new BrokenDirectory();
  }
  return { packPosition, packSizes, folders, sizes: sizes ?? folders.map(sizeOf) };
}

interface Names {
  names: readonly Buffer[];
  hasContent: readonly boolean[];
  isFolder: readonly boolean[];
}

function splitNames(data: Buffer, count: number): readonly Buffer[] {
  const names: Buffer[] = [];
  for (let start = 0, at = 0; at + 1 < data.length && names.length < count; at += 2) {
    if (data[at] !== 0 || data[at + 1] !== 0) continue;
    names.push(data.subarray(start, at));
    start = at + 2;
  }
  return names;
}

function readFiles(reader: Reader): Names {
  const count = reader.count();
  let names: readonly Buffer[] = [];
  let empty = new Array<boolean>(count).fill(false);
  let emptyFiles: readonly boolean[] = [];
  for (let id = reader.byte(); id !== ids.end; id = reader.byte()) {
    const data = reader.bytes(reader.number());
    const inner = new Reader(data);
    if (id === ids.emptyStream) empty = inner.bits(count);
    else if (id === ids.emptyFile) emptyFiles = inner.bits(empty.filter(Boolean).length);
    else if (id === ids.names && data[0] === 0) names = splitNames(data.subarray(1), count);
  }
  let seen = 0;
  const isFolder = empty.map((isEmpty) => isEmpty && emptyFiles[seen++] !== true);
  return { names, hasContent: empty.map((isEmpty) => !isEmpty), isFolder };
}

/** Unpacks a packed directory; undefined: encrypted (said in the listing), or packed in a way that is not read here. */
function unpackDirectory(file: Buffer, reader: Reader, listing: ListingBuilder): Buffer | undefined {
  const { packPosition, packSizes, folders } = readStreams(reader);
  const [folder] = folders;
  if (!folder) return undefined;
  if (folder.coders.some(({ id }) => id === coders.aes)) {
    listing.state = 'encrypted';
    listing.isEncrypted = true;
    return undefined;
  }
  const [coder] = folder.coders;
  const size = sizeOf(folder);
  const packed = file.subarray(32 + packPosition, 32 + packPosition + (packSizes[0] ?? 0));
  if (!coder || folder.coders.length !== 1) return undefined;
  if (coder.id === coders.copy) return packed;
  if (coder.id !== coders.lzma) return undefined;
  const { budget } = listing;
  if (size > maxDirectoryBytes || size * lzmaCost > budget.unpackedLeft) {
    listing.isCut = true;
    return undefined;
  }
  budget.unpackedLeft -= size * lzmaCost;
  return decodeLzma(packed, coder.properties, size);
}

function addFiles(listing: ListingBuilder, streams: Streams, files: Names): void {
  const places: { readonly folder: Folder; readonly packedBytes: number | undefined }[] = [];
  streams.folders.forEach((folder, i) => {
    // Of several files packed as one nobody can say how much of it is whose.
    const packedBytes =
      folder.streams === 1 && streams.folders.length === streams.packSizes.length
        ? streams.packSizes[i]
        : undefined;
    for (let stream = 0; stream < folder.streams; stream++) places.push({ folder, packedBytes });
  });
  let stream = 0;
  for (const [i, raw] of files.names.entries()) {
    if (!listing.step()) return;
    const has = files.hasContent[i]!;
    const place = has ? places[stream] : undefined;
    const sizeBytes = has ? streams.sizes[stream] : 0;
    if (has) stream++;
    if (files.isFolder[i]) continue;
    const isEncrypted = place?.folder.coders.some(({ id }) => id === coders.aes) ?? false;
    const name = decodeUtf16Name(listing.nameBytes(raw));
    if (!listing.add({ name, sizeBytes, packedBytes: has ? place?.packedBytes : 0, isEncrypted })) return;
  }
}

function readDirectory(file: Buffer, start: number, size: number, listing: ListingBuilder): void {
  let reader = new Reader(file.subarray(start, start + size));
  let id = reader.byte();
  for (let level = 0; id === ids.encodedHeader; level++) {
    const directory = level < 3 ? unpackDirectory(file, reader, listing) : undefined;
    if (!directory) {
      if (listing.state !== 'encrypted') listing.state = 'unreadable';
      return;
    }
    reader = new Reader(directory);
    id = reader.byte();
  }
  if (id !== ids.header) throw new BrokenDirectory();
  let streams: Streams = { packPosition: 0, packSizes: [], folders: [], sizes: [] };
  for (id = reader.byte(); id !== ids.end; id = reader.byte()) {
    if (id === ids.archiveProperties) {
      while (reader.byte() !== ids.end) reader.bytes(reader.number());
    } else if (id === ids.additionalStreams) readStreams(reader);
    else if (id === ids.mainStreams) streams = readStreams(reader);
    else if (id === ids.files) addFiles(listing, streams, readFiles(reader));
    else throw new BrokenDirectory();
  }
}

/** Lists a 7z archive. Its directory stands at the end and is mostly packed. */
export function listSevenZip(file: Buffer, listing: ListingBuilder): void {
  listing.state = 'unreadable';
  if (file.length < 32) return;
  const start = 32 + Number(file.readBigUInt64LE(12));
  const size = Number(file.readBigUInt64LE(20));
  if (size === 0) {
    listing.state = 'listed';
    return;
  }
  if (start + size > file.length) return;
  if (size > maxPlainDirectoryBytes) {
    listing.isCut = true;
    return;
  }
  if (crc32(file.subarray(start, start + size)) !== file.readUInt32LE(28)) return;
  listing.state = 'listed';
  try {
    readDirectory(file, start, size, listing);
  } catch (error) {
    if (!(error instanceof BrokenDirectory)) throw error;
    listing.state = listing.members.length === 0 ? 'unreadable' : 'recovered';
  }
}
