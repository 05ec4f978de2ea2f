import type { OfficeView } from '../core/index.ts';
import { OfficeFindings } from './office-findings.ts';
import { type OleEntry, OleFile } from './ole.ts';
import { readMacros } from './vba.ts';

const maxStreamBytes = 2_097_152;
const maxObjectBytes = 1_048_576;
const maxObjects = 200;
const maxRecords = 50_000;
/** Places where a link may begin. */
const maxLookedAt = 3_000;

/** Class of the equation editor 3.0, whose buffer overflows. */
const equationClass = '02ce020000000000c000000000000046';

/** Reads a document of Word, Excel or PowerPoint up to 2003, or an encrypted one of any version. Never throws on input. */
export function readOleOffice(file: Buffer): OfficeView {
  const findings = new OfficeFindings('ole');
  inspectOle(new OleFile(file), findings);
  return findings.view();
}

/** Adds what a compound file holds: a document, an object within one, or the macros of one. */
export function inspectOle(ole: OleFile, findings: OfficeFindings): void {
  let objects = 0;
  for (const entry of ole.entries) {
    if (entry.classId === equationClass || /^equation native$/i.test(entry.name)) findings.hasEquation = true;
    if (entry.kind === 'storage') continue;
    switch (entry.name.toLowerCase()) {
      case '\u0001ole10native':
        if (++objects <= maxObjects) readNative(ole.read(entry, maxObjectBytes), findings);
        else findings.isCut = true;
        break;
      case 'encryptedpackage':
      case 'encryptedsummary':
        findings.isEncrypted = true;
        break;
      case 'worddocument':
        readWord(ole, entry, findings);
        break;
      case 'workbook':
      case 'book':
        readWorkbook(ole.read(entry, maxStreamBytes), findings);
        break;
      case 'powerpoint document':
        addLinks(ole.read(entry, maxStreamBytes), findings);
        break;
      default:
        break;
    }
  }
  findings.addMacros(readMacros(ole));
  if (ole.isCut) findings.isCut = true;
}

/** A file in an object (`\1Ole10Native`): size, kind, label, name, more names, then its content. */
export function readNative(stream: Buffer, findings: OfficeFindings): void {
  const isPackage = stream.length > 6 && stream.readUInt16LE(4) === 2;
  if (!isPackage) {
    // The bare content, with its size in front.
    findings.addFile('', stream.subarray(4));
    return;
  }
  const label = zeroEnded(stream, 6);
  const path = zeroEnded(stream, label.end);
  // Two words, the length of the name it was read from, that name, and the size of the content.
  const sourceAt = path.end + 8;
  const sourceBytes = path.end + 8 <= stream.length ? stream.readUInt32LE(path.end + 4) : 0;
  const content = stream.subarray(Math.min(sourceAt + sourceBytes + 4, stream.length));
  findings.addFile(label.text || baseName(path.text), content);
  if (baseName(path.text) !== label.text) findings.addFile(baseName(path.text), content);
}

function zeroEnded(bytes: Buffer, start: number): { readonly text: string; readonly end: number } {
  const zero = bytes.indexOf(0, start);
  const end = zero < 0 ? bytes.length : zero;
  return { text: bytes.toString('latin1', start, Math.min(end, start + 1_024)), end: end + 1 };
}

function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('\\'), path.lastIndexOf('/')) + 1);
}

/** Word's information block (MS-DOC 2.5.2) says whether the rest is encrypted; fields say where links lead. */
function readWord(ole: OleFile, entry: OleEntry, findings: OfficeFindings): void {
  const stream = ole.read(entry, maxStreamBytes);
  const encrypted = 0x0100;
  if (stream.length > 12 && (stream.readUInt16LE(10) & encrypted) !== 0) {
    findings.isEncrypted = true;
    return;
  }
  if (entry.sizeBytes > maxStreamBytes) findings.isCut = true;
  addLinks(stream, findings);
  const narrow = stream.toString('latin1');
  const wide = narrow.replaceAll('\0', '');
  for (const text of narrow === wide ? [narrow] : [narrow, wide]) {
    if (/\x13[ \t]*DDE(?:AUTO)?[ \t]/i.test(text)) findings.hasCommandField = true;
    for (const [, target] of text.matchAll(/\bHYPERLINK[ \t]+"([^"\0-\x1f]{4,2000})"/g))
      findings.addLink(target!);
    for (const [, target] of text.matchAll(/\bINCLUDE(?:PICTURE|TEXT)[ \t]+"(https?:[^"\0-\x1f]{4,2000})"/gi))
      findings.addExternalObject(target!);
  }
}

const records = { filePass: 0x002f, boundSheet: 0x0085, supBook: 0x01ae } as const;

/** Excel's records (MS-XLS 2.1.4): an encryption, sheets of macros, links to other programs. */
function readWorkbook(stream: Buffer, findings: OfficeFindings): void {
  let at = 0;
  for (let i = 0; i < maxRecords && at + 4 <= stream.length; i++) {
    const type = stream.readUInt16LE(at);
    const size = stream.readUInt16LE(at + 2);
    const start = at + 4;
    if (type === records.filePass) {
      findings.isEncrypted = true;
      return;
    }
    // MS-XLS 2.4.28: the kind of a sheet is the byte behind its place and its state.
    if (type === records.boundSheet && start + 6 <= stream.length && stream[start + 5] === 1)
      findings.macroSheets++;
    if (type === records.supBook && isCommandLink(stream.subarray(start, start + size)))
      findings.hasCommandField = true;
    at = start + size;
  }
  addLinks(stream, findings);
  addFormulaLinks(stream, findings);
}

/** Links in formulas: texts with their length in one byte and a zero byte in front (MS-XLS 2.5.293). */
function addFormulaLinks(stream: Buffer, findings: OfficeFindings): void {
  for (let at = stream.indexOf('http', 2, 'latin1'); at >= 0; at = stream.indexOf('http', at + 4, 'latin1')) {
    const length = stream[at - 2]!;
    if (stream[at - 1] !== 0 || length < 10) continue;
    const link = /^https?:\/\/[\x21-\x7e]{4,2000}/.exec(stream.toString('latin1', at, at + length))?.[0];
    if (link !== undefined) findings.addLink(link);
  }
}

/** SupBook (MS-XLS 2.4.271): a link to another program names it and its topic, apart by a character 3. */
function isCommandLink(record: Buffer): boolean {
  return /(?:cmd|powershell|mshta|rundll32)[\s\S]{0,64}\x03/i.test(
    record.toString('latin1', 0, 512).replaceAll('\0', ''),
  );
}

/** Links in UTF-16, as hyperlinks of Excel and PowerPoint are kept. */
function addLinks(stream: Buffer, findings: OfficeFindings): void {
  const start = Buffer.from('http', 'utf16le');
  let looked = 0;
  for (let at = stream.indexOf(start); at >= 0; at = stream.indexOf(start, at + 8)) {
    if (++looked > maxLookedAt) {
      findings.isCut = true;
      return;
    }
    const text = stream.toString('utf16le', at, Math.min(at + 4_000, at + ((stream.length - at) & ~1)));
    const link = /^https?:\/\/[\x21\x23-\x3b\x3d\x3f-\x7e\xa0-\uffef]{4,2000}/.exec(text)?.[0];
    if (link !== undefined) findings.addLink(link);
  }
}
