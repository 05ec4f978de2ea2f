import { crc32 } from 'node:zlib';

// Archives that no packer would write, and those for which Debian has no packer.

/** A member of an archive that is built by hand. */
export interface Member {
  readonly name: string | Buffer;
  readonly content?: string | Buffer;
  readonly isEncrypted?: boolean;
  /** ZIP: the name in the member's own header, where that differs from the directory's. */
  readonly localName?: string;
  /** What the directory says of its size. */
  readonly sizeBytes?: number;
  readonly packedBytes?: number;
}

const u8 = (...values: number[]): Buffer => Buffer.from(values);

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

const bytesOf = (text: string | Buffer): Buffer => (typeof text === 'string' ? Buffer.from(text) : text);

/** A ZIP archive whose members are stored. */
export function makeZip(
  members: readonly Member[],
  { flags = 0x800, comment = '' }: { readonly flags?: number; readonly comment?: string } = {},
): Buffer {
  const locals: Buffer[] = [];
  const entries: Buffer[] = [];
  let offset = 0;
  for (const member of members) {
    const content = bytesOf(member.content ?? 'content');
    const name = bytesOf(member.name);
    const localName = bytesOf(member.localName ?? member.name);
    const bits = flags | (member.isEncrypted ? 1 : 0);
    const sizes = Buffer.concat([
      u32(crc32(content)),
      u32(member.packedBytes ?? content.length),
      u32(member.sizeBytes ?? content.length),
    ]);
    const common = Buffer.concat([u16(bits), u16(0), u32(0), sizes]);
    const local = Buffer.concat([
      Buffer.from('PK\x03\x04'),
      u16(20),
      common,
      u16(localName.length),
      u16(0),
      localName,
      content,
    ]);
    entries.push(
      Buffer.concat([
        Buffer.from('PK\x01\x02'),
        u16(20),
        u16(20),
        common,
        u16(name.length),
        Buffer.alloc(12),
        u32(offset),
        name,
      ]),
    );
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(entries);
  const end = Buffer.concat([
    Buffer.from('PK\x05\x06'),
    u32(0),
    u16(members.length),
    u16(members.length),
    u32(directory.length),
    u32(offset),
    u16(comment.length),
    Buffer.from(comment),
  ]);
  return Buffer.concat([...locals, directory, end]);
}

export interface RarOptions {
  readonly hasEncryptedHeaders?: boolean;
  readonly isVolume?: boolean;
}

function rar4Block(kind: number, flags: number, rest: Buffer, data: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.concat([u8(kind), u16(flags), u16(7 + rest.length), rest]);
  return Buffer.concat([u16(crc32(head) & 0xffff), head, data]);
}

/** A RAR archive of version 4 whose members are stored. */
export function makeRar4(members: readonly Member[], options: RarOptions = {}): Buffer {
  const flags = (options.isVolume ? 1 : 0) | (options.hasEncryptedHeaders ? 0x80 : 0);
  const files = members.map((member) => {
    const name = bytesOf(member.name);
    const data = bytesOf(member.content ?? 'content');
    const head = Buffer.concat([
      u32(data.length),
      u32(member.sizeBytes ?? data.length),
      u8(3),
      u32(crc32(data)),
      u32(0),
      u8(29, 0x30),
      u16(name.length),
      u32(0x20),
      name,
    ]);
    const isUnicode = name.includes(0);
    return rar4Block(0x74, 0x8000 | (member.isEncrypted ? 4 : 0) | (isUnicode ? 0x200 : 0), head, data);
  });
  return Buffer.concat([
    Buffer.from('Rar!\x1a\x07\x00', 'latin1'),
    rar4Block(0x73, flags, Buffer.alloc(6)),
    ...files,
    rar4Block(0x7b, 0x4000, Buffer.alloc(0)),
  ]);
}

/** Numbers of RAR 5: seven bits a byte. */
function vint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    bytes.push((rest % 128) | (rest >= 128 ? 0x80 : 0));
    if (rest < 128) return Buffer.from(bytes);
  }
}

function rar5Block(fields: readonly Buffer[]): Buffer {
  const header = Buffer.concat(fields);
  const sized = Buffer.concat([vint(header.length), header]);
  return Buffer.concat([u32(crc32(sized)), sized]);
}

/** A RAR archive of version 5 whose members are stored. */
export function makeRar5(members: readonly Member[], options: RarOptions = {}): Buffer {
  const files = members.flatMap((member) => {
    const name = bytesOf(member.name);
    const data = bytesOf(member.content ?? 'content');
    // An encryption record: size, type 1, and the rest of its fields.
    const extra = member.isEncrypted ? Buffer.concat([vint(4), vint(1), u8(0, 0, 0)]) : Buffer.alloc(0);
    const header = rar5Block([
      vint(2),
      vint(2 | (member.isEncrypted ? 1 : 0)),
      ...(member.isEncrypted ? [vint(extra.length)] : []),
      vint(data.length),
      vint(4),
      vint(member.sizeBytes ?? data.length),
      vint(0x20),
      u32(crc32(data)),
      vint(0),
      vint(1),
      vint(name.length),
      name,
      extra,
    ]);
    return [header, data];
  });
  return Buffer.concat([
    Buffer.from('Rar!\x1a\x07\x01\x00', 'latin1'),
    ...(options.hasEncryptedHeaders ? [rar5Block([vint(4), vint(0), vint(0), vint(0)])] : []),
    rar5Block([vint(1), vint(0), vint(options.isVolume ? 1 : 0)]),
    ...files,
    rar5Block([vint(5), vint(0), vint(0)]),
  ]);
}
