import { type Budget, logistic, marginOf, type Named, type Sample, train } from './logistic.ts';

const folds = 5;

function foldOf(family: string): number {
  let hash = 0;
  for (let index = 0; index < family.length; index++)
    hash = (Math.imul(hash, 31) + family.charCodeAt(index)) | 0;
  return Math.abs(hash) % folds;
}

/** The margin of each sample by a model that saw nothing of its family; tells how well the folds are told apart. */
export function foldMargins(samples: readonly Sample[], named: Named, budget: Budget): Float64Array {
  const margins = new Float64Array(samples.length);
  for (let fold = 0; fold < folds; fold++) {
    const rest = samples.filter(({ family }) => foldOf(family) !== fold);
    const weights = train(rest, named, budget);
    for (const [index, sample] of samples.entries()) {
      if (foldOf(sample.family) === fold) margins[index] = marginOf(sample, weights);
    }
  }
  report(samples, margins);
  return margins;
}

function report(samples: readonly Sample[], margins: Float64Array): void {
  const of = (isSpam: boolean): number[] =>
    [...margins].filter((_, index) => samples[index]!.isSpam === isSpam).sort((a, b) => a - b);
  const [ham, spam] = [of(false), of(true)];
  for (const share of [0.01, 0.001]) {
    const limit = ham[Math.floor(ham.length * (1 - share))]!;
    const found = spam.filter((margin) => margin > limit).length / spam.length;
    console.log(
      `held out, ${share * 100} % false positives: ${(found * 100).toFixed(1)} % detected (margin ${limit.toFixed(2)})`,
    );
  }
  const families = Map.groupBy([...samples.keys()], (index) =>
    samples[index]!.family.replace(/^(sa-\w+|glitchy) .*/, '$1'),
  );
  const wrong = [...families].map(([family, indexes]) => {
    const errors = indexes.filter((index) => margins[index]! > 0 !== samples[index]!.isSpam).length;
    return `${family} ${((errors / indexes.length) * 100).toFixed(0)} %`;
  });
  console.log(`on the wrong side of even: ${wrong.join(', ')}`);
}

/** Fits log-odds = slope × margin + offset by Newton's method, targets smoothed (Platt 1999; Lin, Lin and Weng 2007). */
export function fitCalibration(
  samples: readonly Sample[],
  margins: Float64Array,
): { readonly slope: number; readonly offset: number } {
  const spam = samples.filter(({ isSpam }) => isSpam).length;
  const high = (spam + 1) / (spam + 2);
  const low = 1 / (samples.length - spam + 2);
  let slope = 1;
  let offset = 0;
  for (let round = 0; round < 50; round++) {
    let [gradientSlope, gradientOffset, hSlope, hBoth, hOffset] = [0, 0, 1e-9, 0, 1e-9];
    for (const [index, margin] of margins.entries()) {
      const probability = logistic(slope * margin + offset);
      const error = probability - (samples[index]!.isSpam ? high : low);
      const curve = probability * (1 - probability);
      gradientSlope += error * margin;
      gradientOffset += error;
      hSlope += curve * margin * margin;
      hBoth += curve * margin;
      hOffset += curve;
    }
    const determinant = hSlope * hOffset - hBoth * hBoth;
    slope -= (hOffset * gradientSlope - hBoth * gradientOffset) / determinant;
    offset -= (hSlope * gradientOffset - hBoth * gradientSlope) / determinant;
  }
  return { slope, offset };
}
