import { parseRegexp } from './regexp-parse.ts';
import { findExponentialLoop } from './regexp-screen.ts';
import { RegexpError, type RegexpNode, writeRegexp } from './regexp-tree.ts';

export { RegexpError } from './regexp-tree.ts';

/** A regular expression an operator wrote, checked and compiled. */
export interface Pattern {
  /** As written. */
  readonly text: string;
  /** Something worth telling the operator, such as a flag without meaning. */
  readonly notice: string | undefined;
  test(subject: string): boolean;
  /** The first match with its groups; positions count UTF-16 units of `subject`, or bytes with flag `r`. */
  exec(subject: string): RegExpExecArray | null;
}

/** Longest pattern text taken, in characters. */
const maxPatternLength = 16_384;

/** Flags of the peer: i m s x as in Perl, u UTF-8, r bytes, O and L for its own engine. */
const knownFlags = /^[imsxurOL]*$/;

class CompiledPattern implements Pattern {
  readonly text: string;
  readonly notice: string | undefined;
  readonly #regexp: RegExp;
  readonly #isBytes: boolean;

  constructor(text: string, notice: string | undefined, regexp: RegExp, isBytes: boolean) {
    this.text = text;
    this.notice = notice;
    this.#regexp = regexp;
    this.#isBytes = isBytes;
  }

  test(subject: string): boolean {
    return this.#regexp.test(this.#isBytes ? utf8Bytes(subject) : subject);
  }

  exec(subject: string): RegExpExecArray | null {
    return this.#regexp.exec(this.#isBytes ? utf8Bytes(subject) : subject);
  }
}

/** The UTF-8 form of a text, one character a byte; the text itself when it is ASCII. */
export function utf8Bytes(text: string): string {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0x7f) return Buffer.from(text, 'utf8').toString('latin1');
  }
  return text;
}

