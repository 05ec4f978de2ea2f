/**
 * Reads a Perl-compatible regular expression (PCRE2 pattern syntax) into a tree of pieces that are already spelt
 * in ECMAScript's syntax. What ECMAScript cannot express exactly is refused, never approximated.
 */

/** A regular expression that cannot be used, and where in its text. */
export class RegexpError extends Error {
  /** Characters from the start of the pattern text. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.name = 'RegexpError';
    this.offset = offset;
  }
}

/** One piece of a pattern; `source` is ECMAScript. */
export type RegexpNode =
  /** Consumes exactly one character. */
  | { readonly kind: 'char'; readonly source: string }
  /** Consumes nothing: anchors, word boundaries. */
  | { readonly kind: 'assertion'; readonly source: string }
  /** Consumes what a group held. */
  | { readonly kind: 'backreference'; readonly source: string }
  | { readonly kind: 'sequence'; readonly items: readonly RegexpNode[] }
  | { readonly kind: 'choice'; readonly branches: readonly RegexpNode[] }
  | { readonly kind: 'group'; readonly open: string; readonly body: RegexpNode }
  | { readonly kind: 'look'; readonly open: string; readonly body: RegexpNode }
  | {
      readonly kind: 'repeat';
      readonly body: RegexpNode;
      readonly min: number;
      readonly max: number;
      readonly isLazy: boolean;
    };

/** Modes that change how the text is read; `i` is kept by the engine itself. */
interface Modes {
  i: boolean;
  m: boolean;
  s: boolean;
  x: boolean;
  /** Quantifiers are lazy unless followed by `?`. */
  ungreedy: boolean;
}

export interface ParseOptions {
  readonly multiline: boolean;
  readonly dotAll: boolean;
  readonly extended: boolean;
  readonly caseless: boolean;
  /** Characters are bytes: no code point above 0xff can occur. */
  readonly raw: boolean;
}

export interface ParsedRegexp {
  readonly root: RegexpNode;
  readonly caseless: boolean;
}

const maxDepth = 200;
const maxRepeat = 65_535;

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

class Parser {
  readonly #text: string;
  readonly #raw: boolean;
  #at = 0;
  #depth = 0;
  #groups = 0;
  readonly #totalGroups: number;
  readonly #isCaselessFromStart: boolean;

  constructor(text: string, options: ParseOptions) {
    this.#text = text;
    this.#raw = options.raw;
    this.#totalGroups = countGroups(text);
    this.#isCaselessFromStart = options.caseless;
  }

