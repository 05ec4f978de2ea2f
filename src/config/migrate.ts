import { readFileSync, statSync } from 'node:fs';
import type { BindSocket, CheckDefinition, ConfigProblem, SourcePosition } from '../core/index.ts';
import { type Difference, isModuleOn } from './differences/difference.ts';
import { luaRefusal } from './findings.ts';
import { knownModules, unsupportedSections } from './known/modules.ts';
import { type Analysis, analyseConfiguration, type LoadedConfiguration, type LoadOptions } from './load.ts';
import { differencesOf } from './migrate-differences.ts';
import { type LuaRegistration, luaRegistrations } from './migrate-lua.ts';
import { type OperatorOption, operatorOptions } from './migrate-options.ts';
import { isLua } from './section.ts';

/** Where one worker listens. */
export interface MigratedListener {
  readonly worker: 'normal' | 'controller' | 'rspamd_proxy';
  readonly addresses: readonly string[];
  readonly isEnabled: boolean;
  /** Where the operator wrote the address; undefined: stock. */
  readonly position: SourcePosition | undefined;
}

/** A module that is implemented. */
export interface MigratedModule {
  readonly name: string;
  readonly isEnabled: boolean;
  /** How many of its options the operator wrote. */
  readonly optionCount: number;
}

/** Something of the operator's that would change verdicts and is not implemented. */
export interface UnsupportedThing {
  readonly kind: 'lua script' | 'lua option' | 'module' | 'option';
  /** File, path of the option, or module. */
  readonly name: string;
  readonly reason: string;
  readonly position: SourcePosition | undefined;
  /** The operator's values in it. */
  readonly options: readonly OperatorOption[];
  /** What a Lua script registers. */
  readonly registers: readonly LuaRegistration[];
}

/** Everything there is to say about moving a configuration over. */
export interface MigrationReport {
  /** The operator's files that are in use. */
  readonly files: readonly string[];
  /** Values of the operator that are in effect. */
  readonly options: readonly OperatorOption[];
  /** Values that another file of the operator overrules. */
  readonly replaced: readonly OperatorOption[];
  /** Values without effect: without counterpart here, or of a module that is off. */
  readonly idle: readonly OperatorOption[];
  readonly listeners: readonly MigratedListener[];
  readonly modules: readonly MigratedModule[];
  readonly differences: readonly Difference[];
  readonly unsupported: readonly UnsupportedThing[];
  /** Modules that Rspamd runs with stock values and that do not exist here. */
  readonly absentModules: readonly string[];
  readonly notices: readonly ConfigProblem[];
  /** Why it cannot be used at all. */
  readonly errors: readonly ConfigProblem[];
  readonly configuration: LoadedConfiguration;
}

/** Larger scripts are named without what they register. */
const maxLuaBytes = 4 * 1024 * 1024;

/** Reads a configuration of Rspamd and says what of it works here (`postern migrate`). Writes nothing. */
export function planMigration(options: Omit<LoadOptions, 'allowUnsupported'>): MigrationReport {
  const { checks } = options;
  const analysis = analyseConfiguration({ ...options, allowUnsupported: true });
  const { configuration, findings, root, provenance } = analysis;
  const names = new Map(checks.flatMap((check) => (check.aliases ?? []).map((alias) => [alias, check.name])));
  const written = operatorOptions(root, provenance, (section) => names.get(section) ?? section);
  const inEffect = written.filter(({ state }) => state === 'in effect');
  const refused = [...findings.unsupported, ...findings.errors];
  const isImplemented = new Set(checks.map(({ name }) => name));
  const usable = inEffect.filter((option) => !refused.some((problem) => covers(problem, option)));
  const isIdle = (option: OperatorOption): boolean =>
    belongsToNothing(option, isImplemented) || findings.ignored.some((problem) => covers(problem, option));
  const taken = usable.filter((option) => !isIdle(option));
  return {
    files: configuration.files.filter((file) => provenance.isOperator({ file, line: 1, column: 1 })),
    options: taken,
    replaced: written.filter(({ state }) => state === 'replaced'),
    idle: usable.filter(isIdle),
    listeners: listeners(configuration, taken),
    modules: checks.map(({ name }) => ({
      name,
      isEnabled: isModuleOn(configuration, name),
      optionCount: taken.filter(({ section }) => section === name).length,
    })),
    differences: differencesOf({ configuration, findings, options: taken }),
    unsupported: unsupportedThings(findings.unsupported, inEffect, isImplemented),
    absentModules: absentModules(analysis, checks),
    notices: findings.notices,
    errors: findings.errors,
    configuration,
  };
}

