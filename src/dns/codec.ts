import type { DnsType } from '../core/index.ts';
import { ipFromBytes } from '../lib/index.ts';
import { decodeName, endOfEqualName, endOfName, writeName } from './name.ts';

/** Codes of RFC 1035 3.2.2 and RFC 3596 2.1. */
export const typeCodes: Readonly<Record<DnsType, number>> = {
  a: 1,
  ns: 2,
  soa: 6,
  ptr: 12,
  mx: 15,
  txt: 16,
  aaaa: 28,
};
export const cnameCode = 5;
const optCode = 41;
const internetClass = 1;
const headerBytes = 12;
const optBytes = 11;

/** What we can take over UDP without fragments (DNS flag day 2020). */
const udpPayloadBytes = 1232;

/** RFC 1035 4.1.1; names of those that have a status of their own. */
export const rcodes = { noerror: 0, formerr: 1, servfail: 2, nxdomain: 3, notimp: 4, refused: 5 } as const;

/** A recursive question, with EDNS0 (RFC 6891) unless the server cannot bear it. `name` is normalised. */
export function encodeQuery(id: number, name: string, type: DnsType, edns: 'edns' | 'plain'): Buffer {
  const nameEnd = headerBytes + name.length + 2;
  const bytes = Buffer.allocUnsafe(nameEnd + 4 + (edns === 'edns' ? optBytes : 0)).fill(0);
  bytes[0] = id >> 8;
  bytes[1] = id & 0xff;
  bytes[2] = 1; // recursion desired
  bytes[5] = 1;
  writeName(bytes, headerBytes, name);
  bytes[nameEnd + 1] = typeCodes[type];
  bytes[nameEnd + 3] = internetClass;
  if (edns === 'edns') {
    bytes[11] = 1;
    bytes.writeUInt16BE(optCode, nameEnd + 5);
    bytes.writeUInt16BE(udpPayloadBytes, nameEnd + 7);
  }
  return bytes;
}

/** One record of an answer; `data` is decoded for the types we ask for, CNAME included. */
export interface ResourceRecord {
  readonly name: string;
  readonly type: number;
  readonly ttlSeconds: number;
  readonly data: string;
}

export interface Response {
  readonly rcode: number;
  readonly isTruncated: boolean;
  readonly answers: readonly ResourceRecord[];
  readonly authorities: readonly ResourceRecord[];
}

/** Id of a message; undefined when it is shorter than a header or no response. */
export function responseId(message: Buffer): number | undefined {
  if (message.length < headerBytes || (message[2]! & 0x80) === 0) return undefined;
  return message.readUInt16BE(0);
}

/** Does the response repeat this question (RFC 5452 9.1)? An error may come without any question. */
export function answersQuestion(message: Buffer, name: string, type: DnsType): boolean {
  const count = message.readUInt16BE(4);
  if (count === 0) return (message[3]! & 15) !== rcodes.noerror;
  if (count !== 1) return false;
  const end = endOfEqualName(message, headerBytes, name);
  return (
    end !== undefined &&
    end + 4 <= message.length &&
    message.readUInt16BE(end) === typeCodes[type] &&
    message.readUInt16BE(end + 2) === internetClass
  );
}

/**
 * Decodes a response. Work is linear in the message: counts in the header are believed only as far as there are
 * bytes, names only when their pointers go backwards.
 *
 * @returns undefined for a malformed message; a truncated one (TC) may be cut anywhere
 */
export function decodeResponse(message: Buffer): Response | undefined {
  if (message.length < headerBytes) return undefined;
  const isTruncated = (message[2]! & 2) !== 0;
  const rcode = message[3]! & 15;
  if (isTruncated) return { rcode, isTruncated, answers: [], authorities: [] };
  let at = headerBytes;
  for (let left = message.readUInt16BE(4); left > 0; left--) {
    const end = endOfName(message, at);
    if (end === undefined || end + 4 > message.length) return undefined;
    at = end + 4;
  }
  const answers = decodeRecords(message, at, message.readUInt16BE(6));
  if (!answers) return undefined;
  const authorities = decodeRecords(message, answers.end, message.readUInt16BE(8));
  if (!authorities) return undefined;
  return { rcode, isTruncated, answers: answers.records, authorities: authorities.records };
}

