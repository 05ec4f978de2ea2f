import { createHash } from 'node:crypto';
import { StoreError, type StoreTransaction } from '../core/index.ts';
import type { StoreDatabases } from './lmdb-types.ts';
import {
  decodeRecord,
  encodeRecord,
  type KeyRecord,
  maxInlineHashBytes,
  type RecordValue,
  rankRange,
  recordExpiresMs,
  sortedPosition,
} from './record.ts';

/** LMDB allows keys up to 1978 bytes; the expiry index puts 6 in front, fields 8. */
const maxKeyBytes = 1024;

/** Bytes under which a key is stored; very long ones are shortened to a digest. */
function keyBytes(key: string): Buffer {
  const bytes = Buffer.from(key);
  if (bytes.length > 0 && bytes.length <= maxKeyBytes) return bytes;
  return Buffer.concat([
    Buffer.from([0]),
    bytes.subarray(0, 64),
    createHash('sha256').update(bytes).digest(),
  ]);
}

const generationBytes = 8;

function fieldKey(generation: number, field: string): Buffer {
  const name = keyBytes(field);
  const bytes = Buffer.allocUnsafe(generationBytes + name.length);
  bytes.writeBigUInt64BE(BigInt(generation), 0);
  name.copy(bytes, generationBytes);
  return bytes;
}

/** Entries of a generation hold the field's own name, since {@link keyBytes} may have shortened it. */
function encodeField(field: string, value: string): Buffer {
  return Buffer.from(JSON.stringify([field, value]));
}

function decodeField(bytes: Buffer): [string, string] {
  return JSON.parse(bytes.toString()) as [string, string];
}

function expiryKey(timeMs: number, key: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(6 + key.length);
  bytes.writeUIntBE(Math.floor(timeMs), 0, 6);
  key.copy(bytes, 6);
  return bytes;
}

const nothing = Buffer.from([1]);
const generationCounter = Buffer.from('generation');
const garbagePrefix = 'garbage:';

interface Loaded {
  readonly bytes: Buffer;
  /** As it stands in the file, for the expiry index. */
  indexedMs: number;
  record: KeyRecord | undefined;
  isChanged: boolean;
}

/**
 * The transaction of the embedded store: records are read once, changed in memory and written by {@link flush}.
 * Lives for one LMDB write transaction.
 */
export class LmdbTransaction implements StoreTransaction {
  readonly #db: StoreDatabases;
  readonly #nowMs: number;
  readonly #loaded = new Map<string, Loaded>();

  constructor(db: StoreDatabases, nowMs: number) {
    this.#db = db;
    this.#nowMs = nowMs;
  }

  get(key: string): string | undefined {
    return this.#expect(key, 'string')?.text;
  }

  set(key: string, value: string, ttlMs?: number): void {
    const loaded = this.#load(key);
    this.#dropFields(loaded);
    loaded.record = {
      expiresMs: ttlMs === undefined ? 0 : this.#nowMs + Math.max(1, Math.ceil(ttlMs)),
      indexedMs: loaded.indexedMs,
      value: { type: 'string', text: value },
    };
    loaded.isChanged = true;
  }

  delete(key: string): void {
    const loaded = this.#load(key);
    this.#dropFields(loaded);
    loaded.record = undefined;
    loaded.isChanged = true;
  }

  expire(key: string, ttlMs: number): void {
    const loaded = this.#load(key);
    if (!loaded.record) return;
    if (ttlMs <= 0) {
      this.delete(key);
      return;
    }
    loaded.record.expiresMs = this.#nowMs + Math.ceil(ttlMs);
    loaded.isChanged = true;
  }

  hashGet(key: string, field: string): string | undefined {
    const value = this.#expect(key, 'hash');
    if (!value) return undefined;
    if (value.type === 'hash') return value.fields.get(field);
    const bytes = this.#db.fields.get(fieldKey(value.generation, field));
    return bytes && decodeField(bytes)[1];
  }

