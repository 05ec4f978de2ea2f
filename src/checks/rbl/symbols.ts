import type { CheckContext, DynamicSymbol } from '../../core/index.ts';
import type { AnswerCodes } from './answers.ts';
import type { Config, RuleOptions } from './options.ts';
import { isStockSymbol, type StockSymbol } from './stock-symbols.ts';

export type ListSymbol = StockSymbol | DynamicSymbol;
type Context = CheckContext<Config, StockSymbol>;

/** Symbols of one list, declared once. */
export interface ListSymbols {
  /** Name of the unit. */
  readonly unit: string;
  readonly all: readonly ListSymbol[];
  /** The list's own, without prefix. */
  readonly own: string;
  readonly failure: ListSymbol;
  /** Symbol for a code (or the list's own) found at a place, with the prefix of the place. */
  at(name: string, label: string): ListSymbol;
  /** Does finding this protect from other lists? */
  protects(symbol: ListSymbol): boolean;
}

/** A symbol by its name: a stock one keeps its score, any other has none until the operator gives it one. */
function declareSymbol(context: Context, name: string, description: string): ListSymbol {
  return isStockSymbol(name) ? name : context.declare(name, { description });
}

export function listSymbols(
  own: string,
  options: RuleOptions,
  codes: AnswerCodes,
  context: Context,
): ListSymbols {
  const { symbols_prefixes: prefixes } = options;
  const table = new Map<string, ListSymbol>();
  const declare = (name: string, description: string): ListSymbol => {
    const known = table.get(name);
    if (known !== undefined) return known;
    const symbol = declareSymbol(context, name, description);
    table.set(name, symbol);
    return symbol;
  };
  const prefixed = new Map(Object.entries(prefixes ?? {}));
  const nameAt = (name: string, label: string): string => {
    const prefix = prefixed.get(label);
    return prefix === undefined ? name : `${prefix}_${name}`;
  };
  const listed = `Listed in ${options.rbl}`;
  const written = [own, ...codes.names];
  const isNamedPlainly = prefixed.size === 0;
  for (const name of written) {
    if (isNamedPlainly) declare(name, listed);
    for (const label of prefixed.keys()) declare(nameAt(name, label), listed);
  }
  const failure = declare(`${own}_FAIL`, `${options.rbl} could not be asked`);
  const isOwn = new Set([own, ...Array.from(prefixed.keys(), (label) => nameAt(own, label))]);
  const exceptions = new Set(options.whitelist_exception);
  return {
    unit: isNamedPlainly ? own : `${own}_CHECK`,
    all: [...table.values()],
    own,
    failure,
    // A place without a prefix of its own gives the plain name.
    at: (name, label) => {
      const full = nameAt(name, label);
      return table.get(full) ?? declare(full, listed);
    },
    // An answer that the list does not declare may mean anything, such as that we ask too much.
    protects: (symbol) =>
      options.is_whitelist && !exceptions.has(symbol) && (codes.names.length === 0 || !isOwn.has(symbol)),
  };
}
