import type { ListingBuilder } from './listing.ts';
import { decodeName } from './names.ts';

// ARJ as in TECHNOTE.TXT of ARJ 2.86.

const flags = { garbled: 0x01, volume: 0x04 } as const;
const types = { main: 2, folder: 3 } as const;

/** Lists an ARJ archive. */
export function listArj(file: Buffer, listing: ListingBuilder): void {
  for (let at = 0; at + 4 <= file.length && listing.step(); ) {
    const size = file.readUInt16LE(at + 2);
    if (file[at] !== 0x60 || file[at + 1] !== 0xea || size > 2600) break;
    if (size === 0) return;
    const header = file.subarray(at + 4, at + 4 + size);
    if (header.length < 30) break;
    at += 4 + size + 4;
    // Extended headers: size, content, sum.
    while (at + 2 <= file.length && listing.step()) {
      const extended = file.readUInt16LE(at);
      at += 2 + (extended === 0 ? 0 : extended + 4);
      if (extended === 0) break;
    }
    const bits = header[4]!;
    const type = header[6]!;
    if (type === types.main) {
      listing.isVolume = (bits & flags.volume) !== 0;
      continue;
    }
    const packedBytes = header.readUInt32LE(12);
    const name = header.subarray(header[0]!);
    const end = name.indexOf(0);
    const source =
      header[5] === 0
        ? { bytes: file.subarray(at, at + packedBytes), packing: 'stored' as const }
        : undefined;
    at += packedBytes;
    if (type === types.folder) continue;
    const member = {
      name: decodeName(listing.nameBytes(end < 0 ? name : name.subarray(0, end))),
      sizeBytes: header.readUInt32LE(16),
      packedBytes,
      isEncrypted: (bits & flags.garbled) !== 0,
      source,
    };
    if (!listing.add(member)) return;
  }
  listing.state = listing.members.length === 0 ? 'unreadable' : 'recovered';
}
