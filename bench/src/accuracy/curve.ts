import { type Random, seededRandom } from '../corpus/random.ts';
import { ascending, quantile } from '../stats.ts';

/** A share with its 95 % confidence interval. */
export interface Share {
  readonly count: number;
  readonly of: number;
  readonly share: number;
  readonly low: number;
  readonly high: number;
}

/** A figure with its 95 % confidence interval. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

const z95 = 1.959964;

/** A share with Wilson's score interval (J. Am. Stat. Assoc. 22, 1927): sound for small counts and near 0 and 1. */
export function wilson(count: number, of: number): Share {
  if (of === 0) return { count, of, share: Number.NaN, low: 0, high: 1 };
  const share = count / of;
  const zz = z95 * z95;
  const centre = share + zz / (2 * of);
  const margin = z95 * Math.sqrt((share * (1 - share)) / of + zz / (4 * of * of));
  const scale = 1 + zz / of;
  return {
    count,
    of,
    share,
    low: Math.max(0, (centre - margin) / scale),
    high: Math.min(1, (centre + margin) / scale),
  };
}

/** How many values of an ascending list are at least `limit`. */
export function countFrom(sorted: Float64Array, limit: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < limit) low = middle + 1;
    else high = middle;
  }
  return sorted.length - low;
}

/**
 * Area under the ROC curve: how likely a spam scores higher than a ham, ties counting half (Mann and Whitney 1947).
 * Both lists ascending.
 */
export function areaUnderCurve(ham: Float64Array, spam: Float64Array): number {
  let below = 0;
  let upTo = 0;
  let sum = 0;
  for (const score of spam) {
    while (below < ham.length && ham[below]! < score) below++;
    if (upTo < below) upTo = below;
    while (upTo < ham.length && ham[upTo]! <= score) upTo++;
    sum += (below + upTo) / 2;
  }
  return sum / (ham.length * spam.length);
}

/**
 * The lowest score from which at most `share` of the ham is taken for spam. It lies just above a ham's score, so that
 * spam that ties with it does not count as found.
 */
export function thresholdAt(ham: Float64Array, share: number): number {
  const allowed = Math.floor(ham.length * share + 1e-9);
  const first = ham[ham.length - 1 - allowed];
  return first === undefined ? Number.NEGATIVE_INFINITY : nextAbove(first);
}

function nextAbove(value: number): number {
  return value + Math.max(Math.abs(value), 1) * Number.EPSILON;
}

/** The share of spam found when at most `share` of the ham may be taken for spam. */
export function detectionAt(ham: Float64Array, spam: Float64Array, share: number): number {
  return countFrom(spam, thresholdAt(ham, share)) / spam.length;
}

function resample(values: Float64Array, random: Random): Float64Array {
  const drawn = new Float64Array(values.length);
  for (let index = 0; index < drawn.length; index++) {
    drawn[index] = values[Math.floor(random() * values.length)]!;
  }
  return drawn.sort();
}

const bootstraps = 400;

/**
 * A figure of two lists of scores with a percentile bootstrap interval (Efron and Tibshirani 1993, 13): ham and spam
 * are drawn anew each by itself, so what the choice of the threshold adds to the uncertainty is in it.
 */
export function bootstrap(
  ham: Float64Array,
  spam: Float64Array,
  figure: (ham: Float64Array, spam: Float64Array) => number,
): Interval {
  const random = seededRandom(1);
  const values = Array.from({ length: bootstraps }, () =>
    figure(resample(ham, random), resample(spam, random)),
  );
  const sorted = ascending(values);
  return { value: figure(ham, spam), low: quantile(sorted, 0.025), high: quantile(sorted, 0.975) };
}
