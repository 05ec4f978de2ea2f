import type { OfficeView } from '../core/index.ts';
import { inflate } from './inflate.ts';
import type { ListingBuilder } from './listing.ts';
import { isOle } from './ole.ts';
import { readOleOffice } from './ole-office.ts';
import { type PackageMembers, readOdf, readOoxml } from './ooxml.ts';
import { isRtf, readRtf } from './rtf.ts';

/** Bytes that are unpacked of all members of one document. */
const maxUnpackedBytes = 16_777_216;

/** Members of a listed ZIP archive, each unpacked when it is asked for. */
export function packageMembers(listing: ListingBuilder): PackageMembers {
  const places = new Map<string, number>();
  for (const [index, { name, inside }] of listing.members.entries())
    if (inside.length === 0 && !places.has(name)) places.set(name, index);
  let left = maxUnpackedBytes;
  return {
    names: [...places.keys()],
    isCut: listing.isCut,
    read(name, maxBytes) {
      const source = listing.sources[places.get(name) ?? -1];
      if (!source || left <= 0) return undefined;
      const bound = Math.min(maxBytes, left);
      if (source.packing === 'stored')
        return { bytes: source.bytes.subarray(0, bound), isCut: source.bytes.length > bound };
      const unpacked = inflate(source.bytes, bound);
      left -= unpacked.isCut ? bound : unpacked.bytes.length;
      return unpacked;
    },
  };
}

const openDocuments: ReadonlySet<string> = new Set(['odt', 'ods', 'odp', 'odg', 'odb']);
/** Compound files that are no documents. */
const otherOle: ReadonlySet<string> = new Set(['msi', 'msg', 'hwp']);

/**
 * Reads a document of an office suite.
 *
 * @param kind what the file is, by its usual extension
 * @param listing its members, when it is a ZIP archive
 * @returns undefined when it is none
 */
export function readOffice(
  file: Buffer,
  kind: string,
  listing: ListingBuilder | undefined,
): OfficeView | undefined {
  if (isOle(file)) return otherOle.has(kind) ? undefined : readOleOffice(file);
  if (kind === 'rtf') return isRtf(file) ? readRtf(file) : undefined;
  if (listing?.format !== 'zip') return undefined;
  if (openDocuments.has(kind)) return readOdf(packageMembers(listing));
  // What the parts are called is free (ECMA-376-2 10.1.2); every package has this one.
  const isPackage = listing.members.some(({ name }) => name.toLowerCase() === '[content_types].xml');
  return isPackage && kind !== 'appx' ? readOoxml(packageMembers(listing)) : undefined;
}
