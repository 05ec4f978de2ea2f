import type { SourcePosition } from '../core/index.ts';
import { emitUcl, setOwn } from '../ucl/index.ts';
import type { LoadedConfiguration } from './load.ts';

export interface DescribeOptions {
  /** Only this top-level section. */
  readonly section?: string | undefined;
  /** Passwords and tokens are replaced by dots unless they are asked for. Default `hide`. */
  readonly secrets?: 'hide' | 'show' | undefined;
}

/** Effective values with where each came from. */
export interface Description {
  /** UCL with a comment after each value: `file:line`, or `default`. */
  readonly text: string;
  readonly json: {
    readonly id: string;
    readonly files: readonly string[];
    readonly values: Readonly<Record<string, unknown>>;
    /** Dotted path of each value → `file:line:column`; values that are missing here are defaults. */
    readonly sources: Readonly<Record<string, string>>;
  };
}

type Tree = Record<string, unknown>;
type Path = readonly (string | number)[];

/** Names of options whose values are not shown. */
export const secretKey = /password|token|secret|http_auth|cookie_key|private_key/;
export const hidden = '…';

/** Values that are in effect, in the words of the files, and the place of each (`config dump`). */
export function describeConfiguration(
  configuration: LoadedConfiguration,
  options: DescribeOptions = {},
): Description {
  const all = effectiveValues(configuration);
  const chosen: Tree = {};
  for (const [name, value] of Object.entries(all))
    if (options.section === undefined || options.section === name) setOwn(chosen, name, value);
  const values = (options.secrets === 'show' ? plainOnly(chosen) : withoutSecrets(plainOnly(chosen))) as Tree;
  const sources: Record<string, string> = {};
  const sourceText = (path: Path): string => {
    const position = sourceOf(configuration, path);
    if (!position) return 'default';
    setOwn(sources, path.join('.'), `${position.file}:${position.line}:${position.column}`);
    return `${position.file}:${position.line}`;
  };
  const text = emitUcl(values, {
    comment: (path, value) => {
      if (isSection(value)) return undefined;
      // The elements of a list may come from several files.
      const paths =
        Array.isArray(value) && value.length > 0 ? value.map((_, index) => [...path, index]) : [path];
      return [...new Set(paths.map(sourceText))].join(', ');
    },
  });
  return { text, json: { id: configuration.id, files: configuration.files, values, sources } };
}

/** Names of the sections that {@link describeConfiguration} knows. */
export function sectionNames(configuration: LoadedConfiguration): readonly string[] {
  return Object.keys(effectiveValues(configuration));
}

function effectiveValues(configuration: LoadedConfiguration): Tree {
  const { effective, settings, directions } = configuration;
  const tree: Tree = {
    options: effective['options'],
    logging: effective['logging'],
    worker: effective['worker'],
    actions: actionValues(configuration),
    group: groupValues(configuration),
    symbols: symbolValues(configuration),
    composites: Object.fromEntries(configuration.composites.map(({ name, ...rest }) => [name, rest])),
  };
  if (settings !== undefined) tree['settings'] = settings;
  if (directions.inbound) tree['inbound'] = directions.inbound;
  if (directions.outbound) tree['outbound'] = directions.outbound;
  if (configuration.redis) tree['redis'] = configuration.redis;
  for (const [name, value] of [...configuration.modules].sort(([a], [b]) => (a < b ? -1 : 1)))
    setOwn(tree, name, overlay(value, configuration.sections.get(name) ?? {}));
  return tree;
}

/** Defaults as the schema filled them in, and over them what was written, as it was written. */
function overlay(value: unknown, written: Readonly<Record<string, unknown>>): unknown {
  return isSection(value) ? { ...value, ...written } : written;
}

function actionValues(configuration: LoadedConfiguration): Tree {
  const result: Tree = {};
  for (const { name, threshold } of configuration.actions)
    setOwn(result, name.replaceAll(' ', '_'), threshold ?? null);
  return {
    ...result,
    subject: configuration.subject,
    unknown_weight: configuration.unknownWeight,
    grow_factor: configuration.growFactor,
  };
}

function groupValues(configuration: LoadedConfiguration): Tree {
  const result: Tree = {};
  for (const [name, group] of configuration.groups)
    setOwn(result, name, {
      max_score: group.maxScore,
      min_score: group.minScore,
      one_shot: group.oneShot || undefined,
      enabled: group.enabled,
      description: group.description,
    });
  return result;
}

function symbolValues(configuration: LoadedConfiguration): Tree {
  const result: Tree = {};
  for (const [name, symbol] of configuration.symbols)
    setOwn(result, name, {
      score: symbol.score,
      groups: symbol.groups,
      description: symbol.description,
      one_shot: symbol.oneShot,
      nshots: symbol.maxShots,
      one_param: symbol.oneParam || undefined,
      enabled: symbol.enabled ? undefined : false,
    });
  return result;
}

function sourceOf(configuration: LoadedConfiguration, path: Path): SourcePosition | undefined {
  const [section, name, key] = path;
  if (section !== 'symbols' || typeof name !== 'string') return configuration.position(path);
  if (key === 'score') return configuration.scorePositions.get(name);
  for (const group of configuration.symbols.get(name)?.groups ?? []) {
    const position = configuration.position(['group', group, 'symbols', name, key ?? 'score']);
    if (position) return position;
  }
  return undefined;
}

/** Drops what a file cannot say: functions and other things that schemas make. */
function plainOnly(value: unknown): unknown {
  if (value instanceof RegExp) return String(value);
  if (value instanceof Map) return plainOnly(Object.fromEntries(value));
  if (value instanceof Set) return plainOnly([...value]);
  if (Array.isArray(value)) return value.filter((item) => typeof item !== 'function').map(plainOnly);
  if (!isSection(value)) return value;
  const result: Tree = {};
  for (const [key, inner] of Object.entries(value))
    if (inner !== undefined && typeof inner !== 'function') setOwn(result, key, plainOnly(inner));
  return result;
}

function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (!isSection(value)) return value;
  const result: Tree = {};
  for (const [key, inner] of Object.entries(value)) {
    const isSecret = secretKey.test(key) && typeof inner === 'string' && inner !== '';
    setOwn(result, key, isSecret ? hidden : withoutSecrets(inner));
  }
  return result;
}

function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
