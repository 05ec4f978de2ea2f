// Documents that no program of Debian's writes: compound files with macros, objects and encryption.

const sectorBytes = 512;
const miniBytes = 64;
const endOfChain = 0xfffffffe;
const free = 0xffffffff;

/** A storage of a compound file: streams and storages by name. */
export interface Storage {
  readonly [name: string]: Buffer | Storage | string;
}

/** Names a storage's class, 32 hexadecimal digits in the order of the file. */
export const classKey = '%class';

interface Row {
  readonly name: string;
  readonly type: 1 | 2 | 5;
  readonly classId: string;
  right: number;
  child: number;
  start: number;
  size: number;
}

function isStream(value: Storage[string]): value is Buffer {
  return Buffer.isBuffer(value);
}

/** A compound file (MS-CFB, version 3). Streams below 4,096 bytes go to the small stream, as they must. */
export function makeOle(root: Storage): Buffer {
  const rows: Row[] = [];
  const sectors: Buffer[] = [];
  const fat: number[] = [];
  const minis: Buffer[] = [];
  const miniFat: number[] = [];

  const put = (bytes: Buffer, unit: number, pieces: Buffer[], table: number[]): number => {
    if (bytes.length === 0) return endOfChain;
    const first = pieces.length;
    for (let at = 0; at < bytes.length; at += unit) {
      const piece = Buffer.alloc(unit);
      bytes.copy(piece, 0, at, Math.min(at + unit, bytes.length));
      pieces.push(piece);
      table.push(at + unit < bytes.length ? pieces.length : endOfChain);
    }
    return first;
  };
  const add = (name: string, value: Storage[string], type: 1 | 2 | 5): number => {
    const index = rows.length;
    const classId = isStream(value) || typeof value === 'string' ? '' : String(value[classKey] ?? '');
    const row: Row = { name, type, classId, right: free, child: free, start: endOfChain, size: 0 };
    rows.push(row);
    if (isStream(value)) {
      row.size = value.length;
      row.start =
        value.length < 4_096 ? put(value, miniBytes, minis, miniFat) : put(value, sectorBytes, sectors, fat);
    } else if (typeof value !== 'string') {
      let last: Row | undefined;
      for (const [key, child] of Object.entries(value)) {
        if (key === classKey) continue;
        const place = add(key, child, isStream(child) ? 2 : 1);
        if (last) last.right = place;
        else row.child = place;
        last = rows[place];
      }
    }
    return index;
  };
  add('Root Entry', root, 5);
  const small = Buffer.concat(minis);
  rows[0]!.size = small.length;
  rows[0]!.start = put(small, sectorBytes, sectors, fat);
  const miniTable = Buffer.alloc(miniFat.length * 4);
  for (const [i, next] of miniFat.entries()) miniTable.writeUInt32LE(next, i * 4);
  const miniTableAt = put(miniTable, sectorBytes, sectors, fat);
  const directoryAt = put(Buffer.concat(rows.map(directoryEntry)), sectorBytes, sectors, fat);
  const tableSectors = Math.ceil((sectors.length + 8) / (sectorBytes / 4));
  const tableAt = sectors.length;
  for (let i = 0; i < tableSectors; i++) fat.push(0xfffffffd);
  const table = Buffer.alloc(tableSectors * sectorBytes, 0xff);
  for (const [i, next] of fat.entries()) table.writeUInt32LE(next, i * 4);
  const header = Buffer.alloc(sectorBytes, 0);
  header.write('d0cf11e0a1b11ae1', 'hex');
  header.writeUInt16LE(0x3e, 24);
  header.writeUInt16LE(3, 26);
  header.writeUInt16LE(0xfffe, 28);
  header.writeUInt16LE(9, 30);
  header.writeUInt16LE(6, 32);
  header.writeUInt32LE(tableSectors, 44);
  header.writeUInt32LE(directoryAt, 48);
  header.writeUInt32LE(4_096, 56);
  header.writeUInt32LE(miniTableAt, 60);
  header.writeUInt32LE(1, 64);
  header.writeUInt32LE(endOfChain, 68);
  header.fill(0xff, 76);
  for (let i = 0; i < tableSectors; i++) header.writeUInt32LE(tableAt + i, 76 + i * 4);
  return Buffer.concat([header, ...sectors, table]);
}

