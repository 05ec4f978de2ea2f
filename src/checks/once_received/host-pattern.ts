import { compilePattern, type Pattern, RegexpError } from '../../lib/index.ts';

/** Is a host name one that the operator described? */
export interface HostPattern {
  /** As written. */
  readonly text: string;
  matches(host: string): boolean;
}

/** Lua's character classes as members of a set (Lua reference 5.4.1). */
const classes: Readonly<Record<string, string>> = {
  a: 'A-Za-z',
  c: '\\x00-\\x1f\\x7f',
  d: '0-9',
  l: 'a-z',
  p: '!-\\/:-@\\[-`{-~',
  s: '\\t-\\r ',
  u: 'A-Z',
  w: 'A-Za-z0-9',
  x: 'A-Fa-f0-9',
};

class PatternError extends Error {}

function escaped(char: string): string {
  return /[\\^$.*+?()[\]{}|/-]/.test(char) ? `\\${char}` : char;
}

/** Translates one Lua pattern; what regular expressions do not have is refused. */
function translate(text: string): string {
  let at = 0;
  const take = (): string => {
    const char = text[at++];
    if (char === undefined) throw new PatternError('it ends too early');
    return char;
  };
  /** What stands after `%`, as members of a set; `isNegated`: all but those. */
  const percent = (): { readonly members: string; readonly isNegated: boolean } => {
    const char = take();
    if (char === 'b' || char === 'f' || /[0-9]/.test(char))
      throw new PatternError(`\`%${char}\` has no counterpart in regular expressions`);
    const members = classes[char.toLowerCase()];
    if (members !== undefined) return { members, isNegated: char !== char.toLowerCase() };
    if (/[a-zA-Z]/.test(char)) throw new PatternError(`\`%${char}\` is no class`);
    return { members: escaped(char), isNegated: false };
  };
  const set = (): string => {
    let body = '[';
    if (text[at] === '^') {
      body += '^';
      at++;
    }
    for (let first = true; ; first = false) {
      const char = take();
      if (char === ']' && !first) return `${body}]`;
      if (char === '%') {
        const { members, isNegated } = percent();
        if (isNegated) throw new PatternError('a negated class inside [] is not supported');
        body += members;
      } else if (text[at] === '-' && text[at + 1] !== ']' && text[at + 1] !== undefined) {
        at++;
        body += `${escaped(char)}-${escaped(take())}`;
      } else body += escaped(char);
    }
  };
  let result = '';
  while (at < text.length) {
    const start = at;
    const char = take();
    if (char === '^' && start === 0) result += '^';
    else if (char === '$' && at === text.length) result += '$';
    else if (char === '(') result += '(?:';
    else if (char === ')') result += ')';
    else {
      let item: string;
      if (char === '.') item = '[^]';
      else if (char === '[') item = set();
      else if (char === '%') {
        const { members, isNegated } = percent();
        item = `[${isNegated ? '^' : ''}${members}]`;
      } else item = escaped(char);
      const repeat = text[at];
      if (repeat === '*' || repeat === '+' || repeat === '?') {
        at++;
        item += repeat;
      } else if (repeat === '-') {
        at++;
        item += '*?';
      }
      result += item;
    }
  }
  return result;
}

/** Hosts are looked at up to here; names in DNS are not longer. */
const maxHostLength = 255;

/**
 * Compiles what an operator wrote: part of a host name, or a Lua pattern. Texts of letters, digits, dots and hyphens
 * are parts of names, although for Lua a hyphen repeats what stands before it.
 *
 * @returns the pattern, or what is wrong with it
 */
export function compileHostPattern(text: string): HostPattern | string {
  if (/^[A-Za-z0-9._-]+$/.test(text)) {
    const part = text.toLowerCase();
    return { text, matches: (host) => host.toLowerCase().includes(part) };
  }
  let pattern: Pattern;
  try {
    pattern = compilePattern(`/${translate(text)}/i`);
  } catch (error) {
    if (error instanceof PatternError || error instanceof RegexpError) return error.message;
    throw error;
  }
  return { text, matches: (host) => pattern.test(host.slice(0, maxHostLength)) };
}
