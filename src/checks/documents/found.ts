/** A symbol, its weight, and the name of the file. */
export type Found<Sym extends string> = readonly [symbol: Sym, weight: number, name: string];
