import { type CountedThing, countedThings, type LimitWindow, limitWindows } from '../../core/index.ts';

/** One thing counted in one window. */
export interface Counter {
  /** Names it in exceptions: `m:h`, messages per hour. */
  readonly field: string;
  /** Field of its window in the store. */
  readonly windowField: string;
  readonly counts: CountedThing;
  readonly window: LimitWindow;
  readonly lengthMs: number;
}

const lengthsMs: Readonly<Record<LimitWindow, number>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

/** All that is counted of a subject; amounts stand in this order. */
export const counters: readonly Counter[] = countedThings.flatMap((counts) =>
  limitWindows.map((window) => ({
    field: `${counts[0]}:${window[0]}`,
    windowField: window[0]!,
    counts,
    window,
    lengthMs: lengthsMs[window],
  })),
);

/** Windows as the store holds them: messages and recipients together. */
export const windowFields: readonly { readonly field: string; readonly lengthMs: number }[] =
  limitWindows.map((window) => ({ field: window[0]!, lengthMs: lengthsMs[window] }));

/** What a level says for each of {@link counters}: a number, infinity for `unlimited`, undefined for nothing. */
export type Amounts = readonly (number | undefined)[];

export const noAmounts: Amounts = counters.map(() => undefined);

/** What a level says: for each sender below it, and for all of them together. */
export interface LevelAmounts {
  readonly each: Amounts;
  readonly pool: Amounts;
}

const suffixes: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6 };
const windowsByLetter: Readonly<Record<string, LimitWindow>> = { m: 'minute', h: 'hour', d: 'day' };
const maxAmount = 1e12;

/** `100/h`, `5k / 1d`, `unlimited/m` */
const amountPattern =
  /^(?:(\d{1,12})([km]?)|(unlimited))(?:\/1?(m|min|minute|minutes|h|hour|hours|d|day|days))?$/i;

/** Words of a text of amounts; blanks around a slash belong to the amount. */
function words(text: string): readonly string[] {
  return text
    .replaceAll(/\s*\/\s*/g, '/')
    .split(/[\s,;]+/)
    .filter((word) => word !== '');
}

/** What is wrong with a text, for {@link parseAmounts} and {@link parseLevel}. */
export class AmountError extends Error {}

function setAmount(amounts: (number | undefined)[], counts: CountedThing, word: string): void {
  const parts = amountPattern.exec(word);
  if (!parts) throw new AmountError(`"${word}" is no amount such as 100/h, 5k/d or unlimited`);
  const [, digits, suffix = '', , period] = parts;
  const amount =
    digits === undefined ? Number.POSITIVE_INFINITY : Number(digits) * suffixes[suffix.toLowerCase()]!;
  if (digits !== undefined && period === undefined)
    throw new AmountError(`"${word}" needs its time: /m, /h or /d`);
  if (amount > maxAmount && digits !== undefined) throw new AmountError(`"${word}" is too much`);
  const window = period === undefined ? undefined : windowsByLetter[period[0]!.toLowerCase()];
  for (const [index, counter] of counters.entries())
    if (counter.counts === counts && (window === undefined || counter.window === window))
      amounts[index] = amount;
}

/**
 * Amounts of messages and recipients, each a text such as `20/m 100/h 500/d` or `unlimited`.
 *
 * @throws AmountError
 */
export function parseAmounts(texts: Partial<Readonly<Record<CountedThing, string | undefined>>>): Amounts {
  const amounts: (number | undefined)[] = [...noAmounts];
  for (const counts of countedThings)
    for (const word of words(texts[counts] ?? '')) setAmount(amounts, counts, word);
  return amounts;
}

/**
 * The value of a map entry: `messages 20/m 100/h recipients 500/d`, with `each` and `pool` before them where the map
 * is about a level; `each` is understood when neither stands there.
 *
 * @throws AmountError
 */
export function parseLevel(text: string): LevelAmounts {
  const level = { each: [...noAmounts], pool: [...noAmounts] };
  let part: 'each' | 'pool' = 'each';
  let counts: CountedThing | undefined;
  for (const word of words(text.replaceAll('=', ' '))) {
    const name = word.toLowerCase();
    if (name === 'each' || name === 'pool') {
      part = name;
      counts = undefined;
    } else if (name === 'messages' || name === 'recipients') counts = name;
    else if (counts === undefined)
      throw new AmountError(`"${word}" stands before any of the words messages and recipients`);
    else setAmount(level[part], counts, word);
  }
  return level;
}

/** Does it say anything at all? */
export function isSet(amounts: Amounts): boolean {
  return amounts.some((amount) => amount !== undefined);
}