function decodeRecords(
  message: Buffer,
  start: number,
  count: number,
): { records: ResourceRecord[]; end: number } | undefined {
  const records: ResourceRecord[] = [];
  let at = start;
  for (let left = count; left > 0; left--) {
    const owner = decodeName(message, at);
    if (!owner || owner.end + 10 > message.length) return undefined;
    const type = message.readUInt16BE(owner.end);
    const recordClass = message.readUInt16BE(owner.end + 2);
    const ttl = message.readUInt32BE(owner.end + 4);
    const dataStart = owner.end + 10;
    const dataEnd = dataStart + message.readUInt16BE(owner.end + 8);
    if (dataEnd > message.length) return undefined;
    at = dataEnd;
    if (recordClass !== internetClass) continue;
    const data = decodeData(message, type, dataStart, dataEnd);
    if (data === undefined) return undefined;
    // RFC 2181 8: a TTL with the highest bit set is zero.
    if (data !== null) records.push({ name: owner.name, type, ttlSeconds: ttl > 0x7fffffff ? 0 : ttl, data });
  }
  return { records, end: at };
}

/** Text of the data; null for types nobody asks for, undefined for malformed data. */
function decodeData(message: Buffer, type: number, start: number, end: number): string | null | undefined {
  switch (type) {
    case typeCodes.a:
      return end - start === 4 ? ipFromBytes(message.subarray(start, end)).text : undefined;
    case typeCodes.aaaa:
      return end - start === 16 ? ipv6Text(message.subarray(start, end)) : undefined;
    case typeCodes.ns:
    case typeCodes.ptr:
    case cnameCode:
      return nameWithin(message, start, end)?.name;
    case typeCodes.mx: {
      if (end - start < 3) return undefined;
      const host = nameWithin(message, start + 2, end);
      return host && `${message.readUInt16BE(start)} ${host.name}`;
    }
    case typeCodes.txt:
      return decodeStrings(message, start, end);
    case typeCodes.soa:
      return decodeSoa(message, start, end);
    default:
      return null;
  }
}

/** Mapped addresses stay IPv6 here: the record is an AAAA. */
function ipv6Text(bytes: Buffer): string {
  const ip = ipFromBytes(bytes);
  return ip.family === 6 ? ip.text : `::ffff:${ip.text}`;
}

function nameWithin(message: Buffer, start: number, end: number): { name: string; end: number } | undefined {
  const found = decodeName(message, start);
  return found && found.end <= end ? found : undefined;
}

/** Character strings of a TXT record, joined without anything between (RFC 7208 3.3, RFC 6376 3.6.2.2). */
function decodeStrings(message: Buffer, start: number, end: number): string | undefined {
  const pieces: Buffer[] = [];
  for (let at = start; at < end; ) {
    const next = at + 1 + message[at]!;
    if (next > end) return undefined;
    pieces.push(message.subarray(at + 1, next));
    at = next;
  }
  const bytes = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return bytes.toString('latin1'); // one character a byte, where it is no UTF-8
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** `mname rname serial refresh retry expire minimum`. */
function decodeSoa(message: Buffer, start: number, end: number): string | undefined {
  const mname = nameWithin(message, start, end);
  const rname = mname && nameWithin(message, mname.end, end);
  if (!rname || rname.end + 20 > end) return undefined;
  const numbers = [0, 4, 8, 12, 16].map((offset) => message.readUInt32BE(rname.end + offset));
  return [mname.name, rname.name, ...numbers].join(' ');
}

/** The last field of a SOA record: how long a negative answer holds (RFC 2308 4). */
export function soaMinimum(data: string): number {
  return Number(data.slice(data.lastIndexOf(' ') + 1));
}
