/** First bytes (latin1) of formats that begin with fixed bytes. Longer ones first where one begins with another. */
const starts: readonly (readonly [extension: string, bytes: string])[] = [
  ['zip', 'PK\x03\x04'],
  ['zip', 'PK\x05\x06'],
  ['zip', 'PK\x07\x08'],
  ['rar', 'Rar!\x1a\x07'],
  ['7z', '7z\xbc\xaf\x27\x1c'],
  ['gz', '\x1f\x8b\x08'],
  ['z', '\x1f\x9d'],
  ['xz', '\xfd7zXZ\x00'],
  ['lz', 'LZIP'],
  ['zst', '\x28\xb5\x2f\xfd'],
  ['lz4', '\x04\x22\x4d\x18'],
  ['lzo', '\x89LZO\x00\r\n\x1a\n'],
  ['cab', 'MSCF\x00\x00\x00\x00'],
  ['alz', 'ALZ\x01'],
  ['egg', 'EGGA'],
  ['zpaq', '7kSt\xa0'],
  ['zpaq', 'zPQ'],
  ['wim', 'MSWIM\x00\x00\x00'],
  ['vhd', 'conectix'],
  ['vhdx', 'vhdxfile'],
  ['vmdk', 'KDMV'],
  ['cpio', '070701'],
  ['cpio', '070702'],
  ['cpio', '070707'],
  ['deb', '!<arch>\ndebian-binary'],
  ['ar', '!<arch>\n'],
  ['rpm', '\xed\xab\xee\xdb'],
  ['xar', 'xar!\x00\x1c'],
  ['sit', 'SIT!'],
  ['sit', 'StuffIt '],
  ['ole', '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'],
  ['rtf', '{\\rt'],
  ['ps', '%!PS'],
  ['one', '\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3'],
  ['mdb', '\x00\x01\x00\x00Standard Jet DB'],
  ['mdb', '\x00\x01\x00\x00Standard ACE DB'],
  ['xls', '\x09\x08\x10\x00\x00\x06\x05\x00'],
  ['wpd', '\xffWPC'],
  ['djvu', 'AT&TFORM'],
  ['dwg', 'AC10'],
  ['elf', '\x7fELF'],
  ['macho', '\xfe\xed\xfa\xce'],
  ['macho', '\xfe\xed\xfa\xcf'],
  ['macho', '\xce\xfa\xed\xfe'],
  ['macho', '\xcf\xfa\xed\xfe'],
  ['dex', 'dex\n03'],
  ['wasm', '\x00asm'],
  // MS-SHLLINK 2.1: size of the header and LinkCLSID.
  ['lnk', '\x4c\x00\x00\x00\x01\x14\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46'],
  ['chm', 'ITSF'],
  ['swf', 'FWS'],
  ['swf', 'CWS'],
  ['swf', 'ZWS'],
  ['crx', 'Cr24'],
  ['png', '\x89PNG\r\n\x1a\n'],
  ['jpg', '\xff\xd8\xff'],
  ['gif', 'GIF87a'],
  ['gif', 'GIF89a'],
  ['tiff', 'II*\x00'],
  ['tiff', 'MM\x00*'],
  ['psd', '8BPS'],
  ['jxl', '\xff\x0a'],
  ['jxl', '\x00\x00\x00\x0cJXL '],
  ['jp2', '\x00\x00\x00\x0cjP  '],
  ['wmf', '\xd7\xcd\xc6\x9a'],
  ['xcf', 'gimp xcf'],
  ['mp3', 'ID3'],
  ['ogg', 'OggS'],
  ['flac', 'fLaC'],
  ['mid', 'MThd'],
  ['amr', '#!AMR'],
  ['mkv', '\x1a\x45\xdf\xa3'],
  ['wmv', '\x30\x26\xb2\x75\x8e\x66\xcf\x11'],
  ['flv', 'FLV\x01'],
  ['mpg', '\x00\x00\x01\xba'],
  ['mpg', '\x00\x00\x01\xb3'],
  ['ttf', '\x00\x01\x00\x00\x00'],
  ['otf', 'OTTO\x00'],
  ['ttc', 'ttcf'],
  ['woff', 'wOFF'],
  ['woff2', 'wOF2'],
  ['sqlite', 'SQLite format 3\x00'],
  ['pst', '!BDN'],
  ['tnef', '\x78\x9f\x3e\x22'],
  ['torrent', 'd8:announce'],
];

