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

/**
 * Share of the tokens beside the text that are passed over: none where the text has the majority anyway. Undefined:
 * there is no text to judge.
 */
export function skippedShare(tokens: readonly Token[]): number | undefined {
  let text = 0;
  for (const token of tokens) if (!token.isMeta) text++;
  if (text === 0) return undefined;
  return 2 * text > tokens.length ? 0 : 1 - text / tokens.length;
}

/**
 * Fisher's method: how likely it is that all of `k` tokens speak for a class and not against it.
 *
 * @param forIt sum of the logarithms of the tokens' probabilities
 * @param against the same for the opposite
 */
function combine(forIt: number, against: number, k: number): number {
  if (forIt < underflow && against < underflow) {
    const gap = Math.exp(-Math.abs(forIt - against));
    const certainty = (1 - gap) / (1 + gap);
    // The sum nearer to zero is that of the likelier class.
    return forIt > against ? (1 + certainty) / 2 : (1 - certainty) / 2;
  }
  const h = 1 - inverseChi(forIt, k);
  const s = 1 - inverseChi(against, k);
  return (s + 1 - h) / 2;
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
  const skipShare = skippedShare(tokens);
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
  const probability = combine(spamSum, hamSum, k);
  return Number.isFinite(probability) ? probability : undefined;
}

/** How likely one of several classes is. */
export interface ClassProbability {
  readonly index: number;
  readonly probability: number;
}

/**
 * The likeliest of several classes by the logarithms of their likelihoods, and how sure that is: Fisher's method for it
 * against the average of the others, which for two classes is {@link spamProbability}. Classes that have learned too
 * little do not take part. Undefined: too little is known.
 *
 * @param counts for each token as many numbers as there are classes
 * @param minLearns messages that a class must have learned
 */
export function classProbabilities(
  tokens: readonly Token[],
  counts: readonly number[],
  learns: readonly number[],
  options: ProbabilityOptions & { readonly minLearns: number },
): ClassProbability | undefined {
  const skipShare = skippedShare(tokens);
  const viable = learns.flatMap((count, index) => (count >= options.minLearns ? [index] : []));
  if (skipShare === undefined || tokens.length < options.minTokens || viable.length < 2) return undefined;
  const sums = viable.map(() => ({ likelihood: 0, forIt: 0, against: 0 }));
  let found = 0;
  let foundText = 0;
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]!;
    const own = viable.map((index) => Math.max(0, counts[learns.length * at + index]!));
    const hits = own.reduce((sum, count) => sum + count, 0);
    if (hits === 0 || hits < options.minTokenHits || isThinnedOut(token, skipShare)) continue;
    const rates = own.map((count, place) => count / Math.max(1, learns[viable[place]!]!));
    const total = rates.reduce((sum, rate) => sum + rate, 0);
    const weight = weights[token.distance] ?? 0;
    const likely = rates.map((rate) => confidence(rate / total, hits, weight));
    if (Math.max(...likely) - Math.min(...likely) < options.minProbStrength) continue;
    for (const [place, rate] of rates.entries()) {
      const others = (total - rate) / (viable.length - 1);
      const share = rate / (rate + others);
      const sum = sums[place]!;
      sum.likelihood += Math.log(likely[place]!);
      sum.forIt += Math.log(confidence(share, hits, weight));
      sum.against += Math.log(confidence(1 - share, hits, weight));
    }
    found++;
    if (!token.isMeta) foundText++;
  }
  if (found === 0 || foundText === 0 || foundText < 0.1 * options.minTokens) return undefined;
  const best = Math.max(...sums.map(({ likelihood }) => likelihood));
  const place = sums.findIndex(({ likelihood }) => likelihood === best);
  const { forIt, against } = sums[place]!;
  const probability = combine(forIt, against, found);
  return Number.isFinite(probability) ? { index: viable[place]!, probability } : undefined;
}
