import type { RegexpNode } from '../lib/index.ts';

/*
 * Texts of which every match of a pattern holds at least one, found in its tree. Letters are folded the way
 * `foldCode` folds them, in the patterns and in the texts alike, so that a pattern without regard to case finds its
 * literals too. Whatever is not certain counts as "any text": then a pattern is simply tried.
 */

/** More alternatives than this say too little to be worth looking for. */
const maxAlternatives = 32;
/** A class with more members than this is any character. */
const maxClassMembers = 8;
/** Longer literals only make the automaton larger. */
const maxLiteralChars = 16;

const kelvinSign = 0x212a;
const longS = 0x17f;

/**
 * Folds one UTF-16 unit: ASCII letters to lower case, and the two characters that ECMAScript's case folding makes equal
 * to an ASCII letter (ECMA-262 22.2.2.7.3) to that letter.
 */
export function foldCode(code: number): number {
  if (code >= 0x41 && code <= 0x5a) return code | 0x20;
  if (code === kelvinSign) return 0x6b;
  return code === longS ? 0x73 : code;
}

/** Text as the automaton reads it. */
export function foldText(text: string): string {
  let folded = '';
  for (let i = 0; i < text.length; i++) folded += String.fromCharCode(foldCode(text.charCodeAt(i)));
  return folded;
}

/** What is known of the texts that a node matches. */
interface Known {
  /** All texts it matches, when they are few. */
  readonly exact: readonly string[] | undefined;
  /** Every match holds one of these. */
  readonly required: readonly string[] | undefined;
}

const unknown: Known = { exact: undefined, required: undefined };
const empty: Known = { exact: [''], required: undefined };

/** How much a set of literals narrows: the shortest counts. */
function worth(set: readonly string[] | undefined): number {
  if (set === undefined || set.length === 0) return 0;
  return Math.min(...set.map((text) => Math.min(text.length, maxLiteralChars))) - set.length / 100;
}

function better(
  a: readonly string[] | undefined,
  b: readonly string[] | undefined,
): readonly string[] | undefined {
  return worth(b) > worth(a) ? b : a;
}

function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}

const item = /^(?:\\x([0-9a-f]{2})|\\u([0-9a-f]{4})|\\u\{([0-9a-f]+)\}|\\([^0-9A-Za-z])|([^\\\]]))/iu;

/** One character in ECMAScript source; undefined: something else stands there. */
function readItem(source: string): { readonly point: number; readonly length: number } | undefined {
  const match = item.exec(source);
  if (!match) return undefined;
  const hex = match[1] ?? match[2] ?? match[3];
  const point = hex === undefined ? (match[4] ?? match[5])!.codePointAt(0)! : Number.parseInt(hex, 16);
  return { point, length: match[0].length };
}

/** The characters that a `char` node matches, when they are few. */
function members(source: string): readonly number[] | undefined {
  if (!source.startsWith('[')) {
    const only = readItem(source);
    return only?.length === source.length ? [only.point] : undefined;
  }
  if (source.startsWith('[^')) return undefined;
  let rest = source.slice(1, -1);
  const points: number[] = [];
  while (rest !== '') {
    const first = readItem(rest);
    if (!first) return undefined;
    rest = rest.slice(first.length);
    let end = first.point;
    if (rest.startsWith('-') && rest.length > 1) {
      const last = readItem(rest.slice(1));
      if (!last) return undefined;
      rest = rest.slice(1 + last.length);
      end = last.point;
    }
    if (end < first.point || end - first.point >= maxClassMembers * 2) return undefined;
    for (let point = first.point; point <= end; point++) points.push(point);
  }
  return points;
}

class Finder {
  readonly #isBytes: boolean;

  constructor(isBytes: boolean) {
    this.#isBytes = isBytes;
  }