interface Start {
  readonly extension: string;
  readonly bytes: Buffer;
  /** Words could begin like this: only with a zero byte near the start it is that format. */
  readonly isWord: boolean;
}

/** Formats that are texts, or whose beginning no other text has. */
const textual: ReadonlySet<string> = new Set(['rtf', 'ps', 'amr', 'torrent', 'cpio', 'ar', 'deb', 'vhdx']);

const byFirstByte = new Map<number, Start[]>();
for (const [extension, text] of starts) {
  const bytes = Buffer.from(text, 'latin1');
  const isWord = /^[\x20-\x7e]{1,8}$/.test(text) && !textual.has(extension);
  const list = byFirstByte.get(bytes[0]!);
  if (list) list.push({ extension, bytes, isWord });
  else byFirstByte.set(bytes[0]!, [{ extension, bytes, isWord }]);
}

const hasZero = (file: Buffer): boolean => file.subarray(0, 512).includes(0);

/** Do these bytes stand at this place? */
export function hasBytes(file: Buffer, text: string, offset: number): boolean {
  if (offset < 0 || file.length < offset + text.length) return false;
  for (let i = 0; i < text.length; i++) if (file[offset + i] !== text.charCodeAt(i)) return false;
  return true;
}

function readInt(file: Buffer, offset: number, bytes: 2 | 4): number {
  if (offset + bytes > file.length) return -1;
  return bytes === 2 ? file.readUInt16LE(offset) : file.readUInt32LE(offset);
}

/** `MZ`: a program for DOS or, where its header leads to another, for Windows (PE/COFF 3.3.2). */
function readMz(file: Buffer): string {
  const header = readInt(file, 0x3c, 4);
  if (header < 0 || !hasBytes(file, 'PE\0\0', header)) return 'exe';
  const characteristics = readInt(file, header + 22, 2);
  return characteristics >= 0 && (characteristics & 0x2000) !== 0 ? 'dll' : 'exe';
}

/** RIFF and ISO base media (ISO 14496-12) name their content a little further on. */
function readContainer(file: Buffer): string | undefined {
  if (hasBytes(file, 'RIFF', 0)) {
    const riff: Readonly<Record<string, string>> = { WEBP: 'webp', WAVE: 'wav', 'AVI ': 'avi', ACON: 'cur' };
    return riff[file.toString('latin1', 8, 12)];
  }
  if (hasBytes(file, 'FORM', 0) && hasBytes(file, 'AIF', 8)) return 'aiff';
  if (!hasBytes(file, 'ftyp', 4)) return hasBytes(file, 'moov', 4) ? 'mov' : undefined;
  const brand = file.toString('latin1', 8, 12);
  if (/^(?:hei[cxms]|hev[cx]|mif1|msf1)/.test(brand)) return 'heic';
  if (brand.startsWith('avi')) return 'avif';
  if (brand.startsWith('qt')) return 'mov';
  if (brand.startsWith('M4A')) return 'm4a';
  return brand.startsWith('3g') ? '3gp' : 'mp4';
}

const cafebabe = '\xca\xfe\xba\xbe';

