import { ascending } from '../stats.ts';
import {
  areaUnderCurve,
  bootstrap,
  countFrom,
  detectionAt,
  type Interval,
  type Share,
  thresholdAt,
  wilson,
} from './curve.ts';
import type { FacetName } from './labelled.ts';

/** A judged message with the score a server gave it. */
export interface Scored {
  readonly label: 'ham' | 'spam';
  readonly facets: Readonly<Record<FacetName, string>>;
  readonly score: number;
  readonly action: string;
}

/** Shares of ham that may be taken for spam at which detection is told. */
export const falsePositiveShares = [0.01, 0.001] as const;

/** What holds at one share of false positives. */
export interface OperatingPoint {
  readonly falsePositives: number;
  readonly threshold: number;
  readonly detection: Interval;
}

/** Mail of one kind: how much of it counts as spam at each operating point of the whole set. */
export interface GroupFigures {
  readonly label: 'ham' | 'spam';
  readonly name: string;
  readonly flagged: readonly Share[];
}

/** What became of one label with the server's own thresholds. */
export interface ActionCounts {
  readonly ham: Readonly<Record<string, number>>;
  readonly spam: Readonly<Record<string, number>>;
}

export interface Accuracy {
  readonly ham: number;
  readonly spam: number;
  readonly areaUnderCurve: Interval;
  readonly points: readonly OperatingPoint[];
  readonly actions: ActionCounts;
  readonly groups: Readonly<Record<FacetName, readonly GroupFigures[]>>;
}

function countActions(rows: readonly Scored[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { action } of rows) counts[action] = (counts[action] ?? 0) + 1;
  return counts;
}

/** Figures of a set. @throws RangeError without both ham and spam. */
export function evaluate(rows: readonly Scored[]): Accuracy {
  const hamRows = rows.filter(({ label }) => label === 'ham');
  const spamRows = rows.filter(({ label }) => label === 'spam');
  if (hamRows.length === 0 || spamRows.length === 0) throw new RangeError('ham and spam are needed');
  const ham = ascending(hamRows.map(({ score }) => score));
  const spam = ascending(spamRows.map(({ score }) => score));
  const points = falsePositiveShares.map((share) => ({
    falsePositives: share,
    threshold: thresholdAt(ham, share),
    detection: bootstrap(ham, spam, (someHam, someSpam) => detectionAt(someHam, someSpam, share)),
  }));
  const figuresOf = (facet: FacetName): GroupFigures[] => {
    const groups = Map.groupBy(rows, ({ label, facets }) => `${label} ${facets[facet]}`);
    return [...groups]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, members]) => {
        const scores = ascending(members.map(({ score }) => score));
        return {
          label: members[0]!.label,
          name: key.slice(key.indexOf(' ') + 1),
          flagged: points.map(({ threshold }) => wilson(countFrom(scores, threshold), scores.length)),
        };
      });
  };
  return {
    ham: ham.length,
    spam: spam.length,
    areaUnderCurve: bootstrap(ham, spam, areaUnderCurve),
    points,
    actions: { ham: countActions(hamRows), spam: countActions(spamRows) },
    groups: {
      source: figuresOf('source'),
      category: figuresOf('category'),
      language: figuresOf('language'),
      year: figuresOf('year'),
    },
  };
}
