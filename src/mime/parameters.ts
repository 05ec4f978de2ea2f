import type { ParameterisedValue } from '../core/index.ts';
import { percentBytes } from '../lib/index.ts';
import { decodeLabelled, decodeUndeclared } from './charset.ts';
import type { DefectKind } from './defects.ts';
import { decodeEncodedWords } from './encoded-word.ts';

const quote = 0x22;
const openParen = 0x28;
const closeParen = 0x29;
const asterisk = 0x2a;
const semicolon = 0x3b;
const equals = 0x3d;
const backslash = 0x5c;

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a;
}

/** One piece of a parameter as written (RFC 2231 3: `name*section*=`). */
interface Section {
  readonly index: number;
  readonly text: string;
  readonly isExtended: boolean;
}

/** Walks over the text of one structured field. */
class Cursor {
  readonly text: string;
  pos = 0;

  constructor(text: string) {
    this.text = text;
  }

  get isAtEnd(): boolean {
    return this.pos >= this.text.length;
  }

  code(): number {
    return this.text.charCodeAt(this.pos);
  }

  /** Skips blanks and comments, which may nest (RFC 5322 3.2.2). An unclosed comment runs to the end. */
  skipBlanks(): void {
    for (;;) {
      while (!this.isAtEnd && isBlank(this.code())) this.pos++;
      if (this.isAtEnd || this.code() !== openParen) return;
      let depth = 0;
      while (!this.isAtEnd) {
        const code = this.code();
        this.pos++;
        if (code === backslash) this.pos++;
        else if (code === openParen) depth++;
        else if (code === closeParen && --depth === 0) break;
      }
    }
  }

  /** Reads a quoted string after its opening quote; an unclosed one runs to the end. */
  quoted(): string {
    const { text } = this;
    let out = '';
    let from = ++this.pos;
    while (!this.isAtEnd) {
      const code = this.code();
      if (code === quote) break;
      if (code === backslash && this.pos + 1 < text.length) {
        const next = text.charCodeAt(this.pos + 1);
        // A Windows path in a file name is not escaped by those who write it: keep what needs no escape.
        if (next === quote || next === backslash) {
          out += text.slice(from, this.pos);
          from = ++this.pos;
        }
      }
      this.pos++;
    }
    out += text.slice(from, this.pos);
    this.pos++;
    return out;
  }

  /** Reads up to one of the stop characters; blanks at the end are cut. */
  until(stopsAtEquals: 'name' | 'value'): string {
    const from = this.pos;
    while (!this.isAtEnd) {
      const code = this.code();
      if (code === semicolon) break;
      if (stopsAtEquals === 'name' && (code === equals || isBlank(code))) break;
      // RFC 2045 5.1: a comment may follow a token.
      if (code === openParen && stopsAtEquals === 'value' && isBlank(this.text.charCodeAt(this.pos - 1)))
        break;
      this.pos++;
    }
    return this.text.slice(from, this.pos).trim();
  }
}

/** Joins the sections 0, 1, 2 … of a parameter and decodes them in the charset the first one names (RFC 2231 4.1). */
function joinSections(sections: readonly Section[], report: (kind: DefectKind) => void): string {
  const ordered = [...sections].sort((a, b) => a.index - b.index);
  const pieces: Buffer[] = [];
  let charset = '';
  let expected = 0;
  let isExtended = false;
  for (const section of ordered) {
    if (section.index !== expected) {
      report('bad-parameter');
      break;
    }
    expected++;
    let { text } = section;
    if (section.isExtended && section.index === 0) {
      const first = text.indexOf("'");
      const second = first < 0 ? -1 : text.indexOf("'", first + 1);
      if (second < 0) report('bad-parameter');
      else {
        charset = text.slice(0, first);
        text = text.slice(second + 1);
      }
    }
    isExtended ||= section.isExtended;
    pieces.push(section.isExtended ? percentBytes(text) : Buffer.from(text, 'utf8'));
  }
  const bytes = Buffer.concat(pieces);
  if (!isExtended) return decodeEncodedWords(bytes.toString('utf8'));
  return charset ? decodeLabelled(bytes, charset).text : decodeUndeclared(bytes);
}

