/** A Lua pattern that has no counterpart here; the message says what in it. */
export class LuaPatternError extends Error {}

const classes: Readonly<Record<string, string>> = {
  a: 'A-Za-z',
  d: '0-9',
  l: 'a-z',
  s: '\\s',
  u: 'A-Z',
  w: 'A-Za-z0-9',
  x: '0-9A-Fa-f',
  p: '!-/:-@\\[-`{-~',
  c: '\\x00-\\x1f\\x7f',
};

/**
 * A Lua pattern (Lua 5.1 manual 5.4.1) as a regular expression.
 *
 * @throws LuaPatternError for what has no counterpart (`%b`, `%f`, back references)
 */
export function luaPattern(pattern: string): RegExp {
  let source = '';
  let isInSet = false;
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!;
    if (char === '%') {
      const next = pattern[++i] ?? '';
      if (next === '' || /[bf0-9]/.test(next)) throw new LuaPatternError(`%${next}`);
      const range = classes[next.toLowerCase()];
      if (range === undefined) source += `\\${next}`;
      else if (next === next.toLowerCase()) source += isInSet ? range : `[${range}]`;
      else if (isInSet) throw new LuaPatternError(`%${next} inside a set`);
      else source += `[^${range}]`;
    } else if (isInSet) {
      if (char === ']') isInSet = false;
      source += char === '[' || char === '\\' ? `\\${char}` : char;
    } else if (char === '[') {
      isInSet = true;
      source += '[';
      if (pattern[i + 1] === '^') source += pattern[++i];
    } else if (char === '-') source += '*?';
    else if (char === '^') source += i === 0 ? '^' : '\\^';
    else if (char === '$') source += i === pattern.length - 1 ? '$' : '\\$';
    else source += /[\\{}|/]/.test(char) ? `\\${char}` : char;
  }
  try {
    return new RegExp(source);
  } catch (error) {
    throw new LuaPatternError(error instanceof Error ? error.message : String(error));
  }
}
