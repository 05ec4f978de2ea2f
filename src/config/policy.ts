import { join } from 'node:path';
import { toPlain, type UclNode, type UclObject } from '../ucl/index.ts';
import { luaRefusal } from './findings.ts';
import { flatten } from './flatten.ts';
import {
  coreSections,
  foreignSections,
  type KnownModule,
  knownModules,
  unsupportedSections,
} from './known/modules.ts';
import { type Layout, listFolder } from './layout.ts';
import { nearest } from './nearest.ts';
import { builtinFolder } from './provenance.ts';
import { isSame, operatorChange, type Reading } from './section.ts';

/**
 * Judges the sections that nothing here reads: stock ones are let pass with one notice, foreign ones with a notice
 * each, what an operator changed in a module that is not implemented is unsupported, and names that nobody knows are
 * errors.
 *
 * @param read names of the sections that were read
 */
export function judgeUnreadSections(
  reading: Reading,
  root: UclObject,
  read: ReadonlySet<string>,
  checkNames: readonly string[],
): void {
  const idle: string[] = [];
  for (const [name, entry] of root.entries) {
    if (read.has(name)) continue;
    const known = Object.hasOwn(knownModules, name) ? knownModules[name] : undefined;
    const first = entry.values.map((node) => reading.provenance.firstOperatorNode(node)).find(Boolean);
    if (known) judgeModule(reading, name, known, entry.values, idle);
    else if (foreignSections.has(name)) {
      if (first) reading.findings.ignore(first.position, [name], 'means nothing here and is ignored');
    } else if (Object.hasOwn(unsupportedSections, name)) {
      const changed = operatorChange(reading, entry);
      if (changed)
        reading.findings.unsupport(changed.position, [name], `not supported: ${unsupportedSections[name]}`);
    } else if (first) unknownSection(reading, name, first, entry.values[0]!, checkNames);
    else idle.push(name);
  }
  if (idle.length > 0)
    reading.findings.notice(
      undefined,
      [],
      `stock modules without counterpart here do nothing: ${idle.sort().join(', ')}`,
    );
}

function isBuiltin(values: readonly UclNode[]): boolean {
  return values.every((node) => node.position.file.startsWith(builtinFolder));
}

function judgeModule(
  reading: Reading,
  name: string,
  known: KnownModule,
  values: readonly UclNode[],
  idle: string[],
): void {
  const section = flatten(values);
  const enabled = section.entries.get('enabled')?.values[0];
  const isSwitchedOff = enabled?.kind === 'scalar' && enabled.value === false;
  const first = values.map((node) => reading.provenance.firstOperatorNode(node)).find(Boolean);
  if (!first || isSwitchedOff) {
    const isShipped = section.entries.size > 0 && !isBuiltin(values);
    if (isShipped && !isSwitchedOff && known.effect === 'verdict') idle.push(name);
    return;
  }
  if (known.effect === 'none') {
    const text = 'this module has no counterpart here and does nothing';
    reading.findings.ignore(first.position, [name], withReason(text, known));
    return;
  }
  for (const [key, entry] of section.entries) {
    if (key === 'enabled' && known.stock === 'on' && enabled && isSame(toPlain(enabled), true)) continue;
    const changed = operatorChange(reading, entry, { value: known.values?.[key] });
    if (changed)
      reading.findings.unsupport(
        changed.position,
        [name, key],
        withReason(`module ${name} is not implemented`, known),
      );
  }
}

function withReason(text: string, { reason }: KnownModule): string {
  return reason === undefined ? text : `${text}: ${reason}`;
}

function unknownSection(
  reading: Reading,
  name: string,
  first: UclNode,
  section: UclNode,
  checkNames: readonly string[],
): void {
  const position = reading.provenance.isOperator(section.position)
    ? (section.keyPosition ?? section.position)
    : first.position;
  const near = nearest(name, [...checkNames, ...coreSections, ...Object.keys(knownModules)]);
  // A section of its own is how an operator configures Lua plugins of his own.
  if (!near && position.file.includes('/modules.local.d/'))
    reading.findings.unsupport(position, [name], 'section of a plugin that is not known here');
  else
    reading.findings.error(
      position,
      [name],
      `unknown section \`${name}\`${near ? `, did you mean \`${near}\`?` : ''}`,
    );
}

/** Lua files in the operator's places: their rules would change verdicts and are not run. */
export function judgeLuaFiles(reading: Reading, configDir: string | undefined): void {
  if (configDir === undefined) return;
  for (const file of luaFiles(configDir))
    reading.findings.unsupport({ file, line: 1, column: 1 }, [], luaRefusal);
}

/** Paths of the Lua files that Rspamd would run, the one of the whole installation first. */
function luaFiles(configDir: string): readonly string[] {
  const folders = [
    'lua.local.d',
    'lua.local.d/maps',
    'lua.local.d/selectors',
    'lua.local.d/regexps',
    'plugins.d',
  ];
  const found = folders.flatMap((folder) =>
    listFolder(join(configDir, folder))
      .filter((name) => name.endsWith('.lua'))
      .map((name) => join(configDir, folder, name)),
  );
  for (const name of ['rspamd.local.lua', 'lua/rspamd.local.lua']) {
    const path = join(configDir, name);
    if (listFolder(join(path, '..')).includes('rspamd.local.lua')) found.unshift(path);
  }
  return found;
}

/** Files in `local.d` and `override.d` that no include asked for: most likely a misspelt name. */
export function judgeStrayFiles(reading: Reading, layout: Layout, files: readonly string[]): void {
  const { configDir } = layout;
  if (configDir === undefined) return;
  const asked = new Set(files);
  const names = [
    ...Object.keys(knownModules),
    'actions',
    'composites',
    'groups',
    'settings',
    'inbound',
    'outbound',
    'redis',
    'options',
  ];
  const workers = [
    'worker-normal',
    'worker-controller',
    'worker-proxy',
    'logging',
    'statistic',
    'classifier-bayes',
  ];
  for (const folder of ['local.d', 'override.d'])
    for (const name of listFolder(join(configDir, folder))) {
      const file = join(configDir, folder, name);
      const match = /^(.+)\.(?:conf|inc)$/.exec(name);
      if (!match || asked.has(file)) continue;
      // Lists of modules live in these folders too (`local.d/mid.inc`).
      if (name.endsWith('.inc') && !/^(?:worker|options|logging)/.test(name)) continue;
      const near = nearest(match[1]!, [...names, ...workers]);
      reading.findings.notice(
        { file, line: 1, column: 1 },
        [],
        `this file is not read: no section includes it${near && near !== match[1] ? `, did you mean \`${near}\`?` : ''}`,
      );
    }
}
