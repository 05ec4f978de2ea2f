import { CharacterReader, literal } from './regexp-chars.ts';
import type { RegexpNode } from './regexp-tree.ts';

/**
 * Reads a Perl-compatible regular expression (PCRE2 pattern syntax) into a tree of pieces that are already spelt
 * in ECMAScript's syntax. What ECMAScript cannot express exactly is refused, never approximated.
 */

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

class Parser extends CharacterReader {
  #depth = 0;
  #groups = 0;
  #atomics = 0;
  readonly #totalGroups: number;
  /** Captures that stand for atomic groups shift the numbers of the others: then all of them have names. */
  readonly #hasAtomic: boolean;
  readonly #names: string[] = [];

  constructor(text: string, options: ParseOptions) {
    super(text, options.raw);
    this.#totalGroups = countGroups(text);
    this.#hasAtomic = /\(\?>|[*+?}]\+/.test(text);
  }

  parse(options: ParseOptions): ParsedRegexp {
    const modes: Modes = {
      i: options.caseless,
      m: options.multiline,
      s: options.dotAll,
      x: options.extended,
      ungreedy: false,
    };
    const verb = /^(?:\(\*(?:UTF8?|UCP|NO_START_OPT|NO_AUTO_POSSESS)\))+/.exec(this.text);
    if (verb) this.at = verb[0].length;
    // Options that stand before everything else hold for the whole pattern.
    let { caseless } = options;
    for (;;) {
      const start = /^\(\?(-?[imsxU]+|[imsxU]+-[imsxU]+)\)/.exec(this.text.slice(this.at, this.at + 16));
      if (!start) break;
      this.#applyModes(modes, start[1]!);
      caseless = modes.i;
      this.at += start[0].length;
    }
    const root = this.#choice(modes);
    if (this.at < this.text.length) throw this.error('unmatched )');
    return { root, caseless };
  }