/** Is this option what a problem is about, or part of it? */
function covers({ path, position }: ConfigProblem, option: OperatorOption): boolean {
  const { position: own } = option;
  if (path === undefined) return false;
  if (position?.file === own.file && position.line === own.line && position.column === own.column)
    return true;
  // A rule in settings that cannot be used does not take the others with it.
  if (path === 'settings') return false;
  return option.path === path || option.path.startsWith(`${path}.`) || option.path.startsWith(`${path}[`);
}

/** Options of modules and workers that are not here and that no problem names: as shipped, or switched off. */
function belongsToNothing({ section, path }: OperatorOption, isImplemented: ReadonlySet<string>): boolean {
  if (section === 'worker') return !/^worker\.(?:normal|controller|rspamd_proxy)\./.test(path);
  if (isImplemented.has(section)) return false;
  return Object.hasOwn(knownModules, section) || Object.hasOwn(unsupportedSections, section);
}

function listeners(
  configuration: LoadedConfiguration,
  options: readonly OperatorOption[],
): readonly MigratedListener[] {
  const describe = (
    worker: MigratedListener['worker'],
    { enabled, sockets }: { readonly enabled: boolean; readonly sockets: readonly BindSocket[] },
  ): MigratedListener => ({
    worker,
    addresses: sockets.map(({ text }) => text),
    isEnabled: enabled,
    position: options.find(({ path }) =>
      ['bind_socket', 'listen', 'bind'].some((key) => path === `worker.${worker}.${key}`),
    )?.position,
  });
  return [
    describe('rspamd_proxy', configuration.proxy),
    describe('normal', configuration.normal),
    describe('controller', configuration.controller),
  ];
}

function unsupportedThings(
  problems: readonly ConfigProblem[],
  options: readonly OperatorOption[],
  isImplemented: ReadonlySet<string>,
): readonly UnsupportedThing[] {
  const modules = new Map<string, UnsupportedThing>();
  const result: UnsupportedThing[] = [];
  for (const problem of problems) {
    const { path, position, message: reason } = problem;
    const inside = options.filter((option) => covers(problem, option));
    const common = { reason, position, options: inside, registers: [] };
    if (path === undefined) {
      const file = position?.file ?? '';
      result.push({ ...common, kind: 'lua script', name: file, registers: registrationsOf(file) });
      continue;
    }
    const section = /^[\w-]+/.exec(path)?.[0] ?? path;
    const isModule = Object.hasOwn(knownModules, section) && !isImplemented.has(section);
    if (!isModule) {
      const hasLua = reason === luaRefusal || inside.some(({ value }) => isLua(value));
      result.push({ ...common, kind: hasLua ? 'lua option' : 'option', name: path });
      continue;
    }
    const known = modules.get(section);
    modules.set(section, {
      ...common,
      kind: 'module',
      name: section,
      position: known?.position ?? position,
      options: [...(known?.options ?? []), ...inside],
    });
  }
  return [...modules.values(), ...result];
}

function registrationsOf(file: string): readonly LuaRegistration[] {
  try {
    return statSync(file).size > maxLuaBytes ? [] : luaRegistrations(readFileSync(file, 'utf8'));
  } catch (error) {
    // A script that cannot be read is named all the same; so is one that vanished meanwhile.
    if (error instanceof Error && 'code' in error) return [];
    throw error;
  }
}

/** Modules that run in Rspamd although nobody configured them, and that are not here. */
function absentModules(
  { root, configuration }: Analysis,
  checks: readonly CheckDefinition[],
): readonly string[] {
  const here = new Set(checks.flatMap(({ name, aliases }) => [name, ...(aliases ?? [])]));
  return Object.entries(knownModules)
    .filter(([name, { stock, effect }]) => stock === 'on' && effect === 'verdict' && !here.has(name))
    .map(([name]) => name)
    .filter((name) => !configuration.options.disabledModules.includes(name))
    .filter((name) => {
      const sections = root.entries.get(name)?.values ?? [];
      return !sections.some((node) => {
        const enabled = node.kind === 'object' ? node.entries.get('enabled')?.values[0] : undefined;
        return enabled?.kind === 'scalar' && enabled.value === false;
      });
    })
    .sort();
}
