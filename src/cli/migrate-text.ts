import { relative } from 'node:path';
import type { MigrationReport, OperatorOption, UnsupportedThing } from '../config/index.ts';
import { type ConfigProblem, formatProblem, type SourcePosition } from '../core/index.ts';

/** How much is told: counts, or every option too. */
export type Detail = 'counts' | 'every option';

/** More places than these are a number. */
const maxPlaces = 3;

const workerNames = {
  rspamd_proxy: 'milter and proxy',
  normal: 'scan port',
  controller: 'controller',
} as const;

/** The report of `postern migrate` for people; files are relative to the folder asked about. */
export function describeMigration(report: MigrationReport, folder: string, detail: Detail): string {
  const place = ({ file, line }: SourcePosition): string => `${shortName(folder, file)}:${line}`;
  const lines = [
    ...takenLines(report, folder, place, detail),
    '',
    `Differs from Rspamd: ${report.differences.length}`,
    ...report.differences.flatMap(({ topic, rspamd, postern, positions }) => [
      `  ${topic}${positions.length > 0 ? ` (${placesText(positions.map(place))})` : ''}`,
      `    Rspamd:  ${rspamd}`,
      `    Postern: ${postern}`,
    ]),
    '',
    `Not supported: ${report.unsupported.length}`,
    ...report.unsupported.flatMap((thing) => unsupportedLines(thing, folder, place)),
    ...(report.absentModules.length > 0
      ? [
          '  Modules that Rspamd runs without being asked and Postern does not have:',
          ...wrap(report.absentModules, '    '),
        ]
      : []),
  ];
  const problems = (title: string, list: readonly ConfigProblem[]): void => {
    if (list.length === 0) return;
    lines.push('', `${title}: ${list.length}`);
    for (const problem of list)
      for (const line of formatProblem(problem).replaceAll(`${folder}/`, '').split('\n'))
        lines.push(`  ${line}`);
  };
  problems('Notes', report.notices);
  problems('Errors', report.errors);
  return `${lines.join('\n')}\n`;
}

function takenLines(
  report: MigrationReport,
  folder: string,
  place: (position: SourcePosition) => string,
  detail: Detail,
): readonly string[] {
  const { options, replaced, idle, files, listeners, modules } = report;
  const every = (list: readonly OperatorOption[], indent: string): readonly string[] =>
    detail === 'counts' ? [] : list.map((option) => `${indent}${optionText(option, place)}`);
  const lines = [
    `Taken over: ${count(options.length, 'option')}; ${count(files.length, 'file')} of yours read`,
  ];
  const sections = new Map<string, OperatorOption[]>();
  for (const option of options) {
    const list = sections.get(option.section);
    if (list) list.push(option);
    else sections.set(option.section, [option]);
  }
  for (const [name, list] of [...sections].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const from = new Set(list.map(({ position }) => shortName(folder, position.file)));
    lines.push(
      `  ${name}: ${count(list.length, 'option')} (${[...from].join(', ')})`,
      ...every(list, '    '),
    );
  }
  lines.push('  Listeners:');
  for (const { worker, addresses, isEnabled, position } of listeners) {
    const source = position ? place(position) : 'stock';
    lines.push(`    ${workerNames[worker]}: ${isEnabled ? `${addresses.join(', ')} (${source})` : 'off'}`);
  }
  const named = (list: typeof modules): string => list.map(({ name }) => name).join(', ') || 'none';
  const on = modules.filter(({ isEnabled }) => isEnabled);
  const yours = on.filter(({ optionCount }) => optionCount > 0);
  const off = modules.filter(({ isEnabled }) => !isEnabled);
  lines.push('  Modules with your options:');
  if (yours.length === 0) lines.push('    none');
  for (const { name, optionCount } of yours) lines.push(`    ${name}: ${count(optionCount, 'option')}`);
  lines.push(
    '  Modules as shipped:',
    ...wrap(
      on.filter(({ optionCount }) => optionCount === 0).map(({ name }) => name),
      '    ',
    ),
  );
  if (off.length > 0) lines.push(`  Modules switched off: ${named(off)}`);
  if (replaced.length > 0)
    lines.push(
      `  Overruled by another file of yours, or by a later line: ${count(replaced.length, 'option')}`,
      ...every(replaced, '    '),
    );
  if (idle.length > 0)
    lines.push(
      `  Without effect (no counterpart here, or of a module that is off): ${count(idle.length, 'option')}`,
      ...every(idle, '    '),
    );
  return lines;
}

function unsupportedLines(
  thing: UnsupportedThing,
  folder: string,
  place: (position: SourcePosition) => string,
): readonly string[] {
  const { kind, name, reason, position, options, registers } = thing;
  if (kind === 'lua script')
    return [
      `  ${shortName(folder, name)}: ${reason}`,
      ...(registers.length === 0 ? ['    registers nothing that its text would tell'] : []),
      ...registers.map((item) => `    line ${item.line}: ${item.kind} ${item.name ?? '(computed name)'}`),
    ];
  const where = position ? `${place(position)}: ` : '';
  const values = options.map((option) => `    ${optionText(option, place)}`);
  return [
    `  ${where}${kind === 'module' ? reason : `${name}${kind === 'lua option' ? ' (Lua)' : ''}: ${reason}`}`,
    ...values,
  ];
}

function optionText(
  { path, value, position }: OperatorOption,
  place: (position: SourcePosition) => string,
): string {
  return `${place(position)}: ${path} = ${value}`;
}

/** Path of a file as the folder sees it. */
function shortName(folder: string, file: string): string {
  return file.startsWith(`${folder}/`) ? relative(folder, file) : file;
}

function placesText(places: readonly string[]): string {
  const distinct = [...new Set(places)];
  const more = distinct.length - maxPlaces;
  return `${distinct.slice(0, maxPlaces).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}

/** Words in lines of readable length. */
function wrap(words: readonly string[], indent: string): readonly string[] {
  if (words.length === 0) return [`${indent}none`];
  const lines: string[] = [];
  let line = '';
  for (const [index, word] of words.entries()) {
    const text = `${word}${index < words.length - 1 ? ',' : ''}`;
    if (line !== '' && indent.length + line.length + text.length > 100) {
      lines.push(indent + line);
      line = text;
    } else line = line === '' ? text : `${line} ${text}`;
  }
  return [...lines, indent + line];
}
