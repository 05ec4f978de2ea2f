import type { ArchiveListing } from '../core/index.ts';
import { hasBytes } from './magic.ts';

/** Members that tell what a ZIP file is besides an archive, the surest first. */
const zipSigns: readonly (readonly [extension: string, member: RegExp])[] = [
  ['docm', /^word\/vbaProject\.bin$/i],
  ['xlsm', /^xl\/vbaProject\.bin$/i],
  ['pptm', /^ppt\/vbaProject\.bin$/i],
  ['xlsb', /^xl\/workbook\.bin$/i],
  ['docx', /^word\/document\d{0,3}\.xml$/i],
  ['xlsx', /^xl\/workbook\d{0,3}\.xml$/i],
  ['pptx', /^ppt\/presentation\d{0,3}\.xml$/i],
  ['vsdx', /^visio\/document\.xml$/i],
  ['xps', /^FixedDocSeq\.fdseq$/i],
  ['appx', /^AppxManifest\.xml$/i],
  ['apk', /^AndroidManifest\.xml$/],
  ['jar', /^META-INF\/MANIFEST\.MF$/i],
];

/** Media types in the first member of OpenDocument and EPUB files (OpenDocument 1.3 part 2, 3.3). */
const mimetypes: Readonly<Record<string, string>> = {
  'application/vnd.oasis.opendocument.text': 'odt',
  'application/vnd.oasis.opendocument.spreadsheet': 'ods',
  'application/vnd.oasis.opendocument.presentation': 'odp',
  'application/vnd.oasis.opendocument.graphics': 'odg',
  'application/vnd.oasis.opendocument.base': 'odb',
  'application/vnd.oasis.opendocument.database': 'odb',
  'application/epub+zip': 'epub',
};

/** What a ZIP file is, by its members. */
export function zipKind(file: Buffer, { members }: ArchiveListing): string {
  if (hasBytes(file, 'mimetype', 30)) {
    const start = 38 + file.readUInt16LE(28);
    const length = Math.min(file.readUInt32LE(22) || 80, 80);
    const type = file.toString('latin1', start, start + length);
    const known = Object.keys(mimetypes).find((name) => type.startsWith(name));
    if (known !== undefined) return mimetypes[known]!;
  }
  let best = zipSigns.length;
  const level = members[0]?.inside.length ?? 0;
  for (const { name, inside } of members) {
    if (inside.length > level) break;
    const found = zipSigns.findIndex(([, member], index) => index < best && member.test(name));
    if (found >= 0) best = found;
  }
  return zipSigns[best]?.[0] ?? 'zip';
}

/** Class identifiers of root entries ([MS-CFB] 2.6.1), as they are written. */
const rootClasses: Readonly<Record<string, string>> = {
  '0609020000000000c000000000000046': 'doc',
  '0009020000000000c000000000000046': 'doc',
  '2008020000000000c000000000000046': 'xls',
  '1008020000000000c000000000000046': 'xls',
  '108d81649b4fcf1186ea00aa00b929e8': 'ppt',
  '0b0d020000000000c000000000000046': 'msg',
  '84100c0000000000c000000000000046': 'msi',
  '86100c0000000000c000000000000046': 'msi',
  '0112020000000000c000000000000046': 'pub',
};

/** Streams that tell the program. */
const streams: Readonly<Record<string, string>> = {
  WordDocument: 'doc',
  Workbook: 'xls',
  Book: 'xls',
  'PowerPoint Document': 'ppt',
  '__nameid_version1.0': 'msg',
  '__properties_version1.0': 'msg',
  VisioDocument: 'vsd',
  FileHeader: 'hwp',
  Quill: 'pub',
};

/** What an OLE compound file is, by the entries in the first sectors of its directory ([MS-CFB] 2.2, 2.6). */
export function oleKind(file: Buffer): string {
  if (file.length < 512) return 'ole';
  const shift = file.readUInt16LE(30);
  if (shift !== 9 && shift !== 12) return 'ole';
  const start = (file.readUInt32LE(48) + 1) * 2 ** shift;
  const end = Math.min(file.length, start + 8 * 2 ** shift);
  for (let at = start; at + 128 <= end; at += 128) {
    const nameBytes = file.readUInt16LE(at + 64);
    const kind = file[at + 66]!;
    if (kind === 5) {
      const root = rootClasses[file.toString('hex', at + 80, at + 96)];
      if (root !== undefined) return root;
    } else if ((kind === 1 || kind === 2) && nameBytes >= 2 && nameBytes <= 64) {
      const stream = file.toString('utf16le', at, at + nameBytes - 2);
      if (Object.hasOwn(streams, stream)) return streams[stream]!;
      // Documents that need a password lie packed in a compound file ([MS-OFFCRYPTO] 2.3.4.4).
      if (stream === 'EncryptedPackage') return 'docx';
    }
  }
  return 'ole';
}
