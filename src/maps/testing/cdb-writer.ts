function hashKey(key: Uint8Array): number {
  let hash = 5381;
  for (const byte of key) hash = (((hash * 33) % 0x1_0000_0000) ^ byte) >>> 0;
  return hash;
}

/** A constant database of these records (https://cr.yp.to/cdb/cdb.txt), for tests. */
export function writeCdb(records: readonly (readonly [key: string, value: string])[]): Buffer {
  const header = Buffer.alloc(2048);
  const parts: Buffer[] = [header];
  let position = header.length;
  const tables: { hash: number; position: number }[][] = Array.from({ length: 256 }, () => []);
  for (const [keyText, valueText] of records) {
    const key = Buffer.from(keyText);
    const value = Buffer.from(valueText);
    const lengths = Buffer.alloc(8);
    lengths.writeUInt32LE(key.length, 0);
    lengths.writeUInt32LE(value.length, 4);
    const hash = hashKey(key);
    tables[hash & 255]!.push({ hash, position });
    parts.push(lengths, key, value);
    position += 8 + key.length + value.length;
  }
  for (const [index, entries] of tables.entries()) {
    const count = entries.length * 2;
    header.writeUInt32LE(position, index * 8);
    header.writeUInt32LE(count, index * 8 + 4);
    const slots = Buffer.alloc(count * 8);
    for (const entry of entries) {
      let slot = (entry.hash >>> 8) % count;
      while (slots.readUInt32LE(slot * 8 + 4) !== 0) slot = (slot + 1) % count;
      slots.writeUInt32LE(entry.hash, slot * 8);
      slots.writeUInt32LE(entry.position, slot * 8 + 4);
    }
    parts.push(slots);
    position += slots.length;
  }
  return Buffer.concat(parts);
}
