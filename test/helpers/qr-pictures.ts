import { execFileSync } from 'node:child_process';
import { leftOutWithout } from './left-out.ts';

const qrencode = '/usr/bin/qrencode';
const convert = '/usr/bin/convert';

/** Why there can be no pictures of codes, if so; in CI there have to be. */
export function qrPicturesMissing(): string | undefined {
  return leftOutWithout({ qrencode, imagemagick: convert }) || undefined;
}

/** A PNG with a QR code. */
export function qrPng(text: string): Buffer {
  return execFileSync(qrencode, ['-o', '-', text], { timeout: 20_000 });
}

/**
 * A picture made of another one by ImageMagick.
 *
 * @param to such as `JPG`, `GIF`, `BMP3`
 */
export function convertPicture(picture: Buffer, to: string, ...operations: readonly string[]): Buffer {
  return execFileSync(convert, ['-', ...operations, `${to}:-`], {
    input: picture,
    timeout: 30_000,
    maxBuffer: 50_000_000,
  });
}