  find(node: RegexpNode, caseless: boolean): Known {
    switch (node.kind) {
      case 'char':
        return this.#char(node.source, caseless);
      case 'assertion':
      case 'look':
        return empty;
      case 'backreference':
        return unknown;
      case 'group':
        return this.find(node.body, node.open === '(?i:' ? true : node.open === '(?-i:' ? false : caseless);
      case 'choice':
        return this.#choice(node.branches.map((branch) => this.find(branch, caseless)));
      case 'sequence':
        return this.#sequence(node.items.map((part) => this.find(part, caseless)));
      case 'repeat':
        return this.#repeat(node, caseless);
    }
  }

  #char(source: string, caseless: boolean): Known {
    const points = members(source);
    if (points === undefined) return unknown;
    // Bytes of a text and its characters are the same only in ASCII, and so is folding.
    if ((this.#isBytes || caseless) && points.some((point) => point > 0x7f)) return unknown;
    const exact = distinct(points.map((point) => foldText(String.fromCodePoint(point))));
    return exact.length > maxClassMembers ? unknown : { exact, required: undefined };
  }

  #choice(branches: readonly Known[]): Known {
    const exact: string[] = [];
    for (const branch of branches) {
      if (branch.exact === undefined) {
        const sets = branches.map(best);
        if (sets.some((set) => set === undefined)) return unknown;
        const required = distinct(sets.flatMap((set) => set!));
        return required.length > maxAlternatives ? unknown : { exact: undefined, required };
      }
      exact.push(...branch.exact);
    }
    const all = distinct(exact);
    if (all.length <= maxAlternatives) return { exact: all, required: undefined };
    return unknown;
  }

  #sequence(items: readonly Known[]): Known {
    let run: readonly string[] = [''];
    let required: readonly string[] | undefined;
    let isExact = true;
    for (const known of items) {
      required = better(required, known.required);
      if (known.exact === undefined) {
        required = better(required, usable(run));
        run = [''];
        isExact = false;
        continue;
      }
      const crossed = cross(run, known.exact);
      if (crossed) run = crossed;
      else {
        required = better(required, usable(run));
        run = known.exact;
        isExact = false;
      }
    }
    if (isExact) return { exact: run, required };
    return { exact: undefined, required: better(required, usable(run)) };
  }

  #repeat(node: RegexpNode & { kind: 'repeat' }, caseless: boolean): Known {
    if (node.max === 0) return empty;
    const body = this.find(node.body, caseless);
    if (node.min === 0) {
      if (node.max === 1 && body.exact) return { exact: distinct(['', ...body.exact]), required: undefined };
      return unknown;
    }
    if (node.min === 1 && node.max === 1) return body;
    if (body.exact && node.min === node.max && node.min <= maxLiteralChars) {
      let exact: readonly string[] | undefined = [''];
      for (let i = 0; i < node.min && exact; i++) exact = cross(exact, body.exact);
      if (exact) return { exact, required: undefined };
    }
    return { exact: undefined, required: best(body) };
  }
}

function cross(left: readonly string[], right: readonly string[]): readonly string[] | undefined {
  if (left.length * right.length > maxAlternatives) return undefined;
  return distinct(left.flatMap((head) => right.map((tail) => head + tail)));
}

/** A set with the empty text in it narrows nothing. */
function usable(set: readonly string[]): readonly string[] | undefined {
  return set.includes('') ? undefined : set;
}

function best(known: Known): readonly string[] | undefined {
  return better(known.required, known.exact && usable(known.exact));
}

/**
 * Folded texts of which every match holds at least one; undefined when there are none worth looking for.
 *
 * @param root tree of the pattern
 * @param caseless the pattern as a whole has no regard to case
 * @param isBytes it is matched against bytes, while the literals are looked for among characters
 */
export function requiredLiterals(
  root: RegexpNode,
  caseless: boolean,
  isBytes: boolean,
): readonly string[] | undefined {
  const found = best(new Finder(isBytes).find(root, caseless));
  if (found === undefined || Math.min(...found.map((text) => text.length)) < 2) return undefined;
  return distinct(found.map((text) => text.slice(0, maxLiteralChars)));
}
