import type { RegexpNode } from '../lib/index.ts';

/** Characters: one entry for each of ASCII, and one that stands for all others. */
export type CharSet = Uint8Array;

const setSize = 129;
const others = 128;

/** What a piece of a pattern consumes. */
export interface Shape {
  /** What a match may begin with. */
  readonly first: CharSet;
  /** What a match may hold. */
  readonly all: CharSet;
  readonly isNullable: boolean;
  /** Characters of the longest match. */
  readonly maxChars: number;
}

export const noChars: CharSet = new Uint8Array(setSize);
const anyChar: CharSet = new Uint8Array(setSize).fill(1);

export function union(a: CharSet, b: CharSet): CharSet {
  if (a === b || b === noChars) return a;
  if (a === noChars) return b;
  // Most of the time one holds the other, and patterns are many: nothing new is made then.
  let isNew = false;
  for (let i = 0; i < setSize && !isNew; i++) isNew = b[i]! > a[i]!;
  if (!isNew) return a;
  const both = new Uint8Array(setSize);
  for (let i = 0; i < setSize; i++) both[i] = a[i]! | b[i]!;
  return both;
}

export function overlap(a: CharSet, b: CharSet): boolean {
  if (a === noChars || b === noChars) return false;
  for (let i = 0; i < setSize; i++) if (a[i] === 1 && b[i] === 1) return true;
  return false;
}

const sets = new Map<string, CharSet>();

function charSet(source: string, caseless: boolean): CharSet {
  const key = `${caseless}${source}`;
  const known = sets.get(key);
  if (known) return known;
  const regexp = new RegExp(`^(?:${source})$`, caseless ? 'iu' : 'u');
  const set = new Uint8Array(setSize);
  for (let code = 0; code < others; code++) if (regexp.test(String.fromCharCode(code))) set[code] = 1;
  if (/[^\x00-\x7f]|\\u|\\x[89a-f]|\\p|\[\^|\\[SDW]/i.test(source)) set[others] = 1;
  // Patterns are many, their characters are not: a bound for the odd one.
  if (sets.size > 4_096) sets.clear();
  sets.set(key, set);
  return set;
}

const nothing: Shape = { first: noChars, all: noChars, isNullable: true, maxChars: 0 };

/** Reads shapes of the pieces of one pattern, each once. */
export class Shapes {
  readonly #known = new Map<RegexpNode, Shape>();

  of(node: RegexpNode, caseless: boolean): Shape {
    const known = this.#known.get(node);
    if (known) return known;
    const shape = this.#read(node, caseless);
    this.#known.set(node, shape);
    return shape;
  }

  #read(node: RegexpNode, caseless: boolean): Shape {
    switch (node.kind) {
      case 'char': {
        const set = charSet(node.source, caseless);
        return { first: set, all: set, isNullable: false, maxChars: 1 };
      }
      case 'assertion':
      case 'look':
        return nothing;
      case 'backreference':
        return { first: anyChar, all: anyChar, isNullable: true, maxChars: Number.POSITIVE_INFINITY };
      case 'group':
        return this.of(node.body, caseInside(node.open, caseless));
      case 'choice': {
        const branches = node.branches.map((branch) => this.of(branch, caseless));
        return {
          first: branches.reduce((set, { first }) => union(set, first), noChars),
          all: branches.reduce((set, { all }) => union(set, all), noChars),
          isNullable: branches.some(({ isNullable }) => isNullable),
          maxChars: Math.max(0, ...branches.map(({ maxChars }) => maxChars)),
        };
      }
      case 'sequence':
        return node.items
          .map((item) => this.of(item, caseless))
          .reduceRight(
            (rest, item) => ({
              first: item.isNullable ? union(item.first, rest.first) : item.first,
              all: union(item.all, rest.all),
              isNullable: item.isNullable && rest.isNullable,
              maxChars: item.maxChars + rest.maxChars,
            }),
            nothing,
          );
      case 'repeat': {
        if (node.max === 0) return nothing;
        const body = this.of(node.body, caseless);
        return {
          ...body,
          isNullable: node.min === 0 || body.isNullable,
          maxChars: body.maxChars === 0 ? 0 : body.maxChars * node.max,
        };
      }
    }
  }
}

/** Does what is in a group with this opening have regard to case? */
export function caseInside(open: string, caseless: boolean): boolean {
  return open === '(?i:' ? true : open === '(?-i:' ? false : caseless;
}