const sectionPattern = /^([^*]+)\*(\d{1,4})(\*?)$/;

/**
 * Reads the value and parameters of Content-Type or Content-Disposition (RFC 2045 5.1, RFC 2183) with RFC 2231
 * continuations, charsets and languages. Takes what senders really write: missing semicolons before the first
 * parameter, unquoted values with blanks, encoded words in values, unclosed quotes, stray semicolons. The first of two
 * parameters of one name counts; an extended value (`name*`) goes before a plain one.
 *
 * @param text unfolded, undecoded field value
 * @param maxParameters further ones are dropped
 * @param report told about each defect
 */
export function parseParameterised(
  text: string,
  maxParameters: number,
  report: (kind: DefectKind) => void,
): ParameterisedValue {
  const cursor = new Cursor(text);
  cursor.skipBlanks();
  const value = readMainValue(cursor);
  if (cursor.isAtEnd) return { value, parameters: noParameters };
  const parameters = new Map<string, string>();
  let sections: Map<string, Section[]> | undefined;
  let count = 0;
  while (!cursor.isAtEnd) {
    cursor.skipBlanks();
    if (cursor.isAtEnd) break;
    if (cursor.code() === semicolon || cursor.code() === equals) {
      cursor.pos++;
      continue;
    }
    let name = cursor.until('name').toLowerCase();
    cursor.skipBlanks();
    if (cursor.isAtEnd || cursor.code() !== equals) {
      report('bad-parameter');
      continue;
    }
    cursor.pos++;
    cursor.skipBlanks();
    const written = !cursor.isAtEnd && cursor.code() === quote ? cursor.quoted() : cursor.until('value');
    if (++count > maxParameters) {
      report('too-many-parameters');
      break;
    }
    const isExtended = name.length > 1 && name.charCodeAt(name.length - 1) === asterisk;
    const match = name.includes('*') ? sectionPattern.exec(name) : null;
    if (match || isExtended) {
      name = match ? match[1]! : name.slice(0, -1);
      sections ??= new Map();
      const section = { index: match ? Number(match[2]) : 0, text: written, isExtended };
      const same = sections.get(name);
      if (!same) sections.set(name, [section]);
      else if (same.every(({ index }) => index !== section.index)) same.push(section);
      else report('duplicate-parameter');
    } else if (parameters.has(name)) report('duplicate-parameter');
    else parameters.set(name, mayHoldWords(name) ? decodeEncodedWords(written) : written);
  }
  if (sections) {
    for (const [name, list] of sections) parameters.set(name, joinSections(list, report));
  }
  return { value, parameters };
}

/** RFC 2047 5 forbids encoded words in parameters, but file names are often sent so. */
function mayHoldWords(name: string): boolean {
  return name === 'name' || name === 'filename';
}

const noParameters: ReadonlyMap<string, string> = new Map();

/** The part before the parameters, in lower case and without blanks around its slash. */
function readMainValue(cursor: Cursor): string {
  const { text } = cursor;
  const from = cursor.pos;
  let to = from;
  while (!cursor.isAtEnd) {
    const code = cursor.code();
    if (code === semicolon || code === openParen || code === quote) break;
    if (isBlank(code)) {
      // `text / plain` is one value; `text/html charset=x` has lost its semicolon.
      const before = text.charCodeAt(to - 1);
      while (!cursor.isAtEnd && isBlank(cursor.code())) cursor.pos++;
      if (before !== 0x2f && cursor.code() !== 0x2f) break;
      continue;
    }
    cursor.pos++;
    to = cursor.pos;
  }
  return text.slice(from, to).replace(/\s+/g, '').toLowerCase();
}