  hashGetAll(key: string): Readonly<Record<string, string>> {
    const value = this.#expect(key, 'hash');
    if (!value) return {};
    if (value.type === 'hash') return Object.fromEntries(value.fields);
    return Object.fromEntries(readGeneration(this.#db, value.generation));
  }

  hashSet(key: string, fields: Readonly<Record<string, string | number>>): void {
    const names = Object.keys(fields);
    if (names.length === 0) return;
    let value = this.#expect(key, 'hash');
    const loaded = this.#load(key);
    if (!value) {
      value = { type: 'hash', fields: new Map() };
      loaded.record = { expiresMs: 0, indexedMs: loaded.indexedMs, value };
    }
    loaded.isChanged = true;
    if (value.type === 'hash') for (const name of names) value.fields.set(name, String(fields[name]));
    else
      for (const name of names)
        this.#db.fields.put(fieldKey(value.generation, name), encodeField(name, String(fields[name])));
  }

  hashDelete(key: string, field: string): void {
    const value = this.#expect(key, 'hash');
    if (!value) return;
    if (value.type === 'hash') {
      if (!value.fields.delete(field)) return;
      if (value.fields.size === 0) this.delete(key);
      else this.#load(key).isChanged = true;
      return;
    }
    this.#db.fields.remove(fieldKey(value.generation, field));
    const isEmpty = [...readGeneration(this.#db, value.generation, 1)].length === 0;
    if (isEmpty) this.delete(key);
  }

  hashLength(key: string): number {
    const value = this.#expect(key, 'hash');
    if (!value) return 0;
    if (value.type === 'hash') return value.fields.size;
    let length = 0;
    for (const _ of readGeneration(this.#db, value.generation)) length++;
    return length;
  }

  sortedAdd(key: string, member: string, score: number): void {
    if (!Number.isFinite(score))
      throw new StoreError(`the score of a sorted set must be finite, not ${score}`);
    let value = this.#expect(key, 'sorted');
    const loaded = this.#load(key);
    if (!value) {
      value = { type: 'sorted', members: [] };
      loaded.record = { expiresMs: 0, indexedMs: loaded.indexedMs, value };
    }
    loaded.isChanged = true;
    const { members } = value;
    const old = members.findIndex((entry) => entry.member === member);
    if (old >= 0) members.splice(old, 1);
    members.splice(sortedPosition(members, member, score), 0, { member, score });
  }

  sortedCount(key: string): number {
    return this.#expect(key, 'sorted')?.members.length ?? 0;
  }

  sortedRemoveByRank(key: string, first: number, last: number): void {
    const members = this.#expect(key, 'sorted')?.members;
    if (!members) return;
    const [start, end] = rankRange(members.length, first, last);
    if (start >= end) return;
    members.splice(start, end - start);
    if (members.length === 0) this.delete(key);
    else this.#load(key).isChanged = true;
  }

  sortedRange(
    key: string,
    first: number,
    last: number,
  ): readonly { readonly member: string; readonly score: number }[] {
    const members = this.#expect(key, 'sorted')?.members;
    if (!members) return [];
    return members.slice(...rankRange(members.length, first, last));
  }

  /** Writes what changed. Call once, inside the LMDB transaction. */
  flush(): void {
    for (const loaded of this.#loaded.values()) {
      if (!loaded.isChanged) continue;
      const { record, bytes } = loaded;
      if (!record) {
        if (loaded.indexedMs) this.#db.expiry.remove(expiryKey(loaded.indexedMs, bytes));
        this.#db.keys.remove(bytes);
        continue;
      }
      this.#splitLargeHash(record);
      // An index entry that is too early is moved when the sweep meets it; only a too late one must move now.
      if (record.expiresMs && (!loaded.indexedMs || record.expiresMs < loaded.indexedMs)) {
        if (loaded.indexedMs) this.#db.expiry.remove(expiryKey(loaded.indexedMs, bytes));
        this.#db.expiry.put(expiryKey(record.expiresMs, bytes), nothing);
        record.indexedMs = Math.floor(record.expiresMs);
      } else record.indexedMs = loaded.indexedMs;
      this.#db.keys.put(bytes, encodeRecord(record));
    }
    this.#loaded.clear();
  }

  #load(key: string): Loaded {
    const known = this.#loaded.get(key);
    if (known) return known;
    const bytes = keyBytes(key);
    const stored = this.#db.keys.get(bytes);
    const record = stored && decodeRecord(stored);
    const loaded: Loaded = { bytes, indexedMs: record?.indexedMs ?? 0, record, isChanged: false };
    if (record?.expiresMs && record.expiresMs <= this.#nowMs) {
      this.#dropFields(loaded);
      loaded.record = undefined;
      loaded.isChanged = true;
    }
    this.#loaded.set(key, loaded);
    return loaded;
  }

  #expect(key: string, type: 'string'): Extract<RecordValue, { type: 'string' }> | undefined;
  #expect(key: string, type: 'hash'): Extract<RecordValue, { type: 'hash' | 'bigHash' }> | undefined;
  #expect(key: string, type: 'sorted'): Extract<RecordValue, { type: 'sorted' }> | undefined;
  #expect(key: string, type: 'string' | 'hash' | 'sorted'): RecordValue | undefined {
    const value = this.#load(key).record?.value;
    if (value && value.type !== type && !(type === 'hash' && value.type === 'bigHash'))
      throw new StoreError(`a key of the store holds a ${value.type}, not a ${type}`);
    return value;
  }

  #dropFields(loaded: Loaded): void {
    const value = loaded.record?.value;
    if (value?.type === 'bigHash')
      this.#db.internals.put(Buffer.from(`${garbagePrefix}${value.generation}`), nothing);
  }

  #splitLargeHash(record: KeyRecord): void {
    if (record.value.type !== 'hash') return;
    let size = 0;
    for (const [name, value] of record.value.fields) size += name.length + value.length;
    if (size <= maxInlineHashBytes) return;
    const counter = this.#db.internals.get(generationCounter);
    const generation = (counter ? Number(counter.toString()) : 0) + 1;
    this.#db.internals.put(generationCounter, Buffer.from(String(generation)));
    for (const [name, value] of record.value.fields)
      this.#db.fields.put(fieldKey(generation, name), encodeField(name, value));
    record.value = { type: 'bigHash', generation };
  }
}

function* readGeneration(
  db: StoreDatabases,
  generation: number,
  limit?: number,
): Iterable<[field: string, value: string]> {
  const start = Buffer.alloc(generationBytes);
  const end = Buffer.alloc(generationBytes);
  start.writeBigUInt64BE(BigInt(generation));
  end.writeBigUInt64BE(BigInt(generation + 1));
  for (const { value } of db.fields.getRange(limit === undefined ? { start, end } : { start, end, limit }))
    yield decodeField(value);
}

/** Reads outside a transaction. */
export class LmdbReader {
  readonly #db: StoreDatabases;

  constructor(db: StoreDatabases) {
    this.#db = db;
  }

  read(key: string, nowMs: number): RecordValue | undefined {
    const bytes = this.#db.keys.get(keyBytes(key));
    if (!bytes) return undefined;
    const record = decodeRecord(bytes);
    return record.expiresMs && record.expiresMs <= nowMs ? undefined : record.value;
  }

  field(generation: number, name: string): string | undefined {
    const bytes = this.#db.fields.get(fieldKey(generation, name));
    return bytes && decodeField(bytes)[1];
  }

  fields(generation: number): Readonly<Record<string, string>> {
    return Object.fromEntries(readGeneration(this.#db, generation));
  }
}

/** Most work of one {@link sweepStep}, so that the write lock is held for about a millisecond. */
const sweepStepEntries = 200;

/**
 * Removes some of what expired and some fields of dropped hashes. Call inside a transaction.
 * @returns entries looked at; fewer than asked means nothing is left
 */
export function sweepStep(
  db: StoreDatabases,
  nowMs: number,
): { readonly seen: number; readonly isDone: boolean } {
  let seen = 0;
  const end = expiryKey(nowMs + 1, Buffer.alloc(0));
  for (const indexed of [...db.expiry.getKeys({ end, limit: sweepStepEntries })]) {
    seen++;
    sweepKey(db, indexed, nowMs);
  }
  if (seen < sweepStepEntries) {
    const start = Buffer.from(garbagePrefix);
    const [garbage] = [...db.internals.getKeys({ start, end: Buffer.from('garbage;'), limit: 1 })];
    if (garbage) seen += sweepGeneration(db, garbage, sweepStepEntries - seen);
  }
  return { seen, isDone: seen < sweepStepEntries };
}

function sweepKey(db: StoreDatabases, indexed: Buffer, nowMs: number): void {
  const key = Buffer.from(indexed.subarray(6));
  db.expiry.remove(indexed);
  const stored = db.keys.get(key);
  if (!stored) return;
  const expiresMs = recordExpiresMs(stored);
  const record = decodeRecord(stored);
  if (expiresMs && expiresMs <= nowMs) {
    if (record.value.type === 'bigHash')
      db.internals.put(Buffer.from(`${garbagePrefix}${record.value.generation}`), nothing);
    db.keys.remove(key);
    return;
  }
  record.indexedMs = Math.floor(expiresMs);
  if (expiresMs) db.expiry.put(expiryKey(expiresMs, key), nothing);
  db.keys.put(key, encodeRecord(record));
}

function sweepGeneration(db: StoreDatabases, garbage: Buffer, limit: number): number {
  const generation = Number(garbage.toString().slice(garbagePrefix.length));
  const start = Buffer.alloc(generationBytes);
  const end = Buffer.alloc(generationBytes);
  start.writeBigUInt64BE(BigInt(generation));
  end.writeBigUInt64BE(BigInt(generation + 1));
  const keys = [...db.fields.getKeys({ start, end, limit })];
  for (const key of keys) db.fields.remove(key);
  if (keys.length < limit) db.internals.remove(garbage);
  return keys.length + 1;
}
