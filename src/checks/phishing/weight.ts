import { areConfusable, displayedName } from '../../content/index.ts';

/** Cost of turning one text into the other where a letter is removed or added for 1 and replaced for 2. */
export function editCost(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 2);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

/** A registered domain, and whether it ends with a public suffix. */
export interface ComparedDomain {
  readonly domain: string;
  readonly hasSuffix: boolean;
}

/** What is compared: the label that somebody registered; whole names where there is none. */
function registeredLabel({ domain, hasSuffix }: ComparedDomain): string {
  const shown = displayedName(domain);
  return hasSuffix ? shown.split('.', 1)[0]! : shown;
}

const isAscii = (text: string): boolean => /^[\x00-\x7f]*$/.test(text);

/**
 * How much a link deceives that shows one domain and leads to another: 1 for names that look alike, less the more they
 * differ, 0 for the same name under another suffix (reference of modules, phishing).
 */
export function deception(shown: ComparedDomain, target: ComparedDomain): number {
  if (areConfusable(shown.domain, target.domain)) return 1;
  const a = registeredLabel(shown);
  const b = registeredLabel(target);
  const distance = (2 * editCost(a, b)) / (a.length + b.length);
  if (distance === 0) return 0;
  if (distance <= 0.3) return 1;
  if (distance <= 1) return Math.tanh(3 * (1.1 - distance));
  return isAscii(a) === isAscii(b) ? 0.5 : 1;
}
