import { createHash } from 'node:crypto';
import {
  type CheckDefinition,
  ConfigError,
  type ConfigPath,
  type ConfigProblem,
  type Configuration,
  type LoggingConfig,
  type Section,
  type SourcePosition,
} from '../core/index.ts';
import { nodesAt, readUcl, toPlain, type UclNode, type UclObject } from '../ucl/index.ts';
import { Findings, luaRefusal } from './findings.ts';
import { flatten } from './flatten.ts';
import { filterModules, knownModules } from './known/modules.ts';
import { describeLayout, isFolder, type Layout } from './layout.ts';
import { metricPlaces } from './legacy.ts';
import { withListsInPlace } from './legacy-lists.ts';
import { readModules, sectionValues } from './modules.ts';
import { judgeLuaFiles, judgeStrayFiles, judgeUnreadSections } from './policy.ts';
import { builtinFolder, Provenance, visiblePosition } from './provenance.ts';
import { readActions } from './schema/actions.ts';
import { readComposites } from './schema/composites.ts';
import { MetricReader, symbolSpec, ungrouped } from './schema/groups.ts';
import { loggingSpec, loggingWords, toLogging } from './schema/logging.ts';
import { optionsSpec, toOptions } from './schema/options.ts';
import { hasServers, redisSpec } from './schema/redis.ts';
import { mirrorSpec, upstreamSpec } from './schema/upstreams.ts';
import { controllerSpec, normalSpec } from './schema/workers.ts';
import { firstLua, operatorNode, type Reading, readSection } from './section.ts';
import { readWorkers } from './workers.ts';

