import type { ConfigProblem } from '../core/index.ts';
import { UclSyntaxError } from './failure.ts';
import { parseAtom, type VariableLookup } from './scalar.ts';
import type { Source } from './source.ts';
import { Strings } from './strings.ts';
import type {
  Assignment,
  MacroCall,
  Statement,
  SyntaxArray,
  SyntaxKey,
  SyntaxObject,
  SyntaxScalar,
  SyntaxValue,
} from './syntax.ts';

/** Containers inside containers. Deeper text is refused, so that no input can exhaust the stack. */
const maxDepth = 256;

const isKeyStart = (c: string): boolean => /[/0-9A-Za-z_\u0080-\uffff]/.test(c);
const isKeyPart = (c: string): boolean => /[-./0-9A-Za-z_\u0080-\uffff]/.test(c);
const isBlank = (c: string): boolean => c === ' ' || c === '\t' || c === '\v' || c === '\f';
const isNewline = (c: string): boolean => c === '\n' || c === '\r';

/** Reads the text of one file. Throws {@link UclSyntaxError} at the first thing that is no UCL. */
export class UclParser {
  readonly #source: Source;
  readonly #text: string;
  readonly #end: number;
  readonly #strings: Strings;
  readonly #warnings: ConfigProblem[];
  readonly #lookup: VariableLookup;
  #at: number;
  #depth = 0;

  constructor(
    source: Source,
    lookup: VariableLookup,
    warnings: ConfigProblem[],
    range: { readonly start: number; readonly end: number } = { start: 0, end: source.text.length },
  ) {
    this.#source = source;
    this.#text = source.text;
    this.#at = range.start;
    this.#end = range.end;
    this.#strings = new Strings(source, range.end, lookup, warnings);
    this.#warnings = warnings;
    this.#lookup = lookup;
  }

  /** Whole file: an object with or without braces, or an array. */
  parseDocument(): SyntaxObject | SyntaxArray {
    if (this.#text.charCodeAt(this.#at) === 0xfeff) this.#at++;
    this.#skipSeparators();
    const start = this.#at;
    const first = this.#peek();
    if (first !== '{' && first !== '[')
      return { kind: 'object', statements: this.#statements(undefined), position: this.#position(start) };
    const value = first === '{' ? this.#object() : this.#array();
    this.#skipSeparators();
    if (this.#at < this.#end)
      this.#warnings.push({
        message: 'text after the closing bracket of the file is ignored',
        position: this.#position(this.#at),
      });
    return value;
  }

  /** Statements up to `close`, or to the end of the text. */
  #statements(close: '}' | undefined): Statement[] {
    const statements: Statement[] = [];
    for (;;) {
      this.#skipSeparators();
      const c = this.#peek();
      if (c === '') {
        if (close) this.#fail('unexpected end of text', this.#at, `\`${close}\``);
        return statements;
      }
      if (c === close) {
        this.#at++;
        return statements;
      }
      statements.push(c === '.' ? this.#macro() : this.#assignment());
    }
  }

  #assignment(): Assignment {
    const keys = [this.#key()];
    const isSection = !this.#skipKeySeparator() && this.#isNamedSection();
    if (isSection) {
      for (let c = this.#peek(); c !== '{' && c !== '['; c = this.#peek()) {
        keys.push(this.#key());
        this.#skipKeySeparator();
      }
    }
    const value = this.#value();
    this.#endOfValue(value);
    return { kind: 'assignment', keys, value };
  }

  #key(): SyntaxKey {
    const start = this.#at;
    const c = this.#peek();
    let name: string;
    if (c === '"') [name, this.#at] = this.#strings.doubleQuoted(start, 'raw');
    else if (c === "'") [name, this.#at] = this.#strings.singleQuoted(start);
    else {
      if (!isKeyStart(c)) this.#fail(`unexpected ${describe(c)}`, start, 'a key');
      while (this.#at < this.#end && isKeyPart(this.#text[this.#at]!)) this.#at++;
      name = this.#text.slice(start, this.#at);
    }
    if (name === '') this.#fail('empty key', start, 'a name');
    const next = this.#peek();
    if (
      next !== '' &&
      !isBlank(next) &&
      !isNewline(next) &&
      !'=:{[#;,}]'.includes(next) &&
      !this.#atComment()
    )
      this.#fail(
        `${describe(next)} inside a key`,
        this.#at,
        'letters, digits, `_`, `-`, `.`, `/`, or quotes',
      );
    return { name, position: this.#position(start) };
  }

  /** Blanks with at most one `=` or `:`; tells whether there was one. */
  #skipKeySeparator(): boolean {
    let seen = false;
    for (; ; this.#at++) {
      const c = this.#peek();
      if (c === '=' || c === ':') {
        if (seen) this.#fail(`unexpected ${describe(c)}`, this.#at, 'a value');
        seen = true;
      } else if (!isBlank(c)) break;
    }
    return seen;
  }

  /** After a key without sign: does `{` or `[` come on this line before any separator, and not right here? */
  #isNamedSection(): boolean {
    const first = this.#peek();
    if (first === '{' || first === '[') return false;
    for (let at = this.#at; at < this.#end; at++) {
      const c = this.#text[at]!;
      if (c === ',' || c === ';' || c === '#' || c === '}' || c === ']' || isNewline(c)) return false;
      if (c === '{' || c === '[') return this.#text[at - 1] !== '$';
      if (c === '"' || c === "'") at = this.#strings.skipQuoted(at);
    }
    return false;
  }

  #value(): SyntaxValue {
    this.#skipBlanks('value');
    const c = this.#peek();
    if (c === '{') return this.#object();
    if (c === '[') return this.#array();
    return this.#scalar();
  }

  #object(): SyntaxObject {
    const position = this.#enter();
    const statements = this.#statements('}');
    this.#depth--;
    return { kind: 'object', statements, position };
  }

