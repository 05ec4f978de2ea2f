import type { ListingBuilder } from './listing.ts';
import { hasBytes } from './magic.ts';
import { decodeName, decodeUtf8Name } from './names.ts';

// RAR up to 4 (technote.txt of WinRAR 3 and 4) and 5 ("RAR 5.0 archive format" of rarlab.com).

const signature4 = 'Rar!\x1a\x07\x00';
const signature5 = 'Rar!\x1a\x07\x01\x00';

const blocks4 = { archive: 0x73, file: 0x74, end: 0x7b } as const;
const archiveFlags4 = { volume: 0x1, encryptedHeaders: 0x80 } as const;
const fileFlags4 = { encrypted: 0x4, folder: 0xe0, wide: 0x100, unicode: 0x200, added: 0x8000 } as const;
const stored4 = 0x30;

/**
 * A name of RAR 4 in its own packing of UTF-16: the name in the archiver's encoding, a zero, the high byte that most
 * characters share, then two bits for each character that say how it is written.
 */
function unpackName4(bytes: Buffer): string {
  const zero = bytes.indexOf(0);
  if (zero < 0) return decodeName(bytes);
  const plain = bytes.subarray(0, zero);
  const units: number[] = [];
  let at = zero + 1;
  const next = (): number => bytes[at++] ?? 0;
  const high = next() << 8;
  for (let bits = 0, left = 0; at < bytes.length; bits <<= 2, left -= 2) {
    if (left === 0) {
      bits = next();
      left = 8;
    }
    switch ((bits >> 6) & 3) {
      case 0:
        units.push(next());
        break;
      case 1:
        units.push(high | next());
        break;
      case 2:
        units.push(next() | (next() << 8));
        break;
      default: {
        const run = next();
        const shift = (run & 0x80) !== 0 ? next() : undefined;
        for (let left2 = (run & 0x7f) + 2; left2 > 0 && units.length < plain.length; left2--) {
          const char = plain[units.length]!;
          units.push(shift === undefined ? char : high | ((char + shift) & 0xff));
        }
      }
    }
  }
  return units.length === 0 ? decodeName(plain) : String.fromCharCode(...units);
}

function listRar4(file: Buffer, listing: ListingBuilder): void {
  let at = signature4.length;
  while (at + 7 <= file.length && listing.step()) {
    const kind = file[at + 2]!;
    const flags = file.readUInt16LE(at + 3);
    const size = file.readUInt16LE(at + 5);
    if (size < 7 || at + size > file.length) break;
    if (kind === blocks4.end) return;
    if (kind === blocks4.archive) {
      listing.isVolume = (flags & archiveFlags4.volume) !== 0;
      if ((flags & archiveFlags4.encryptedHeaders) !== 0) {
        listing.state = 'encrypted';
        listing.isEncrypted = true;
        return;
      }
    }
    let added = 0;
    if (kind === blocks4.file) {
      if (size < 32) break;
      const isWide = (flags & fileFlags4.wide) !== 0 && size >= 40;
      const high = isWide ? 2 ** 32 : 0;
      added = file.readUInt32LE(at + 7) + high * (isWide ? file.readUInt32LE(at + 32) : 0);
      const sizeBytes = file.readUInt32LE(at + 11) + high * (isWide ? file.readUInt32LE(at + 36) : 0);
      const nameStart = at + (isWide ? 40 : 32);
      const raw = listing.nameBytes(
        file.subarray(nameStart, Math.min(nameStart + file.readUInt16LE(at + 26), at + size)),
      );
      const name = ((flags & fileFlags4.unicode) !== 0 ? unpackName4(raw) : decodeName(raw)).replaceAll(
        '\\',
        '/',
      );
      const data = file.subarray(at + size, at + size + added);
      const isFolder = (flags & fileFlags4.folder) === fileFlags4.folder;
      const source = file[at + 25] === stored4 ? { bytes: data, packing: 'stored' as const } : undefined;
      const isEncrypted = (flags & fileFlags4.encrypted) !== 0;
      if (!isFolder && !listing.add({ name, sizeBytes, packedBytes: added, isEncrypted, source })) return;
    } else if ((flags & fileFlags4.added) !== 0 && size >= 11) {
      added = file.readUInt32LE(at + 7);
    }
    at += size + added;
  }
  // Older versions write no end block.
  if (at !== file.length) listing.state = 'recovered';
}

