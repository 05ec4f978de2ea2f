import { ExpressionError } from '../../expr/index.ts';
import { type Reading, readings } from './texts.ts';

/** A pattern as an atom of an expression. */
export interface PatternSyntax {
  readonly kind: 'pattern';
  readonly reading: Reading;
  /** Header field, or text of a selector. */
  readonly name: string;
  /** `/…/` with the flags of Perl. */
  readonly pattern: string;
  readonly counts: boolean;
  /** The name of the header field counts by case. */
  readonly isStrict: boolean;
}

export interface CallSyntax {
  readonly kind: 'call';
  readonly name: string;
  /** A pattern is `/…/flags`. */
  readonly args: readonly string[];
}

const letters: Readonly<Record<string, Reading>> = {
  H: 'header',
  X: 'raw_header',
  B: 'mime_header',
  R: 'all_headers',
  M: 'body',
  P: 'mime',
  Q: 'raw_mime',
  C: 'sa_body',
  D: 'sa_raw_body',
  U: 'url',
  $: 'selector',
};

const otherNames: Readonly<Record<string, Reading>> = { part: 'mime', raw_part: 'raw_mime' };

/** Readings of fields, which need a name before the pattern. */
const named: ReadonlySet<Reading> = new Set(['header', 'raw_header', 'mime_header', 'selector']);

function longName(name: string, at: number): Reading {
  const found = otherNames[name] ?? readings.find((reading) => reading === name && reading !== 'smtp');
  if (found === undefined) throw new ExpressionError(`unknown type {${name}}`, at);
  return found;
}

/** Index of the slash that ends a pattern. */
function patternEnd(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '/') return i;
  }
  return -1;
}

function readPatternAtom(text: string, start: number, offset: number): PatternSyntax {
  const end = patternEnd(text, start);
  if (end < 0) throw new ExpressionError('pattern without closing /', offset + start);
  const name = start === 0 ? '' : text.slice(0, start - 1);
  let flags = '';
  let reading: Reading | undefined;
  let counts = false;
  let isStrict = false;
  for (let i = end + 1; i < text.length; i++) {
    const letter = text[i]!;
    if (letter === '{') {
      const close = text.indexOf('}', i);
      if (close < 0) throw new ExpressionError('{ without }', offset + i);
      reading = longName(text.slice(i + 1, close).toLowerCase(), offset + i);
      i = close;
    } else if (letters[letter] !== undefined) reading = letters[letter];
    else if ('imsxur'.includes(letter)) flags += letter;
    else if (letter === 'A') counts = true;
    else if (letter === 'S') isStrict = true;
    // Optimisation, leftmost match and test only say nothing about whether a pattern matches.
    else if (!'OLT'.includes(letter)) throw new ExpressionError(`unknown flag "${letter}"`, offset + i);
  }
  reading ??= name === '' ? 'body' : 'header';
  if (named.has(reading) !== (name !== ''))
    throw new ExpressionError(
      name === '' ? `{${reading}} needs a name: Name=/…/` : `{${reading}} takes no name before the pattern`,
      offset,
    );
  return {
    kind: 'pattern',
    reading,
    name,
    pattern: `${text.slice(start, end + 1)}${flags}`,
    counts,
    isStrict,
  };
}

/** Arguments between commas; `/…/flags` and quoted ones are one argument whatever is in them. */
function readArguments(text: string, offset: number): readonly string[] {
  const args: string[] = [];
  let i = 0;
  for (;;) {
    while (/\s/.test(text[i] ?? '')) i++;
    if (i >= text.length && args.length === 0) return args;
    const quote = text[i];
    let end: number;
    if (quote === '/') {
      end = patternEnd(text, i);
      if (end < 0) throw new ExpressionError('pattern without closing /', offset + i);
      while (/[A-Za-z]/.test(text[++end] ?? '')) {
        // Flags belong to the argument.
      }
      args.push(text.slice(i, end));
    } else if (quote === "'" || quote === '"') {
      end = text.indexOf(quote, i + 1) + 1;
      if (end === 0) throw new ExpressionError(`${quote} is not closed`, offset + i);
      args.push(text.slice(i + 1, end - 1));
    } else {
      const comma = text.indexOf(',', i);
      end = comma < 0 ? text.length : comma;
      args.push(text.slice(i, end).trim());
    }
    i = end;
    while (/\s/.test(text[i] ?? '')) i++;
    if (i >= text.length) return args;
    if (text[i] !== ',') throw new ExpressionError(`unexpected "${text[i]}"`, offset + i);
    i++;
  }
}

/**
 * Reads one atom of a rule (config-format 15): `Name=/…/flags`, `/…/flags`, `function(…)`.
 *
 * @throws ExpressionError for what is none of these
 */
export function readAtom(text: string, offset: number): PatternSyntax | CallSyntax {
  if (text.startsWith('lua:')) throw new ExpressionError('Lua functions are not supported', offset);
  const call = /^([A-Za-z_]\w*)(?:\(([\s\S]*)\))?$/.exec(text);
  if (call) {
    const args = call[2] === undefined ? [] : readArguments(call[2], offset + call[1]!.length + 1);
    return { kind: 'call', name: call[1]!, args };
  }
  const start = text.startsWith('/') ? 0 : text.indexOf('=/') + 1;
  if (start === 0 && !text.startsWith('/'))
    throw new ExpressionError(`"${text}" is neither a pattern nor a function`, offset);
  return readPatternAtom(text, start, offset);
}
