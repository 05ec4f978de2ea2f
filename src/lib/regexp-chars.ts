import { RegexpError } from './regexp-tree.ts';

/** A set of characters as the body of an ECMAScript class. */
export interface CharacterSet {
  readonly body: string;
  readonly isNegated: boolean;
}

/** Perl's classes without the Unicode property option (PCRE2 pattern: "Generic character types"). */
const classBodies: Readonly<Record<string, string>> = {
  d: '0-9',
  w: '0-9A-Za-z_',
  s: '\\t-\\r ',
  h: '\\t \\xa0\\u1680\\u180e\\u2000-\\u200a\\u202f\\u205f\\u3000',
  v: '\\n-\\r\\x85\\u2028\\u2029',
};
const rawClassBodies: Readonly<Record<string, string>> = { h: '\\t \\xa0', v: '\\n-\\r\\x85' };

const posixClasses: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7f',
  blank: '\\t ',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '\\x21-\\x7e',
  lower: 'a-z',
  print: '\\x20-\\x7e',
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\t-\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

const controlEscapes: Readonly<Record<string, number>> = { a: 7, e: 27, f: 12, n: 10, r: 13, t: 9 };

/** Script names are values of the Script property; general categories are not (ECMA-262 22.2.1). */
const generalCategory = /^(?:[CLMNPSZ]|C[cfnos]|L[Clmotu]|M[cen]|N[dlo]|P[cdefios]|S[ckmo]|Z[lps])$/;

/** A place in the text of a pattern, and what is read there that stands for characters. */
export class CharacterReader {
  readonly text: string;
  /** Characters are bytes: no code point above 0xff can occur. */
  readonly raw: boolean;
  at = 0;

  constructor(text: string, raw: boolean) {
    this.text = text;
    this.raw = raw;
  }

  error(message: string, offset = this.at): RegexpError {
    return new RegexpError(message, offset);
  }

