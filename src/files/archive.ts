import { listArj } from './arj.ts';
import { listCab } from './cab.ts';
import { zipKind } from './documents.ts';
import { listGzip } from './gzip.ts';
import { listIso } from './iso.ts';
import type { WorkBudget } from './limits.ts';
import { ListingBuilder, type MemberSource } from './listing.ts';
import { readMagic } from './magic.ts';
import { listRar } from './rar.ts';
import { listSevenZip } from './seven-zip.ts';
import { listTar } from './tar.ts';
import { fileType } from './types.ts';
import { unpackDeflate, unpackHead } from './unpack.ts';
import { listZip } from './zip.ts';

/** Fills the list of a file of one format. */
type Lister = (file: Buffer, listing: ListingBuilder) => void;

/** One file under the name of the archive: what is inside is known only after unpacking, for which no decoder is here. */
const listSingle: Lister = (file, listing) => {
  listing.add({ name: listing.ownName, sizeBytes: undefined, packedBytes: file.length });
};

const listers: ReadonlyMap<string, Lister> = new Map([
  ['zip', listZip],
  ['rar', listRar],
  ['7z', listSevenZip],
  ['gz', listGzip],
  ['tar', listTar],
  ['iso', listIso],
  ['udf', listIso],
  ['cab', listCab],
  ['arj', listArj],
  ['bz2', listSingle],
  ['xz', listSingle],
  ['lz', listSingle],
  ['zst', listSingle],
  ['z', listSingle],
]);

/** Names of members that are looked into although they are beyond the first ones. */
const archiveName = /\.(?:zip|rar|7z|gz|tgz|tar|iso|img|cab|arj|jar)$/i;
const imageName = /\.(?:iso|img|udf)$/i;

function headOf({ bytes, packing }: MemberSource, budget: WorkBudget): Buffer | undefined {
  if (packing === 'stored') return bytes;
  return unpackHead(bytes.subarray(0, 1024), packing === 'gzip' ? 'gzip' : 'raw', budget)?.bytes;
}

function contentOf({ bytes, packing }: MemberSource, listing: ListingBuilder): Buffer | undefined {
  if (packing === 'stored') return bytes;
  const { budget } = listing;
  const wrapping = packing === 'gzip' ? 'gzip' : 'raw';
  const unpacked = unpackDeflate(bytes, wrapping, budget.limits.fileUnpackedBytes, budget);
  if (unpacked?.isCut) listing.isCut = true;
  return unpacked?.bytes;
}

/** Lists archives among the members of an archive, as deep as the bounds allow. */
function listNested(listing: ListingBuilder, depth: number, outer: readonly string[]): void {
  const { budget } = listing;
  const { peekedMembers, nestedDepth } = budget.limits;
  const own = listing.members.length;
  let peeked = 0;
  for (let i = 0; i < own; i++) {
    const source = listing.sources[i];
    const { name } = listing.members[i]!;
    if (!source || (peeked >= peekedMembers && !archiveName.test(name))) continue;
    peeked++;
    const head = headOf(source, budget);
    if (!head) continue;
    let format = formatOf(head);
    // Images of discs show themselves only 32 KiB further on.
    let content = format === undefined && imageName.test(name) ? contentOf(source, listing) : undefined;
    if (content) format = formatOf(content);
    if (format === undefined) continue;
    if (depth > nestedDepth || budget.nestedLeft <= 0) {
      listing.isCut = true;
      return;
    }
    budget.nestedLeft--;
    content ??= contentOf(source, listing);
    if (!content) continue;
    if (content.length > budget.nestedBytesLeft) {
      listing.isCut = true;
      continue;
    }
    budget.nestedBytesLeft -= content.length;
    const inside = [...outer, name];
    const nested = new ListingBuilder(format, name, budget, inside);
    listers.get(format)!(content, nested);
    if (!holdsFiles(content, nested)) {
      budget.membersLeft += nested.members.length;
      continue;
    }
    if (nested.state === 'encrypted') nested.isEncrypted = true;
    listNested(nested, depth + 1, inside);
    listing.addNested(nested);
  }
}

/** Is it an archive that people pack files with? What documents hold are pictures and the like. */
function holdsFiles(file: Buffer, listing: ListingBuilder): boolean {
  return listing.format !== 'zip' || fileType(zipKind(file, listing))?.family === 'archive';
}

function formatOf(head: Buffer): string | undefined {
  const format = readMagic(head);
  return format !== undefined && listers.has(format) ? format : undefined;
}

/**
 * Lists an archive, and the archives within it.
 *
 * @param format as {@link readMagic} tells it
 * @returns undefined when files of that format are no archives, or none that is listed here
 */
export function listArchive(
  file: Buffer,
  format: string,
  fileName: string | undefined,
  budget: WorkBudget,
): ListingBuilder | undefined {
  const lister = listers.get(format);
  if (!lister) return undefined;
  const listing = new ListingBuilder(format, fileName, budget);
  lister(file, listing);
  if (holdsFiles(file, listing)) listNested(listing, 1, []);
  return listing;
}
