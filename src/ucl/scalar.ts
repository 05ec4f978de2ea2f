import type { UclScalarType } from './value.ts';

/** What an unquoted text means. */
export interface Atom {
  readonly type: UclScalarType;
  readonly value: string | number | boolean | null;
}

const numberPattern = /^(-?(?:\d+(?:\.\d*)?(?:[eE][-+]?\d+)?))(ms|min|kb|mb|gb|[kmgshdwy])?$/i;
const hexPattern = /^(-?)0x([0-9a-f]+)$/i;

/** Multipliers of number suffixes (config-format 1.4). Bare `m` is mega: minutes are `min`. */
const suffixes: Readonly<Record<string, { readonly factor: number; readonly isTime: boolean }>> = {
  k: { factor: 1e3, isTime: false },
  m: { factor: 1e6, isTime: false },
  g: { factor: 1e9, isTime: false },
  kb: { factor: 2 ** 10, isTime: false },
  mb: { factor: 2 ** 20, isTime: false },
  gb: { factor: 2 ** 30, isTime: false },
  ms: { factor: 1e-3, isTime: true },
  s: { factor: 1, isTime: true },
  min: { factor: 60, isTime: true },
  h: { factor: 3600, isTime: true },
  d: { factor: 86_400, isTime: true },
  w: { factor: 604_800, isTime: true },
  y: { factor: 31_536_000, isTime: true },
};

const words: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  false: false,
  no: false,
  off: false,
};

/** Reads an unquoted text as boolean, null, number, time or, failing all these, string. */
export function parseAtom(text: string): Atom {
  if (text === 'null') return { type: 'null', value: null };
  if (text === 'nan') return { type: 'float', value: Number.NaN };
  if (text === 'inf') return { type: 'float', value: Number.POSITIVE_INFINITY };
  if (text.length <= 5) {
    const word = text.toLowerCase();
    if (Object.hasOwn(words, word)) return { type: 'boolean', value: words[word]! };
  }
  return parseNumber(text) ?? { type: 'string', value: text };
}

/** Reads a number with or without suffix; undefined when the text is anything else. */
export function parseNumber(text: string): Atom | undefined {
  // No number is longer; keeps the work on long texts constant.
  if (text.length > 330) return undefined;
  const hex = hexPattern.exec(text);
  if (hex) {
    const value = Number.parseInt(hex[2]!, 16);
    return { type: 'integer', value: hex[1] ? 0 - value : value };
  }
  const match = numberPattern.exec(text);
  if (!match) return undefined;
  const digits = match[1]!;
  const number = Number(digits);
  if (!Number.isFinite(number)) return undefined;
  const isFraction = /[.eE]/.test(digits);
  if (match[2] === undefined)
    return isFraction ? { type: 'float', value: number } : { type: 'integer', value: number + 0 };
  const { factor, isTime } = suffixes[match[2].toLowerCase()]!;
  const value = factor < 1 ? number / 1000 : number * factor;
  if (!Number.isFinite(value)) return undefined;
  if (isTime) return { type: 'time', value };
  return { type: isFraction ? 'float' : 'integer', value: value + 0 };
}

/** Value of a variable; undefined leaves the text as it is. */
export type VariableLookup = (name: string) => string | undefined;

/**
 * Replaces `$NAME` and `${NAME}`. Unknown names stay; `$$` becomes `$` only when something was replaced. What was
 * put in is not looked at again.
 */
export function expandVariables(text: string, lookup: VariableLookup): string {
  if (!text.includes('$')) return text;
  let replaced = 0;
  const expanded = text.replace(/\$(?:(\$)|\{(\w+)\}|(\w+))/g, (whole, dollar, braced, bare) => {
    if (dollar) return '$';
    const value = lookup(braced ?? bare);
    if (value === undefined) return whole;
    replaced++;
    return value;
  });
  return replaced === 0 ? text : expanded;
}