/** Reads the numbers of RAR 5: seven bits a byte, lowest first. */
class Reader5 {
  readonly #file: Buffer;
  readonly #end: number;
  at: number;

  constructor(file: Buffer, at: number, end: number) {
    this.#file = file;
    this.at = at;
    this.#end = end;
  }

  number(): number {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 10 && this.at < this.#end; i++) {
      const byte = this.#file[this.at++]!;
      value += (byte & 0x7f) * factor;
      if ((byte & 0x80) === 0) break;
      factor *= 128;
    }
    return Math.min(value, Number.MAX_SAFE_INTEGER);
  }

  bytes(length: number): Buffer {
    const start = this.at;
    this.at = Math.min(this.#end, start + length);
    return this.#file.subarray(start, this.at);
  }
}

const blocks5 = { archive: 1, file: 2, encryption: 4, end: 5 } as const;

/** Is there an encryption record (type 1) in this extra area? */
function isEncrypted5(file: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; ) {
    const reader = new Reader5(file, at, end);
    const size = reader.number();
    const next = reader.at + size;
    if (reader.number() === 1) return true;
    if (size === 0) return false;
    at = next;
  }
  return false;
}

function listRar5(file: Buffer, listing: ListingBuilder): void {
  let at = signature5.length;
  while (at + 7 <= file.length && listing.step()) {
    const sized = new Reader5(file, at + 4, file.length);
    const size = sized.number();
    const end = sized.at + size;
    if (size === 0 || end > file.length) break;
    const header = new Reader5(file, sized.at, end);
    const kind = header.number();
    const flags = header.number();
    const extraBytes = (flags & 1) !== 0 ? header.number() : 0;
    const dataBytes = (flags & 2) !== 0 ? header.number() : 0;
    if (kind === blocks5.end) return;
    if (kind === blocks5.encryption) {
      listing.state = 'encrypted';
      listing.isEncrypted = true;
      return;
    }
    if (kind === blocks5.archive) listing.isVolume = (header.number() & 1) !== 0;
    if (kind === blocks5.file) {
      const fileFlags = header.number();
      const sizeBytes = header.number();
      header.number();
      header.bytes(((fileFlags & 2) !== 0 ? 4 : 0) + ((fileFlags & 4) !== 0 ? 4 : 0));
      const method = header.number();
      header.number();
      const name = decodeUtf8Name(listing.nameBytes(header.bytes(header.number())));
      const data = file.subarray(end, end + dataBytes);
      const isFolder = (fileFlags & 1) !== 0;
      const member = {
        name,
        sizeBytes: (fileFlags & 8) !== 0 ? undefined : sizeBytes,
        packedBytes: dataBytes,
        isEncrypted: extraBytes > 0 && isEncrypted5(file, Math.max(sized.at, end - extraBytes), end),
        source: (method & 0x380) === 0 ? { bytes: data, packing: 'stored' as const } : undefined,
      };
      if (!isFolder && !listing.add(member)) return;
    }
    at = end + dataBytes;
  }
  listing.state = 'recovered';
}

/** Lists a RAR archive of any version since 1.5. */
export function listRar(file: Buffer, listing: ListingBuilder): void {
  if (hasBytes(file, signature5, 0)) listRar5(file, listing);
  else if (hasBytes(file, signature4, 0)) listRar4(file, listing);
  else listing.state = 'unreadable';
  if (listing.state === 'recovered' && listing.members.length === 0) listing.state = 'unreadable';
}
