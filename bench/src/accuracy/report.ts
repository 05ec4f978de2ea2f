import { table } from '../report.ts';
import type { Interval, Share } from './curve.ts';
import type { Accuracy } from './evaluate.ts';
import { facetNames } from './labelled.ts';

const percent = (value: number): string => (Number.isNaN(value) ? '–' : `${(value * 100).toFixed(1)} %`);

function withInterval({ value, low, high }: Interval): string {
  return `${percent(value)} (${(low * 100).toFixed(1)}–${(high * 100).toFixed(1)})`;
}

function withWilson({ count, share, low, high }: Share): string {
  return `${count}: ${percent(share)} (${(low * 100).toFixed(1)}–${(high * 100).toFixed(1)})`;
}

function counts(actions: Readonly<Record<string, number>>): string {
  return Object.entries(actions)
    .sort(([, a], [, b]) => b - a)
    .map(([action, count]) => `${action} ${count}`)
    .join(', ');
}

/** The figures as tables of text. */
export function renderAccuracy(name: string, accuracy: Accuracy): string {
  const { ham, spam, areaUnderCurve: area, points, actions } = accuracy;
  const lines = [
    `${name}: ${ham} ham, ${spam} spam; 95 % confidence intervals in parentheses`,
    table([
      ['area under the ROC curve', withInterval(area)],
      ...points.map(({ falsePositives, threshold, detection }) => [
        `detected at ${percent(falsePositives)} false positives (score ${threshold.toFixed(2)})`,
        withInterval(detection),
      ]),
    ]),
    `ham actions: ${counts(actions.ham)}`,
    `spam actions: ${counts(actions.spam)}`,
  ];
  const headings = points.map(({ falsePositives }) => `taken for spam at ${percent(falsePositives)}`);
  for (const facet of facetNames) {
    const rows = accuracy.groups[facet].map(({ label, name: group, flagged }) => [
      `${label} ${group}`,
      String(flagged[0]?.of ?? 0),
      ...flagged.map(withWilson),
    ]);
    lines.push('', table([[facet, 'n', ...headings], ...rows]));
  }
  return lines.join('\n');
}