function directoryEntry(row: Row): Buffer {
  const bytes = Buffer.alloc(128);
  const name = Buffer.from(row.name, 'utf16le');
  name.copy(bytes);
  bytes.writeUInt16LE(name.length + 2, 64);
  bytes[66] = row.type;
  bytes[67] = 1;
  bytes.writeUInt32LE(free, 68);
  bytes.writeUInt32LE(row.right, 72);
  bytes.writeUInt32LE(row.child, 76);
  bytes.write(row.classId, 80, 'hex');
  bytes.writeUInt32LE(row.start, 116);
  bytes.writeUInt32LE(row.size, 120);
  return bytes;
}

/** A compressed container of MS-OVBA 2.4.1; what repeats right away is written as a copy. */
export function compressVba(text: string): Buffer {
  const source = Buffer.from(text, 'latin1');
  const chunks: Buffer[] = [Buffer.from([1])];
  for (let start = 0; start < source.length; start += 4_096) {
    const chunk = source.subarray(start, start + 4_096);
    const out: number[] = [];
    let at = 0;
    while (at < chunk.length) {
      const flagAt = out.push(0) - 1;
      for (let bit = 0; bit < 8 && at < chunk.length; bit++) {
        const copied = copyAt(chunk, at);
        if (copied) {
          out[flagAt]! |= 1 << bit;
          out.push(copied.token & 0xff, copied.token >>> 8);
          at += copied.length;
        } else out.push(chunk[at++]!);
      }
    }
    const header = Buffer.alloc(2);
    header.writeUInt16LE(0xb000 | (out.length - 1));
    chunks.push(header, Buffer.from(out));
  }
  return Buffer.concat(chunks);
}

function copyAt(chunk: Buffer, at: number): { readonly token: number; readonly length: number } | undefined {
  let bits = 4;
  while (2 ** bits < at) bits++;
  const longest = (0xffff >>> bits) + 3;
  for (let distance = 1; distance <= Math.min(at, 64); distance++) {
    let length = 0;
    while (
      length < longest &&
      at + length < chunk.length &&
      chunk[at + length] === chunk[at + length - distance]
    )
      length++;
    if (length >= 3) return { token: ((distance - 1) << (16 - bits)) | (length - 3), length };
  }
  return undefined;
}

/** The storage of a project with one module. */
export function macroProject(code: string, name = 'ThisDocument'): Storage {
  const record = (id: number, data: Buffer): Buffer => {
    const head = Buffer.alloc(6);
    head.writeUInt16LE(id);
    head.writeUInt32LE(data.length, 2);
    return Buffer.concat([head, data]);
  };
  const junk = Buffer.from('compiled code that nobody reads');
  const offset = Buffer.alloc(4);
  offset.writeUInt32LE(junk.length);
  const directory = Buffer.concat([
    record(0x0001, Buffer.alloc(4)),
    record(0x0019, Buffer.from(name)),
    record(0x001a, Buffer.from(name)),
    record(0x0032, Buffer.from(name, 'utf16le')),
    record(0x0031, offset),
    record(0x002b, Buffer.alloc(0)),
  ]);
  const source = `Attribute VB_Name = "${name}"\r\n${code}`;
  return {
    VBA: {
      dir: compressVba(directory.toString('latin1')),
      _VBA_PROJECT: Buffer.from('cc61ffff', 'hex'),
      [name]: Buffer.concat([junk, compressVba(source)]),
    },
  };
}

/** The stream of a file in an object (`\1Ole10Native`). */
export function nativeStream(name: string, content: string): Buffer {
  const zero = Buffer.from([0]);
  const path = Buffer.from(`C:\\temp\\${name}`, 'latin1');
  const size = (bytes: number): Buffer => {
    const out = Buffer.alloc(4);
    out.writeUInt32LE(bytes);
    return out;
  };
  const data = Buffer.from(content, 'latin1');
  const body = Buffer.concat([
    Buffer.from([2, 0]),
    Buffer.from(name, 'latin1'),
    zero,
    path,
    zero,
    Buffer.from([0, 0, 3, 0]),
    size(path.length + 1),
    path,
    zero,
    size(data.length),
    data,
  ]);
  return Buffer.concat([size(body.length), body]);
}