  #applyModes(modes: Modes, letters: string): void {
    let value = true;
    for (const letter of letters) {
      if (letter === '-') value = false;
      // Perl's way to write down a compiled expression: what is not named is off (perlre, "(?^aluimnsx)").
      else if (letter === '^') Object.assign(modes, { i: false, m: false, s: false, x: false });
      else if (letter === 'U') modes.ungreedy = value;
      else if (letter === 'i' || letter === 'm' || letter === 's' || letter === 'x') modes[letter] = value;
      else throw this.error(`option (?${letter}) is not supported`);
    }
  }

  /** Alternatives up to `)` or the end. Option settings inside change `modes` for what follows, as in Perl. */
  #choice(modes: Modes): RegexpNode {
    if (++this.#depth > maxDepth) throw this.error(`groups nest deeper than ${maxDepth}`);
    const caseless = modes.i;
    const branches: RegexpNode[] = [this.#sequence(modes)];
    while (this.text[this.at] === '|') {
      this.at++;
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
      const char = this.text[this.at];
      if (char === undefined || char === '|' || char === ')') break;
      const option = /^\(\?(-?[imsxU]+|[imsxU]+-[imsxU]+)\)/.exec(this.text.slice(this.at, this.at + 16));
      if (option) {
        this.at += option[0].length;
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
      if (this.text.startsWith('\\Q', this.at)) {
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
    const end = this.text.indexOf('\\E', this.at + 2);
    const quoted = this.text.slice(this.at + 2, end < 0 ? undefined : end);
    this.at = end < 0 ? this.text.length : end + 2;
    return Array.from(quoted, (char) => ({ kind: 'char', source: literal(char.codePointAt(0)!) }));
  }

  #skipExtended(): void {
    for (;;) {
      const char = this.text[this.at];
      if (char !== undefined && /[\t-\r ]/.test(char)) this.at++;
      else if (char === '#') {
        const end = this.text.indexOf('\n', this.at);
        this.at = end < 0 ? this.text.length : end + 1;
      } else return;
    }
  }

  #quantified(atom: RegexpNode, modes: Modes): RegexpNode {
    for (;;) {
      if (modes.x) this.#skipExtended();
      const start = this.at;
      const rest = this.text.slice(this.at, this.at + 16);
      const match = /^(?:[*+?]|\{(\d{1,5})(?:(,)(\d{1,5})?)?\})/.exec(rest);
      if (!match) return atom;
      this.at += match[0].length;
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
      if (min > max) throw this.error('numbers out of order in {} quantifier', start);
      if (min > maxRepeat || (max !== Number.POSITIVE_INFINITY && max > maxRepeat)) {
        throw this.error(`number over ${maxRepeat} in {} quantifier`, start);
      }
      const next = this.text[this.at];
      const isPossessive = next === '+';
      let isLazy = modes.ungreedy;
      if (next === '?') {
        this.at++;
        isLazy = !isLazy;
      } else if (isPossessive) {
        this.at++;
        isLazy = false;
      }
      // An assertion repeats to itself or to nothing; ECMAScript has no syntax for it.
      if (atom.kind === 'assertion' || atom.kind === 'look') {
        return min === 0 ? { kind: 'sequence', items: [] } : atom;
      }
      atom = { kind: 'repeat', body: atom, min, max, isLazy };
      if (isPossessive) atom = this.#atomic(atom);
      else if (/^[*+?{]/.test(this.text.slice(this.at, this.at + 1))) {
        atom = { kind: 'group', open: '(?:', body: atom };
      }
    }
  }

  /**
   * A piece that gives nothing back once it matched (PCRE2 pattern: "Atomic grouping and possessive quantifiers"):
   * ECMAScript's look-ahead does not either, so it captures what the piece matches, and a reference consumes that.
   */
  #atomic(body: RegexpNode): RegexpNode {
    const name = `atomic${++this.#atomics}`;
    return {
      kind: 'group',
      open: '(?:',
      body: {
        kind: 'sequence',
        items: [
          { kind: 'look', open: '(?=', body: { kind: 'group', open: `(?<${name}>`, body } },
          { kind: 'backreference', source: `\\k<${name}>` },
        ],
      },
    };
  }

  /** Opens the next capturing group. */
  #capture(name: string | undefined): string {
    const number = ++this.#groups;
    const known = name ?? (this.#hasAtomic ? `group${number}` : undefined);
    if (known === undefined) return '(';
    this.#names[number] = known;
    return `(?<${known}>`;
  }

  #atom(modes: Modes): RegexpNode | undefined {
    const char = this.text[this.at]!;
    switch (char) {
      case '(':
        return this.#group(modes);
      case '[':
        return { kind: 'char', source: this.bracketed() };
      case '\\':
        return this.#escaped();
      case '.':
        this.at++;
        // Without option s Perl's dot leaves out the line feed only, ECMAScript's four characters.
        return { kind: 'char', source: modes.s ? '[\\s\\S]' : '[^\\n]' };
      case '^':
        this.at++;
        return { kind: 'assertion', source: modes.m ? '(?:^|(?<=\\n))' : '^' };
      case '$':
        this.at++;
        // Perl's end is also before a final line feed.
        return { kind: 'assertion', source: modes.m ? '(?=\\n|$)' : '(?=\\n?$)' };
      case '*':
      case '+':
      case '?':
        throw this.error('quantifier does not follow a repeatable item');
      default: {
        const point = this.text.codePointAt(this.at)!;
        if (this.raw && point > 0xff) throw this.error('character above 0xff in a raw expression');
        this.at += point > 0xffff ? 2 : 1;
        return { kind: 'char', source: literal(point) };
      }
    }
  }

  #group(modes: Modes): RegexpNode | undefined {
    const start = this.at;
    const rest = this.text.slice(this.at, this.at + 80);
    const comment = /^\(\?#/.exec(rest);
    if (comment) {
      const end = this.text.indexOf(')', this.at);
      if (end < 0) throw this.error('comment without )', start);
      this.at = end + 1;
      return undefined;
    }
    let open: string;
    let kind: 'group' | 'look' = 'group';
    const inner: Modes = { ...modes };
    const named = /^\(\?(?:P?<([A-Za-z_]\w{0,31})>|'([A-Za-z_]\w{0,31})')/.exec(rest);
    const flags = /^\(\?(-?[imsxU]+|[imsxU]+-[imsxU]+|\^[imsx]*):/.exec(rest);
    if (named) {
      open = this.#capture(named[1] ?? named[2]);
      this.at += named[0].length;
    } else if (flags) {
      this.at += flags[0].length;
      this.#applyModes(inner, flags[1]!);
      open = inner.i === modes.i ? '(?:' : inner.i ? '(?i:' : '(?-i:';
    } else if (/^\(\?(?:<?[=!])/.test(rest)) {
      open = /^\(\?<?[=!]/.exec(rest)![0];
      kind = 'look';
      this.at += open.length;
    } else if (rest.startsWith('(?:')) {
      open = '(?:';
      this.at += 3;
    } else if (rest.startsWith('(?>')) {
      this.at += 3;
      open = '(?>';
    } else if (rest.startsWith('(?|')) {
      throw this.error('branch reset groups are not supported');
    } else if (rest.startsWith('(?(')) {
      throw this.error('conditional groups are not supported');
    } else if (/^\(\?(?:R|[+-]?\d|&|P>)/.test(rest)) {
      throw this.error('recursion is not supported');
    } else if (rest.startsWith('(?P=')) {
      const reference = /^\(\?P=([A-Za-z_]\w{0,31})\)/.exec(rest);
      if (!reference) throw this.error('bad reference');
      this.at += reference[0].length;
      return { kind: 'backreference', source: `\\k<${reference[1]}>` };
    } else if (rest.startsWith('(?') || rest.startsWith('(*')) {
      throw this.error(`${rest.slice(0, 4)}… is not supported`);
    } else {
      open = this.#capture(undefined);
      this.at++;
    }
    const body = this.#choice(inner);
    if (this.text[this.at] !== ')') throw this.error('group without )', start);
    this.at++;
    return open === '(?>' ? this.#atomic(body) : { kind, open, body };
  }

  #escaped(): RegexpNode | undefined {
    const start = this.at;
    const letter = this.text[this.at + 1];
    if (letter === undefined) throw this.error('\\ at the end of the pattern');
    const rest = this.text.slice(this.at, this.at + 48);
    const assertions: Readonly<Record<string, string>> = {
      b: '\\b',
      B: '\\B',
      A: '(?<![\\s\\S])',
      z: '(?![\\s\\S])',
      Z: '(?=\\n?(?![\\s\\S]))',
    };
    const assertion = assertions[letter];
    if (assertion) {
      this.at += 2;
      return { kind: 'assertion', source: assertion };
    }
    if (letter === 'R') {
      this.at += 2;
      const others = this.raw ? '[\\n-\\r\\x85]' : '[\\n-\\r\\x85\\u2028\\u2029]';
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
      this.at += 2;
      return { kind: 'char', source: '[^\\n]' };
    }
    if (letter === 'E') {
      this.at += 2;
      return undefined;
    }
    const named = /^\\(?:k(?:<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)'|\{([A-Za-z_]\w*)\})|g\{([A-Za-z_]\w*)\})/.exec(
      rest,
    );
    if (named) {
      this.at += named[0].length;
      return { kind: 'backreference', source: `\\k<${named[1] ?? named[2] ?? named[3] ?? named[4]}>` };
    }
    const numbered = /^\\(?:g\{?(-?\d{1,2})\}?|([1-9]\d?)(?!\d))/.exec(rest);
    if (numbered) {
      let group = Number(numbered[1] ?? numbered[2]);
      if (group < 0) group += this.#groups + 1;
      const isOctal = numbered[2] !== undefined && group > 9 && group > this.#totalGroups;
      if (!isOctal) {
        if (group < 1 || group > this.#totalGroups)
          throw this.error('reference to a group that does not exist');
        this.at += numbered[0].length;
        const name = this.#hasAtomic ? (this.#names[group] ?? `group${group}`) : undefined;
        return { kind: 'backreference', source: name === undefined ? `(?:\\${group})` : `\\k<${name}>` };
      }
    }
    const inside = this.escape();
    if (typeof inside === 'number') return { kind: 'char', source: literal(inside) };
    if (inside === undefined) throw this.error(`\\${letter} is not supported`, start);
    return { kind: 'char', source: inside.isNegated ? `[^${inside.body}]` : `[${inside.body}]` };
  }
}

function caselessGroup(modes: Modes): string {
  return modes.i ? '(?i:' : '(?-i:';
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
