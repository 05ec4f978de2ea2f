import { decodeXML } from 'entities';
import type { OfficeView } from '../core/index.ts';
import { OfficeFindings } from './office-findings.ts';
import { isOle, OleFile } from './ole.ts';
import { inspectOle } from './ole-office.ts';

/** The members of a ZIP archive that is a document. */
export interface PackageMembers {
  readonly names: readonly string[];
  /** True when there are more members than were listed. */
  readonly isCut: boolean;
  /** Content of a member, at most so many bytes; undefined: it cannot be read. */
  read(name: string, maxBytes: number): { readonly bytes: Buffer; readonly isCut: boolean } | undefined;
}

const maxXmlBytes = 1_048_576;
const maxBinaryBytes = 4_194_304;
const maxRelationFiles = 100;
const maxRelations = 5_000;
const maxObjects = 50;

const attribute = (tag: string, name: string): string | undefined => {
  const value = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'i').exec(tag);
  return value ? decodeXML(value[1] ?? value[2] ?? '') : undefined;
};

/** Reads a document of Word, Excel or PowerPoint since 2007 (ECMA-376) from its parts. Never throws on input. */
export function readOoxml(members: PackageMembers): OfficeView {
  const findings = new OfficeFindings('ooxml');
  findings.isCut = members.isCut;
  let relationFiles = 0;
  let objects = 0;
  for (const name of members.names) {
    if (/\.rels$/i.test(name)) {
      if (++relationFiles <= maxRelationFiles) readRelations(textOf(members, name, findings), findings);
      else findings.isCut = true;
    } else if (/(?:^|[/\\])vbaproject[^/\\]*\.bin$/i.test(name)) {
      readMacroProject(members, name, findings);
    } else if (/^\/?xl[/\\](?:macrosheets|intlmacrosheets)[/\\][^/\\]+\.(?:xml|bin)$/i.test(name)) {
      findings.macroSheets++;
    } else if (/[/\\]embeddings[/\\][^/\\]+$/i.test(name)) {
      if (++objects <= maxObjects) readEmbedding(members, name, findings);
      else findings.isCut = true;
    } else if (/^\/?word[/\\](?:document|header\d*|footer\d*|footnotes)\.xml$/i.test(name)) {
      readFields(textOf(members, name, findings), findings);
    } else if (/^\/?xl[/\\]externalLinks[/\\][^/\\]+\.xml$/i.test(name)) {
      if (/<(?:\w+:)?ddeLink\b[^<>]{0,4096}ddeService\s*=/i.test(textOf(members, name, findings)))
        findings.hasCommandField = true;
    }
  }
  return findings.view();
}

/** Relationships to what is not in the package (ECMA-376-2 9.3). */
function readRelations(xml: string, findings: OfficeFindings): void {
  let count = 0;
  for (const [tag] of xml.matchAll(/<(?:\w+:)?Relationship\s[^<>]{0,8192}>/gi)) {
    if (++count > maxRelations) {
      findings.isCut = true;
      return;
    }
    if (attribute(tag, 'TargetMode')?.toLowerCase() !== 'external') continue;
    const target = attribute(tag, 'Target') ?? '';
    const type = /[^/]*$/.exec(attribute(tag, 'Type') ?? '')![0].toLowerCase();
    if (type === 'attachedtemplate') findings.addTemplate(target);
    else if (/^(?:oleobject|frame|subdocument|package|externallinkpath|control|afchunk)$/.test(type))
      findings.addExternalObject(target);
    else if (type === 'hyperlink') findings.addLink(target);
  }
}

function readMacroProject(members: PackageMembers, name: string, findings: OfficeFindings): void {
  const found = members.read(name, maxBinaryBytes);
  if (found?.isCut) findings.isCut = true;
  if (found && isOle(found.bytes)) inspectOle(new OleFile(found.bytes), findings);
  // The project is there even when its code cannot be read.
  findings.macros ??= { modules: 0, startsOn: [], reaches: [] };
}

function readEmbedding(members: PackageMembers, name: string, findings: OfficeFindings): void {
  const found = members.read(name, maxBinaryBytes);
  if (found?.isCut) findings.isCut = true;
  if (!found || !isOle(found.bytes)) {
    findings.addFile(/[^/\\]*$/.exec(name)![0], found?.bytes);
    return;
  }
  inspectOle(new OleFile(found.bytes), findings);
}

/** Field codes of Word, which may be spread over several runs (ECMA-376-1 17.16). */
function readFields(xml: string, findings: OfficeFindings): void {
  const codes: string[] = [];
  for (const [, attributes = '', code = ''] of xml.matchAll(
    /<w:(?:instrText|fldSimple)\b([^<>]{0,4096})>([^<]{0,4096})/g,
  )) {
    codes.push(attribute(attributes, 'w:instr') ?? '', decodeXML(code));
    if (codes.length > maxRelations) break;
  }
  const fields = codes.join('');
  if (/\bDDE(?:AUTO)?\s/i.test(fields)) findings.hasCommandField = true;
  for (const [, target] of fields.matchAll(/\bHYPERLINK\s+"([^"]{4,2000})"/g)) findings.addLink(target!);
  for (const [, target] of fields.matchAll(/\bINCLUDE(?:PICTURE|TEXT)\s+"(https?:[^"]{4,2000})"/gi))
    findings.addExternalObject(target!);
}

function textOf(members: PackageMembers, name: string, findings: OfficeFindings): string {
  const found = members.read(name, maxXmlBytes);
  if (found?.isCut) findings.isCut = true;
  if (!found) return '';
  const { bytes } = found;
  return bytes[0] === 0xff && bytes[1] === 0xfe ? bytes.toString('utf16le', 2) : bytes.toString('utf8');
}

/** Reads a document of the Open Document Format (ISO 26300) from its parts. Never throws on input. */
export function readOdf(members: PackageMembers): OfficeView {
  const findings = new OfficeFindings('odf');
  findings.isCut = members.isCut;
  let modules = 0;
  let objects = 0;
  let hasEvent = false;
  for (const name of members.names) {
    if (/^(?:Basic|Scripts)\/.+\.(?:xml|py|js|bsh)$/i.test(name) && !/script-l[bc]\.xml$/i.test(name))
      modules++;
    else if (/^META-INF\/manifest\.xml$/i.test(name)) {
      if (/<manifest:encryption-data\b/.test(textOf(members, name, findings))) findings.isEncrypted = true;
    } else if (/^content\.xml$/i.test(name))
      hasEvent = readOdfContent(textOf(members, name, findings), findings);
    else if (/^Object [^/]*$/.test(name) && ++objects <= maxObjects) {
      const found = members.read(name, maxBinaryBytes);
      if (found && isOle(found.bytes)) inspectOle(new OleFile(found.bytes), findings);
    }
  }
  if (modules > 0)
    findings.addMacros({ modules, startsOn: hasEvent ? ['load'] : [], reaches: [], links: [], isCut: false });
  return findings.view();
}

/** @returns whether a script runs when the document is opened */
function readOdfContent(xml: string, findings: OfficeFindings): boolean {
  let count = 0;
  for (const [, target] of xml.matchAll(/\sxlink:href\s*=\s*"([^"]{4,2000})"/g)) {
    if (++count > maxRelations) {
      findings.isCut = true;
      break;
    }
    findings.addLink(decodeXML(target!));
  }
  return /script:event-name="(?:dom:load|office:(?:load-finish|start|new)|dom:DOMFocusIn)"/i.test(xml);
}
