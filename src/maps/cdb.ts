import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { IpAddress } from '../lib/index.ts';
import type { MapTable } from './table.ts';

/*
 * Constant database (D. J. Bernstein, "A structure for constant databases", https://cr.yp.to/cdb/cdb.txt): 256
 * pointers of position and slot count, records of key length, data length, key, data, then hash tables of hash and
 * record position. All numbers are 32-bit little-endian. Keys are looked up in the file, so its size is no matter.
 */

const headerBytes = 2048;
const maxValueBytes = 65_536;

/** Hash of a key: starts at 5381, times 33 xor each byte. */
function hashKey(key: Uint8Array): number {
  let hash = 5381;
  for (const byte of key) hash = (((hash << 5) + hash) ^ byte) >>> 0;
  return hash >>> 0;
}

/** An open constant database. A replaced file stays readable until {@link close}. */
export class CdbTable implements MapTable {
  readonly #descriptor: number;
  readonly #header: Buffer;
  readonly #slot = Buffer.alloc(8);
  readonly entryCount: number;
  #isClosed = false;

  /** @throws Error when the file cannot be opened or is no constant database */
  constructor(path: string) {
    this.#descriptor = openSync(path, 'r');
    try {
      this.#header = Buffer.alloc(headerBytes);
      if (readSync(this.#descriptor, this.#header, 0, headerBytes, 0) !== headerBytes) {
        throw new Error('too short for a constant database');
      }
      const { size } = fstatSync(this.#descriptor);
      let slots = 0;
      for (let table = 0; table < 256; table++) {
        const position = this.#header.readUInt32LE(table * 8);
        const count = this.#header.readUInt32LE(table * 8 + 4);
        if (position < headerBytes || position + count * 8 > size) {
          throw new Error('not a constant database: a table lies outside the file');
        }
        slots += count;
      }
      // Tables have twice as many slots as records.
      this.entryCount = Math.floor(slots / 2);
    } catch (error) {
      closeSync(this.#descriptor);
      throw error;
    }
  }

  lookup(key: string | IpAddress): string | undefined {
    if (this.#isClosed) return undefined;
    const wanted = Buffer.from(typeof key === 'string' ? key : key.text, 'utf8');
    const hash = hashKey(wanted);
    const pointer = (hash & 255) * 8;
    const position = this.#header.readUInt32LE(pointer);
    const count = this.#header.readUInt32LE(pointer + 4);
    if (count === 0) return undefined;
    let slot = (hash >>> 8) % count;
    for (let tries = 0; tries < count; tries++) {
      if (!this.#read(this.#slot, position + slot * 8)) return undefined;
      const slotHash = this.#slot.readUInt32LE(0);
      const record = this.#slot.readUInt32LE(4);
      if (record === 0) return undefined;
      if (slotHash === hash) {
        const value = this.#value(record, wanted);
        if (value !== undefined) return value;
      }
      slot = (slot + 1) % count;
    }
    return undefined;
  }

  lookupAll(key: string | IpAddress): readonly string[] {
    const value = this.lookup(key);
    return value === undefined ? [] : [value];
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeSync(this.#descriptor);
  }

  #value(record: number, wanted: Buffer): string | undefined {
    if (!this.#read(this.#slot, record)) return undefined;
    const keyLength = this.#slot.readUInt32LE(0);
    const dataLength = this.#slot.readUInt32LE(4);
    if (keyLength !== wanted.length || dataLength > maxValueBytes) return undefined;
    const both = Buffer.alloc(keyLength + dataLength);
    if (!this.#read(both, record + 8) || !both.subarray(0, keyLength).equals(wanted)) return undefined;
    return both.toString('utf8', keyLength);
  }

  #read(into: Buffer, position: number): boolean {
    return into.length === 0 || readSync(this.#descriptor, into, 0, into.length, position) === into.length;
  }
}
