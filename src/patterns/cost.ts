import type { RegexpNode } from '../lib/index.ts';
import { type CharSet, caseInside, noChars, overlap, Shapes, union } from './shape.ts';

/*
 * How long a backtracking matcher takes on the worst text of a given length. It tries a way to read the text after
 * another until one fits; a repeat has several ways only where what follows it could take over some of its characters:
 * `[^>]*>` has one, `.*>` as many as there are characters. The number of ways, times the characters that each reads,
 * times the places where a match may start, bounds the steps. Loops of exponential time are found before (lib).
 */

/** By the length of the text: how many ways a piece can be read in. */
type Ways = (chars: number) => number;

const one: Ways = () => 1;

class Estimate {
  readonly #shapes = new Shapes();

  /** @param after what may follow the node */
  ways(node: RegexpNode, after: CharSet, caseless: boolean): Ways {
    switch (node.kind) {
      case 'char':
      case 'assertion':
      case 'backreference':
        return one;
      case 'look': {
        const inside = this.ways(node.body, noChars, caseless);
        const { maxChars } = this.#shapes.of(node.body, caseless);
        return (chars) => inside(chars) * (1 + Math.min(maxChars, chars));
      }
      case 'group':
        return this.ways(node.body, after, caseInside(node.open, caseless));
      case 'choice':
        return this.#choice(node.branches, after, caseless);
      case 'sequence':
        return this.#sequence(node.items, after, caseless);
      case 'repeat':
        return this.#repeat(node, after, caseless);
    }
  }

  #choice(branches: readonly RegexpNode[], after: CharSet, caseless: boolean): Ways {
    const each = branches.map((branch) => this.ways(branch, after, caseless));
    const shapes = branches.map((branch) => this.#shapes.of(branch, caseless));
    const isClear = shapes.every(
      ({ first, isNullable }, i) =>
        !isNullable && shapes.every((other, j) => j >= i || !overlap(first, other.first)),
    );
    return isClear
      ? (chars) => Math.max(...each.map((ways) => ways(chars)))
      : (chars) => each.reduce((sum, ways) => sum + ways(chars), 0);
  }

  #sequence(items: readonly RegexpNode[], after: CharSet, caseless: boolean): Ways {
    let follows = after;
    const each: Ways[] = [];
    for (const item of items.toReversed()) {
      const ways = this.ways(item, follows, caseless);
      if (ways !== one) each.push(ways);
      const { first, isNullable } = this.#shapes.of(item, caseless);
      follows = isNullable ? union(first, follows) : first;
    }
    if (each.length === 0) return one;
    return (chars) => each.reduce((product, ways) => product * ways(chars), 1);
  }

  #repeat(node: RegexpNode & { kind: 'repeat' }, after: CharSet, caseless: boolean): Ways {
    const { body, min, max } = node;
    if (max === 0) return one;
    const { first, all } = this.#shapes.of(body, caseless);
    const inside = this.ways(body, max > 1 ? union(first, after) : after, caseless);
    const ends: Ways = max > min && overlap(all, after) ? (chars) => Math.min(max - min, chars) + 1 : one;
    if (inside === one) return ends;
    // Turns share the text: several ways in each of them multiply while there are few, and are screened otherwise.
    return max <= 4
      ? (chars) => ends(chars) * inside(chars) ** max
      : (chars) => ends(chars) * inside(chars) * (Math.min(max, chars) + 1);
  }
}

/** Does every match begin at the start of the text? */
function isAnchored(node: RegexpNode): boolean {
  switch (node.kind) {
    case 'assertion':
      return node.source === '^' || node.source === '(?<![\\s\\S])';
    case 'sequence':
      return node.items[0] !== undefined && isAnchored(node.items[0]);
    case 'choice':
      return node.branches.every(isAnchored);
    case 'group':
      return isAnchored(node.body);
    default:
      return false;
  }
}

/**
 * Can no attempt read what another one begins with? Then all attempts together read each character once: `<[^<>]*>`.
 */
function startsApart(root: RegexpNode, caseless: boolean): boolean {
  const shapes = new Shapes();
  const items = root.kind === 'sequence' ? root.items : [root];
  const start = items.findIndex((item) => item.kind !== 'assertion');
  const first = items[start];
  if (first?.kind !== 'char') return false;
  const begin = shapes.of(first, caseless).first;
  return items.slice(start + 1).every((item) => !overlap(begin, shapes.of(item, caseless).all));
}

/** An upper estimate of the steps that a pattern without exponential loops takes, by the length of the text. */
export function matchSteps(root: RegexpNode, caseless: boolean): (chars: number) => number {
  const ways = new Estimate().ways(root, noChars, caseless);
  if (startsApart(root, caseless)) return (chars) => ways(chars) * (1 + chars);
  const { maxChars } = new Shapes().of(root, caseless);
  const anchored = isAnchored(root);
  return (chars) => ways(chars) * (1 + Math.min(maxChars, chars)) * (anchored ? 1 : 1 + chars);
}

/** The longest text, up to a bound, that takes no more than so many steps. */
export function charsWithin(steps: (chars: number) => number, budget: number, bound: number): number {
  const most = Math.min(bound, 2 ** 30);
  if (steps(most) <= budget) return bound;
  let low = 0;
  let high = most;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (steps(middle) <= budget) low = middle;
    else high = middle;
  }
  return low;
}
