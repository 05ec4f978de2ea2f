import type { SourcePosition } from '../core/index.ts';

interface UclNodeBase {
  /** Where the value starts. */
  readonly position: SourcePosition;
  /** Where its key starts; undefined for elements of arrays and the root. */
  readonly keyPosition: SourcePosition | undefined;
  /** Include priority, 0 to 15. */
  readonly priority: number;
  /** Copied by `.inherit`: gives way to any explicit key. */
  readonly isInherited?: boolean;
}

export type UclScalarType = 'string' | 'integer' | 'float' | 'time' | 'boolean' | 'null';

/** A string, number, boolean or null. `time` is a number of seconds. */
interface UclScalar extends UclNodeBase {
  readonly kind: 'scalar';
  readonly type: UclScalarType;
  readonly value: string | number | boolean | null;
  /** As written, for readers that want text where UCL made a number. */
  readonly text: string;
}

/** An explicit array. Elements are added when files merge. */
export interface UclArray extends UclNodeBase {
  readonly kind: 'array';
  readonly items: UclNode[];
}

export interface UclObject extends UclNodeBase {
  readonly kind: 'object';
  readonly entries: Map<string, UclEntry>;
}

export type UclNode = UclScalar | UclArray | UclObject;

/** The values of one key: more than one when the key was repeated at the same priority (implicit array). */
export interface UclEntry {
  values: UclNode[];
  /** Values that lost against those of higher priority, oldest first. */
  readonly replaced: UclNode[];
}

/** A node as a plain JavaScript value: repeated keys become arrays, times seconds. */
export function toPlain(node: UclNode): unknown {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'array':
      return node.items.map(toPlain);
    case 'object': {
      const result: Record<string, unknown> = {};
      for (const [key, entry] of node.entries) setOwn(result, key, plainEntry(entry));
      return result;
    }
  }
}

/** Plain value of a key: an array when the key was repeated. */
export function plainEntry(entry: UclEntry): unknown {
  return entry.values.length === 1 ? toPlain(entry.values[0]!) : entry.values.map(toPlain);
}

/** Assigns an own property even for `__proto__`, which plain assignment would swallow. */
export function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  else target[key] = value;
}

/** Values at a path below these; a number selects among repeated keys or elements, a key is sought in every object. */
export function nodesAt(values: readonly UclNode[], path: readonly (string | number)[]): readonly UclNode[] {
  let current = values;
  for (const step of path) {
    current = typeof step === 'number' ? elementsAt(current, step) : valuesOf(current, step);
    if (current.length === 0) return current;
  }
  return current;
}

function elementsAt(values: readonly UclNode[], index: number): readonly UclNode[] {
  const only = values.length === 1 ? values[0]! : undefined;
  if (only?.kind === 'array') return only.items.slice(index, index + 1);
  return values.slice(index, index + 1);
}

function valuesOf(values: readonly UclNode[], key: string): readonly UclNode[] {
  const found: UclNode[] = [];
  for (const value of values)
    if (value.kind === 'object') found.push(...(value.entries.get(key)?.values ?? []));
  return found;
}
