import { gramBuckets } from '../../src/classify/index.ts';
import { Random } from './random.ts';

/** A message as the trainer sees it. */
export interface Sample {
  readonly isSpam: boolean;
  /** Messages of one family are never in training and in the held-out part at once. */
  readonly family: string;
  readonly weight: number;
  /** Numbers of its named features. */
  readonly named: Uint32Array;
  readonly grams: readonly number[];
}

export interface Weights {
  bias: number;
  readonly named: Float64Array;
  readonly grams: Float64Array;
}

export interface Budget {
  readonly epochs: number;
  readonly step: number;
  /** How much weights are drawn towards nothing: named features, hashed words. */
  readonly namedDecay: number;
  readonly gramDecay: number;
}

/** How loud the words of a message are together, however many they are. */
export function gramScale(count: number): number {
  return count === 0 ? 0 : 1 / Math.sqrt(count);
}

/** Log-odds of spam. */
export function marginOf({ named, grams }: Sample, weights: Weights): number {
  let margin = weights.bias;
  for (const index of named) margin += weights.named[index]!;
  let words = 0;
  for (const bucket of grams) words += weights.grams[bucket]!;
  return margin + words * gramScale(grams.length);
}

export function logistic(margin: number): number {
  return 1 / (1 + Math.exp(-margin));
}

/**
 * Logistic regression by AdaGrad (Duchi, Hazan and Singer 2011) with decay of the weights, in an order drawn from a
 * fixed seed: the same samples give the same weights.
 */
export function train(samples: readonly Sample[], namedCount: number, budget: Budget): Weights {
  const weights: Weights = {
    bias: 0,
    named: new Float64Array(namedCount),
    grams: new Float64Array(gramBuckets),
  };
  const namedSquares = new Float64Array(namedCount).fill(1e-2);
  const gramSquares = new Float64Array(gramBuckets).fill(1e-2);
  let biasSquares = 1e-2;
  const order = samples.map((_, index) => index);
  const random = new Random(20);
  for (let epoch = 0; epoch < budget.epochs; epoch++) {
    random.shuffle(order);
    for (const index of order) {
      const sample = samples[index]!;
      const error = sample.weight * (logistic(marginOf(sample, weights)) - (sample.isSpam ? 1 : 0));
      biasSquares += error * error;
      weights.bias -= (budget.step * error) / Math.sqrt(biasSquares);
      for (const feature of sample.named) {
        const gradient = error + budget.namedDecay * weights.named[feature]!;
        namedSquares[feature]! += gradient * gradient;
        weights.named[feature]! -= (budget.step * gradient) / Math.sqrt(namedSquares[feature]!);
      }
      const scale = gramScale(sample.grams.length);
      for (const bucket of sample.grams) {
        const gradient = error * scale + budget.gramDecay * weights.grams[bucket]!;
        gramSquares[bucket]! += gradient * gradient;
        weights.grams[bucket]! -= (budget.step * gradient) / Math.sqrt(gramSquares[bucket]!);
      }
    }
  }
  return weights;
}
