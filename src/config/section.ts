import type { z } from 'zod';
import type { ConfigPath, SourcePosition } from '../core/index.ts';
import { nodesAt, plainEntry, toPlain, type UclEntry, type UclNode, type UclObject } from '../ucl/index.ts';
import { adapt } from './adapt.ts';
import { type Findings, luaRefusal } from './findings.ts';
import { schemaProblems } from './problems.ts';
import type { Provenance } from './provenance.ts';

/** What reading a section needs to know about the whole. */
export interface Reading {
  readonly findings: Findings;
  readonly provenance: Provenance;
}

/** How a section's keys are treated before its schema sees them. */
export interface SectionSpec<Schema extends z.ZodType> {
  readonly schema: Schema;
  /** Older spellings of keys. */
  readonly aliases?: Readonly<Record<string, string>>;
  /**
   * Keys that Rspamd knows and that mean nothing here: accepted, with a notice when the operator wrote them. `a.b` is
   * the key `b` of the section `a`.
   */
  readonly noCounterpart?: readonly string[];
  /** Keys that would change a verdict and are not implemented, with the reason; `stock` values are accepted. */
  readonly unsupported?: Readonly<Record<string, string>>;
  readonly stock?: Readonly<Record<string, unknown>>;
}

export interface SectionValue<Schema extends z.ZodType> {
  /** What the schema made of the section; undefined when not even its other keys could be used. */
  readonly value: z.output<Schema> | undefined;
  /** The section as plain values, without the keys that were set aside. */
  readonly written: Readonly<Record<string, unknown>>;
}