export interface LoadOptions {
  /** Folder with `local.d` and the like, or a whole Rspamd tree. Undefined: stock values only. */
  readonly configDir?: string | undefined;
  /** Folder for everything that is written; `$DBDIR` in files. */
  readonly stateDir: string;
  /** `$NAME` in files, beyond the folders. */
  readonly variables: Readonly<Record<string, string>>;
  readonly checks: readonly CheckDefinition[];
  /** Load although something that would change verdicts is not implemented. */
  readonly allowUnsupported: boolean;
  /** Where templates find `env.X` (as `RSPAMD_X`). Default: the process's. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** A configuration together with what `config dump` shows of it. */
export interface LoadedConfiguration extends Configuration {
  /** Validated sections in the words of the files. */
  readonly effective: Readonly<Record<string, unknown>>;
  /** Where the score of a symbol was written. */
  readonly scorePositions: ReadonlyMap<string, SourcePosition>;
}

/** Everything found in a configuration; `configuration` is there even when it must not be used. */
export interface Analysis {
  readonly configuration: LoadedConfiguration;
  readonly findings: Findings;
  /** All sections as written, layers put together. */
  readonly root: UclObject;
  readonly provenance: Provenance;
}

/**
 * Loads a configuration: root, includes, layers, validation (config-format 3).
 *
 * @throws ConfigError with every error found, and unless `allowUnsupported` with everything unsupported
 */
export async function loadConfiguration(options: LoadOptions): Promise<LoadedConfiguration> {
  const { configuration, findings } = analyseConfiguration(options);
  const missing = options.allowUnsupported ? [] : findings.unsupported.map(withWayOut);
  const refused = [...findings.errors, ...missing];
  if (refused.length > 0) throw new ConfigError(refused);
  return configuration;
}

function withWayOut(problem: ConfigProblem): ConfigProblem {
  return { ...problem, message: `${problem.message} (--allow-unsupported starts without it)` };
}

/** Reads a configuration and gives everything there is to say about it. */
export function analyseConfiguration(options: LoadOptions): Analysis {
  const { checks } = options;
  const layout = describeLayout({
    ...options,
    environment: options.environment ?? process.env,
    moduleNames: checks.map((check) => check.name),
  });
  const document = readUcl(layout.entry.text, {
    file: layout.entry.file,
    variables: layout.variables,
    files: layout.files,
    templates: layout.templates,
  });
  const findings = new Findings();
  if (layout.configDir !== undefined && !isFolder(layout.configDir))
    findings.error(undefined, [], `there is no folder ${layout.configDir} to read the configuration from`);
  findings.errors.push(...document.problems);
  const provenance = new Provenance(document.files, layout.stockDir);
  for (const warning of document.warnings)
    if (!warning.position || provenance.isOperator(warning.position)) findings.notices.push(warning);
  const reading: Reading = { findings, provenance };
  const files = document.files.map(({ file }) => file).filter((file) => !file.startsWith(builtinFolder));
  const root = withListsInPlace(reading, flatten([document.root]));
  const configuration = build(reading, root, layout, checks, files);
  judgeLuaFiles(reading, layout.configDir);
  judgeStrayFiles(reading, layout, files);
  findings.sortBy(files);
  return { configuration, findings, root, provenance };
}

function build(
  reading: Reading,
  root: UclObject,
  layout: Layout,
  checks: readonly CheckDefinition[],
  files: readonly string[],
): LoadedConfiguration {
  const { findings } = reading;
  const empty: UclObject = { ...root, entries: new Map() };
  const valuesOf = (name: string): readonly UclNode[] => root.entries.get(name)?.values ?? [];
  const sectionOf = (name: string): UclObject => flatten([...valuesOf(name), empty]);

  const options = readSection(reading, optionsSpec, sectionOf('options'), ['options']).value;
  const optionValues = options ?? optionsSpec.schema.parse({});
  const places = metricPlaces(root, empty);
  const actions = readActions(reading, places.actions);
  const metric = new MetricReader(reading);
  metric.addGroups(places.groups);
  metric.addSymbols(places.symbols, ungrouped);
  for (const [name, entry] of sectionOf('dynamic_scores').entries) metric.setScore(name, entry.values[0]!);
  const composites = readComposites(reading, valuesOf('composites'));
  const workers = readWorkers(reading, valuesOf('worker'), empty);
  const logging = readLogging(reading, sectionOf('logging'));
  const { modules, sections, read } = readModules(reading, root, checks, empty);
  const moduleNames = [...new Set([...Object.keys(knownModules), ...read])];
  const redis = readSection(reading, redisSpec(moduleNames), sectionOf('redis'), ['redis']).written;
  judgeUnreadSections(reading, root, new Set([...ownSections, ...read]), [...read]);

  // Rspamd runs all filters as soon as a `neural` section exists, and its stock files have one.
  const withAll = {
    ...optionValues,
    check_all_filters: optionValues.check_all_filters || root.entries.has('neural'),
  };
  const disabled = [...optionValues.disable_modules, ...withoutFilter(optionValues.filters)];
  const content = {
    configDir: layout.configDir,
    stateDir: layout.stateDir,
    options: toOptions(withAll, disabled),
    ...actions,
    groups: metric.groups,
    symbols: metric.symbols,
    composites,
    settings: readSettings(reading, valuesOf('settings')),
    directions: {
      inbound: writtenSection(valuesOf('inbound')),
      outbound: writtenSection(valuesOf('outbound')),
    },
    normal: workers.normal,
    controller: workers.controller,
    proxy: workers.proxy,
    fuzzy: workers.fuzzy,
    logging,
    redis: hasServers(redis) ? (redis as Section) : undefined,
    modules,
    sections,
  };
  return {
    ...content,
    id: digest(content),
    files,
    notices: findings.notices,
    unsupported: findings.unsupported,
    effective: { options: withAll, worker: workers.effective, logging: loggingWords(logging), redis },
    scorePositions: metric.positions,
    position: (path) => positionOf(root, checks, path),
  };
}

const ownSections = [
  'actions',
  'composites',
  'dynamic_scores',
  'group',
  'inbound',
  'logging',
  'metric',
  'options',
  'outbound',
  'redis',
  'settings',
  'symbols',
  'worker',
];

/** Modules written in C run only when `filters` names them. */
function withoutFilter(filters: readonly string[] | undefined): readonly string[] {
  return filters === undefined ? [] : filterModules.filter((name) => !filters.includes(name));
}

/** Rspamd's files log to a file of the system; a server in the foreground keeps to its own output. */
function readLogging(reading: Reading, section: UclObject): LoggingConfig {
  const value = readSection(reading, loggingSpec, section, ['logging']).value ?? loggingSpec.schema.parse({});
  const type = section.entries.get('type');
  const isStock = !type || !operatorNode(reading, type);
  return toLogging(isStock ? { ...value, type: 'console' } : value);
}

function readSettings(reading: Reading, values: readonly UclNode[]): Section | string | undefined {
  const text = values.find((value) => value.kind === 'scalar');
  if (text?.kind === 'scalar') {
    if (typeof text.value === 'string') return text.value;
    reading.findings.error(text.position, ['settings'], 'no settings', 'rules, or the URL of a map');
    return undefined;
  }
  const lua = firstLua(values);
  if (lua && reading.provenance.isOperator(lua.position))
    reading.findings.unsupport(lua.position, ['settings'], luaRefusal);
  return writtenSection(values);
}

/** A section as it was written; undefined when nothing was. */
function writtenSection(values: readonly UclNode[]): Section | undefined {
  const section = flatten(values);
  return section.entries.size === 0 ? undefined : (toPlain(section) as Section);
}

function positionOf(
  root: UclObject,
  checks: readonly CheckDefinition[],
  path: ConfigPath,
): SourcePosition | undefined {
  const { values, rest } = sectionValues(root, checks, path);
  const nodes = spellings(rest).flatMap((spelling) => nodesAt(values, spelling).slice(0, 1));
  // Under two names the one of the higher priority counts.
  const [node] = nodes.sort((a, b) => b.priority - a.priority);
  return visiblePosition(node?.position);
}

/** A path, and the same with older names of its last key; indices behind it stay. */
function spellings(path: ConfigPath): readonly ConfigPath[] {
  const last = path.findLastIndex((step) => typeof step === 'string');
  const key = path[last];
  if (typeof key !== 'string') return [path];
  const older = olderNames.filter(([, name]) => name === key).map(([alias]) => alias);
  return [path, ...[...older, key.replaceAll('_', ' ')].map((name) => path.with(last, name))];
}

const olderNames: readonly (readonly [alias: string, name: string])[] = [
  optionsSpec,
  loggingSpec,
  controllerSpec,
  normalSpec,
  upstreamSpec,
  mirrorSpec,
  symbolSpec,
  { aliases: { auth_only: 'sign_authenticated' } },
].flatMap(({ aliases }) => Object.entries(aliases ?? {}));

/** Sixteen hex digits over everything that has an effect. */
function digest(content: object): string {
  const text = JSON.stringify(content, (_, value: unknown) => {
    if (value instanceof Map) return [...value].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
    if (value instanceof Set) return [...value].sort();
    if (value instanceof RegExp || typeof value === 'function' || typeof value === 'bigint')
      return String(value);
    return value === Number.POSITIVE_INFINITY ? 'infinity' : value;
  });
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
