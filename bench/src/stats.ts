/** How a set of figures is spread. */
export interface Spread {
  readonly count: number;
  readonly median: number;
  readonly firstQuartile: number;
  readonly thirdQuartile: number;
  readonly min: number;
  readonly max: number;
}

/**
 * The q-quantile (0 to 1) of values sorted ascending, linear between neighbours (type 7 of Hyndman and Fan 1996,
 * what R and NumPy take by default). NaN for no values.
 */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  if (sorted.length === 0) return Number.NaN;
  const position = (sorted.length - 1) * q;
  const below = Math.floor(position);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (position - below);
}

/** A copy of the values in ascending order. */
export function ascending(values: Iterable<number>): Float64Array {
  return Float64Array.from(values).sort();
}

/** Median, quartiles and extremes of the values; all NaN for none. */
export function spreadOf(values: Iterable<number>): Spread {
  const sorted = ascending(values);
  return {
    count: sorted.length,
    median: quantile(sorted, 0.5),
    firstQuartile: quantile(sorted, 0.25),
    thirdQuartile: quantile(sorted, 0.75),
    min: quantile(sorted, 0),
    max: quantile(sorted, 1),
  };
}

/**
 * Second over first, block by block: blocks measured side by side share the machine's mood, so it cancels in
 * each ratio, as it would not in the ratio of two means.
 *
 * @throws RangeError when the two do not have the same number of blocks.
 */
export function blockRatios(first: readonly number[], second: readonly number[]): number[] {
  if (first.length !== second.length) throw new RangeError('ratios need blocks in pairs');
  return second.map((value, index) => value / first[index]!);
}

/** Slope of y over x by least squares; NaN for fewer than two different x. */
export function slope(points: readonly { readonly x: number; readonly y: number }[]): number {
  let meanX = 0;
  let meanY = 0;
  for (const { x, y } of points) {
    meanX += x / points.length;
    meanY += y / points.length;
  }
  let covariance = 0;
  let variance = 0;
  for (const { x, y } of points) {
    covariance += (x - meanX) * (y - meanY);
    variance += (x - meanX) ** 2;
  }
  return covariance / variance;
}