  /** An escape that stands for a character (its code point) or a set (body of a class), inside and outside `[]`. */
  escape(): number | CharacterSet | undefined {
    const rest = this.text.slice(this.at, this.at + 48);
    const letter = rest[1];
    if (letter === undefined) return undefined;
    const control = controlEscapes[letter];
    if (control !== undefined) {
      this.at += 2;
      return control;
    }
    const lower = letter.toLowerCase();
    const body = (this.raw ? rawClassBodies[lower] : undefined) ?? classBodies[lower];
    if (body !== undefined) {
      this.at += 2;
      return { body, isNegated: letter !== lower };
    }
    const hex = /^\\x(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{0,2}))|^\\N\{U\+([0-9A-Fa-f]{1,6})\}/.exec(rest);
    if (hex) {
      this.at += hex[0].length;
      return this.#codePoint(Number.parseInt(hex[1] ?? hex[3] ?? (hex[2] || '0'), 16));
    }
    const octal = /^\\(?:o\{([0-7]{1,7})\}|([0-7]{1,3}))/.exec(rest);
    if (octal) {
      this.at += octal[0].length;
      return this.#codePoint(Number.parseInt(octal[1] ?? octal[2]!, 8));
    }
    if (letter === 'c') {
      const code = rest.charCodeAt(2);
      if (!(code >= 0x20 && code <= 0x7e)) return undefined;
      this.at += 3;
      return rest[2]!.toUpperCase().charCodeAt(0) ^ 0x40;
    }
    const property = /^\\([pP])(?:\{(\^?)([A-Za-z_&]{1,40})\}|([A-Z]))/.exec(rest);
    if (property) {
      if (this.raw) throw this.error('\\p does not work in a raw expression');
      const name = property[3] ?? property[4]!;
      const isNegated = (property[1] === 'P') !== (property[2] === '^');
      this.at += property[0].length;
      if (name === 'Any') return { body: '\\s\\S', isNegated };
      const value = name === 'L&' ? 'LC' : generalCategory.test(name) ? name : `Script=${name}`;
      try {
        new RegExp(`\\p{${value}}`, 'u');
      } catch {
        throw this.error(`unknown property \\p{${name}}`);
      }
      return { body: `\\${isNegated ? 'P' : 'p'}{${value}}`, isNegated: false };
    }
    if (/[0-9A-Za-z]/.test(letter)) return undefined;
    const point = this.text.codePointAt(this.at + 1)!;
    this.at += point > 0xffff ? 3 : 2;
    return point;
  }

  #codePoint(value: number): number {
    if (value > 0x10ffff) throw this.error('character code too large');
    if (this.raw && value > 0xff) throw this.error('character above 0xff in a raw expression');
    return value;
  }

  /** A class in brackets, as ECMAScript source. */
  bracketed(): string {
    const start = this.at++;
    let source = '[';
    if (this.text[this.at] === '^') {
      source += '^';
      this.at++;
    }
    let isFirst = true;
    /** Code point that may begin a range. */
    let previous: number | undefined;
    for (;;) {
      const char = this.text[this.at];
      if (char === undefined) throw this.error('[ without ]', start);
      if (char === ']' && !isFirst) break;
      isFirst = false;
      if (char === '[') {
        const posix = /^\[:(\^?)([a-z]{4,6}):\]/.exec(this.text.slice(this.at, this.at + 16));
        if (posix) {
          const body = posixClasses[posix[2]!];
          if (body === undefined) throw this.error(`unknown class [:${posix[2]}:]`);
          if (posix[1]) throw this.error('negated POSIX classes are not supported');
          source += body;
          previous = undefined;
          this.at += posix[0].length;
          continue;
        }
        if (/^\[[.=]/.test(this.text.slice(this.at, this.at + 2))) {
          throw this.error('POSIX collating elements are not supported');
        }
      }
      if (char === '-' && previous !== undefined && this.text[this.at + 1] !== ']') {
        const hyphen = this.at++;
        const end = this.#classMember();
        if (end === undefined) continue;
        if (typeof end !== 'number') {
          // A set cannot end a range: the hyphen stands for itself.
          source += `\\-${this.#setInClass(end)}`;
          previous = undefined;
          continue;
        }
        if (end < previous) throw this.error('range out of order in character class', hyphen);
        source += `-${literal(end)}`;
        previous = undefined;
        continue;
      }
      const member = this.#classMember();
      if (member === undefined) continue;
      if (typeof member === 'number') {
        source += literal(member);
        previous = member;
      } else {
        source += this.#setInClass(member);
        previous = undefined;
      }
    }
    this.at++;
    return `${source}]`;
  }

  #setInClass(set: CharacterSet): string {
    if (!set.isNegated) return set.body;
    const negated: Readonly<Record<string, string>> = {
      [classBodies['d']!]: '\\D',
      [classBodies['w']!]: '\\W',
      // ECMAScript's \S leaves out more blanks than Perl's, so the complement is written out.
      [classBodies['s']!]: '\\x00-\\x08\\x0e-\\x1f\\x21-',
    };
    const known = negated[set.body];
    if (known === undefined) throw this.error('this negated set is not supported inside []');
    return known.endsWith('-') ? known + (this.raw ? '\\xff' : '\\u{10ffff}') : known;
  }

  #classMember(): number | CharacterSet | undefined {
    const char = this.text[this.at]!;
    if (char === undefined) throw this.error('[ without ]');
    if (char !== '\\') {
      const point = this.text.codePointAt(this.at)!;
      this.at += point > 0xffff ? 2 : 1;
      return this.#codePoint(point);
    }
    const letter = this.text[this.at + 1];
    if (letter === 'b') {
      this.at += 2;
      return 8;
    }
    if (letter === 'E') {
      this.at += 2;
      return undefined;
    }
    const start = this.at;
    const member = this.escape();
    if (member === undefined) throw this.error(`\\${letter ?? ''} is not supported inside []`, start);
    return member;
  }
}

/** A code point as ECMAScript source that means itself everywhere. */
export function literal(point: number): string {
  if (point >= 0x80 || point < 0x20 || point === 0x7f) {
    if (point <= 0xff) return `\\x${point.toString(16).padStart(2, '0')}`;
    if (point <= 0xffff) return `\\u${point.toString(16).padStart(4, '0')}`;
    return `\\u{${point.toString(16)}}`;
  }
  const char = String.fromCharCode(point);
  if (/[\^$\\.*+?()[\]{}|/]/.test(char)) return `\\${char}`;
  return char === '-' ? '\\x2d' : char;
}