  parse(options: ParseOptions): ParsedRegexp {
    const modes: Modes = {
      i: options.caseless,
      m: options.multiline,
      s: options.dotAll,
      x: options.extended,
      ungreedy: false,
    };
    const verb = /^(?:\(\*(?:UTF8?|UCP|NO_START_OPT|NO_AUTO_POSSESS)\))+/.exec(this.#text);
    if (verb) this.#at = verb[0].length;
    // Options that stand before everything else hold for the whole pattern.
    let caseless = this.#isCaselessFromStart;
    for (;;) {
      const start = /^\(\?(-?[imsxU]+|[imsxU]+-[imsxU]+)\)/.exec(this.#text.slice(this.#at, this.#at + 16));
      if (!start) break;
      this.#applyModes(modes, start[1]!);
      caseless = modes.i;
      this.#at += start[0].length;
    }
    const root = this.#choice(modes);
    if (this.#at < this.#text.length) throw this.#error('unmatched )');
    return { root, caseless };
  }

  #error(message: string, offset = this.#at): RegexpError {
    return new RegexpError(message, offset);
  }

  #applyModes(modes: Modes, letters: string): void {
    let value = true;
    for (const letter of letters) {
      if (letter === '-') value = false;
      else if (letter === 'U') modes.ungreedy = value;
      else if (letter === 'i' || letter === 'm' || letter === 's' || letter === 'x') modes[letter] = value;
      else throw this.#error(`option (?${letter}) is not supported`);
    }
  }

  /** Alternatives up to `)` or the end. Option settings inside change `modes` for what follows, as in Perl. */
  #choice(modes: Modes): RegexpNode {
    if (++this.#depth > maxDepth) throw this.#error(`groups nest deeper than ${maxDepth}`);
    const caseless = modes.i;
    const branches: RegexpNode[] = [this.#sequence(modes)];
    while (this.#text[this.#at] === '|') {
      this.#at++;
      const open = modes.i === caseless ? undefined : caselessGroup(modes);
      const branch = this.#sequence(modes);
      branches.push(open === undefined ? branch : { kind: 'group', open, body: branch });
    }
    this.#depth--;
    return branches.length === 1 ? branches[0]! : { kind: 'choice', branches };
  }

  #sequence(modes: Modes): RegexpNode {
    const items: RegexpNode[] = [];
    for (;;) {
      if (modes.x) this.#skipExtended();
      const char = this.#text[this.#at];
      if (char === undefined || char === '|' || char === ')') break;
      const option = /^\(\?(-?[imsxU]+|[imsxU]+-[imsxU]+)\)/.exec(this.#text.slice(this.#at, this.#at + 16));
      if (option) {
        this.#at += option[0].length;
        const before = modes.i;
        this.#applyModes(modes, option[1]!);
        if (modes.i !== before) {
          // The option holds to the end of the group, later alternatives included (PCRE2 pattern: "Internal
          // option setting"); those are wrapped in #choice.
          items.push({ kind: 'group', open: caselessGroup(modes), body: this.#sequence(modes) });
          break;
        }
        continue;
      }
      if (this.#text.startsWith('\\Q', this.#at)) {
        const quoted = this.#quoted();
        // A quantifier after \E belongs to the last character.
        const last = quoted.pop();
        items.push(...quoted);
        if (last) items.push(this.#quantified(last, modes));
        continue;
      }
      const atom = this.#atom(modes);
      if (atom) items.push(this.#quantified(atom, modes));
    }
    return items.length === 1 ? items[0]! : { kind: 'sequence', items };
  }

  /** The characters between `\Q` and `\E`. */
  #quoted(): RegexpNode[] {
    const end = this.#text.indexOf('\\E', this.#at + 2);
    const quoted = this.#text.slice(this.#at + 2, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#text.length : end + 2;
    return Array.from(quoted, (char) => ({ kind: 'char', source: literal(char.codePointAt(0)!) }));
  }

  #skipExtended(): void {
    for (;;) {
      const char = this.#text[this.#at];
      if (char !== undefined && /[\t-\r ]/.test(char)) this.#at++;
      else if (char === '#') {
        const end = this.#text.indexOf('\n', this.#at);
        this.#at = end < 0 ? this.#text.length : end + 1;
      } else return;
    }
  }

  #quantified(atom: RegexpNode, modes: Modes): RegexpNode {
    for (;;) {
      if (modes.x) this.#skipExtended();
      const start = this.#at;
      const rest = this.#text.slice(this.#at, this.#at + 16);
      const match = /^(?:[*+?]|\{(\d{1,5})(?:(,)(\d{1,5})?)?\})/.exec(rest);
      if (!match) return atom;
      this.#at += match[0].length;
      let min: number;
      let max: number;
      if (match[0] === '*') [min, max] = [0, Number.POSITIVE_INFINITY];
      else if (match[0] === '+') [min, max] = [1, Number.POSITIVE_INFINITY];
      else if (match[0] === '?') [min, max] = [0, 1];
      else {
        min = Number(match[1]);
        if (match[2] === undefined) max = min;
        else max = match[3] === undefined ? Number.POSITIVE_INFINITY : Number(match[3]);
      }
      if (min > max) throw this.#error('numbers out of order in {} quantifier', start);
      if (min > maxRepeat || (max !== Number.POSITIVE_INFINITY && max > maxRepeat)) {
        throw this.#error(`number over ${maxRepeat} in {} quantifier`, start);
      }
      const next = this.#text[this.#at];
      if (next === '+') throw this.#error('possessive quantifiers are not supported', this.#at);
      let isLazy = modes.ungreedy;
      if (next === '?') {
        this.#at++;
        isLazy = !isLazy;
      }
      // An assertion repeats to itself or to nothing; ECMAScript has no syntax for it.
      if (atom.kind === 'assertion' || atom.kind === 'look') {
        return min === 0 ? { kind: 'sequence', items: [] } : atom;
      }
      atom = { kind: 'repeat', body: atom, min, max, isLazy };
      if (/^[*+?{]/.test(this.#text.slice(this.#at, this.#at + 1))) {
        atom = { kind: 'group', open: '(?:', body: atom };
      }
    }
  }

  #atom(modes: Modes): RegexpNode | undefined {
    const char = this.#text[this.#at]!;
    switch (char) {
      case '(':
        return this.#group(modes);
      case '[':
        return this.#class();
      case '\\':
        return this.#escape();
      case '.':
        this.#at++;
        // Without option s Perl's dot leaves out the line feed only, ECMAScript's four characters.
        return { kind: 'char', source: modes.s ? '[\\s\\S]' : '[^\\n]' };
      case '^':
        this.#at++;
        return { kind: 'assertion', source: modes.m ? '(?:^|(?<=\\n))' : '^' };
      case '$':
        this.#at++;
        // Perl's end is also before a final line feed.
        return { kind: 'assertion', source: modes.m ? '(?=\\n|$)' : '(?=\\n?$)' };
      case '*':
      case '+':
      case '?':
        throw this.#error('quantifier does not follow a repeatable item');
      default: {
        const point = this.#text.codePointAt(this.#at)!;
        if (this.#raw && point > 0xff) throw this.#error('character above 0xff in a raw expression');
        this.#at += point > 0xffff ? 2 : 1;
        return { kind: 'char', source: literal(point) };
      }
    }
  }

  #group(modes: Modes): RegexpNode | undefined {
    const start = this.#at;
    const rest = this.#text.slice(this.#at, this.#at + 80);
    const comment = /^\(\?#/.exec(rest);
    if (comment) {
      const end = this.#text.indexOf(')', this.#at);
      if (end < 0) throw this.#error('comment without )', start);
      this.#at = end + 1;
      return undefined;
    }
    let open: string;
    let kind: 'group' | 'look' = 'group';
    const inner: Modes = { ...modes };
    const named = /^\(\?(?:P?<([A-Za-z_]\w{0,31})>|'([A-Za-z_]\w{0,31})')/.exec(rest);
    const flags = /^\(\?(-?[imsxU]+|[imsxU]+-[imsxU]+):/.exec(rest);
    if (named) {
      this.#groups++;
      open = `(?<${named[1] ?? named[2]}>`;
      this.#at += named[0].length;
    } else if (flags) {
      this.#at += flags[0].length;
      this.#applyModes(inner, flags[1]!);
      open = inner.i === modes.i ? '(?:' : inner.i ? '(?i:' : '(?-i:';
    } else if (/^\(\?(?:<?[=!])/.test(rest)) {
      open = /^\(\?<?[=!]/.exec(rest)![0];
      kind = 'look';
      this.#at += open.length;
    } else if (rest.startsWith('(?:')) {
      open = '(?:';
      this.#at += 3;
    } else if (rest.startsWith('(?>')) {
      throw this.#error('atomic groups are not supported');
    } else if (rest.startsWith('(?|')) {
      throw this.#error('branch reset groups are not supported');
    } else if (rest.startsWith('(?(')) {
      throw this.#error('conditional groups are not supported');
    } else if (/^\(\?(?:R|[+-]?\d|&|P>)/.test(rest)) {
      throw this.#error('recursion is not supported');
    } else if (rest.startsWith('(?P=')) {
      const reference = /^\(\?P=([A-Za-z_]\w{0,31})\)/.exec(rest);
      if (!reference) throw this.#error('bad reference');
      this.#at += reference[0].length;
      return { kind: 'backreference', source: `\\k<${reference[1]}>` };
    } else if (rest.startsWith('(?') || rest.startsWith('(*')) {
      throw this.#error(`${rest.slice(0, 4)}… is not supported`);
    } else {
      this.#groups++;
      open = '(';
      this.#at++;
    }
    const body = this.#choice(inner);
    if (this.#text[this.#at] !== ')') throw this.#error('group without )', start);
    this.#at++;
    return { kind, open, body };
  }

  #escape(): RegexpNode | undefined {
    const start = this.#at;
    const letter = this.#text[this.#at + 1];
    if (letter === undefined) throw this.#error('\\ at the end of the pattern');
    const rest = this.#text.slice(this.#at, this.#at + 48);
    const assertions: Readonly<Record<string, string>> = {
      b: '\\b',
      B: '\\B',
      A: '(?<![\\s\\S])',
      z: '(?![\\s\\S])',
      Z: '(?=\\n?(?![\\s\\S]))',
    };
    const assertion = assertions[letter];
    if (assertion) {
      this.#at += 2;
      return { kind: 'assertion', source: assertion };
    }
    if (letter === 'R') {
      this.#at += 2;
      const others = this.#raw ? '[\\n-\\r\\x85]' : '[\\n-\\r\\x85\\u2028\\u2029]';
      return {
        kind: 'group',
        open: '(?:',
        body: {
          kind: 'choice',
          branches: [
            {
              kind: 'sequence',
              items: [
                { kind: 'char', source: '\\r' },
                { kind: 'char', source: '\\n' },
              ],
            },
            { kind: 'char', source: others },
          ],
        },
      };
    }
    if (letter === 'N' && rest[2] !== '{') {
      this.#at += 2;
      return { kind: 'char', source: '[^\\n]' };
    }
    if (letter === 'E') {
      this.#at += 2;
      return undefined;
    }
    const named = /^\\(?:k(?:<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)'|\{([A-Za-z_]\w*)\})|g\{([A-Za-z_]\w*)\})/.exec(
      rest,
    );
    if (named) {
      this.#at += named[0].length;
      return { kind: 'backreference', source: `\\k<${named[1] ?? named[2] ?? named[3] ?? named[4]}>` };
    }
    const numbered = /^\\(?:g\{?(-?\d{1,2})\}?|([1-9]\d?)(?!\d))/.exec(rest);
    if (numbered) {
      let group = Number(numbered[1] ?? numbered[2]);
      if (group < 0) group += this.#groups + 1;
      const isOctal = numbered[2] !== undefined && group > 9 && group > this.#totalGroups;
      if (!isOctal) {
        if (group < 1 || group > this.#totalGroups)
          throw this.#error('reference to a group that does not exist');
        this.#at += numbered[0].length;
        return { kind: 'backreference', source: `(?:\\${group})` };
      }
    }
    const inside = this.#characterEscape();
    if (typeof inside === 'number') return { kind: 'char', source: literal(inside) };
    if (inside === undefined) throw this.#error(`\\${letter} is not supported`, start);
    return { kind: 'char', source: inside.isNegated ? `[^${inside.body}]` : `[${inside.body}]` };
  }

  /** An escape that stands for a character (its code point) or a set (body of a class), inside and outside `[]`. */
  #characterEscape(): number | { readonly body: string; readonly isNegated: boolean } | undefined {
    const rest = this.#text.slice(this.#at, this.#at + 48);
    const letter = rest[1];
    if (letter === undefined) return undefined;
    const control = controlEscapes[letter];
    if (control !== undefined) {
      this.#at += 2;
      return control;
    }
    const lower = letter.toLowerCase();
    const body = (this.#raw ? rawClassBodies[lower] : undefined) ?? classBodies[lower];
    if (body !== undefined) {
      this.#at += 2;
      return { body, isNegated: letter !== lower };
    }
    const hex = /^\\x(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{0,2}))|^\\N\{U\+([0-9A-Fa-f]{1,6})\}/.exec(rest);
    if (hex) {
      this.#at += hex[0].length;
      return this.#codePoint(Number.parseInt(hex[1] ?? hex[3] ?? (hex[2] || '0'), 16));
    }
    const octal = /^\\(?:o\{([0-7]{1,7})\}|([0-7]{1,3}))/.exec(rest);
    if (octal) {
      this.#at += octal[0].length;
      return this.#codePoint(Number.parseInt(octal[1] ?? octal[2]!, 8));
    }
    if (letter === 'c') {
      const code = rest.charCodeAt(2);
      if (!(code >= 0x20 && code <= 0x7e)) return undefined;
      this.#at += 3;
      return rest[2]!.toUpperCase().charCodeAt(0) ^ 0x40;
    }
    const property = /^\\([pP])(?:\{(\^?)([A-Za-z_&]{1,40})\}|([A-Z]))/.exec(rest);
    if (property) {
      if (this.#raw) throw this.#error('\\p does not work in a raw expression');
      const name = property[3] ?? property[4]!;
      const isNegated = (property[1] === 'P') !== (property[2] === '^');
      this.#at += property[0].length;
      if (name === 'Any') return { body: '\\s\\S', isNegated };
      const value = name === 'L&' ? 'LC' : generalCategory.test(name) ? name : `Script=${name}`;
      try {
        new RegExp(`\\p{${value}}`, 'u');
      } catch {
        throw this.#error(`unknown property \\p{${name}}`);
      }
      return { body: `\\${isNegated ? 'P' : 'p'}{${value}}`, isNegated: false };
    }
    if (/[0-9A-Za-z]/.test(letter)) return undefined;
    const point = this.#text.codePointAt(this.#at + 1)!;
    this.#at += point > 0xffff ? 3 : 2;
    return point;
  }

  #codePoint(value: number): number {
    if (value > 0x10ffff) throw this.#error('character code too large');
    if (this.#raw && value > 0xff) throw this.#error('character above 0xff in a raw expression');
    return value;
  }

  #class(): RegexpNode {
    const start = this.#at++;
    let source = '[';
    if (this.#text[this.#at] === '^') {
      source += '^';
      this.#at++;
    }
    let isFirst = true;
    /** Code point that may begin a range. */
    let previous: number | undefined;
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined) throw this.#error('[ without ]', start);
      if (char === ']' && !isFirst) break;
      isFirst = false;
      if (char === '[') {
        const posix = /^\[:(\^?)([a-z]{4,6}):\]/.exec(this.#text.slice(this.#at, this.#at + 16));
        if (posix) {
          const body = posixClasses[posix[2]!];
          if (body === undefined) throw this.#error(`unknown class [:${posix[2]}:]`);
          if (posix[1]) throw this.#error('negated POSIX classes are not supported');
          source += body;
          previous = undefined;
          this.#at += posix[0].length;
          continue;
        }
        if (/^\[[.=]/.test(this.#text.slice(this.#at, this.#at + 2))) {
          throw this.#error('POSIX collating elements are not supported');
        }
      }
      if (char === '-' && previous !== undefined && this.#text[this.#at + 1] !== ']') {
        const hyphen = this.#at++;
        const end = this.#classMember();
        if (end === undefined) continue;
        if (typeof end !== 'number') {
          // A set cannot end a range: the hyphen stands for itself.
          source += `\\-${this.#setInClass(end)}`;
          previous = undefined;
          continue;
        }
        if (end < previous) throw this.#error('range out of order in character class', hyphen);
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
    this.#at++;
    return { kind: 'char', source: `${source}]` };
  }

  #setInClass(set: { readonly body: string; readonly isNegated: boolean }): string {
    if (!set.isNegated) return set.body;
    const negated: Readonly<Record<string, string>> = {
      [classBodies['d']!]: '\\D',
      [classBodies['w']!]: '\\W',
      // ECMAScript's \S leaves out more blanks than Perl's, so the complement is written out.
      [classBodies['s']!]: '\\x00-\\x08\\x0e-\\x1f\\x21-',
    };
    const known = negated[set.body];
    if (known === undefined) throw this.#error('this negated set is not supported inside []');
    return known.endsWith('-') ? known + (this.#raw ? '\\xff' : '\\u{10ffff}') : known;
  }

  #classMember(): number | { readonly body: string; readonly isNegated: boolean } | undefined {
    const char = this.#text[this.#at]!;
    if (char === undefined) throw this.#error('[ without ]');
    if (char !== '\\') {
      const point = this.#text.codePointAt(this.#at)!;
      this.#at += point > 0xffff ? 2 : 1;
      return this.#codePoint(point);
    }
    const letter = this.#text[this.#at + 1];
    if (letter === 'b') {
      this.#at += 2;
      return 8;
    }
    if (letter === 'E') {
      this.#at += 2;
      return undefined;
    }
    const start = this.#at;
    const member = this.#characterEscape();
    if (member === undefined) throw this.#error(`\\${letter ?? ''} is not supported inside []`, start);
    return member;
  }
}

function caselessGroup(modes: Modes): string {
  return modes.i ? '(?i:' : '(?-i:';
}

/** A code point as ECMAScript source that means itself everywhere. */
function literal(point: number): string {
  if (point >= 0x80 || point < 0x20 || point === 0x7f) {
    if (point <= 0xff) return `\\x${point.toString(16).padStart(2, '0')}`;
    if (point <= 0xffff) return `\\u${point.toString(16).padStart(4, '0')}`;
    return `\\u{${point.toString(16)}}`;
  }
  const char = String.fromCharCode(point);
  if (/[\^$\\.*+?()[\]{}|/]/.test(char)) return `\\${char}`;
  return char === '-' ? '\\x2d' : char;
}

/** Capturing groups of the whole text: `\10` is a reference only when there are ten (PCRE2 pattern). */
function countGroups(text: string): number {
  let count = 0;
  let isInClass = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '\\') i++;
    else if (isInClass) isInClass = char !== ']' || text[i - 1] === '[' || text.slice(i - 2, i) === '[^';
    else if (char === '[') isInClass = true;
    else if (char === '(' && (text[i + 1] !== '?' || /^\(\?(?:P?<[A-Za-z_]|')/.test(text.slice(i, i + 5))))
      count++;
  }
  return count;
}

/**
 * Parses the pattern between the slashes.
 * @throws RegexpError for bad syntax and for what ECMAScript cannot express
 */
export function parseRegexp(text: string, options: ParseOptions): ParsedRegexp {
  return new Parser(text, options).parse(options);
}

/** The tree as ECMAScript source. */
export function writeRegexp(node: RegexpNode): string {
  switch (node.kind) {
    case 'char':
    case 'assertion':
    case 'backreference':
      return node.source;
    case 'sequence':
      return node.items
        .map((item) => (item.kind === 'choice' ? `(?:${writeRegexp(item)})` : writeRegexp(item)))
        .join('');
    case 'choice':
      return node.branches.map(writeRegexp).join('|');
    case 'group':
    case 'look':
      return `${node.open}${writeRegexp(node.body)})`;
    case 'repeat': {
      const { min, max } = node;
      let quantifier: string;
      if (max === Number.POSITIVE_INFINITY) quantifier = min === 0 ? '*' : min === 1 ? '+' : `{${min},}`;
      else if (min === 0 && max === 1) quantifier = '?';
      else quantifier = min === max ? `{${min}}` : `{${min},${max}}`;
      return `${writeRegexp(node.body)}${quantifier}${node.isLazy ? '?' : ''}`;
    }
  }
}
