import { z } from 'zod';
import type { CheckDefinition, ConfigPath, Section } from '../core/index.ts';
import type { UclNode, UclObject } from '../ucl/index.ts';
import { flatten } from './flatten.ts';
import { renameAuthOnly } from './legacy.ts';
import { knownKeys } from './schema-walk.ts';
import { type Reading, readSection, type SectionSpec } from './section.ts';

export interface Modules {
  readonly modules: ReadonlyMap<string, unknown>;
  readonly sections: ReadonlyMap<string, Section>;
  /** Names under which a check's section was found in the files. */
  readonly read: ReadonlySet<string>;
}

/** Reads the section of every check with the check's own schema. */
export function readModules(
  reading: Reading,
  root: UclObject,
  checks: readonly CheckDefinition[],
  empty: UclObject,
): Modules {
  const modules = new Map<string, unknown>();
  const sections = new Map<string, Section>();
  const read = new Set<string>();
  for (const check of checks) {
    const names = [...(check.aliases ?? []), check.name];
    for (const name of names) read.add(name);
    const values = names.flatMap((name) => root.entries.get(name)?.values ?? []);
    const wrong = values.find((value) => value.kind !== 'object');
    if (wrong) {
      reading.findings.error(wrong.position, [check.name], 'no section', `${check.name} { … }`);
      continue;
    }
    const whole = values.length > 0 ? renameAuthOnly(flatten(values)) : empty;
    const section = check.rulesNeed === undefined ? whole : withoutBlanks(reading, whole, check.rulesNeed);
    const { value, written } = readSection(reading, checkSpec(check), section, [check.name]);
    if (section.entries.size > 0) sections.set(check.name, written);
    if (value !== undefined) modules.set(check.name, value);
  }
  return { modules, sections, read };
}

/** The section without the rules that stock files offer and nobody completed. */
function withoutBlanks({ provenance }: Reading, section: UclObject, needed: string): UclObject {
  const isBlank = (rule: UclNode): boolean =>
    rule.kind === 'object' && !rule.entries.has(needed) && provenance.firstOperatorNode(rule) === undefined;
  const entries = [...section.entries].filter(([, { values }]) => !values.every(isBlank));
  return { ...section, entries: new Map(entries) };
}

/** `enabled` is allowed in every section, also where the check's schema does not name it. */
function checkSpec(check: CheckDefinition): SectionSpec<z.ZodType> {
  const base = { ...(check.unsupported && { unsupported: check.unsupported }) };
  if (knownKeys(check.config, []).includes('enabled') || !(check.config instanceof z.ZodObject))
    return { schema: check.config, ...base };
  return { schema: check.config.safeExtend({ enabled: z.boolean().default(true) }), ...base };
}

/** Path of a value below the section of a check, wherever that section was written. */
export function sectionValues(
  root: UclObject,
  checks: readonly CheckDefinition[],
  path: ConfigPath,
): { readonly values: readonly UclNode[]; readonly rest: ConfigPath } {
  const [name, ...rest] = path;
  if (typeof name !== 'string') return { values: [], rest: [] };
  const check = checks.find((definition) => definition.name === name);
  const names = check ? [check.name, ...(check.aliases ?? [])] : [name];
  return { values: names.flatMap((key) => root.entries.get(key)?.values ?? []), rest };
}
