/** What a symbol means and weighs: declared by the check that inserts it, overridden by the metric. */
export interface SymbolDef {
  /** Default 0: informational. */
  readonly score?: number;
  readonly description: string;
  /** Groups whose caps and switches apply; default: the check's group. */
  readonly groups?: readonly string[];
  /** A repeat keeps only the larger value instead of adding up. */
  readonly oneShot?: boolean;
  /** Standard or paper that the symbol rests on. */
  readonly ref?: string;
}

/** A symbol that was inserted into a verdict. */
export interface Hit {
  readonly name: string;
  /** Applied score: weight × symbol score, after caps and composites. */
  readonly score: number;
  /** Score of the symbol's definition. */
  readonly metricScore: number;
  readonly description: string | undefined;
  readonly groups: readonly string[];
  readonly options: readonly string[];
}

declare const handleBrand: unique symbol;
/** A symbol that the configuration named; only {@link CheckContext.declare} makes one. */
export type DynamicSymbol = string & { readonly [handleBrand]: true };