  #array(): SyntaxArray {
    const position = this.#enter();
    const items: SyntaxValue[] = [];
    for (;;) {
      this.#skipSeparators();
      const c = this.#peek();
      if (c === '') this.#fail('unexpected end of text', this.#at, '`]`');
      if (c === ']') {
        this.#at++;
        this.#depth--;
        return { kind: 'array', items, position };
      }
      const item = this.#value();
      items.push(item);
      this.#endOfValue(item);
    }
  }

  #enter() {
    const position = this.#position(this.#at);
    if (++this.#depth > maxDepth)
      this.#fail('too many brackets inside each other', this.#at, `at most ${maxDepth}`);
    this.#at++;
    return position;
  }

  #scalar(): SyntaxScalar {
    const start = this.#at;
    const position = this.#position(start);
    const string = (value: string): SyntaxScalar => ({
      kind: 'scalar',
      type: 'string',
      value,
      text: value,
      position,
    });
    const c = this.#peek();
    if (c === '"' || c === "'") {
      const [value, end] =
        c === '"' ? this.#strings.doubleQuoted(start, 'expand') : this.#strings.singleQuoted(start);
      this.#at = end;
      return string(value);
    }
    const heredoc = c === '<' ? this.#strings.multiline(start) : undefined;
    if (heredoc) {
      this.#at = heredoc[1];
      return string(heredoc[0]);
    }
    const atom = this.#strings.unquoted(start);
    this.#at = atom.end;
    if (atom.end === start) this.#fail(`unexpected ${describe(c)}`, start, 'a value');
    if (atom.hasEscape) return string(atom.value);
    return { kind: 'scalar', ...parseAtom(atom.value), text: atom.value, position };
  }

  /** After a value: a separator, a comment or a closing bracket must follow; a container is its own end. */
  #endOfValue(value: SyntaxValue): void {
    const separated = this.#skipSeparators();
    const c = this.#peek();
    if (separated || c === '' || c === '}' || c === ']' || value.kind !== 'scalar') return;
    this.#fail('delimiter is missing after a value', this.#at, '`;`, `,` or a new line');
  }

  #macro(): MacroCall {
    const start = this.#at++;
    const nameStart = this.#at;
    while (/[a-z_]/i.test(this.#peek())) this.#at++;
    const name = this.#text.slice(nameStart, this.#at);
    if (name === '') this.#fail('unexpected `.`', start, 'a key, or a macro such as .include');
    this.#skipBlanks('line');
    const options: Assignment[] = [];
    if (this.#peek() === '(') {
      const close = this.#strings.closingParenthesis(this.#at);
      if (close < 0) this.#fail(`arguments of .${name} have no end`, this.#at, '`)`');
      const range = { start: this.#at + 1, end: close };
      const inner = new UclParser(this.#source, this.#lookup, this.#warnings, range);
      for (const statement of inner.#statements(undefined)) {
        if (statement.kind === 'assignment') options.push(statement);
        else this.#fail(`a macro inside the arguments of .${name}`, range.start, 'name=value');
      }
      this.#at = close + 1;
      this.#skipBlanks('line');
    }
    const argumentPosition = this.#position(this.#at);
    const argument = this.#macroArgument();
    return { kind: 'macro', name, position: this.#position(start), options, argument, argumentPosition };
  }

  #macroArgument(): string {
    const start = this.#at;
    const c = this.#peek();
    if (c === '"' || c === "'") {
      const [value, end] =
        c === '"' ? this.#strings.doubleQuoted(start, 'expand') : this.#strings.singleQuoted(start, 'expand');
      this.#at = end;
      return value;
    }
    const atom = this.#strings.unquoted(start);
    this.#at = atom.end;
    return atom.value;
  }

  /** Skips blanks, new lines, `,`, `;` and comments; tells whether there was more than blanks. */
  #skipSeparators(): boolean {
    let separated = false;
    while (this.#at < this.#end) {
      const c = this.#text[this.#at]!;
      if (isNewline(c) || c === ',' || c === ';') separated = true;
      else if (!isBlank(c)) {
        if (!this.#skipComment('anywhere')) break;
        separated = true;
        continue;
      }
      this.#at++;
    }
    return separated;
  }

  /** Blanks and comments, for `value` also new lines. */
  #skipBlanks(extent: 'line' | 'value'): void {
    while (this.#at < this.#end) {
      const c = this.#text[this.#at]!;
      if (isBlank(c) || (extent === 'value' && isNewline(c))) this.#at++;
      else if (extent === 'line' || !this.#skipComment('before a value')) break;
    }
  }

  #atComment(): boolean {
    return this.#peek() === '#' || (this.#peek() === '/' && '/*'.includes(this.#text[this.#at + 1] ?? ' '));
  }

  #skipComment(where: 'anywhere' | 'before a value'): boolean {
    const start = this.#at;
    const c = this.#text[start];
    if (c === '#') this.#skipLine();
    else if (c === '/' && this.#text[start + 1] === '*') {
      const end = this.#strings.endOfComment(start);
      if (end < 0) this.#fail('comment has no end', start, '`*/`');
      this.#at = end;
    } else if (c === '/' && this.#text[start + 1] === '/' && where === 'anywhere') {
      this.#warnings.push({
        message: '`//` starts a comment here; Rspamd takes it as a key',
        position: this.#position(start),
        expected: '`#`',
      });
      this.#skipLine();
    } else return false;
    return true;
  }

  #skipLine(): void {
    while (this.#at < this.#end && !isNewline(this.#text[this.#at]!)) this.#at++;
  }

  #peek(): string {
    return this.#at < this.#end ? this.#text[this.#at]! : '';
  }

  #position(offset: number) {
    return this.#source.positionAt(offset);
  }

  #fail(message: string, offset: number, expected?: string): never {
    throw new UclSyntaxError({ message, position: this.#position(offset), expected });
  }
}

function describe(c: string): string {
  if (c === '') return 'end of text';
  if (isNewline(c)) return 'end of line';
  const code = c.charCodeAt(0);
  return code < 0x20 ? `control character ${code}` : `\`${c}\``;
}