/** Text that is a Lua chunk or function: Rspamd evaluates such options. */
const luaText = /^\s*(?:return\s+(?:function\b|require\b)|function\s*\(|local\s+function\b)/;

/**
 * Reads a section with its schema and records what is wrong with it, or not usable. What stands in stock files and
 * does not fit is left out with a notice: newer versions of Rspamd know more than we do.
 */
export function readSection<Schema extends z.ZodType>(
  reading: Reading,
  spec: SectionSpec<Schema>,
  section: UclObject,
  path: ConfigPath,
): SectionValue<Schema> {
  const entries = renamed(section.entries, spec.aliases ?? {});
  setAside(reading, spec, entries, path);
  const reported = new Set<string>();
  for (;;) {
    const object: UclObject = { ...section, entries };
    const written = adapt(spec.schema, [object]) as Readonly<Record<string, unknown>>;
    const result = spec.schema.safeParse(written);
    if (result.success) return { value: result.data, written };
    let dropped = false;
    for (const problem of schemaProblems(spec.schema, written, result.error.issues)) {
      const key = problem.path[0];
      if (typeof key === 'string' && reported.has(key)) continue;
      const position =
        positionIn(object, problem.path, problem.isUnknownOption ? 'key' : 'value') ?? section.position;
      const entry = typeof key === 'string' ? entries.get(key) : undefined;
      const isStock = entry !== undefined && !reading.provenance.isOperator(position);
      const full = [...path, ...problem.path];
      if (isStock)
        reading.findings.notice(position, full, `stock value left out: ${problem.message}`, problem.expected);
      else reading.findings.error(position, full, ...explained(problem, path));
      if (entry) dropped = true;
    }
    for (const problem of schemaProblems(spec.schema, written, result.error.issues)) {
      const key = problem.path[0];
      if (typeof key !== 'string') continue;
      reported.add(key);
      entries.delete(key);
    }
    if (!dropped) return { value: undefined, written };
  }
}

function explained(
  problem: { readonly path: ConfigPath; readonly message: string; readonly expected: string | undefined },
  path: ConfigPath,
): [message: string, expected: string | undefined] {
  const name = path.at(-1);
  // A file in local.d holds the content of its section, so a section inside itself is a common mistake.
  if (problem.path.length === 1 && problem.path[0] === name)
    return [
      `\`${name} { … }\` inside \`${name}\`: its content is not used`,
      'the options without the outer section',
    ];
  return [problem.message, problem.expected];
}

/** A copy of the entries with older spellings under their present names. */
function renamed(
  entries: ReadonlyMap<string, UclEntry>,
  aliases: Readonly<Record<string, string>>,
): Map<string, UclEntry> {
  const result = new Map<string, UclEntry>();
  for (const [key, entry] of entries) {
    const name = Object.hasOwn(aliases, key) ? aliases[key]! : key;
    const old = result.get(name);
    if (!old) {
      result.set(name, entry);
      continue;
    }
    const difference = entry.values[0]!.priority - old.values[0]!.priority;
    const [winner, loser] = difference >= 0 ? [entry, old] : [old, entry];
    result.set(
      name,
      difference === 0
        ? { values: [...old.values, ...entry.values], replaced: [...old.replaced, ...entry.replaced] }
        : { values: winner.values, replaced: [...winner.replaced, ...loser.values] },
    );
  }
  return result;
}

/** Takes out of the entries what the schema need not see: foreign keys, unsupported ones, Lua. */
function setAside<Schema extends z.ZodType>(
  reading: Reading,
  spec: SectionSpec<Schema>,
  entries: Map<string, UclEntry>,
  path: ConfigPath,
): void {
  for (const [key, entry] of entries) {
    const inner = [...path, key];
    if (spec.noCounterpart?.includes(key)) {
      entries.delete(key);
      noticeForeign(reading, entry, inner);
      continue;
    }
    const foreign = spec.noCounterpart?.filter((name) => name.startsWith(`${key}.`));
    if (foreign && foreign.length > 0) {
      const names = new Set(foreign.map((name) => name.slice(key.length + 1)));
      entries.set(key, {
        ...entry,
        values: entry.values.map((value) => without(reading, value, names, inner)),
      });
      continue;
    }
    const reason =
      spec.unsupported && Object.hasOwn(spec.unsupported, key) ? spec.unsupported[key]! : undefined;
    const lua = reason === undefined ? firstLua(entry.values) : undefined;
    if (reason === undefined && !lua) continue;
    if (reason === undefined && entry.values.every(holdsSections)) {
      entries.set(key, { ...entry, values: entry.values.map((value) => withoutLua(reading, value, inner)) });
      continue;
    }
    entries.delete(key);
    const changed = operatorChange(reading, entry, { value: spec.stock?.[key], isSwitch: true });
    if (changed)
      reading.findings.unsupport(
        lua?.position ?? changed.position,
        inner,
        reason === undefined ? luaRefusal : `not supported: ${reason}`,
      );
  }
}

/** Rules by name, say: what is Lua in one of them does not concern the others. */
function holdsSections(value: UclNode): boolean {
  if (value.kind !== 'object') return false;
  return [...value.entries.values()].every(
    ({ values }) => firstLua(values.filter(({ kind }) => kind !== 'object')) === undefined,
  );
}

/** A copy of a section without the sections that hold Lua; each is named. */
function withoutLua(reading: Reading, value: UclNode, path: ConfigPath): UclNode {
  if (value.kind !== 'object') return value;
  const entries = new Map(value.entries);
  for (const [name, entry] of value.entries) {
    const lua = firstLua(entry.values);
    if (!lua) continue;
    entries.delete(name);
    if (operatorChange(reading, entry, { value: undefined, isSwitch: true }))
      reading.findings.unsupport(lua.position, [...path, name], luaRefusal);
  }
  return { ...value, entries };
}

function noticeForeign(reading: Reading, entry: UclEntry, path: ConfigPath): void {
  const own = operatorNode(reading, entry);
  if (own)
    reading.findings.ignore(own.keyPosition ?? own.position, path, 'means nothing here and is ignored');
}

/** A copy of an inner section without the keys that mean nothing here. */
function without(reading: Reading, value: UclNode, names: ReadonlySet<string>, path: ConfigPath): UclNode {
  if (value.kind !== 'object') return value;
  const entries = new Map(value.entries);
  for (const name of names) {
    const entry = entries.get(name);
    if (!entry) continue;
    entries.delete(name);
    noticeForeign(reading, entry, [...path, name]);
  }
  return { ...value, entries };
}

/** A condition of Rspamd's that is built in here under the same name. */
const builtInLua = /^\s*return\s+require\s*\(?\s*["']lua_bayes_learn["']\s*\)?\s*\.\s*can_learn\s*;?\s*$/;

/** Is this text a Lua chunk or function, beyond those that are built in? */
export function isLua(text: string): boolean {
  return luaText.test(text) && !builtInLua.test(text);
}

/** First text among these values, however deep, that is Lua code. */
export function firstLua(values: readonly UclNode[]): UclNode | undefined {
  for (const value of values) {
    if (value.kind === 'scalar') {
      if (typeof value.value === 'string' && isLua(value.value)) return value;
      continue;
    }
    const inner = value.kind === 'array' ? value.items : [...value.entries.values()].flatMap((e) => e.values);
    const found = firstLua(inner);
    if (found) return found;
  }
  return undefined;
}

/** First value of an entry that the operator wrote, whatever it says. */
export function operatorNode(reading: Reading, entry: UclEntry): UclNode | undefined {
  for (const value of entry.values) {
    const found = reading.provenance.firstOperatorNode(value);
    if (found) return found;
  }
  return undefined;
}

/** What is known about the stock state of an option. */
export interface StockState {
  /** Stock value; undefined: only what was replaced tells. */
  readonly value?: unknown;
  /** `false` and `null` mean that the thing is not used, which is as good as stock. */
  readonly isSwitch?: boolean;
}

/**
 * First value that the operator wrote and that differs from the stock value, be it the one that it replaced or one
 * known from elsewhere; undefined when everything is as Rspamd ships it, or switched off.
 */
export function operatorChange(
  reading: Reading,
  entry: UclEntry,
  stock: StockState = {},
): UclNode | undefined {
  const current = plainEntry(entry);
  const known = entry.replaced.filter((node) => !reading.provenance.isOperator(node.position)).map(toPlain);
  if (stock.value !== undefined) known.push(stock.value);
  if (known.some((value) => isSame(current, value))) return undefined;
  if (stock.isSwitch && (current === false || current === null) && known.length === 0) return undefined;
  const only = entry.values.length === 1 ? entry.values[0]! : undefined;
  if (only?.kind !== 'object' || known.length > 0) return operatorNode(reading, entry);
  for (const [key, inner] of only.entries) {
    const found = operatorChange(reading, inner, { isSwitch: key === 'enabled' });
    if (found) return found;
  }
  return undefined;
}

/** Deep equality of plain values; a number and its text are the same. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null)
    return (
      typeof a !== 'object' && typeof b !== 'object' && a !== null && b !== null && String(a) === String(b)
    );
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => isSame((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
  );
}

/** Place of the value at a path, of its key for an unknown option, else of the nearest thing around it. */
function positionIn(section: UclObject, path: ConfigPath, part: 'key' | 'value'): SourcePosition | undefined {
  for (let length = path.length; length > 0; length--) {
    const [node] = nodesAt([section], path.slice(0, length));
    if (!node) continue;
    return length === path.length && part === 'key' ? (node.keyPosition ?? node.position) : node.position;
  }
  return undefined;
}
