import { connect } from 'node:net';
import { endianness } from 'node:os';
import type { IpAddress } from '../../lib/index.ts';

/** What p0f thinks of a host. */
export interface Fingerprint {
  /** Name and version, `unknown` when p0f does not know. */
  readonly system: string;
  /** Type of the network link, `''` when not recognised. */
  readonly link: string;
  /** Hops; -1 when not known. */
  readonly distance: number;
  /** 0 when not known. */
  readonly uptimeMinutes: number;
}

/** `none`: p0f never saw the host; others are failures. */
export type QueryOutcome = Fingerprint | 'none' | 'unreachable' | 'timeout' | 'malformed';

const queryMagic = 0x50304601;
const replyMagic = 0x50304602;
const queryBytes = 21;
/** Magic, status, seven dwords, distance, two bytes, six texts of 32 bytes. */
const replyBytes = 232;
const statusOk = 0x10;
const statusNoMatch = 0x20;
const isLittleEndian = endianness() === 'LE';

/** A question in the byte order of this machine (p0f README, 4). */
export function encodeQuery({ family, bytes }: IpAddress): Buffer {
  const query = Buffer.alloc(queryBytes);
  if (isLittleEndian) query.writeUInt32LE(queryMagic, 0);
  else query.writeUInt32BE(queryMagic, 0);
  query[4] = family;
  query.set(bytes, 5);
  return query;
}

function textAt(reply: Buffer, at: number): string {
  const field = reply.subarray(at, at + 32);
  const end = field.indexOf(0);
  return field.toString('latin1', 0, end < 0 ? field.length : end).replaceAll(/[^\x20-\x7e]/g, '?');
}

/** Reads a whole reply. */
export function decodeReply(reply: Buffer): QueryOutcome {
  const dword = (at: number): number => (isLittleEndian ? reply.readUInt32LE(at) : reply.readUInt32BE(at));
  if (reply.length !== replyBytes || dword(0) !== replyMagic) return 'malformed';
  const status = dword(4);
  if (status === statusNoMatch) return 'none';
  if (status !== statusOk) return 'malformed';
  const name = textAt(reply, 40);
  return {
    system: name === '' ? 'unknown' : `${name} ${textAt(reply, 72)}`.trim(),
    link: textAt(reply, 168),
    distance: isLittleEndian ? reply.readInt16LE(36) : reply.readInt16BE(36),
    uptimeMinutes: dword(20),
  };
}

/** Asks p0f over its unix socket, on a connection of its own. Never rejects. */
export function askP0f(
  socketPath: string,
  ip: IpAddress,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<QueryOutcome> {
  if (signal.aborted) return Promise.resolve('timeout');
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    const chunks: Buffer[] = [];
    let length = 0;
    const finish = (outcome: QueryOutcome): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
      socket.destroy();
      resolve(outcome);
    };
    const giveUp = (): void => finish('timeout');
    const timer = setTimeout(giveUp, timeoutMs);
    signal.addEventListener('abort', giveUp, { once: true });
    socket.on('connect', () => socket.write(encodeQuery(ip)));
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= replyBytes) finish(decodeReply(Buffer.concat(chunks)));
    });
    socket.on('end', () => finish('malformed'));
    socket.on('error', () => finish('unreachable'));
  });
}
