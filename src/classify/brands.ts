import { brands } from './names.ts';

const beyondAscii = /[^\x00-\x7f]/;
const maxBrandWords = 60;
/** How brands begin: only what does may be the first of two words that make one. */
const beginnings: ReadonlySet<string> = new Set(
  [...brands].flatMap((brand) =>
    Array.from({ length: brand.length - 1 }, (_, index) => brand.slice(0, index + 1)),
  ),
);

function brandAmong(words: readonly string[], domain: string): string | undefined {
  for (const [index, word] of words.entries()) {
    if (word.length === 0) continue;
    if (brands.has(word) && !domain.includes(word)) return word;
    const next = words[index + 1];
    if (next === undefined || !beginnings.has(word)) continue;
    const both = word + next;
    if (brands.has(both) && !domain.includes(both)) return both;
  }
  return undefined;
}

/** A brand that the words of a text name, when the sender's domain does not. */
export function borrowedBrand(text: string, domain: string): string | undefined {
  const plain = beyondAscii.test(text) ? text.normalize('NFKD').replace(/\p{M}+/gu, '') : text;
  return brandAmong(plain.toLowerCase().split(/[^\p{L}\p{N}]+/u, maxBrandWords), domain);
}

/** A brand that the labels of a host name name, when its registered domain is not the brand's own. */
export function brandInHost(host: string, domain: string): string | undefined {
  const label = domain.slice(0, domain.indexOf('.'));
  return brandAmong(host.split(/[.-]/, maxBrandWords), label.includes('-') ? '' : domain);
}
