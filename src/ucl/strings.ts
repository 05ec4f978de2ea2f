import type { ConfigProblem } from '../core/index.ts';
import { UclSyntaxError } from './failure.ts';
import { expandVariables, type VariableLookup } from './scalar.ts';
import type { Source } from './source.ts';

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };
const knownEscapes = 'nrtbf"\\/';
const simpleRun = /[^"\\\u0000-\u001f]+/y;
const heredocStart = /<<([A-Z]+)\r?\n/y;

/** Reads strings and comments at an offset. Every method looks at each character once. */
export class Strings {
  readonly #source: Source;
  readonly #text: string;
  readonly #end: number;
  readonly #lookup: VariableLookup;
  readonly #warnings: ConfigProblem[];

  constructor(source: Source, end: number, lookup: VariableLookup, warnings: ConfigProblem[]) {
    this.#source = source;
    this.#text = source.text;
    this.#end = end;
    this.#lookup = lookup;
    this.#warnings = warnings;
  }

  /** `"…"` with the escapes of JSON (RFC 8259 7); any other escaped character stands for itself. */
  doubleQuoted(start: number, variables: 'expand' | 'raw'): readonly [value: string, end: number] {
    const text = this.#text;
    let value = '';
    let at = start + 1;
    for (;;) {
      simpleRun.lastIndex = at;
      const run = simpleRun.exec(text);
      if (run) {
        value += run[0];
        at += run[0].length;
      }
      if (at >= this.#end) this.#fail('string has no end', start, '`"`');
      const c = text[at]!;
      if (c === '"') return [variables === 'expand' ? expandVariables(value, this.#lookup) : value, at + 1];
      if (c !== '\\')
        this.#fail('control character or new line inside a quoted string', at, 'an escape such as \\n');
      const escaped = text[at + 1] ?? '';
      if (escaped === 'u') {
        const hex = text.slice(at + 2, at + 6);
        if (!/^[0-9a-fA-F]{4}$/.test(hex)) this.#fail('bad \\u escape', at, 'four hexadecimal digits');
        value += String.fromCharCode(Number.parseInt(hex, 16));
        at += 6;
      } else {
        value += escapes[escaped] ?? escaped;
        if (!knownEscapes.includes(escaped))
          this.#warnings.push({
            message: `\`\\${escaped}\` inside double quotes loses its backslash`,
            position: this.#source.positionAt(at),
            expected: 'single quotes, as for regular expressions, or two backslashes',
          });
        at += 2;
      }
    }
  }

  /** `'…'`: only `\'` and an escaped new line are special. */
  singleQuoted(start: number, variables: 'expand' | 'raw' = 'raw'): readonly [value: string, end: number] {
    const text = this.#text;
    let value = '';
    let from = start + 1;
    for (let at = from; at < this.#end; at++) {
      const c = text[at]!;
      if (c === "'") {
        value += text.slice(from, at);
        return [variables === 'expand' ? expandVariables(value, this.#lookup) : value, at + 1];
      }
      if (c !== '\\') continue;
      const next = text[at + 1];
      if (next === "'") {
        value += text.slice(from, at);
        from = at + 1;
      } else if (next === '\n') {
        value += text.slice(from, at);
        from = at + 2;
      } else if (next === '\r' && text[at + 2] === '\n') {
        value += text.slice(from, at);
        from = at + 3;
        at++;
      }
      at++;
    }
    this.#fail('string has no end', start, "`'`");
  }

  /** Offset of the closing quote of the string that starts here; the last offset when it has none. */
  skipQuoted(start: number): number {
    const quote = this.#text[start]!;
    let at = start + 1;
    for (; at < this.#end && this.#text[at] !== quote && this.#text[at] !== '\n'; at++)
      if (this.#text[at] === '\\') at++;
    return Math.min(at, this.#end);
  }

  /** `<<TERM` … `TERM` on a line of its own; undefined when this is no such start. */
  multiline(start: number): readonly [value: string, end: number] | undefined {
    heredocStart.lastIndex = start;
    const head = heredocStart.exec(this.#text);
    if (!head || start + head[0].length > this.#end) return undefined;
    const terminator = head[1]!;
    const body = start + head[0].length;
    for (let line = body; line < this.#end; ) {
      const after = line + terminator.length;
      if (
        this.#text.startsWith(terminator, line) &&
        (after >= this.#end || /[\r\n;,]/.test(this.#text[after]!))
      ) {
        let end = line;
        if (end > body && this.#text[end - 1] === '\n') end--;
        if (end > body && this.#text[end - 1] === '\r') end--;
        return [expandVariables(this.#text.slice(body, end), this.#lookup), after];
      }
      const newline = this.#text.indexOf('\n', line);
      if (newline < 0) break;
      line = newline + 1;
    }
    this.#fail('multiline text has no end', start, `a line with ${terminator} alone`);
  }

  /** Text up to a separator, comment or unmatched bracket, trailing blanks cut. */
  unquoted(start: number): { readonly value: string; readonly end: number; readonly hasEscape: boolean } {
    const text = this.#text;
    let braces = 0;
    let brackets = 0;
    let hasEscape = false;
    let value = '';
    let from = start;
    let at = start;
    scan: for (; at < this.#end; at++) {
      switch (text[at]) {
        case '{':
          braces++;
          break;
        case '[':
          brackets++;
          break;
        case '}':
          if (--braces < 0) break scan;
          break;
        case ']':
          if (--brackets < 0) break scan;
          break;
        case '\0':
        case '\r':
        case '\n':
        case '#':
        case ',':
        case ';':
          break scan;
        case '/':
          if (this.#isCommentInValue(start, at)) break scan;
          break;
        case '\\':
          hasEscape = true;
          value += text.slice(from, at);
          from = ++at;
          break;
      }
    }
    at = Math.min(at, this.#end);
    value = trimEndBlanks(value + text.slice(from, at));
    return { value: expandVariables(value, this.#lookup), end: at, hasEscape };
  }

  /** `/*` always starts a comment; `//` only after a blank, so that URLs stay whole. */
  #isCommentInValue(start: number, at: number): boolean {
    const next = this.#text[at + 1];
    if (next === '*') return true;
    return next === '/' && at > start && (this.#text[at - 1] === ' ' || this.#text[at - 1] === '\t');
  }

  /** Offset after the comment that starts here; comments nest, text in double quotes is skipped. -1: no end. */
  endOfComment(start: number): number {
    const text = this.#text;
    let depth = 1;
    let inQuotes = false;
    for (let at = start + 2; at < this.#end; at++) {
      const c = text[at];
      if (inQuotes) {
        if (c === '\\') at++;
        else if (c === '"') inQuotes = false;
      } else if (c === '"') inQuotes = true;
      else if (c === '*' && text[at + 1] === '/') {
        at++;
        if (--depth === 0) return at + 1;
      } else if (c === '/' && text[at + 1] === '*') {
        at++;
        depth++;
      }
    }
    return -1;
  }

  /** Offset of the `)` that closes the `(` at this offset; -1 when there is none. */
  closingParenthesis(open: number): number {
    let depth = 0;
    for (let at = open; at < this.#end; at++) {
      const c = this.#text[at];
      if (c === '(') depth++;
      else if (c === ')' && --depth === 0) return at;
      else if (c === '"' || c === "'") at = this.skipQuoted(at);
    }
    return -1;
  }

  #fail(message: string, offset: number, expected?: string): never {
    throw new UclSyntaxError({ message, position: this.#source.positionAt(offset), expected });
  }
}

/** By hand: a regular expression anchored at the end is quadratic in runs of blanks. */
function trimEndBlanks(text: string): string {
  let end = text.length;
  while (end > 0 && ' \t\v\f'.includes(text[end - 1]!)) end--;
  return end === text.length ? text : text.slice(0, end);
}
