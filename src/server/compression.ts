import {
  inflate,
  inflateSync,
  zstdCompress,
  zstdCompressSync,
  zstdDecompress,
  zstdDecompressSync,
} from 'node:zlib';
import { LimitError, ProtocolError } from '../core/index.ts';

/** Work up to this size is cheaper done at once than handed to a thread. */
const syncBytes = 64 * 1024;
/** First bound for output made on the event loop; what needs more goes to a thread. */
const syncOutputBytes = 1024 * 1024;

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
}

interface Decoder {
  readonly name: string;
  now(body: Buffer, maxOutputLength: number): Buffer;
  later(body: Buffer, maxOutputLength: number, done: (error: Error | null, result: Buffer) => void): void;
}

async function decode(decoder: Decoder, body: Buffer, maxBytes: number): Promise<Buffer> {
  try {
    if (body.length <= syncBytes) {
      try {
        return decoder.now(body, Math.min(maxBytes, syncOutputBytes));
      } catch (error) {
        if (!isTooLarge(error) || maxBytes <= syncOutputBytes) throw error;
      }
    }
    return await new Promise<Buffer>((resolve, reject) => {
      decoder.later(body, maxBytes, (error, result) => (error ? reject(error) : resolve(result)));
    });
  } catch (error) {
    if (isTooLarge(error)) throw new LimitError('tooLarge', `message is larger than ${maxBytes} bytes`);
    throw new ProtocolError(`Decompression error: broken ${decoder.name} stream`, { cause: error });
  }
}

const zstdDecoder: Decoder = {
  name: 'zstd',
  now: (body, max) => zstdDecompressSync(body, { maxOutputLength: max }),
  later: (body, max, done) => zstdDecompress(body, { maxOutputLength: max }, done),
};

const zlibDecoder: Decoder = {
  name: 'zlib',
  now: (body, max) => inflateSync(body, { maxOutputLength: max }),
  later: (body, max, done) => inflate(body, { maxOutputLength: max }, done),
};

/**
 * The content of one zstd stream (RFC 8878).
 *
 * @throws ProtocolError when it is broken, LimitError `tooLarge` when it holds more than `maxBytes`; never more
 *   than that is written to memory
 */
export function decompressZstd(body: Buffer, maxBytes: number): Promise<Buffer> {
  return decode(zstdDecoder, body, maxBytes);
}

/** The content of one zlib stream (RFC 1950), with the errors of {@link decompressZstd}. */
export function decompressZlib(body: Buffer, maxBytes: number): Promise<Buffer> {
  return decode(zlibDecoder, body, maxBytes);
}

/** One zstd stream (RFC 8878) that holds `body`. */
export async function compressZstd(body: Buffer): Promise<Buffer> {
  if (body.length <= syncBytes) return zstdCompressSync(body);
  return new Promise((resolve, reject) => {
    zstdCompress(body, (error, result) => (error ? reject(error) : resolve(result)));
  });
}
