import type { ListingBuilder } from './listing.ts';
import { decodeName } from './names.ts';
import { isTar, listTar } from './tar.ts';
import { headBytes, unpackDeflate, unpackHead } from './unpack.ts';

// gzip: RFC 1952. The numbers name its sections.

/** The name of the file inside (2.3.1 FNAME), and where its data begins; undefined: the header is broken. */
function readHeader(file: Buffer): { readonly name: Buffer | undefined; readonly end: number } | undefined {
  if (file.length < 18) return undefined;
  const flags = file[3]!;
  let at = 10;
  if ((flags & 4) !== 0) at += 2 + file.readUInt16LE(at);
  let name: Buffer | undefined;
  if ((flags & 8) !== 0) {
    const end = file.indexOf(0, at);
    if (end < 0) return undefined;
    name = file.subarray(at, end);
    at = end + 1;
  }
  return at < file.length ? { name, end: at } : undefined;
}

/** Lists a compressed file: the members of a tar inside it, else the one file by the name that the header has. */
export function listGzip(file: Buffer, listing: ListingBuilder): void {
  const header = readHeader(file);
  if (!header) {
    listing.state = 'unreadable';
    return;
  }
  const { budget } = listing;
  const head = unpackHead(file.subarray(0, header.end + headBytes), 'gzip', budget);
  if (head && isTar(head.bytes)) {
    const tar = unpackDeflate(file, 'gzip', budget.limits.fileUnpackedBytes, budget);
    listTar(tar?.bytes ?? head.bytes, listing);
    if (tar?.isCut ?? true) listing.isCut = true;
    return;
  }
  const name = header.name ? decodeName(listing.nameBytes(header.name)) : listing.ownName;
  listing.add({
    name,
    // 2.3.1 ISIZE: the size modulo 2^32, of the last member.
    sizeBytes: file.readUInt32LE(file.length - 4),
    packedBytes: file.length - header.end,
    source: { bytes: file, packing: 'gzip' },
  });
}
