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
  readonly grams: Uint16Array;
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
  /** Share of the named features that a message is shown without, others each time. */
  readonly leftOut: number;
}

/** The named features of a model. */
export interface Named {
  readonly count: number;
  /** By number: 1 where the weight must not be negative, -1 where it must not be positive. */
  readonly directions: Int8Array;
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

function without(sample: Sample, share: number, random: Random): Sample {
  return { ...sample, named: sample.named.filter(() => !random.chance(share)) };
}

/**
 * Logistic regression by AdaGrad (Duchi, Hazan and Singer 2011) with decay of the weights, in an order drawn from a
 * fixed seed: the same samples give the same weights. Each time a message is shown some of its named features are left
 * out (dropout, Srivastava and others 2014), so that none rests on another that mail unlike the training's lacks; weights
 * that would go the wrong way stay at nothing.
 */
export function train(
  samples: readonly Sample[],
  { count: namedCount, directions }: Named,
  budget: Budget,
): Weights {
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
      const sample = without(samples[index]!, budget.leftOut, random);
      const error = sample.weight * (logistic(marginOf(sample, weights)) - (sample.isSpam ? 1 : 0));
      biasSquares += error * error;
      weights.bias -= (budget.step * error) / Math.sqrt(biasSquares);
      for (const feature of sample.named) {
        const gradient = error + budget.namedDecay * weights.named[feature]!;
        namedSquares[feature]! += gradient * gradient;
        const weight = weights.named[feature]! - (budget.step * gradient) / Math.sqrt(namedSquares[feature]!);
        weights.named[feature] = weight * directions[feature]! < 0 ? 0 : weight;
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
