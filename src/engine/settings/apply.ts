import { type ConfigPath, type TaskFlag, taskFlags } from '../../core/index.ts';
import { isRecord, type SettingsReader, type Values } from './reader.ts';

/** The `apply` part of settings in one shape: bare `SYMBOL = score` moved into `scores`, lists as lists. */
export type Apply = Values;

const listKeys = new Set(['symbols_disabled', 'groups_enabled', 'groups_disabled']);
const objectKeys = new Set([
  'actions',
  'scores',
  'add_headers',
  'remove_headers',
  'messages',
  'variables',
  'plugins',
]);
const policies = new Set(['default', 'implicit_allow', 'implicit_deny']);
const symbolName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Told what is wrong with a key; the value is left out then. */
type Complain = (path: ConfigPath, message: string, expected?: string) => void;

/** A list, one word, or an object whose keys count; undefined when it is none of these. */
function wordList(value: unknown): readonly string[] | undefined {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.every((item) => typeof item === 'string') ? value : undefined;
  return undefined;
}

function readApply(value: Values, complain: Complain): Apply {
  const apply: Record<string, unknown> = {};
  const scores: Record<string, number> = {};
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    if (key === 'scores') continue;
    if (listKeys.has(key)) {
      const list = wordList(item);
      if (list) apply[key] = list;
      else complain([key], 'list of names expected');
    } else if (key === 'symbols_enabled' || key === 'symbols') {
      const list = wordList(item);
      if (list) apply[key] = list;
      else if (isRecord(item)) apply[key] = item;
      else complain([key], 'list of names expected', 'a list, or names with their scores');
    } else if (objectKeys.has(key)) {
      if (isRecord(item)) apply[key] = item;
      else complain([key], 'object expected');
    } else if (key === 'subject') {
      if (typeof item === 'string') apply[key] = item;
      else complain([key], 'text expected');
    } else if (key === 'flags') {
      const list = wordList(item) ?? (isRecord(item) ? Object.keys(item) : undefined);
      const unknown = list?.find((flag) => !taskFlags.includes(flag as TaskFlag));
      if (!list) complain([key], 'list of flags expected');
      else if (unknown !== undefined) complain([key], `unknown flag "${unknown}"`, taskFlags.join(', '));
      if (list) apply[key] = list.filter((flag) => taskFlags.includes(flag as TaskFlag));
    } else if (key === 'policy') {
      if (typeof item === 'string' && policies.has(item)) apply[key] = item;
      else complain([key], 'unknown policy', [...policies].join(', '));
    } else if (key === 'whitelist' || key === 'want_spam') {
      if (typeof item !== 'boolean') complain([key], 'yes or no expected');
      else if (item) apply['whitelist'] = true;
    } else if (key === 'id') {
      if (typeof item !== 'string') complain([key], 'text expected');
    } else if (typeof item === 'number' && symbolName.test(key)) scores[key] = item;
    else complain([key], `unknown option "${key}"`, 'an option of apply, or SYMBOL = score');
  }
  const named = value['scores'];
  if (isRecord(named)) {
    for (const [symbol, score] of Object.entries(named)) {
      if (typeof score === 'number' && Number.isFinite(score)) scores[symbol] = score;
      else complain(['scores', symbol], 'number expected');
    }
  } else if (named !== undefined) complain(['scores'], 'object expected');
  if (Object.keys(scores).length > 0) apply['scores'] = scores;
  return apply;
}

/** Reads the `apply` of a rule of the configuration. */
export function configuredApply(value: unknown, path: ConfigPath, reader: SettingsReader): Apply {
  if (!isRecord(value)) {
    reader.problem(path, 'object expected');
    return {};
  }
  return readApply(value, (inside, message, expected) =>
    reader.problem([...path, ...inside], message, expected),
  );
}

/** Reads settings that came with a request or from another server: what makes no sense is left out and told. */
export function foreignApply(value: Values, complain: (message: string) => void): Apply {
  return readApply(value, (inside, message) => complain(`${inside.join('.')}: ${message}`));
}

