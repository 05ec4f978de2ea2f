/** What a map says of a match: `SYMBOL`, `SCORE`, `SYMBOL:SCORE` or `SYMBOL:SCORE:opt1,opt2` (config-format 7.4). */
export interface MapValue {
  readonly symbol: string | undefined;
  /** Weight of the symbol. */
  readonly weight: number;
  readonly options: readonly string[];
}

const number = '[+-]?(?:\\d+(?:\\.\\d+)?|\\.\\d+)';
const word = '[A-Za-z0-9_]+';
/** Alternatives in the order they are tried; what follows is not looked at. */
const pattern = new RegExp(`^(?:(${word}):(${number})(?::(${word}(?:,${word})*))?|(${number})|(${word}))`);

const plain: MapValue = { symbol: undefined, weight: 1, options: [] };
const maxRemembered = 4096;
let remembered = new Map<string, MapValue>();

/** Reads the value of a map entry; what is no such value counts as none. */
export function parseMapValue(text: string): MapValue {
  if (text === '') return plain;
  const known = remembered.get(text);
  if (known) return known;
  const match = pattern.exec(text);
  let value = plain;
  if (match) {
    const [, symbol, weight, options, onlyWeight, onlySymbol] = match;
    value = {
      symbol: symbol ?? onlySymbol,
      weight: Number(weight ?? onlyWeight ?? 1),
      options: options?.split(',') ?? [],
    };
  }
  if (remembered.size >= maxRemembered) remembered = new Map();
  remembered.set(text, value);
  return value;
}
