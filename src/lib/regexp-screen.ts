import { type RegexpNode, writeRegexp } from './regexp-tree.ts';

/*
 * A backtracking matcher needs exponential time exactly when a loop of the expression can read the same text in
 * two ways: some position is reached again from itself over one word along two different paths (exponential
 * degree of ambiguity; Weber and Seidl, "On the degree of ambiguity of finite automata", 1991). The test here
 * builds the position automaton (Glushkov 1961) of each outermost loop and looks for such a position in its
 * product with itself. Edges are counted, because two quantifiers that lead the same way are two paths.
 */

const infinity = Number.POSITIVE_INFINITY;
/** Loops with more positions than this are judged by their shape alone. */
const maxPositions = 250;
/** Pairs of steps looked at; more of them mean that nearly everything can follow everything. */
const maxSteps = 20_000_000;
/** A counted repeat of at least this many is as bad as an endless one. */
const longRepeat = 12;

/** Characters that stand for all: ASCII, Latin-1 and one of each larger script. */
const sample: readonly string[] = [
  ...Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)),
  ...'ĀŁſƀɐʼΑαжЯաאعदกᄀ…€™—‘“\u2028\u200b中かア한ﬁ\ufeff\ufffd😀𝒜',
];

type CharSet = Uint8Array;

interface Automaton {
  readonly sets: CharSet[];
  /** `follow[p].get(q)`: number of ways (1 or 2) to go from position p to q. */
  readonly follow: Map<number, number>[];
}

interface Piece {
  readonly first: readonly number[];
  readonly last: readonly number[];
  readonly isNullable: boolean;
}

class TooLarge extends Error {}

class Builder {
  readonly automaton: Automaton = { sets: [], follow: [] };
  readonly #flags: string;
  readonly #cache: Map<string, CharSet>;

  constructor(flags: string, cache: Map<string, CharSet>) {
    this.#flags = flags;
    this.#cache = cache;
  }

  build(node: RegexpNode, caseless: boolean): Piece {
    switch (node.kind) {
      case 'char':
        return this.#position(node.source, caseless);
      case 'assertion':
      case 'look':
      case 'backreference':
        return { first: [], last: [], isNullable: true };
      case 'sequence':
        return node.items.reduce<Piece>((left, item) => this.#join(left, this.build(item, caseless)), {
          first: [],
          last: [],
          isNullable: true,
        });
      case 'choice': {
        const pieces = node.branches.map((branch) => this.build(branch, caseless));
        return {
          first: pieces.flatMap((piece) => piece.first),
          last: pieces.flatMap((piece) => piece.last),
          isNullable: pieces.some((piece) => piece.isNullable),
        };
      }
      case 'group': {
        const inner = node.open === '(?i:' ? true : node.open === '(?-i:' ? false : caseless;
        return this.build(node.body, inner);
      }
      case 'repeat':
        return this.#repeat(node, caseless);
    }
  }

  /** Lets a piece follow itself. */
  loop(piece: Piece): void {
    this.#connect(piece.last, piece.first);
  }

  #position(source: string, caseless: boolean): Piece {
    const { sets, follow } = this.automaton;
    if (sets.length >= maxPositions) throw new TooLarge();
    const key = `${caseless ? 'i' : ''}${source}`;
    let set = this.#cache.get(key);
    if (!set) {
      const flags = this.#flags.replace('i', '') + (caseless ? 'i' : '');
      const regexp = new RegExp(`^(?:${source})$`, flags);
      set = Uint8Array.from(sample, (char) => (regexp.test(char) ? 1 : 0));
      this.#cache.set(key, set);
    }
    sets.push(set);
    follow.push(new Map());
    const position = [sets.length - 1];
    return { first: position, last: position, isNullable: false };
  }

  #connect(from: readonly number[], to: readonly number[]): void {
    for (const p of from) {
      const edges = this.automaton.follow[p]!;
      for (const q of to) edges.set(q, Math.min(2, (edges.get(q) ?? 0) + 1));
    }
  }

  #join(left: Piece, right: Piece): Piece {
    this.#connect(left.last, right.first);
    return {
      first: left.isNullable ? [...left.first, ...right.first] : left.first,
      last: right.isNullable ? [...left.last, ...right.last] : right.last,
      isNullable: left.isNullable && right.isNullable,
    };
  }

  /** Copies of a piece, each only after the one before: so many of them can be read in one way only. */
  #row(pieces: readonly Piece[], min: number): Piece {
    for (const [copy, piece] of pieces.entries()) {
      if (copy > 0) this.#connect(pieces[copy - 1]!.last, piece.first);
    }
    const enough = Math.min(Math.max(min, 1), pieces.length) - 1;
    return {
      first: pieces[0]!.first,
      last: pieces.slice(enough).flatMap(({ last }) => last),
      isNullable: min === 0,
    };
  }

  #repeat(node: RegexpNode & { kind: 'repeat' }, caseless: boolean): Piece {
    const { min, max, body } = node;
    if (max === 0) return { first: [], last: [], isNullable: true };
    if (max === infinity || max >= longRepeat) {
      const piece = this.build(body, caseless);
      this.loop(piece);
      return min === 0 ? { ...piece, isNullable: true } : piece;
    }
    // Up to three copies tell whether neighbours can trade characters.
    const pieces = Array.from({ length: Math.min(max, 3) }, () => this.build(body, caseless));
    if (!pieces[0]!.isNullable) return this.#row(pieces, min);
    let whole: Piece = { first: [], last: [], isNullable: true };
    for (const [copy, piece] of pieces.entries()) {
      whole = this.#join(whole, copy < min ? piece : { ...piece, isNullable: true });
    }
    return whole;
  }
}

