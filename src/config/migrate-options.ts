import type { ConfigPath, SourcePosition } from '../core/index.ts';
import type { UclEntry, UclNode, UclObject } from '../ucl/index.ts';
import { hidden, secretKey } from './dump.ts';
import { pathText } from './findings.ts';
import type { Provenance } from './provenance.ts';

/** One value that the operator wrote. */
export interface OperatorOption {
  /** Section it belongs to: the check's present name where it was written under an older one. */
  readonly section: string;
  /** As in problems: `ratelimit.rates.user.bucket[0].rate`. */
  readonly path: string;
  /** As written; passwords are dots, long texts are cut. */
  readonly value: string;
  readonly position: SourcePosition;
  /** `replaced`: a file of higher priority says otherwise. */
  readonly state: 'in effect' | 'replaced';
}

const maxValueLength = 120;

/**
 * Every value that the operator wrote, in the order of the sections.
 *
 * @param nameOf present name of a section
 */
export function operatorOptions(
  root: UclObject,
  provenance: Provenance,
  nameOf: (section: string) => string,
): readonly OperatorOption[] {
  const result: OperatorOption[] = [];
  const add = (path: ConfigPath, node: UclNode, value: string, state: OperatorOption['state']): void => {
    result.push({
      section: String(path[0]),
      path: pathText(path) ?? '',
      value,
      position: node.position,
      state,
    });
  };
  const visit = (path: ConfigPath, node: UclNode, state: OperatorOption['state']): void => {
    if (node.kind === 'object') {
      if (node.entries.size === 0 && provenance.isOperator(node.position)) add(path, node, '{}', state);
      for (const [key, entry] of node.entries) visitEntry([...path, key], entry, state);
      return;
    }
    if (node.kind === 'scalar') {
      if (provenance.isOperator(node.position)) add(path, node, shown(path, [node.text]), state);
      return;
    }
    const own = node.items.filter((item) => item.kind === 'scalar' && provenance.isOperator(item.position));
    if (own.length > 0) add(path, own[0]!, shown(path, own.map(textOf)), state);
    else if (node.items.length === 0 && provenance.isOperator(node.position)) add(path, node, '[]', state);
    for (const [index, item] of node.items.entries())
      if (item.kind !== 'scalar') visit([...path, index], item, state);
  };
  const visitEntry = (path: ConfigPath, entry: UclEntry, state: OperatorOption['state']): void => {
    for (const node of entry.values) visit(path, node, state);
    for (const node of entry.replaced) visit(path, node, 'replaced');
  };
  for (const [key, entry] of root.entries) visitEntry([nameOf(key)], entry, 'in effect');
  return result;
}

function textOf(node: UclNode): string {
  return node.kind === 'scalar' ? node.text : '';
}

function shown(path: ConfigPath, texts: readonly string[]): string {
  const key = path.findLast((step) => typeof step === 'string') ?? '';
  if (secretKey.test(key)) return hidden;
  const text = texts.join(', ').replaceAll(/\s+/g, ' ').trim();
  // Names and passwords inside URLs (`redis://user:password@host`).
  const open = text.replaceAll(/(:\/\/)[^/@\s]*@/g, `$1${hidden}@`);
  return open.length > maxValueLength ? `${open.slice(0, maxValueLength - 1)}…` : open;
}
