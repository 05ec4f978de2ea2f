import { StoreError } from '../core/index.ts';

/**
 * One key of the embedded store, decoded. `expiresMs` 0: never. `indexedMs` is where the expiry index holds an
 * entry for this key (0: none); it may be earlier than `expiresMs`, never later.
 */
export interface KeyRecord {
  expiresMs: number;
  indexedMs: number;
  value: RecordValue;
}

export type RecordValue =
  | { readonly type: 'string'; text: string }
  | { readonly type: 'hash'; readonly fields: Map<string, string> }
  /** A hash whose fields have entries of their own, under this generation. */
  | { readonly type: 'bigHash'; readonly generation: number }
  | { readonly type: 'sorted'; readonly members: SortedMember[] };

/** Ordered by score, equal scores by the bytes of the member, as Redis does. */
export interface SortedMember {
  readonly member: string;
  readonly score: number;
}

const typeCodes = { string: 1, hash: 2, sorted: 3, bigHash: 4 } as const;
const headerBytes = 17;

/** Fields of a hash move to entries of their own beyond this many bytes, so that one field never costs the whole. */
export const maxInlineHashBytes = 8192;

/** Bytes of a record: type, expiry, index time, then the value. */
export function encodeRecord(record: KeyRecord): Buffer {
  const { value } = record;
  const body = encodeBody(value);
  const bytes = Buffer.allocUnsafe(headerBytes + Buffer.byteLength(body));
  bytes[0] = typeCodes[value.type];
  bytes.writeDoubleLE(record.expiresMs, 1);
  bytes.writeDoubleLE(record.indexedMs, 9);
  bytes.write(body, headerBytes);
  return bytes;
}

function encodeBody(value: RecordValue): string {
  switch (value.type) {
    case 'string':
      return value.text;
    case 'hash':
      return JSON.stringify([...value.fields].flat());
    case 'sorted':
      return JSON.stringify(value.members.flatMap(({ member, score }) => [member, score]));
    case 'bigHash':
      return String(value.generation);
  }
}

/** @throws StoreError for bytes that {@link encodeRecord} did not write */
export function decodeRecord(bytes: Buffer): KeyRecord {
  if (bytes.length < headerBytes) throw new StoreError('the embedded store holds a record that is too short');
  const body = bytes.toString('utf8', headerBytes);
  return {
    expiresMs: bytes.readDoubleLE(1),
    indexedMs: bytes.readDoubleLE(9),
    value: decodeBody(bytes[0]!, body),
  };
}

/** Expiry of an encoded record without decoding the rest. */
export function recordExpiresMs(bytes: Buffer): number {
  return bytes.length < headerBytes ? 0 : bytes.readDoubleLE(1);
}

function decodeBody(code: number, body: string): RecordValue {
  switch (code) {
    case typeCodes.string:
      return { type: 'string', text: body };
    case typeCodes.hash: {
      const flat = JSON.parse(body) as string[];
      const fields = new Map<string, string>();
      for (let i = 0; i < flat.length; i += 2) fields.set(flat[i]!, flat[i + 1]!);
      return { type: 'hash', fields };
    }
    case typeCodes.sorted: {
      const flat = JSON.parse(body) as (string | number)[];
      const members: SortedMember[] = [];
      for (let i = 0; i < flat.length; i += 2)
        members.push({ member: flat[i] as string, score: flat[i + 1] as number });
      return { type: 'sorted', members };
    }
    case typeCodes.bigHash:
      return { type: 'bigHash', generation: Number(body) };
    default:
      throw new StoreError(`the embedded store holds a record of unknown type ${code}`);
  }
}

/** Index of the first member that does not come before (score, member). */
export function sortedPosition(members: readonly SortedMember[], member: string, score: number): number {
  let low = 0;
  let high = members.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = members[middle]!;
    const isBefore =
      other.score < score ||
      (other.score === score && Buffer.compare(Buffer.from(other.member), Buffer.from(member)) < 0);
    if (isBefore) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Redis rank range as array indices: negative ranks count from the end, both ends included. */
export function rankRange(length: number, first: number, last: number): [start: number, end: number] {
  const start = Math.max(0, first < 0 ? length + first : first);
  const end = Math.min(length - 1, last < 0 ? length + last : last);
  return [start, end + 1];
}
