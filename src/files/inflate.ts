import { constants, inflateRawSync } from 'node:zlib';

/** What came out of a compressed stream. */
export interface Inflated {
  readonly bytes: Buffer;
  /** True when the stream is broken, ends early, or holds more than was asked for. */
  readonly isCut: boolean;
}

/** Shorter and shorter beginnings of a broken or too big stream that are tried. */
const maxTries = 8;

/**
 * Inflates a deflate stream (RFC 1951) up to a bound. Streams that are cut short give what there is of them; of those
 * that are broken or too big, a beginning.
 *
 * @param stream without the header of zlib or gzip; what follows the stream is left alone
 * @param maxBytes bytes of output
 */
export function inflate(stream: Uint8Array, maxBytes: number): Inflated {
  let length = stream.length;
  for (let tries = 0; tries < maxTries && length > 0; tries++) {
    const bytes = tryInflate(stream.subarray(0, length), maxBytes);
    if (bytes) return { bytes, isCut: tries > 0 };
    length >>>= 1;
  }
  return { bytes: Buffer.alloc(0), isCut: true };
}

/**
 * Inflates a zlib stream (RFC 1950) up to a bound; its checksum does not count, as readers of documents do not look at
 * it either.
 */
export function inflateZlib(stream: Uint8Array, maxBytes: number): Inflated {
  const [first = 0, second = 0] = stream;
  const hasHeader = (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0;
  return inflate(hasHeader ? stream.subarray(2) : stream, maxBytes);
}

function tryInflate(stream: Uint8Array, maxBytes: number): Buffer | undefined {
  try {
    // A flush in place of the end makes zlib hand out what it has of a stream without end.
    return inflateRawSync(stream, { maxOutputLength: maxBytes, finishFlush: constants.Z_SYNC_FLUSH });
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}