/** Splits `/pattern/flags` and `m{pattern}flags`; any other text is all pattern. */
function splitPattern(text: string): {
  readonly pattern: string;
  readonly flags: string;
  readonly offset: number;
} {
  if (text.startsWith('/')) {
    const end = text.lastIndexOf('/');
    if (end === 0) throw new RegexpError('pattern without closing /', text.length);
    return { pattern: text.slice(1, end), flags: text.slice(end + 1), offset: 1 };
  }
  const other = /^m([{!,%#|~@;])/.exec(text);
  if (other) {
    const close = other[1] === '{' ? '}' : other[1]!;
    const end = text.lastIndexOf(close);
    if (end > 1 && /^[A-Za-z]*$/.test(text.slice(end + 1))) {
      return { pattern: text.slice(2, end), flags: text.slice(end + 1), offset: 2 };
    }
  }
  return { pattern: text, flags: '', offset: 0 };
}

/** A pattern as it was read: what engines with bounds of their own need to know of it. */
export interface ReadPattern {
  readonly text: string;
  readonly notice: string | undefined;
  readonly root: RegexpNode;
  readonly regexp: RegExp;
  /** Matched against the UTF-8 form of texts, one character a byte. */
  readonly isBytes: boolean;
  /** A loop that takes exponential time on some texts, as ECMAScript source. */
  readonly exponentialLoop: string | undefined;
}

/**
 * Reads `/pattern/flags` (or a bare pattern) in Perl's syntax and judges it; the caller bounds what is slow.
 *
 * @param maxLength characters of the longest text that is taken
 * @throws RegexpError for bad syntax and for what ECMAScript cannot express
 */
export function readPattern(text: string, maxLength = maxPatternLength): ReadPattern {
  if (text.length > maxLength) throw new RegexpError(`pattern over ${maxLength} characters`, 0);
  const { pattern, flags, offset } = splitPattern(text);
  const strange = knownFlags.test(flags) ? '' : flags.replace(/[imsxurOL]/g, '');
  const isBytes =
    flags.includes('r') ||
    (!flags.includes('u') && /\\x(?:[89a-f][0-9a-f]|\{[89a-f][0-9a-f]\})/i.test(pattern));
  try {
    const { root, caseless } = parseRegexp(pattern, {
      caseless: flags.includes('i'),
      multiline: flags.includes('m'),
      dotAll: flags.includes('s'),
      extended: flags.includes('x'),
      raw: isBytes,
    });
    const jsFlags = `${caseless ? 'i' : ''}${isBytes ? '' : 'u'}`;
    const source = writeRegexp(root) || '(?:)';
    let regexp: RegExp;
    try {
      regexp = new RegExp(source, jsFlags);
    } catch (error) {
      throw new RegexpError(error instanceof Error ? error.message : String(error), 0);
    }
    const notice = strange === '' ? undefined : `flag "${strange}" has no meaning`;
    return { text, notice, root, regexp, isBytes, exponentialLoop: findExponentialLoop(root, jsFlags) };
  } catch (error) {
    if (error instanceof RegexpError) throw new RegexpError(error.message, error.offset + offset);
    throw error;
  }
}

/**
 * Compiles `/pattern/flags` (or a bare pattern) in Perl's syntax.
 *
 * Without flag `u` the peer matches bytes: a pattern that names bytes above 0x7f (`\xd0\xb0`) is matched against
 * the UTF-8 form of the text; all others against its characters.
 * @throws RegexpError for bad syntax, for what ECMAScript cannot express, and for loops of exponential time
 */
export function compilePattern(text: string): Pattern {
  const { regexp, notice, isBytes, exponentialLoop } = readPattern(text);
  if (exponentialLoop !== undefined) {
    throw new RegexpError(
      `the loop ${exponentialLoop} takes exponential time on some texts`,
      splitPattern(text).offset,
    );
  }
  return new CompiledPattern(text, notice, regexp, isBytes);
}

type GlobSign = '*' | '+' | '?';

/** A glob with many wildcards, matched by following all readings at once: time is text × pattern, whatever they are. */
class GlobPattern implements Pattern {
  readonly text: string;
  readonly notice = undefined;
  /** Literal characters, and wildcards as one-letter signs. */
  readonly #items: readonly ({ readonly char: string } | { readonly sign: GlobSign })[];

  constructor(text: string) {
    this.text = text;
    this.#items = Array.from(text, (char) =>
      char === '*' || char === '+' || char === '?' ? { sign: char } : { char },
    );
  }

  test(subject: string): boolean {
    const items = this.#items;
    let states = new Uint8Array(items.length + 1);
    let next = new Uint8Array(items.length + 1);
    states[0] = 1;
    this.#skip(states);
    for (const char of subject) {
      next.fill(0);
      for (const [at, item] of items.entries()) {
        if (!states[at]) continue;
        if ('char' in item) {
          if (item.char === char) next[at + 1] = 1;
        } else if (item.sign === '?') next[at + 1] = 1;
        else {
          next[at + 1] = 1;
          next[at] = 1;
        }
      }
      this.#skip(next);
      [states, next] = [next, states];
    }
    return states[items.length] === 1;
  }

  exec(subject: string): RegExpExecArray | null {
    return this.test(subject) ? /^[\s\S]*$/.exec(subject) : null;
  }

  /** `*` and `?` may stand for nothing. */
  #skip(states: Uint8Array): void {
    for (const [at, item] of this.#items.entries()) {
      if (states[at] && 'sign' in item && item.sign !== '+') states[at + 1] = 1;
    }
  }
}

/**
 * Compiles a shell-like pattern over the whole text: `*` any text, `?` at most one character, `+` at least one,
 * as the peer reads them. Case counts.
 */
export function compileGlob(text: string): Pattern {
  if (text.length > maxPatternLength) throw new RegexpError(`pattern over ${maxPatternLength} characters`, 0);
  const squeezed = text.replace(/\*{2,}/g, '*');
  if (squeezed.replace(/[^*+?]/g, '').length > 3) return new GlobPattern(squeezed);
  const source = squeezed.replace(/[\\^$.()[\]{}|/]|[*?+]/g, (char) =>
    char === '*' || char === '?' || char === '+' ? `[\\s\\S]${char}` : `\\${char}`,
  );
  return new CompiledPattern(text, undefined, new RegExp(`^${source}$`, 'u'), false);
}
