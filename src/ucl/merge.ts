import type { SourcePosition } from '../core/index.ts';
import type { UclEntry, UclNode, UclObject } from './value.ts';

/** What to do with a key that is there already (config-format 1.8). */
export const duplicateStrategies = ['append', 'merge', 'rewrite', 'error'] as const;
export type DuplicateStrategy = (typeof duplicateStrategies)[number];

/** What the rule of a strategy says about a new value for an existing key. */
export type Placement = 'add' | 'replace' | 'ignore' | 'descend' | 'error';

/** Decides by strategy and priorities; `isContainer` tells whether the old and the new value are containers. */
export function placementOf(
  strategy: DuplicateStrategy,
  old: UclNode,
  newPriority: number,
  newIsContainer: boolean,
): Placement {
  if (strategy === 'rewrite') return 'replace';
  if (strategy === 'error') return 'error';
  if (strategy === 'merge' && old.kind !== 'scalar') return newIsContainer ? 'descend' : 'replace';
  if (old.isInherited || newPriority > old.priority) return 'replace';
  return newPriority === old.priority ? 'add' : 'ignore';
}

/** Puts a value under a key that is free, or as a placement says. */
export function place(container: UclObject, key: string, node: UclNode, placement: 'add' | 'replace'): void {
  const entry = container.entries.get(key);
  if (!entry) container.entries.set(key, { values: [node], replaced: [] });
  else if (placement === 'add') entry.values.push(node);
  else {
    entry.replaced.push(...entry.values);
    entry.values = [node];
  }
}

/** First value of a key. */
export function firstValue(entry: UclEntry): UclNode {
  return entry.values[0]!;
}

export function newObject(
  position: SourcePosition,
  priority: number,
  keyPosition?: SourcePosition | undefined,
): UclObject {
  return { kind: 'object', entries: new Map(), position, keyPosition, priority };
}
