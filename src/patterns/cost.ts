import type { RegexpNode } from '../lib/index.ts';

/** How the steps of a backtracking matcher grow with the text: at most about `factor` × length to the `degree`. */
export interface MatchCost {
  readonly factor: number;
  readonly degree: number;
}

/** Counts up to this are a constant factor; larger ones are loops without end. */
const maxCount = 256;

const one: MatchCost = { factor: 1, degree: 0 };

function along(a: MatchCost, b: MatchCost): MatchCost {
  return { factor: Math.min(a.factor * b.factor, 1e12), degree: a.degree + b.degree };
}

function ways(node: RegexpNode): MatchCost {
  switch (node.kind) {
    case 'char':
    case 'assertion':
      return one;
    case 'backreference':
      // Comparing takes as long as what the group held.
      return { factor: 1, degree: 1 };
    case 'group':
    case 'look':
      return ways(node.body);
    case 'sequence':
      return node.items.map(ways).reduce(along, one);
    case 'choice': {
      const branches = node.branches.map(ways);
      return {
        factor: branches.reduce((sum, branch) => sum + branch.factor, 0),
        degree: Math.max(0, ...branches.map((branch) => branch.degree)),
      };
    }
    case 'repeat': {
      const body = ways(node.body);
      if (node.max > maxCount) return along(body, { factor: 1, degree: 1 });
      const counts = node.max - node.min + 1;
      // Where each turn has one way only, a fixed number of turns has one way too.
      const turns = body.factor === 1 && body.degree === 0 ? 1 : Math.min(body.factor ** node.max, 1e12);
      return { factor: Math.min(counts * turns, 1e12), degree: body.degree * Math.max(1, node.max) };
    }
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

/** An upper estimate of the steps that a pattern without exponential loops takes. */
export function matchCost(root: RegexpNode): MatchCost {
  const inside = ways(root);
  return isAnchored(root)
    ? { ...inside, degree: Math.max(1, inside.degree) }
    : along(inside, { factor: 1, degree: 1 });
}

/** Characters of a text that take no more than so many steps; 0 when none do. */
export function charsWithin(cost: MatchCost, steps: number): number {
  return Math.floor((steps / cost.factor) ** (1 / cost.degree));
}
