import { type IpAddress, parseNetwork } from '../../src/lib/index.ts';

// Writes databases in MaxMind's DB format 2.0 (github.com/maxmind/MaxMind-DB), as far as tests need them.

/** What a record of such a database may hold here. */
export type MmdbValue = string | number | { readonly [key: string]: MmdbValue };

/** A node of the tree: for bit 0 and bit 1 another node, an index of a record, or nothing. */
type Node = [zero: Node | number | undefined, one: Node | number | undefined];

const separatorBytes = 16;

function control(type: number, size: number): Buffer {
  if (size >= 285) throw new Error('too large for a test');
  const sizeBits = Math.min(size, 29);
  const bytes = type < 8 ? [(type << 5) | sizeBits] : [sizeBits, type - 7];
  if (size >= 29) bytes.push(size - 29);
  return Buffer.from(bytes);
}

function encode(value: MmdbValue): Buffer {
  if (typeof value === 'string') {
    const text = Buffer.from(value, 'utf8');
    return Buffer.concat([control(2, text.length), text]);
  }
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return Buffer.concat([control(6, 4), bytes]);
  }
  const entries = Object.entries(value);
  return Buffer.concat([
    control(7, entries.length),
    ...entries.flatMap(([key, inner]) => [encode(key), encode(inner)]),
  ]);
}

function bits({ address, prefixLength }: { address: IpAddress; prefixLength: number }): number[] {
  const found: number[] = [];
  // IPv4 lives in ::/96 of the tree.
  if (address.family === 4) for (let i = 0; i < 96; i++) found.push(0);
  for (let i = 0; i < prefixLength; i++) found.push((address.bytes[i >> 3]! >> (7 - (i & 7))) & 1);
  return found;
}

/** A database of networks; those that overlap are not merged. */
export function mmdb(networks: Readonly<Record<string, MmdbValue>>): Buffer {
  const root: Node = [undefined, undefined];
  const nodes: Node[] = [root];
  const offsets: number[] = [];
  const data: Buffer[] = [];
  let dataBytes = 0;
  for (const [text, value] of Object.entries(networks)) {
    const path = bits(parseNetwork(text)!);
    let node = root;
    for (const bit of path.slice(0, -1)) {
      let next = node[bit as 0 | 1];
      if (typeof next !== 'object') {
        next = [undefined, undefined];
        nodes.push(next);
        node[bit as 0 | 1] = next;
      }
      node = next;
    }
    node[path.at(-1) as 0 | 1] = offsets.length;
    const encoded = encode(value);
    offsets.push(dataBytes);
    data.push(encoded);
    dataBytes += encoded.length;
  }
  const index = new Map(nodes.map((node, i) => [node, i]));
  const tree = Buffer.alloc(nodes.length * 6);
  nodes.forEach((node, i) => {
    node.forEach((entry, bit) => {
      const pointer =
        entry === undefined
          ? nodes.length
          : typeof entry === 'number'
            ? nodes.length + separatorBytes + offsets[entry]!
            : index.get(entry)!;
      tree.writeUIntBE(pointer, i * 6 + bit * 3, 3);
    });
  });
  const metadata = encode({
    node_count: nodes.length,
    record_size: 24,
    ip_version: 6,
    database_type: 'Test',
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_700_000_000,
  });
  const marker = Buffer.concat([Buffer.from([0xab, 0xcd, 0xef]), Buffer.from('MaxMind.com')]);
  return Buffer.concat([tree, Buffer.alloc(separatorBytes), ...data, marker, metadata]);
}
