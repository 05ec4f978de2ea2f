import { listGzip } from './gzip.ts';
import type { ListingBuilder } from './listing.ts';
import { listTar } from './tar.ts';
import { listZip } from './zip.ts';

/** Fills the list of a file of one format. */
type Lister = (file: Buffer, listing: ListingBuilder) => void;

const listers: ReadonlyMap<string, Lister> = new Map([
  ['zip', listZip],
  ['gz', listGzip],
  ['tar', listTar],
]);

/** Formats whose members are listed, by their usual extension. */
export const listedFormats: ReadonlySet<string> = new Set(listers.keys());

/** Lists an archive of a format in {@link listedFormats}. */
export function listArchive(file: Buffer, listing: ListingBuilder): void {
  listers.get(listing.format)!(file, listing);
}
