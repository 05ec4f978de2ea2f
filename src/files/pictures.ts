import type { ImageView, Picture } from '../core/index.ts';
import { readImage } from './image.ts';
import type { ListingBuilder } from './listing.ts';
import { readMagic } from './magic.ts';
import { packageMembers } from './office.ts';

const maxPictures = 16;
const maxPictureBytes = 4_194_304;

/** Formats of pixels, whose pictures can be looked at. */
const formats: ReadonlySet<string> = new Set<ImageView['format']>(['png', 'jpg', 'gif', 'bmp']);

/** A picture that is a file. */
export function pictureOf(bytes: Buffer, image: ImageView | undefined): Picture | undefined {
  if (!image || !formats.has(image.format)) return undefined;
  return { width: image.width, height: image.height, bytes, raster: undefined };
}

/** Pictures in an office document that is a ZIP archive. */
export function packagePictures(listing: ListingBuilder): readonly Picture[] {
  const members = packageMembers(listing);
  const pictures: Picture[] = [];
  for (const name of members.names) {
    if (!/(?:^|\/)(?:media|Pictures)\/[^/]+\.(?:png|jpe?g|gif|bmp)$/i.test(name)) continue;
    const found = members.read(name, maxPictureBytes);
    if (!found || found.isCut) continue;
    const picture = pictureOf(found.bytes, readImage(found.bytes, readMagic(found.bytes) ?? ''));
    if (picture) pictures.push(picture);
    if (pictures.length >= maxPictures) break;
  }
  return pictures;
}
