import type { SourcePosition } from '../core/index.ts';
import type { UclDocument, UclNode } from '../ucl/index.ts';

/** Folder name of the texts that exist in memory only. No real file can have it. */
export const builtinFolder = '/(built-in)';

/** Places inside an Rspamd tree that belong to the operator (config-format 3). */
const operatorPlaces =
  /^(?:local\.d\/|override\.d\/|modules\.local\.d\/|lua\.local\.d\/|plugins\.d\/|rspamd\.conf\.(?:local|override)|rspamd\.local\.lua)/;

/** Who wrote a file: the operator, or the makers of Rspamd (or we) as stock. */
export class Provenance {
  readonly #operatorFiles = new Set<string>();

  /**
   * @param files what was read, with the file that asked for it
   * @param stockDir folder with an Rspamd tree; undefined when the root is built in
   */
  constructor(files: UclDocument['files'], stockDir: string | undefined) {
    for (const { file, includedBy } of files) {
      if (file.startsWith(builtinFolder)) continue;
      const isStockPlace =
        stockDir !== undefined &&
        file.startsWith(`${stockDir}/`) &&
        !operatorPlaces.test(file.slice(stockDir.length + 1));
      const byOperator = includedBy !== undefined && this.#operatorFiles.has(includedBy);
      if (!isStockPlace || byOperator) this.#operatorFiles.add(file);
    }
  }

  isOperator(position: SourcePosition): boolean {
    return this.#operatorFiles.has(position.file);
  }

  /** First value in this tree that the operator wrote: a scalar, an element, or an empty container. */
  firstOperatorNode(node: UclNode): UclNode | undefined {
    if (node.kind === 'scalar') return this.isOperator(node.position) ? node : undefined;
    const children = node.kind === 'array' ? node.items : [...node.entries.values()].flatMap((e) => e.values);
    for (const child of children) {
      const found = this.firstOperatorNode(child);
      if (found) return found;
    }
    return children.length === 0 && this.isOperator(node.position) ? node : undefined;
  }
}

/** Position for people: nothing for texts that exist in memory only. */
export function visiblePosition(position: SourcePosition | undefined): SourcePosition | undefined {
  return position === undefined || position.file.startsWith(builtinFolder) ? undefined : position;
}