/** Formats whose first bytes alone could be chance. */
function readWeak(file: Buffer): string | undefined {
  switch (file[0]) {
    case 0x42: {
      // BM, then the size of the information header (12, 40 … 124).
      const header = readInt(file, 14, 4);
      if (file[1] === 0x4d && header >= 12 && header <= 124) return 'bmp';
      return hasBytes(file, 'BZh', 0) && hasBytes(file, '1AY&SY', 4) ? 'bz2' : undefined;
    }
    case 0x4d:
      return file[1] === 0x5a && hasZero(file) ? readMz(file) : undefined;
    case 0x00: {
      const count = readInt(file, 4, 2);
      if (count <= 0 || count > 256 || file[9] !== 0) return undefined;
      return hasBytes(file, '\0\0\x01\0', 0) ? 'ico' : hasBytes(file, '\0\0\x02\0', 0) ? 'cur' : undefined;
    }
    case 0x01:
      return hasBytes(file, '\x01\0\0\0', 0) && hasBytes(file, ' EMF', 40) ? 'emf' : undefined;
    case 0x60:
      // ARJ: size of the basic header, at most 2,600.
      return file[1] === 0xea && readInt(file, 2, 2) >= 30 && readInt(file, 2, 2) <= 2600 ? 'arj' : undefined;
    case 0xca:
      // Java class files (JVMS 4.1) and universal Mach-O share their magic: major version or number of programs.
      if (!hasBytes(file, cafebabe, 0) || file.length < 8) return undefined;
      return file.readUInt32BE(4) < 30 ? 'macho' : 'class';
    case 0xff:
      // An MPEG audio frame: layer III, a bit rate and a sampling rate that exist.
      return file.length > 3 &&
        (file[1]! & 0xfe) === 0xfa &&
        file[2]! >> 4 !== 15 &&
        (file[2]! & 0x0c) !== 0x0c
        ? 'mp3'
        : undefined;
    case 0x30:
      // ContentInfo of CMS (RFC 5652 3): SEQUENCE, then an object identifier 1.2.840.113549.1.7.x.
      return file[1]! >= 0x80 &&
        file.subarray(2, 20).includes('\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07', 'latin1')
        ? 'p7m'
        : undefined;
    default:
      return undefined;
  }
}

/** Formats that show themselves further inside. */
function readInside(file: Buffer): string | undefined {
  if (hasBytes(file, '**ACE**', 7)) return 'ace';
  if (hasBytes(file, '-lh', 2) && file[6] === 0x2d) return 'lzh';
  if (hasBytes(file, 'ustar', 257)) return 'tar';
  const size = file.length;
  // ECMA-119 8.1 and ECMA-167 2/9.1: volume descriptors from sector 16 on.
  if (size > 0x9000) {
    if ([0x8001, 0x8801, 0x9001].some((offset) => hasBytes(file, 'CD001', offset))) return 'iso';
    for (let sector = 16; sector < 24; sector++) if (hasBytes(file, 'NSR0', sector * 2048 + 1)) return 'udf';
  }
  // Programs open a ZIP archive by its end, whatever stands before it.
  if (hasBytes(file, 'PK\x05\x06', size - 22)) return 'zip';
  if (hasBytes(file, 'conectix', size - 512)) return 'vhd';
  if (hasBytes(file, 'koly', size - 512)) return 'dmg';
  return undefined;
}

/** How far into a file `%PDF-` may stand: readers look so far. */
const pdfWindow = 1024;

/** The format of a file by fixed bytes in it; undefined: none that is known, perhaps a text. */
export function readMagic(file: Buffer): string | undefined {
  if (file.length < 4) return undefined;
  for (const { extension, bytes, isWord } of byFirstByte.get(file[0]!) ?? []) {
    if (file.length < bytes.length || file.compare(bytes, 0, bytes.length, 0, bytes.length) !== 0) continue;
    if (!isWord || hasZero(file)) return extension;
  }
  const found = readWeak(file) ?? readContainer(file) ?? readInside(file);
  if (found !== undefined) return found;
  const window = file.length > pdfWindow ? file.subarray(0, pdfWindow) : file;
  return window.includes('%PDF-', 'latin1') ? 'pdf' : undefined;
}
