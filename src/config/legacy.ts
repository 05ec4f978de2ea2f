import type { UclEntry, UclNode, UclObject } from '../ucl/index.ts';
import { flatten } from './flatten.ts';

/** Sections from which actions, groups and symbols are read, newer and older places together. */
export interface MetricPlaces {
  readonly actions: UclObject;
  readonly groups: readonly UclNode[];
  /** Symbols outside any group. */
  readonly symbols: readonly UclNode[];
}

const actionKeys = ['unknown_weight', 'grow_factor', 'subject'];

/** Finds the parts of the older `metric { … }` and of free `symbols { … }` (config-format 4). */
export function metricPlaces(root: UclObject, empty: UclObject): MetricPlaces {
  const valuesOf = (object: UclObject, key: string): readonly UclNode[] =>
    object.entries.get(key)?.values ?? [];
  const metrics = valuesOf(root, 'metric').filter((node): node is UclObject => node.kind === 'object');
  const actions: UclNode[] = [];
  const groups: UclNode[] = [];
  const symbols: UclNode[] = [];
  for (const metric of metrics) {
    const general = new Map<string, UclEntry>();
    for (const key of actionKeys) {
      const entry = metric.entries.get(key);
      if (entry) general.set(key, entry);
    }
    actions.push({ ...metric, entries: general }, ...valuesOf(metric, 'actions'));
    groups.push(...valuesOf(metric, 'group'));
    symbols.push(...valuesOf(metric, 'symbol'), ...valuesOf(metric, 'symbols'));
  }
  return {
    actions: flatten([...actions, ...valuesOf(root, 'actions'), empty]),
    groups: [...valuesOf(root, 'group'), ...groups],
    symbols: [...valuesOf(root, 'symbols'), ...symbols],
  };
}

/** Renames `auth_only` to `sign_authenticated` in the signing sections, unless that is set as well. */
export function renameAuthOnly(section: UclObject): UclObject {
  const old = section.entries.get('auth_only');
  if (!old) return section;
  const entries = new Map(section.entries);
  entries.delete('auth_only');
  const present = entries.get('sign_authenticated');
  if (!present || present.values[0]!.priority < old.values[0]!.priority)
    entries.set('sign_authenticated', old);
  return { ...section, entries };
}