function overlaps(a: CharSet, b: CharSet): boolean {
  if (a === b) return true;
  for (let i = 0; i < a.length; i++) if (a[i] && b[i]) return true;
  return false;
}

/** Is there a position that returns to itself over one word along two paths? */
function isAmbiguousLoop({ sets, follow }: Automaton): boolean {
  const count = sets.length;
  const steps = follow.reduce((sum, edges) => sum + edges.size, 0);
  if (steps * steps > maxSteps) return true;
  const meet = new Map<number, boolean>();
  const meets = (p: number, q: number): boolean => {
    const key = p < q ? p * count + q : q * count + p;
    let known = meet.get(key);
    if (known === undefined) {
      known = overlaps(sets[p]!, sets[q]!);
      meet.set(key, known);
    }
    return known;
  };
  // Tarjan's strongly connected components over pairs, without recursion.
  const size = count * count;
  const index = new Int32Array(size).fill(-1);
  const low = new Int32Array(size);
  const isOnStack = new Uint8Array(size);
  const stack: number[] = [];
  let counter = 0;
  const successors = (pair: number): number[] => {
    const p = Math.floor(pair / count);
    const q = pair % count;
    const list: number[] = [];
    for (const p2 of follow[p]!.keys()) {
      for (const q2 of follow[q]!.keys()) if (meets(p2, q2)) list.push(p2 * count + q2);
    }
    return list;
  };
  for (let start = 0; start < count; start++) {
    const root = start * count + start;
    if (index[root] !== -1) continue;
    const work: { pair: number; next: number[]; at: number }[] = [];
    const enter = (pair: number): void => {
      index[pair] = low[pair] = counter++;
      stack.push(pair);
      isOnStack[pair] = 1;
      work.push({ pair, next: successors(pair), at: 0 });
    };
    enter(root);
    while (work.length > 0) {
      const frame = work.at(-1)!;
      if (frame.at < frame.next.length) {
        const to = frame.next[frame.at++]!;
        if (index[to] === -1) enter(to);
        else if (isOnStack[to]) low[frame.pair] = Math.min(low[frame.pair]!, index[to]!);
        continue;
      }
      work.pop();
      const parent = work.at(-1);
      if (parent) low[parent.pair] = Math.min(low[parent.pair]!, low[frame.pair]!);
      if (low[frame.pair] !== index[frame.pair]) continue;
      const component = new Set<number>();
      for (;;) {
        const pair = stack.pop()!;
        isOnStack[pair] = 0;
        component.add(pair);
        if (pair === frame.pair) break;
      }
      if (isAmbiguousComponent(component, count, follow)) return true;
    }
  }
  return false;
}

function isAmbiguousComponent(
  component: ReadonlySet<number>,
  count: number,
  follow: readonly Map<number, number>[],
): boolean {
  let hasSame = false;
  let hasDifferent = false;
  for (const pair of component) {
    const p = Math.floor(pair / count);
    const q = pair % count;
    if (p !== q) {
      hasDifferent = true;
      continue;
    }
    hasSame = true;
    for (const [to, ways] of follow[p]!) if (ways > 1 && component.has(to * count + to)) return true;
  }
  return hasSame && hasDifferent;
}

/** Nothing inside can be read in two ways: single characters, or a fixed row of them. */
function isSimple(node: RegexpNode): boolean {
  switch (node.kind) {
    case 'group':
      return isSimple(node.body);
    case 'sequence':
      return node.items.every(isSimple);
    case 'choice':
    case 'repeat':
      return false;
    default:
      return true;
  }
}

function isEndless(node: RegexpNode): boolean {
  return node.kind === 'repeat' && (node.max === infinity || node.max >= longRepeat);
}

/** Loops that are in no other loop, with the case option they are read under. */
function* outerLoops(
  node: RegexpNode,
  caseless: boolean,
): Generator<[RegexpNode & { kind: 'repeat' }, boolean]> {
  switch (node.kind) {
    case 'repeat':
      if (isEndless(node)) yield [node, caseless];
      else yield* outerLoops(node.body, caseless);
      break;
    case 'sequence':
      for (const item of node.items) yield* outerLoops(item, caseless);
      break;
    case 'choice':
      for (const branch of node.branches) yield* outerLoops(branch, caseless);
      break;
    case 'group':
      yield* outerLoops(node.body, node.open === '(?i:' ? true : node.open === '(?-i:' ? false : caseless);
      break;
    case 'look':
      yield* outerLoops(node.body, caseless);
      break;
    default:
  }
}

function hasLoop(node: RegexpNode): boolean {
  switch (node.kind) {
    case 'repeat':
      return isEndless(node) || hasLoop(node.body);
    case 'sequence':
      return node.items.some(hasLoop);
    case 'choice':
      return node.branches.some(hasLoop);
    case 'group':
    case 'look':
      return hasLoop(node.body);
    default:
      return false;
  }
}

/**
 * Finds a loop that takes a backtracking matcher exponential time on a text made for it.
 * @returns the loop as ECMAScript source, or undefined when there is none
 */
export function findExponentialLoop(root: RegexpNode, flags: string): string | undefined {
  const cache = new Map<string, CharSet>();
  for (const [loop, caseless] of outerLoops(root, flags.includes('i'))) {
    if (isSimple(loop.body)) continue;
    const builder = new Builder(flags, cache);
    let isBad: boolean;
    try {
      builder.loop(builder.build(loop.body, caseless));
      isBad = isAmbiguousLoop(builder.automaton);
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error;
      isBad = hasLoop(loop.body);
    }
    if (isBad) return writeRegexp(loop);
  }
  return undefined;
}
