import type { OfficeView } from '../core/index.ts';
import { OfficeFindings } from './office-findings.ts';
import { isOle, OleFile } from './ole.ts';
import { inspectOle, readNative } from './ole-office.ts';

const maxBytes = 8_388_608;
const maxObjects = 50;
const maxObjectBytes = 1_048_576;
const maxFieldChars = 2_100;

/** Does it begin like RTF? Word opens everything that begins with `{\rt`, whatever follows. */
export function isRtf(file: Buffer): boolean {
  return /^[\s\0]{0,64}\{\\rt/.test(file.toString('latin1', 0, 80));
}

/** Reads objects, links and templates of an RTF document. Never throws on input. */
export function readRtf(file: Buffer): OfficeView {
  const findings = new OfficeFindings('rtf');
  if (file.length > maxBytes) findings.isCut = true;
  const text = file.toString('latin1', 0, maxBytes);
  if (/\\obj(?:update|autlink)\b/.test(text)) findings.updatesObjects = true;
  let objects = 0;
  for (const { index } of text.matchAll(/\\objdata\b/g)) {
    if (++objects > maxObjects) {
      findings.isCut = true;
      break;
    }
    readObject(hexAfter(text, index + '\\objdata'.length), findings);
  }
  if (/\\objclass\s+equation\.\d/i.test(text)) findings.hasEquation = true;
  for (const [, target] of text.matchAll(/\\\*\\template\s+([^{}]{4,2000})/g))
    findings.addTemplate(plain(target!));
  for (const { index } of text.matchAll(/\\fldinst\b/g)) {
    const code = text.slice(index + '\\fldinst'.length, index + maxFieldChars);
    readField(plain(/^[\s\S]*?(?=\\fld(?:inst|rslt)\b|$)/.exec(code)![0]), findings);
  }
  return findings.view();
}

/** A field: its code may have groups and control words between its words. */
function readField(code: string, findings: OfficeFindings): void {
  const [, kind = '', target = ''] =
    /^\s*(HYPERLINK|INCLUDEPICTURE|INCLUDETEXT|DDEAUTO|DDE)\s+"?([^"\s]*)/i.exec(code) ?? [];
  if (/^DDE/i.test(kind)) findings.hasCommandField = true;
  else if (/^INCLUDE/i.test(kind)) findings.addExternalObject(target);
  else if (kind !== '') findings.addLink(target);
}

/** Text of RTF without braces and control words, escapes undone. */
function plain(rtf: string): string {
  return rtf
    .replaceAll(/\\'([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replaceAll(/\\u(-?\d{1,5}) ?\??/g, (_, number: string) => String.fromCharCode(Number(number) & 0xffff))
    .replaceAll(/\\[a-z]{1,32}-?\d{0,10} ?/gi, '')
    .replaceAll(/[{}\r\n]/g, '')
    .replaceAll(/\\(.)/g, '$1')
    .trim();
}

/**
 * Hexadecimal digits of an object. Word skips blanks, groups and control words between them, which is how filters are
 * led astray.
 */
function hexAfter(text: string, start: number): Buffer {
  let digits = '';
  let depth = 0;
  let at = start;
  const end = Math.min(text.length, start + maxObjectBytes * 3);
  const run = /[0-9a-fA-F]+/y;
  while (at < end && digits.length < maxObjectBytes * 2) {
    run.lastIndex = at;
    const found = run.exec(text)?.[0];
    if (found !== undefined) {
      digits += found;
      at += found.length;
      continue;
    }
    const char = text[at]!;
    if (char === '{') depth++;
    else if (char === '}' && depth-- === 0) break;
    else if (char === '\\') at += controlLength(text, at) - 1;
    at++;
  }
  return Buffer.from(digits.slice(0, digits.length & ~1), 'hex');
}

/** Characters of a control word (with its number and blank), or of a control symbol; `\'hh` and `\bin` with what they cover. */
function controlLength(text: string, at: number): number {
  const word = /\\([a-z]{1,32})(-?\d{1,10})? ?/iy;
  word.lastIndex = at;
  const found = word.exec(text);
  if (found) return found[0].length + (found[1] === 'bin' ? Math.max(0, Number(found[2] ?? 0)) : 0);
  return text[at + 1] === "'" ? 4 : 2;
}

/** An object (MS-OLEDS 2.2.5): version, kind, class name, topic, item, and its native data. */
function readObject(data: Buffer, findings: OfficeFindings): void {
  const name =
    data.length > 12
      ? data.toString('latin1', 12, Math.min(data.length, 12 + Math.min(data.readUInt32LE(8), 128)))
      : '';
  if (/equation/i.test(name)) findings.hasEquation = true;
  const signature = data.indexOf('d0cf11e0a1b11ae1', 0, 'hex');
  if (signature >= 0 && isOle(data.subarray(signature))) {
    inspectOle(new OleFile(data.subarray(signature)), findings);
    return;
  }
  if (/^package/i.test(name)) {
    // Behind the name two empty ones, then the size of the data, which begins like a native stream behind its size.
    const start = 12 + data.readUInt32LE(8) + 8;
    if (start < data.length) readNative(data.subarray(start), findings);
    return;
  }
  if (data.length > 0) findings.addFile('', data.subarray(Math.max(0, data.indexOf('MZ', 0, 'latin1'))));
}
