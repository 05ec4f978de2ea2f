import type { UclEntry, UclNode, UclObject } from '../ucl/index.ts';

/**
 * Puts repeated sections together, key by key: the higher priority wins, the later one on a tie (config-format 1.5;
 * so Rspamd hands a repeated section to its modules).
 */
export function flatten(sections: readonly UclNode[]): UclObject {
  const objects = sections.filter((section): section is UclObject => section.kind === 'object');
  const [first] = objects;
  if (first && objects.length === 1) return first;
  const entries = new Map<string, UclEntry>();
  for (const object of objects) {
    for (const [key, entry] of object.entries) {
      const old = entries.get(key);
      if (!old) entries.set(key, entry);
      else if (entry.values[0]!.priority >= old.values[0]!.priority)
        entries.set(key, {
          values: entry.values,
          replaced: [...old.replaced, ...old.values, ...entry.replaced],
        });
    }
  }
  const position = first?.position ?? sections[0]?.position ?? { file: '', line: 1, column: 1 };
  return {
    kind: 'object',
    entries,
    position,
    keyPosition: first?.keyPosition,
    priority: first?.priority ?? 0,
  };
}

/** First value of a key: the one that counts where a single value is wanted. */
export function firstNode(entry: UclEntry): UclNode {
  return entry.values[0]!;
}

/** The sections under names: `group "a" { } group "b" { }` gives a and b, repeated names several sections. */
export function namedSections(values: readonly UclNode[]): Map<string, UclNode[]> {
  const result = new Map<string, UclNode[]>();
  for (const value of values) {
    if (value.kind !== 'object') continue;
    for (const [name, entry] of value.entries) {
      const list = result.get(name);
      if (list) list.push(...entry.values);
      else result.set(name, [...entry.values]);
    }
  }
  return result;
}
