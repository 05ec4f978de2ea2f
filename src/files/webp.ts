import type { ImageView } from '../core/index.ts';
import { MetadataLinks } from './metadata-links.ts';

const maxChunks = 10_000;

interface Size {
  readonly width: number;
  readonly height: number;
}

/** WebP (RFC 9649): chunks of a RIFF file. */
export function readWebp(file: Buffer): ImageView | undefined {
  const links = new MetadataLinks();
  let size: Size | undefined;
  let frames = 0;
  let at = 12;
  for (let i = 0; i < maxChunks && at + 8 <= file.length; i++) {
    const type = file.toString('latin1', at, at + 4);
    const bytes = file.readUInt32LE(at + 4);
    const data = file.subarray(at + 8, Math.min(at + 8 + bytes, file.length));
    size ??= sizeOf(type, data);
    if (type === 'ANMF') frames++;
    if (type === 'EXIF' || type === 'XMP ') links.add(data);
    at += 8 + bytes + (bytes & 1);
  }
  return (
    size && {
      format: 'webp',
      ...size,
      frames: Math.max(frames, 1),
      links: links.all,
      isCut: at > file.length,
    }
  );
}

function sizeOf(type: string, data: Buffer): Size | undefined {
  if (data.length < 10) return undefined;
  // RFC 9649 2.7.1: 24 bits each, less one.
  if (type === 'VP8X') return { width: data.readUIntLE(4, 3) + 1, height: data.readUIntLE(7, 3) + 1 };
  // RFC 6386 9.1: behind the frame tag and the start code.
  if (type === 'VP8 ') return { width: data.readUInt16LE(6) & 0x3fff, height: data.readUInt16LE(8) & 0x3fff };
  if (type !== 'VP8L') return undefined;
  // RFC 9649 3.4: 14 bits each, less one, behind the signature.
  const bits = data.readUInt32LE(1);
  return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
}
