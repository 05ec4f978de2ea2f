/** An object of a compound file: a stream or a storage (MS-CFB 2.6). */
export interface OleEntry {
  readonly name: string;
  /** Names from the root down, `/` between; control characters of names are left out. */
  readonly path: string;
  readonly kind: 'storage' | 'stream';
  readonly sizeBytes: number;
  /** Lower case hexadecimal in the order of the file, 32 digits; all zero: none. */
  readonly classId: string;
  readonly startSector: number;
}

const signature = Buffer.from('d0cf11e0a1b11ae1', 'hex');
const endOfChain = 0xfffffffe;
const entryBytes = 128;
const headerDifat = 109;

const maxEntries = 4_096;
const maxDepth = 32;
/** Sectors of tables: of 512 bytes, enough for a file of 256 MiB. */
const maxTableSectors = 4_096;
const maxTreeSteps = 20_000;
const maxReadBytes = 33_554_432;

/** Do the bytes begin like a compound file? */
export function isOle(file: Buffer): boolean {
  return file.length >= 512 && file.subarray(0, 8).equals(signature);
}

/** A compound file, the container of Word, Excel and PowerPoint up to 2003 (MS-CFB). Never throws on input. */
export class OleFile {
  readonly #file: Buffer;
  readonly #sectorBytes: number;
  readonly #fat: readonly number[];
  readonly #miniFat: Buffer;
  readonly #miniStream: Buffer;
  readonly #miniCutoff: number;
  readonly entries: readonly OleEntry[];
  /** Bytes of streams that may still be read: many entries may name the same one. */
  #readLeft = maxReadBytes;

  constructor(file: Buffer) {
    this.#file = file;
    const shift = file.readUInt16LE(30);
    this.#sectorBytes = shift === 12 ? 4_096 : 512;
    this.#miniCutoff = Math.min(file.readUInt32LE(56), 65_536);
    this.#fat = this.#readFat();
    const directory = this.#chain(file.readUInt32LE(48), maxEntries * entryBytes);
    this.#miniFat = this.#chain(file.readUInt32LE(60), maxTableSectors * 512);
    const root = directory.length >= entryBytes ? directory : Buffer.alloc(entryBytes);
    this.#miniStream = this.#chain(root.readUInt32LE(116), Math.min(root.readUInt32LE(120), file.length));
    this.entries = readTree(directory);
  }

  /** The stream of an entry, at most so many bytes; what the file lacks of it is left out. */
  read(entry: OleEntry, maxBytes: number): Buffer {
    const length = Math.min(entry.sizeBytes, maxBytes, this.#file.length, this.#readLeft);
    if (entry.kind === 'storage' || length <= 0) return Buffer.alloc(0);
    this.#readLeft -= length;
    return entry.sizeBytes < this.#miniCutoff
      ? this.#miniChain(entry.startSector, length)
      : this.#chain(entry.startSector, length);
  }

  /** True when there was more to read than the bound. */
  get isCut(): boolean {
    return this.#readLeft <= 0;
  }

  /** The first entry whose path ends so, in whatever case. */
  find(pathEnd: RegExp): OleEntry | undefined {
    return this.entries.find(({ path }) => pathEnd.test(path));
  }

  #sector(index: number): Buffer {
    const start = (index + 1) * this.#sectorBytes;
    return this.#file.subarray(start, start + this.#sectorBytes);
  }

  /** The table of chains, whose own places stand in the header and in further sectors (MS-CFB 2.3, 2.5). */
  #readFat(): readonly number[] {
    const file = this.#file;
    const places: number[] = [];
    for (let i = 0; i < headerDifat; i++) places.push(file.readUInt32LE(76 + i * 4));
    const seen = new Set<number>();
    let next = file.readUInt32LE(68);
    while (next < endOfChain && !seen.has(next) && places.length < maxTableSectors) {
      seen.add(next);
      const sector = this.#sector(next);
      if (sector.length < this.#sectorBytes) break;
      for (let i = 0; i + 8 <= sector.length; i += 4) places.push(sector.readUInt32LE(i));
      next = sector.readUInt32LE(sector.length - 4);
    }
    const fat: number[] = [];
    for (const place of places.slice(0, maxTableSectors)) {
      if (place >= endOfChain) continue;
      const sector = this.#sector(place);
      for (let i = 0; i + 4 <= sector.length; i += 4) fat.push(sector.readUInt32LE(i));
    }
    return fat;
  }

  #chain(start: number, maxBytes: number): Buffer {
    const sectors: Buffer[] = [];
    let length = 0;
    let index = start;
    // A chain that bites its tail ends at the bound; none is longer than the file.
    const bound = Math.min(maxBytes, this.#file.length);
    while (index < endOfChain && length < bound) {
      const sector = this.#sector(index);
      if (sector.length === 0) break;
      sectors.push(sector);
      length += sector.length;
      index = this.#fat[index] ?? endOfChain;
    }
    return Buffer.concat(sectors).subarray(0, bound);
  }

  #miniChain(start: number, maxBytes: number): Buffer {
    const pieces: Buffer[] = [];
    let length = 0;
    let index = start;
    while (index < endOfChain && length < maxBytes) {
      const piece = this.#miniStream.subarray(index * 64, index * 64 + 64);
      if (piece.length === 0) break;
      pieces.push(piece);
      length += piece.length;
      const at = index * 4;
      index = at + 4 <= this.#miniFat.length ? this.#miniFat.readUInt32LE(at) : endOfChain;
    }
    return Buffer.concat(pieces).subarray(0, maxBytes);
  }
}

/** Walks the trees of siblings and children (MS-CFB 2.6.4), each entry once. */
function readTree(directory: Buffer): OleEntry[] {
  const entries: OleEntry[] = [];
  const seen = new Set<number>();
  // Depth first, left before the entry before right: the order of names.
  const open: { readonly id: number; readonly path: string; readonly depth: number }[] = [];
  const push = (id: number, path: string, depth: number): void => {
    if (id < directory.length / entryBytes && (id + 1) * entryBytes <= directory.length && depth <= maxDepth)
      open.push({ id, path, depth });
  };
  push(0, '', 0);
  for (let steps = 0; open.length > 0 && steps < maxTreeSteps; steps++) {
    const { id, path, depth } = open.pop()!;
    if (seen.has(id)) continue;
    seen.add(id);
    const at = id * entryBytes;
    const type = directory[at + 66];
    if (type !== 1 && type !== 2 && type !== 5) continue;
    const nameBytes = Math.min(Math.max(directory.readUInt16LE(at + 64) - 2, 0), 62) & ~1;
    const name = directory.toString('utf16le', at, at + nameBytes);
    const own = type === 5 ? '' : `${path}${path === '' ? '' : '/'}${name.replace(/[\0-\x1f/]/g, '')}`;
    entries.push({
      name,
      path: own,
      kind: type === 2 ? 'stream' : 'storage',
      sizeBytes: directory.readUInt32LE(at + 120),
      classId: directory.toString('hex', at + 80, at + 96),
      startSector: directory.readUInt32LE(at + 116),
    });
    if (type !== 5) {
      push(directory.readUInt32LE(at + 72), path, depth);
      push(directory.readUInt32LE(at + 68), path, depth);
    }
    if (type !== 2) push(directory.readUInt32LE(at + 76), own, depth + 1);
  }
  return entries;
}
