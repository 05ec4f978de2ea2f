import { structureBytes } from '../../fuzzy/index.ts';
import type { Found } from './backend.ts';
import type { Meaning, Rule } from './rule.ts';

/** Likeness from which on a text is like another one at all. */
const bias = 0.5;

/** What links that lead elsewhere than those of a template leave of its weight. */
const otherLinksFactor = 0.3;

/** A symbol for what was found, with its weight. */
export interface Insertion<Sym> {
  readonly symbol: Sym;
  readonly weight: number;
  readonly options: readonly string[];
}

/** Is this the structure of a known template whose links lead to another site? */
export function leadsElsewhere({ hash, digest }: Found): boolean {
  return (
    hash.kind === 'html' && !hash.digest.subarray(structureBytes).equals(digest.subarray(structureBytes))
  );
}

/** Part of a symbol's score (config-format 17.4): how often it was reported, and how like it is. */
export function weightOf(
  found: Found,
  value: number,
  { hitsLimit, power, htmlWeight }: Readonly<Record<'hitsLimit' | 'power' | 'htmlWeight', number>>,
): number {
  const likeness = Math.max(0, (found.probability - bias) / (1 - bias)) ** power;
  const weight = Math.tanh((Math.E * value) / hitsLimit) * likeness;
  if (found.hash.kind !== 'html') return weight;
  return weight * htmlWeight * (leadsElsewhere(found) ? otherLinksFactor : 1);
}

/** Like Rspamd's: flag, start of the digest, likeness, kind of content. */
function optionOf({ digest, probability, hash }: Found, flag: number): string {
  return `${flag}:${digest.toString('hex', 0, 5)}:${probability.toFixed(2)}:${hash.kind}`;
}

/** Each symbol once, with the weight of the heaviest of its hashes and an option for each. */
export function insertions<Sym extends string>(
  rule: Rule<Sym>,
  found: readonly Found[],
): readonly Insertion<Sym>[] {
  const { meanings, otherwise, htmlWeight, options } = rule;
  const bySymbol = new Map<Sym, { weight: number; options: string[] }>();
  for (const one of found.slice(0, options.max_hits ?? found.length))
    for (const { flag, value } of one.flags) {
      const meaning: Meaning<Sym> | undefined = meanings.get(flag) ?? otherwise;
      if (!meaning || value <= 0) continue;
      const { hitsLimit, symbol } = meaning;
      const weight = weightOf(one, value, { hitsLimit, power: options.prob_power, htmlWeight });
      if (weight <= 0) continue;
      let entry = bySymbol.get(symbol);
      if (!entry) bySymbol.set(symbol, (entry = { weight: 0, options: [] }));
      entry.weight = Math.max(entry.weight, weight);
      entry.options.push(optionOf(one, flag));
    }
  return [...bySymbol].map(([symbol, entry]) => ({ symbol, ...entry }));
}
