/** Classes of Lua 5.1 patterns (reference manual 5.4.1), for ASCII. */
const classes: Readonly<Record<string, string>> = {
  a: 'A-Za-z',
  d: '0-9',
  l: 'a-z',
  s: '\\s',
  u: 'A-Z',
  w: 'A-Za-z0-9',
  x: 'A-Fa-f0-9',
  p: '!-\\/:-@\\[-`{-~',
  c: '\\x00-\\x1f\\x7f',
};

const escaped = (char: string): string => char.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&');

/**
 * A Lua pattern that must match a whole text, as an expression. Patterns of lists compare addresses, so what compares
 * balanced texts or earlier captures (`%b`, `%f`, `%1`) is not understood.
 *
 * @returns undefined for what is no such pattern
 */
export function compileLuaPattern(pattern: string): RegExp | undefined {
  if (pattern.length > 256) return undefined;
  let source = '';
  let repeats = 0;
  for (let i = 0; i < pattern.length; i++) {
    const item = readItem(pattern, i);
    if (item === undefined) return undefined;
    source += item.source;
    i = item.end - 1;
    const next = pattern[item.end];
    if (next !== undefined && '*+-?'.includes(next) && item.isRepeatable) {
      // Several open repeats side by side could take polynomial time; no address needs more.
      if (next !== '?' && ++repeats > 6) return undefined;
      source += next === '-' ? '*?' : next;
      i++;
    }
  }
  try {
    return new RegExp(`^(?:${source})$`);
  } catch {
    return undefined; // unbalanced parentheses or an empty range: no pattern either
  }
}

interface Item {
  readonly source: string;
  readonly end: number;
  readonly isRepeatable: boolean;
}

function readItem(pattern: string, at: number): Item | undefined {
  const char = pattern[at]!;
  if (char === '%') {
    const named = pattern[at + 1];
    if (named === undefined || /[bf0-9]/.test(named)) return undefined;
    return { source: classSource(named), end: at + 2, isRepeatable: true };
  }
  if (char === '[') return readSet(pattern, at);
  if (char === '.') return { source: '[^]', end: at + 1, isRepeatable: true };
  if (char === '(' || char === ')') return { source: char, end: at + 1, isRepeatable: false };
  // Anchors stand for themselves in the middle; the whole text is compared anyway.
  if ((char === '^' && at === 0) || (char === '$' && at === pattern.length - 1))
    return { source: '', end: at + 1, isRepeatable: false };
  return { source: escaped(char), end: at + 1, isRepeatable: true };
}

function classSource(named: string): string {
  const lower = named.toLowerCase();
  const members = classes[lower];
  if (members === undefined) return escaped(named);
  return named === lower ? `[${members}]` : `[^${members}]`;
}

function readSet(pattern: string, at: number): Item | undefined {
  let i = at + 1;
  let source = '[';
  if (pattern[i] === '^') {
    source += '^';
    i++;
  }
  for (let first = true; ; first = false) {
    const char = pattern[i];
    if (char === undefined) return undefined;
    if (char === ']' && !first) return { source: `${source}]`, end: i + 1, isRepeatable: true };
    if (char === '%') {
      const named = pattern[i + 1];
      if (named === undefined) return undefined;
      const members = classes[named];
      // A negated class inside a set has no counterpart in one set of ECMAScript.
      if (members === undefined && /[A-Za-z]/.test(named)) return undefined;
      source += members ?? escaped(named);
      i += 2;
    } else {
      source += char === '-' && !first && pattern[i + 1] !== ']' ? '-' : escaped(char);
      i++;
    }
  }
}
