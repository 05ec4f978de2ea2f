import type { ListingBuilder } from './listing.ts';
import { decodeName, decodeUtf8Name } from './names.ts';

/** Lists a cabinet ([MS-CAB] 2.3; files of a folder are packed as one, so none has a packed size). */
export function listCab(file: Buffer, listing: ListingBuilder): void {
  if (file.length < 36) {
    listing.state = 'unreadable';
    return;
  }
  const flags = file.readUInt16LE(30);
  listing.isVolume = (flags & 3) !== 0;
  const count = file.readUInt16LE(28);
  let at = file.readUInt32LE(16);
  for (let i = 0; i < count && listing.step(); i++) {
    const end = at + 16 < file.length ? file.indexOf(0, at + 16) : -1;
    // 2.3: names have at most 256 bytes.
    if (end < 0 || end - at > 16 + 256) {
      listing.state = listing.members.length === 0 ? 'unreadable' : 'recovered';
      return;
    }
    const raw = file.subarray(at + 16, end);
    const isUtf8 = (file.readUInt16LE(at + 14) & 0x80) !== 0;
    const name = (isUtf8 ? decodeUtf8Name(raw) : decodeName(raw)).replaceAll('\\', '/');
    if (!listing.add({ name, sizeBytes: file.readUInt32LE(at), packedBytes: undefined })) return;
    at = end + 1;
  }
}
