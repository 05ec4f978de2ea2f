import { UpstreamError } from '../../core/index.ts';
import {
  type CommonOptions,
  type Scanner,
  type ScannerType,
  type ScanResult,
  threatText,
} from '../../scanners/index.ts';

/** Each with its length before it (clamd(8), INSTREAM). */
const chunkBytes = 262_144;

/** Meaning of a reply to INSTREAM, without its final NUL. */
export function clamavResult(reply: string): ScanResult {
  if (reply === 'stream: OK') return { kind: 'clean' };
  if (reply.startsWith('stream: ') && reply.endsWith(' FOUND')) {
    const name = threatText(reply.slice('stream: '.length, -' FOUND'.length));
    if (name.startsWith('Heuristics.Encrypted')) {
      return { kind: 'encrypted', threats: [`File is encrypted: ${name}`] };
    }
    if (name.startsWith('Heuristics.OLE2.ContainsMacros')) return { kind: 'macro', threats: [name] };
    if (name.startsWith('Heuristics.Limits.Exceeded')) {
      return { kind: 'fail', threats: [`Limits Exceeded: ${name}`] };
    }
    if (name !== '') return { kind: 'found', threats: [name] };
  }
  if (reply.startsWith('INSTREAM size limit exceeded')) {
    return { kind: 'fail', threats: ['INSTREAM size limit exceeded'] };
  }
  // The reply may repeat what was sent: no word of it goes on.
  throw new UpstreamError(reply.endsWith(' ERROR') ? 'clamd answered with an error' : 'no reply of clamd');
}

/** ClamAV's clamd, command INSTREAM in its form that ends with NUL. */
const clamav: Scanner = {
  transport: 'plain',
  maxReplyBytes: 4096,
  failure: () => 'failed to scan and retransmits exceed',
  async scan(connect, _host, content) {
    const connection = await connect();
    try {
      await connection.write(Buffer.from('zINSTREAM\0', 'latin1'));
      for (let start = 0; start < content.length && !connection.hasAnswer; start += chunkBytes) {
        const chunk = content.subarray(start, start + chunkBytes);
        const length = Buffer.alloc(4);
        length.writeUInt32BE(chunk.length);
        await connection.write(length);
        await connection.write(chunk);
      }
      await connection.write(Buffer.alloc(4));
      return clamavResult(await connection.readUntil('\0'));
    } finally {
      connection.close();
    }
  },
};

export const clamavType: ScannerType<CommonOptions> = {
  port: 3310,
  timeoutSeconds: 5,
  cacheSeconds: 3600,
  words: 'virus found',
  create: () => clamav,
};
