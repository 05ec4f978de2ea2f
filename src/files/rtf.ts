import type { OfficeView } from '../core/index.ts';
import { hexValue } from '../lib/index.ts';
import { OfficeFindings } from './office-findings.ts';
import { isOle, OleFile } from './ole.ts';
import { inspectOle, readNative } from './ole-office.ts';

const maxBytes = 8_388_608;
const maxObjects = 50;
/** Characters of all objects together that are looked through for digits. */
const maxObjectChars = 6_291_456;
const maxFields = 1_000;
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
  let charsLeft = maxObjectChars;
  for (const { index } of text.matchAll(/\\objdata\b/g)) {
    if (++objects > maxObjects || charsLeft <= 0) {
      findings.isCut = true;
      break;
    }
    const start = index + '\\objdata'.length;
    const { bytes, end } = hexAfter(text, start, start + Math.min(charsLeft, maxObjectChars / 2));
    charsLeft -= end - start;
    readObject(bytes, findings);
  }
  if (/\\objclass\s+equation\.\d/i.test(text)) findings.hasEquation = true;
  for (const [, target] of text.matchAll(/\\\*\\template\s+([^{}]{4,2000})/g))
    findings.addTemplate(plain(target!));
  let fields = 0;
  for (const { index } of text.matchAll(/\\fldinst\b/g)) {
    if (++fields > maxFields) {
      findings.isCut = true;
      break;
    }
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
function hexAfter(
  text: string,
  start: number,
  limit: number,
): { readonly bytes: Buffer; readonly end: number } {
  const stop = Math.min(text.length, limit);
  const digits = Buffer.alloc(stop - start);
  let count = 0;
  let depth = 0;
  let at = start;
  while (at < stop) {
    const code = text.charCodeAt(at);
    if (hexValue(code) >= 0) digits[count++] = code;
    else if (code === openBrace) depth++;
    else if (code === closeBrace && depth-- === 0) break;
    else if (code === backslash) at = controlEnd(text, at) - 1;
    at++;
  }
  return { bytes: Buffer.from(digits.toString('latin1', 0, count & ~1), 'hex'), end: Math.min(at, stop) };
}

const openBrace = 0x7b;
const closeBrace = 0x7d;
const backslash = 0x5c;
const quote = 0x27;
const blank = 0x20;
const minus = 0x2d;

/** Behind a control word with its number and blank, or a control symbol; `\'hh` and `\bin` with what they cover. */
function controlEnd(text: string, start: number): number {
  let at = start + 1;
  while (isLetter(text.charCodeAt(at)) && at - start <= 32) at++;
  if (at === start + 1) return text.charCodeAt(at) === quote ? start + 4 : start + 2;
  const isBinary = at - start === 4 && text.startsWith('bin', start + 1);
  if (text.charCodeAt(at) === minus) at++;
  let number = 0;
  while (isDigit(text.charCodeAt(at)) && number < 1e9) number = number * 10 + text.charCodeAt(at++) - 0x30;
  if (text.charCodeAt(at) === blank) at++;
  return isBinary ? at + number : at;
}

function isLetter(code: number): boolean {
  return (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
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
