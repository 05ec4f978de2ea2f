import { maxRequestBytes } from '../../fuzzy/index.ts';

/** Two bits of the length are kept for other uses (wire-protocols 6). */
const lengthMask = 0x3fff;
const prefixBytes = 2;

/** Puts the length before what goes over TCP. */
export function frame(payload: Buffer): Buffer {
  const bytes = Buffer.alloc(prefixBytes + payload.length);
  bytes.writeUInt16LE(payload.length, 0);
  payload.copy(bytes, prefixBytes);
  return bytes;
}

/** Takes what comes over TCP apart. */
export class FrameReader {
  #held: Buffer = Buffer.alloc(0);

  /** Whole frames so far; undefined: this is no such stream, or a frame is too long. */
  read(chunk: Buffer): readonly Buffer[] | undefined {
    let rest = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const frames: Buffer[] = [];
    while (rest.length >= prefixBytes) {
      const length = rest.readUInt16LE(0) & lengthMask;
      if (length === 0 || length > maxRequestBytes) return undefined;
      if (rest.length < prefixBytes + length) break;
      frames.push(rest.subarray(prefixBytes, prefixBytes + length));
      rest = rest.subarray(prefixBytes + length);
    }
    this.#held = Buffer.from(rest);
    return frames;
  }
}
