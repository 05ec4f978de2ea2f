import { digestBytes } from './keys.ts';
import { shingleCount } from './shingles.ts';

// The protocol of Rspamd's fuzzy storage (wire-protocols 6): one datagram asks, one answers. Numbers are little-endian.

export const fuzzyPort = 11_335;

/** What a storage can be asked to do. */
export type FuzzyCommand = 'check' | 'write' | 'delete' | 'stat' | 'ping';
const commands: readonly FuzzyCommand[] = ['check', 'write', 'delete', 'stat', 'ping'];

/** Outcomes that a storage tells in `value`, with probability 0. */
export const refusals = { forbidden: 403, encryptionRequired: 415, rateLimited: 429 } as const;

export interface FuzzyRequest {
  readonly command: FuzzyCommand;
  /** 0 to 255. */
  readonly flag: number;
  /** Weight to add; 32 bits. */
  readonly value: number;
  /** Comes back with the reply; 32 bits. */
  readonly tag: number;
  /** 64 bytes. */
  readonly digest: Buffer;
  readonly shingles: BigUint64Array | undefined;
}

export interface FuzzyReply {
  readonly value: number;
  readonly flag: number;
  readonly tag: number;
  /** 0 (no match, refused) to 1. */
  readonly probability: number;
  /** Of the hash that matched; undefined from servers before 1.7. */
  readonly digest: Buffer | undefined;
  /** When it was stored first, seconds since 1970; 0: not told. */
  readonly timeSeconds: number;
}

const protocolVersion = 4;
const versionMask = 0x0f;
const oldestVersion = 2;

const headBytes = 12;
const commandBytes = headBytes + digestBytes;
const shinglesBytes = 8 * shingleCount;
const shortReplyBytes = 16;
const replyBytes = 96;

/** Types of extensions of known length; those from 0x80 on and `d` have a byte with their length. */
const extensionLengths: ReadonlyMap<number, number> = new Map([
  [0x34, 4],
  [0x36, 16],
]);
const domainExtension = 0x64;

/** Nothing longer is a request: extensions are a domain and two addresses. */
export const maxRequestBytes = 2048;

export function encodeRequest(request: FuzzyRequest): Buffer {
  const { shingles } = request;
  const bytes = Buffer.alloc(commandBytes + (shingles ? shinglesBytes : 0));
  bytes[0] = protocolVersion;
  bytes[1] = commands.indexOf(request.command);
  bytes[2] = shingles ? shingleCount : 0;
  bytes[3] = request.flag;
  bytes.writeInt32LE(request.value, 4);
  bytes.writeUInt32LE(request.tag, 8);
  request.digest.copy(bytes, headBytes);
  if (shingles)
    for (const [at, value] of shingles.entries()) bytes.writeBigUInt64LE(value, commandBytes + 8 * at);
  return bytes;
}

/** Are these bytes extensions one after the other? Their content is not read: it is about senders. */
function areExtensions(bytes: Buffer): boolean {
  let at = 0;
  while (at < bytes.length) {
    const type = bytes[at]!;
    const fixed = extensionLengths.get(type);
    if (fixed !== undefined) at += 1 + fixed;
    else if (type === domainExtension || type >= 0x80) {
      if (at + 2 > bytes.length) return false;
      at += 2 + bytes[at + 1]!;
    } else return false;
  }
  return at === bytes.length;
}

/** Undefined: this is no request, or one of a version that nobody speaks any more. */
export function decodeRequest(bytes: Buffer): FuzzyRequest | undefined {
  if (bytes.length < commandBytes || bytes.length > maxRequestBytes) return undefined;
  const version = bytes[0]! & versionMask;
  const command = commands[bytes[1]!];
  const count = bytes[2]!;
  if (version < oldestVersion || version > protocolVersion || !command) return undefined;
  if (count !== 0 && count !== shingleCount) return undefined;
  const end = commandBytes + (count === 0 ? 0 : shinglesBytes);
  if (bytes.length < end || !areExtensions(bytes.subarray(end))) return undefined;
  return {
    command,
    flag: bytes[3]!,
    value: bytes.readInt32LE(4),
    tag: bytes.readUInt32LE(8),
    digest: Buffer.from(bytes.subarray(headBytes, commandBytes)),
    shingles:
      count === 0
        ? undefined
        : BigUint64Array.from({ length: shingleCount }, (_, at) =>
            bytes.readBigUInt64LE(commandBytes + 8 * at),
          ),
  };
}

/** Every client since 1.7 reads this form; those before it read its first 16 bytes. */
export function encodeReply(reply: FuzzyReply): Buffer {
  const bytes = Buffer.alloc(replyBytes);
  bytes.writeInt32LE(reply.value, 0);
  bytes.writeUInt32LE(reply.flag, 4);
  bytes.writeUInt32LE(reply.tag, 8);
  bytes.writeFloatLE(reply.probability, 12);
  reply.digest?.copy(bytes, shortReplyBytes);
  bytes.writeUInt32LE(reply.timeSeconds, shortReplyBytes + digestBytes);
  return bytes;
}

/** Undefined: this is no reply. */
export function decodeReply(bytes: Buffer): FuzzyReply | undefined {
  if (bytes.length < shortReplyBytes || bytes.length > maxRequestBytes) return undefined;
  const probability = bytes.readFloatLE(12);
  if (!(probability >= 0 && probability <= 1)) return undefined;
  const isLong = bytes.length >= shortReplyBytes + digestBytes + 4;
  return {
    value: bytes.readInt32LE(0),
    flag: bytes.readUInt32LE(4),
    tag: bytes.readUInt32LE(8),
    probability,
    digest: isLong ? Buffer.from(bytes.subarray(shortReplyBytes, shortReplyBytes + digestBytes)) : undefined,
    timeSeconds: isLong ? bytes.readUInt32LE(shortReplyBytes + digestBytes) : 0,
  };
}
