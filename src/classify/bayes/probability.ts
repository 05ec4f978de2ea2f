import type { Token } from './tokens.ts';

/** Options of the classifier, by Rspamd's names. */
export interface ProbabilityOptions {
  readonly minTokens: number;
  readonly minTokenHits: number;
  readonly minProbStrength: number;
}

/** Weights by distance of the two words, as Rspamd has them. */
const weights = [0, 3125, 256, 27, 1] as const;

/** Both logarithms below this: their exponentials are zero. */
const underflow = -300;

/** Inverse chi-square distribution with 2k degrees of freedom, of a sum of logarithms. */
function inverseChi(sum: number, k: number): number {
  let term = Math.exp(sum);
  if (term === 0) return 0;
  let total = term;
  for (let i = 1; i < k; i++) {
    term *= -sum / i;
    total += term;
  }
  return Math.min(1, total);
}

/** Probability of the class that `own` of `all` occurrences belong to, drawn towards a half by little evidence. */
function confidence(share: number, hits: number, weight: number): number {
  const w = (weight * hits) / (1 + weight * hits);
  return (w * 0.5 + hits * share) / (w + hits);
}

/**
 * Is this token of the subject or of the facts to be passed over? They are thinned out to the share that the text has
 * among all tokens, so that they do not outvote a short text. Rspamd draws lots; here the token decides, so that the
 * same message gets the same verdict.
 */
export function isThinnedOut(token: Token, skipShare: number): boolean {
  return token.isMeta && token.low / 0x1_0000_0000 < skipShare;
}

/** Share of the tokens that are not of the text; undefined: there is no text to judge. */
export function metaShare(tokens: readonly Token[]): number | undefined {
  let text = 0;
  for (const token of tokens) if (!token.isMeta) text++;
  return text === 0 ? undefined : 1 - text / tokens.length;
}

/**
 * Probability that a message is spam (Rspamd: Fisher's method over the tokens); undefined: too little is known.
 *
 * @param counts for each token how often it was in spam and in ham, in the order of the tokens: spam, ham, spam, ham …
 * @param learns messages learned of each class
 */
export function spamProbability(
  tokens: readonly Token[],
  counts: readonly number[],
  learns: readonly [spam: number, ham: number],
  options: ProbabilityOptions,
): number | undefined {
  const skipShare = metaShare(tokens);
  if (skipShare === undefined || tokens.length < options.minTokens) return undefined;
  let spamSum = 0;
  let hamSum = 0;
  let k = 0;
  let foundText = 0;
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index]!;
    const spam = Math.max(0, counts[2 * index]!);
    const ham = Math.max(0, counts[2 * index + 1]!);
    const hits = spam + ham;
    if (hits === 0 || hits < options.minTokenHits || isThinnedOut(token, skipShare)) continue;
    const spamRate = spam / Math.max(1, learns[0]);
    const hamRate = ham / Math.max(1, learns[1]);
    const share = spamRate / (spamRate + hamRate);
    const weight = weights[token.distance] ?? 0;
    const spamConfidence = confidence(share, hits, weight);
    if (Math.abs(spamConfidence - 0.5) < options.minProbStrength) continue;
    spamSum += Math.log(spamConfidence);
    hamSum += Math.log(confidence(1 - share, hits, weight));
    k++;
    if (!token.isMeta) foundText++;
  }
  if (k === 0 || foundText === 0 || foundText < 0.1 * options.minTokens) return undefined;
  if (spamSum < underflow && hamSum < underflow) {
    const gap = Math.exp(-Math.abs(spamSum - hamSum));
    const certainty = (1 - gap) / (1 + gap);
    // The sum nearer to zero is that of the likelier class.
    return spamSum > hamSum ? (1 + certainty) / 2 : (1 - certainty) / 2;
  }
  const h = 1 - inverseChi(spamSum, k);
  const s = 1 - inverseChi(hamSum, k);
  const probability = (s + 1 - h) / 2;
  return Number.isFinite(probability) ? probability : undefined;
}

/** How likely one of several classes is. */
export interface ClassProbability {
  readonly index: number;
  readonly probability: number;
}

/**
 * The likeliest of several classes by the logarithms of their likelihoods, normalised; undefined: too little is known.
 *
 * @param counts for each token as many numbers as there are classes
 */
export function classProbabilities(
  tokens: readonly Token[],
  counts: readonly number[],
  learns: readonly number[],
  options: ProbabilityOptions,
): ClassProbability | undefined {
  const skipShare = metaShare(tokens);
  const classes = learns.length;
  if (skipShare === undefined || tokens.length < options.minTokens || classes === 0) return undefined;
  const sums = new Array<number>(classes).fill(0);
  let found = 0;
  let foundText = 0;
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]!;
    const own = counts.slice(classes * at, classes * (at + 1)).map((count) => Math.max(0, count));
    const hits = own.reduce((sum, count) => sum + count, 0);
    if (hits === 0 || hits < options.minTokenHits || isThinnedOut(token, skipShare)) continue;
    const rates = own.map((count, index) => count / Math.max(1, learns[index]!));
    const total = rates.reduce((sum, rate) => sum + rate, 0);
    const weight = weights[token.distance] ?? 0;
    const likely = rates.map((rate) => confidence(rate / total, hits, weight));
    if (Math.max(...likely) - Math.min(...likely) < options.minProbStrength) continue;
    for (let index = 0; index < classes; index++) sums[index]! += Math.log(likely[index]!);
    found++;
    if (!token.isMeta) foundText++;
  }
  if (found === 0 || foundText === 0 || foundText < 0.1 * options.minTokens) return undefined;
  const best = Math.max(...sums);
  const exponentials = sums.map((sum) => Math.exp(sum - best));
  const total = exponentials.reduce((sum, value) => sum + value, 0);
  return { index: sums.indexOf(best), probability: 1 / total };
}
