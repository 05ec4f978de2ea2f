/** An argument of a function of a selector. */
export type Arg = string | readonly string[] | Readonly<Record<string, string | readonly string[]>>;

/** `name(arguments)` and where it stands. */
export interface Call {
  readonly name: string;
  readonly args: readonly Arg[];
  /** Characters from the start of the text. */
  readonly offset: number;
}

/** One selector: `extractor(…):method(…).transform(…)…`. */
export interface SelectorSyntax {
  readonly extractor: Call;
  readonly method: Call | undefined;
  readonly transforms: readonly Call[];
}

/** A selector that does not parse or cannot be used; `offset` is where. */
export class SelectorError extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.name = 'SelectorError';
    this.offset = offset;
  }
}

const maxLength = 8192;
const atomPattern = /[A-Za-z0-9_\-\u0080-\u{10ffff}]+/uy;
const blankPattern = /[ \t\r\n]*/y;

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  selectors(): SelectorSyntax[] {
    const list: SelectorSyntax[] = [];
    for (;;) {
      this.#blanks();
      list.push(this.#selector());
      this.#blanks();
      const char = this.#text[this.#at];
      if (char === undefined) return list;
      if (char !== ';' && char !== '*') throw this.#error(`unexpected "${char}"`);
      this.#at++;
    }
  }

  #selector(): SelectorSyntax {
    const extractor = this.#call();
    let method: Call | undefined;
    if (this.#text[this.#at] === ':') {
      this.#at++;
      method = this.#call();
    }
    const transforms: Call[] = [];
    while (this.#text[this.#at] === '.') {
      this.#at++;
      transforms.push(this.#call());
    }
    if (this.#text[this.#at] === ':') throw this.#error('":" must follow the first name, once');
    return { extractor, method, transforms };
  }

  #call(): Call {
    const offset = this.#at;
    const name = this.#atom();
    if (name === undefined) throw this.#error('name expected');
    this.#blanks();
    const args: Arg[] = [];
    while (this.#text[this.#at] === '(') {
      this.#at++;
      this.#blanks();
      while (this.#text[this.#at] !== ')') {
        args.push(this.#arg());
        this.#comma(')');
      }
      this.#at++;
    }
    return { name, args, offset };
  }

  #arg(): Arg {
    if (this.#text[this.#at] !== '{') return this.#word();
    const start = this.#at++;
    this.#blanks();
    const list: string[] = [];
    const named: Record<string, string | readonly string[]> = {};
    let isNamed = false;
    while (this.#text[this.#at] !== '}') {
      const word = this.#word();
      this.#blanks();
      if (this.#text[this.#at] === '=') {
        this.#at++;
        this.#blanks();
        isNamed = true;
        named[word] = this.#text[this.#at] === '{' ? this.#list() : this.#word();
      } else list.push(word);
      this.#comma('}');
    }
    this.#at++;
    if (isNamed && list.length > 0) throw this.#error('names and plain values are mixed', start);
    return isNamed ? named : list;
  }

  #list(): readonly string[] {
    this.#at++;
    this.#blanks();
    const list: string[] = [];
    while (this.#text[this.#at] !== '}') {
      list.push(this.#word());
      this.#comma('}');
    }
    this.#at++;
    return list;
  }

  /** Commas between arguments may be left out or repeated. */
  #comma(close: string): void {
    this.#blanks();
    while (this.#text[this.#at] === ',') {
      this.#at++;
      this.#blanks();
    }
    if (this.#at >= this.#text.length) throw this.#error(`"${close}" is missing`);
  }

  #word(): string {
    const quote = this.#text[this.#at];
    if (quote !== "'" && quote !== '"') {
      const atom = this.#atom();
      if (atom === undefined) throw this.#error('argument expected');
      return atom;
    }
    const start = ++this.#at;
    for (; ; this.#at++) {
      const char = this.#text[this.#at];
      if (char === undefined || char === '\n' || char === '\r')
        throw this.#error('quote is not closed', start - 1);
      if (char === '\\') this.#at++;
      else if (char === quote) break;
    }
    // Other backslashes belong to the text: most quoted arguments are regular expressions.
    return this.#text.slice(start, this.#at++).replaceAll(`\\${quote}`, quote);
  }

  #atom(): string | undefined {
    atomPattern.lastIndex = this.#at;
    const match = atomPattern.exec(this.#text);
    if (!match) return undefined;
    this.#at = atomPattern.lastIndex;
    return match[0];
  }

  #blanks(): void {
    blankPattern.lastIndex = this.#at;
    blankPattern.exec(this.#text);
    this.#at = blankPattern.lastIndex;
  }

  #error(message: string, offset = this.#at): SelectorError {
    return new SelectorError(message, offset);
  }
}

/** @throws SelectorError for bad syntax; nothing may be left over */
export function parseSelectors(text: string): readonly SelectorSyntax[] {
  if (text.length > maxLength) throw new SelectorError(`longer than ${maxLength} characters`, maxLength);
  return new Reader(text).selectors();
}