function asList(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value;
  return isRecord(value) ? Object.keys(value) : [];
}

function asRecord(value: unknown): Values {
  return isRecord(value) ? value : {};
}

const unionOf = (a: unknown, b: unknown): readonly string[] => [...new Set([...asList(a), ...asList(b)])];

/** `symbols` as an object, whichever form it has. */
function symbolRecord(value: unknown): Values {
  if (!Array.isArray(value)) return asRecord(value);
  return Object.fromEntries(value.map((name: string) => [name, 1]));
}

/** Scores in `symbols_enabled { SYM = score }`. */
function enabledScores(apply: Apply): Values {
  const enabled = apply['symbols_enabled'];
  if (!isRecord(enabled)) return {};
  return Object.fromEntries(Object.entries(enabled).filter(([, score]) => typeof score === 'number'));
}

function mergeSwitches(lower: Apply, upper: Apply, kind: 'symbols' | 'groups'): Values {
  const on = `${kind}_enabled`;
  const off = `${kind}_disabled`;
  const upperOn = new Set(asList(upper[on]));
  const upperOff = new Set(asList(upper[off]));
  // The upper layer decides where the two differ; inside it, off wins over on.
  const enabled = [...asList(lower[on]).filter((name) => !upperOff.has(name)), ...upperOn];
  const disabled = [
    ...asList(lower[off]).filter((name) => !upperOn.has(name) || upperOff.has(name)),
    ...upperOff,
  ];
  return {
    ...(lower[on] === undefined && upper[on] === undefined ? {} : { [on]: [...new Set(enabled)] }),
    ...(disabled.length === 0 ? {} : { [off]: [...new Set(disabled)] }),
  };
}

function mergePlugins(lower: Values, upper: Values): Values {
  const merged: Record<string, unknown> = { ...lower };
  for (const [name, section] of Object.entries(upper)) {
    const below = merged[name];
    merged[name] = isRecord(below) && isRecord(section) ? { ...below, ...section } : section;
  }
  return merged;
}

/** Puts one layer over another (config-format 13.2): the upper one wins where both say something. */
export function mergeApply(lower: Apply, upper: Apply): Apply {
  const merged: Record<string, unknown> = {
    ...mergeSwitches(lower, upper, 'symbols'),
    ...mergeSwitches(lower, upper, 'groups'),
  };
  const checksOff = unionOf(lower['checks_disabled'], upper['checks_disabled']);
  if (checksOff.length > 0) merged['checks_disabled'] = checksOff;
  for (const key of ['subject', 'policy']) {
    const value = upper[key] ?? lower[key];
    if (value !== undefined) merged[key] = value;
  }
  if (lower['whitelist'] === true || upper['whitelist'] === true) merged['whitelist'] = true;
  const scores = {
    ...asRecord(lower['scores']),
    ...enabledScores(lower),
    ...asRecord(upper['scores']),
    ...enabledScores(upper),
  };
  if (Object.keys(scores).length > 0) merged['scores'] = scores;
  for (const key of ['actions', 'variables', 'add_headers', 'remove_headers', 'messages']) {
    const both = { ...asRecord(lower[key]), ...asRecord(upper[key]) };
    if (Object.keys(both).length > 0) merged[key] = both;
  }
  const plugins = mergePlugins(asRecord(lower['plugins']), asRecord(upper['plugins']));
  if (Object.keys(plugins).length > 0) merged['plugins'] = plugins;
  const flags = unionOf(lower['flags'], upper['flags']);
  if (flags.length > 0) merged['flags'] = flags;
  if (lower['symbols'] !== undefined || upper['symbols'] !== undefined) {
    merged['symbols'] =
      Array.isArray(lower['symbols'] ?? []) && Array.isArray(upper['symbols'] ?? [])
        ? unionOf(lower['symbols'], upper['symbols'])
        : { ...symbolRecord(lower['symbols']), ...symbolRecord(upper['symbols']) };
  }
  return merged;
}

/** Names that `apply` and rules insert, so that they can be declared. */
export function insertedSymbols(apply: Apply): readonly string[] {
  return asList(apply['symbols']);
}
