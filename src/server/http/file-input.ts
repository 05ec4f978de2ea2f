import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { LimitError, ProtocolError } from '../../core/index.ts';

/** Where a message comes from when it is not in the body (wire-protocols 1.5.3). */
export interface OutsideInput {
  readonly file: string | undefined;
  readonly shm: string | undefined;
}

function cleanPath(text: string): string {
  const path = text.replace(/^"(.*)"$/s, '$1');
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch (error) {
    if (error instanceof URIError) return path;
    throw error;
  }
}

/**
 * Reads a message from a file of this machine.
 *
 * @throws ProtocolError when inputs of that kind are not allowed here, when the file cannot be read or is none;
 *   LimitError `tooLarge`
 */
export async function readOutsideInput(
  input: OutsideInput,
  rules: { readonly allowed: boolean; readonly maxBytes: number },
): Promise<Buffer> {
  if (!rules.allowed) {
    throw new ProtocolError('file and shm message sources are not allowed on this connection');
  }
  if (input.file === undefined) throw new ProtocolError('shm message sources are not supported; use File');
  const path = cleanPath(input.file);
  let handle: Awaited<ReturnType<typeof open>> | undefined;
  try {
    // Without O_NONBLOCK the name of a FIFO would hold the reader for ever.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const status = await handle.stat();
    if (!status.isFile()) throw new ProtocolError('File names no regular file');
    if (status.size > rules.maxBytes) {
      throw new LimitError('tooLarge', `message is larger than ${rules.maxBytes} bytes`);
    }
    const bytes = Buffer.allocUnsafeSlow(status.size);
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  } catch (error) {
    if (error instanceof ProtocolError || error instanceof LimitError) throw error;
    throw new ProtocolError('File cannot be read', { cause: error });
  } finally {
    await handle?.close();
  }
}
