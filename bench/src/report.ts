import type { SoakResult } from './soak.ts';
import type { Spread } from './stats.ts';
import type { Ratios, SideSummary } from './summary.ts';

const none = 'n/a';

/** A figure with three significant digits, `n/a` for one that is not there. */
export function figure(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return none;
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : 3);
}

function mebibytes(bytes: number | undefined): string {
  return bytes === undefined ? none : `${figure(bytes / 2 ** 20)} MiB`;
}

function percent(share: number | undefined): string {
  return share === undefined ? none : `${(share * 100).toFixed(1)} %`;
}

function withSpread(spread: Spread | undefined): string {
  if (!spread) return none;
  return `${figure(spread.median)} (${figure(spread.min)}–${figure(spread.max)})`;
}

function withQuartiles(spread: Spread | undefined): string {
  if (!spread) return none;
  const { median, firstQuartile, thirdQuartile, min, max } = spread;
  const digits = (value: number): string => value.toFixed(3);
  return `${digits(median)}  quartiles ${digits(firstQuartile)}–${digits(thirdQuartile)}  range ${digits(min)}–${digits(max)}`;
}

function counts(table: Readonly<Record<string, number>>): string {
  const entries = Object.entries(table).sort(([, a], [, b]) => b - a);
  return entries.length > 0 ? entries.map(([key, count]) => `${key} ${count}`).join(', ') : 'none';
}

/** Lays rows out in columns: the first is flush left, the others flush right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const rowsOfSide: readonly (readonly [label: string, cell: (side: SideSummary) => string])[] = [
  ['messages', (side) => String(side.messages)],
  ['messages/s, median (range)', (side) => withSpread(side.messagesPerSecond)],
  ['CPU ms/message, median (range)', (side) => withSpread(side.cpuMsPerMessage)],
  ['  accounting resolution, ms/message', (side) => figure(side.cpuResolutionMsPerMessage)],
  ['  outside blocks, CPU ms/s', (side) => figure(side.backgroundMsPerSecond)],
  ['latency p50, ms', (side) => figure(side.p50Ms)],
  ['latency p99, ms', (side) => figure(side.p99Ms)],
  ['peak memory, PSS after blocks', (side) => mebibytes(side.peakPssBytes)],
  ['  sum of process peaks (upper bound)', (side) => mebibytes(side.peakRssBytes)],
  ['  processes', (side) => String(side.processes ?? none)],
  ['errors (no verdict)', (side) => String(side.errorCount)],
  ['symbols/message', (side) => figure(side.symbolsPerMessage)],
  ['others on its cores, at most', (side) => percent(side.foreignShare)],
  ['loader busy, at most', (side) => percent(side.loaderShare)],
];

/** The figures of all sides as a table. */
export function renderSides(sides: readonly SideSummary[]): string {
  const rows = rowsOfSide.map(([label, cell]) => [label, ...sides.map(cell)]);
  const lines = [table([['', ...sides.map(({ name }) => name)], ...rows])];
  for (const { name, actions, errors, errorCount } of sides) {
    lines.push(`${name} actions: ${counts(actions)}`);
    if (errorCount > 0) lines.push(`${name} errors: ${counts(errors)}`);
  }
  return lines.join('\n');
}

/** The ratios of two sides as a table. */
export function renderRatios(first: string, second: string, ratios: Ratios): string {
  return [
    `${second} / ${first}, block by block (${ratios.p50.count} pairs): median, quartiles, range`,
    table([
      ['CPU/message', withQuartiles(ratios.cpu)],
      ['messages/s', withQuartiles(ratios.messagesPerSecond)],
      ['latency p50', withQuartiles(ratios.p50)],
      ['latency p99', withQuartiles(ratios.p99)],
    ]),
  ].join('\n');
}

/** The course of memory in a soak. */
export function renderSoak({ name, load, growth, pssBytes, samples }: SoakResult): string {
  const errors = Object.values(load.errors).reduce((sum, count) => sum + count, 0);
  return table([
    ['', name],
    ['messages', String(load.messages)],
    ['messages/s', figure((load.latenciesMs.length / load.wallMs) * 1000)],
    ['errors (no verdict)', String(errors)],
    ['RSS at the start', mebibytes(growth.firstBytes)],
    ['RSS at the end', mebibytes(growth.lastBytes)],
    ['RSS highest', mebibytes(growth.maxBytes)],
    ['RSS growth', mebibytes(growth.lastBytes - growth.firstBytes)],
    ['  slope of the second half, per minute', mebibytes(growth.bytesPerMinute)],
    ['  and per 1000 messages', mebibytes(growth.bytesPerThousandMessages)],
    ['PSS at the start', mebibytes(pssBytes[0])],
    ['PSS at the end', mebibytes(pssBytes[1])],
    ['samples', String(samples.length)],
  ]);
}
