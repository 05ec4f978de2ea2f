import type { MacroView } from '../core/index.ts';
import type { OleEntry, OleFile } from './ole.ts';

/** The macros of a document, with the links in their code. */
export interface FoundMacros extends MacroView {
  readonly links: readonly string[];
  readonly isCut: boolean;
}

const maxModules = 200;
const maxModuleBytes = 262_144;
const maxCodeBytes = 2_097_152;
const maxLinks = 100;

/** Procedures that Word, Excel and PowerPoint call when a document is opened, left or shown. */
const selfStarting =
  /^[ \t]*(?:(?:public|private|friend|static)[ \t]+)*(?:sub|function)[ \t]+(auto_?(?:open|exec|new|close|exit)|document_?(?:open|new|close|beforeclose|change|contentcontrolonenter)|workbook_?(?:open|activate|beforeclose|close|deactivate|windowactivate)|worksheet_(?:activate|calculate|change)|presentation_open|app_(?:documentopen|workbookopen)|\w{1,40}_(?:painted|painting|layout|resize|gotfocus|lostfocus|mousehover))\b/gim;

/** Ways out of the document: programs, downloads, the system's own interfaces. */
const reaching =
  /\b(?:wscript\.shell|shell\.application|shellexecute[aw]?|createobject|getobject|shell[ \t]*[("]|vbhide|urldownloadtofile[aw]?|(?:ms|win)?xml2?\.?(?:server)?xmlhttp|winhttp\.winhttprequest|adodb\.stream|scripting\.filesystemobject|winmgmts|win32_process|powershell|cmd(?:\.exe)?[ \t]+\/[ck]|mshta|regsvr32|rundll32|certutil|bitsadmin|cscript|wscript\.exe|virtualalloc(?:ex)?|rtlmovememory|createthread|createremotethread|writeprocessmemory|callbyname|environ\$?[ \t]*\(|executeexcel4macro|application\.run[ \t]*\()/gi;

/**
 * Decompresses a container of MS-OVBA 2.4.1, as sources of macros are kept in. What is broken ends it.
 *
 * @param maxBytes bytes of output
 */
export function decompressVba(container: Buffer, maxBytes: number): Buffer {
  const out = Buffer.alloc(Math.min(maxBytes, Math.max(container.length * 128, 4_096)));
  let length = 0;
  let at = container[0] === 1 ? 1 : container.length;
  while (at + 2 <= container.length && length < out.length) {
    const header = container.readUInt16LE(at);
    if ((header & 0x7000) !== 0x3000) break;
    const end = Math.min(at + (header & 0x0fff) + 3, container.length);
    at += 2;
    const start = length;
    if ((header & 0x8000) === 0) {
      length += container.copy(out, length, at, Math.min(at + 4_096, end));
      at = end;
      continue;
    }
    while (at < end && length < out.length) {
      const flags = container[at++]!;
      for (let bit = 0; bit < 8 && at < end && length < out.length; bit++) {
        if ((flags & (1 << bit)) === 0) {
          out[length++] = container[at++]!;
          continue;
        }
        if (at + 2 > end || length === start) return out.subarray(0, length);
        const token = container.readUInt16LE(at);
        at += 2;
        // The further into the chunk, the more of the token's bits are its distance (MS-OVBA 2.4.1.3.19.1).
        const distanceBits = Math.max(4, 32 - Math.clz32(length - start - 1));
        const copied = (token & (0xffff >>> distanceBits)) + 3;
        const distance = (token >>> (16 - distanceBits)) + 1;
        if (distance > length - start) return out.subarray(0, length);
        for (let i = 0; i < copied && length < out.length; i++, length++)
          out[length] = out[length - distance]!;
      }
    }
    at = end;
  }
  return out.subarray(0, length);
}

/** Offsets of the sources in the streams of modules, from the records of `dir` (MS-OVBA 2.3.4.2.3.2). */
function moduleOffsets(directory: Buffer): ReadonlyMap<string, number> {
  const offsets = new Map<string, number>();
  let name: string | undefined;
  let at = 0;
  while (at + 6 <= directory.length && offsets.size < maxModules) {
    const id = directory.readUInt16LE(at);
    // PROJECTVERSION says 4 and is followed by 6 bytes.
    const size = id === 0x0009 ? 6 : directory.readUInt32LE(at + 2);
    const start = at + 6;
    if (size > directory.length - start) break;
    if (id === 0x0032) name = directory.toString('utf16le', start, start + (size & ~1));
    else if (id === 0x001a) name ??= directory.toString('latin1', start, start + size);
    else if (id === 0x0031 && size === 4 && name !== undefined) {
      offsets.set(name.toLowerCase(), directory.readUInt32LE(start));
      name = undefined;
    }
    at = start + size;
  }
  return offsets;
}

/** Where a compressed source begins in a stream of which no record tells: every module has this attribute. */
function guessedOffset(stream: Buffer): number {
  const at = stream.indexOf('Attribut\0e VB_Name', 0, 'latin1');
  const plain = at < 0 ? stream.indexOf('Attribut', 0, 'latin1') : at;
  for (let i = plain - 1; i >= Math.max(0, plain - 8); i--) if (stream[i] === 1) return i;
  return -1;
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** The macros of a compound file: a document, or the `vbaProject.bin` of a newer one; undefined: there are none. */
export function readMacros(ole: OleFile): FoundMacros | undefined {
  const projects = ole.entries.filter(
    ({ path, kind }) => kind === 'stream' && /(?:^|\/)_VBA_PROJECT$/i.test(path),
  );
  if (projects.length === 0) return undefined;
  const startsOn = new Set<string>();
  const reaches = new Set<string>();
  const links = new Set<string>();
  let modules = 0;
  let codeBytes = 0;
  let isCut = false;
  for (const folder of new Set(projects.map(({ path }) => parentOf(path)))) {
    const streams = ole.entries.filter((entry) => entry.kind === 'stream' && parentOf(entry.path) === folder);
    const offsets = readDirectory(ole, streams);
    for (const entry of streams) {
      if (/^(?:_VBA_PROJECT|dir|__SRP_\w+)$/i.test(entry.name)) continue;
      if (modules >= maxModules || codeBytes >= maxCodeBytes) {
        isCut = true;
        break;
      }
      const code = readModule(ole, entry, offsets);
      if (code === undefined) continue;
      modules++;
      codeBytes += code.length;
      if (code.length >= maxModuleBytes) isCut = true;
      for (const [, name] of code.matchAll(selfStarting)) startsOn.add(name!.toLowerCase());
      for (const [found] of code.matchAll(reaching)) reaches.add(found.toLowerCase().replace(/[\s("]+$/, ''));
      for (const [link] of code.matchAll(/https?:\/\/[^\s'"<>]{4,2000}/gi))
        if (links.size < maxLinks) links.add(link);
    }
  }
  return { modules, startsOn: [...startsOn], reaches: [...reaches], links: [...links], isCut };
}

function readDirectory(ole: OleFile, streams: readonly OleEntry[]): ReadonlyMap<string, number> {
  const entry = streams.find(({ name }) => /^dir$/i.test(name));
  return entry ? moduleOffsets(decompressVba(ole.read(entry, maxModuleBytes), maxModuleBytes)) : new Map();
}

function readModule(ole: OleFile, entry: OleEntry, offsets: ReadonlyMap<string, number>): string | undefined {
  const stream = ole.read(entry, maxModuleBytes * 4);
  const told = offsets.get(entry.name.toLowerCase());
  const offset = told !== undefined && stream[told] === 1 ? told : guessedOffset(stream);
  if (offset < 0) return undefined;
  return decompressVba(stream.subarray(offset), maxModuleBytes).toString('latin1');
}
