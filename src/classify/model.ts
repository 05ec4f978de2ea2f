import type { Features } from './features.ts';
import { gramBuckets } from './grams.ts';
import { reasonFor } from './reasons.ts';

/** The file a model is kept in. */
export interface ModelFile {
  readonly format: 1;
  readonly bias: number;
  /** From the margin to the log-odds of spam, fitted on messages that were held out (Platt 1999). */
  readonly calibration: { readonly slope: number; readonly offset: number };
  /** Weights of the named features, in log-odds. */
  readonly named: Readonly<Record<string, number>>;
  /** One step of the weights of hashed words. */
  readonly gramStep: number;
  /** Weights of the hashed words in steps, a signed byte each, base64. */
  readonly grams: string;
}

/**
 * Reads the text of a model file.
 *
 * @throws SyntaxError, TypeError when it is none
 */
export function parseModelFile(text: string): ModelFile {
  const file: unknown = JSON.parse(text);
  const needed = ['format', 'bias', 'calibration', 'named', 'gramStep', 'grams'];
  if (typeof file !== 'object' || file === null || !needed.every((name) => name in file))
    throw new TypeError('not a content model');
  return file as ModelFile;
}

/** What the model thinks of a message. */
export interface Opinion {
  /** How likely it is spam, 0 to 1. */
  readonly probability: number;
  /** Log-odds of the probability. */
  readonly logOdds: number;
  /** What speaks most for the opinion, in words, strongest first. */
  reasons(count: number): readonly string[];
}

/** A linear model over named features and hashed words. */
export class ContentModel {
  readonly #named: ReadonlyMap<string, number>;
  /** What the features mean to a reader. */
  readonly #reasons: ReadonlyMap<string, string | undefined>;
  readonly #grams: Int8Array;
  readonly #file: ModelFile;

  /** @throws TypeError when the file is not of this version */
  constructor(file: ModelFile) {
    const grams = Buffer.from(file.grams, 'base64');
    if (file.format !== 1 || grams.length !== gramBuckets)
      throw new TypeError('not a content model of this version');
    this.#file = file;
    this.#named = new Map(Object.entries(file.named));
    this.#reasons = new Map(Object.keys(file.named).map((name) => [name, reasonFor(name)]));
    this.#grams = new Int8Array(grams.buffer, grams.byteOffset, grams.length);
  }

  #wordsMargin(grams: Uint16Array): number {
    if (grams.length === 0) return 0;
    let sum = 0;
    for (const bucket of grams) sum += this.#grams[bucket]!;
    return (sum * this.#file.gramStep) / Math.sqrt(grams.length);
  }

  judge({ names, grams }: Features): Opinion {
    const { bias, calibration } = this.#file;
    const words = this.#wordsMargin(grams);
    let margin = bias + words;
    for (const name of names) margin += this.#named.get(name) ?? 0;
    const logOdds = calibration.slope * margin + calibration.offset;
    const probability = 1 / (1 + Math.exp(-logOdds));
    return {
      probability,
      logOdds,
      reasons: (count) => {
        const sign = probability >= 0.5 ? 1 : -1;
        const found = new Map<string, number>();
        const note = (reason: string | undefined, weight: number): void => {
          if (reason !== undefined) found.set(reason, (found.get(reason) ?? 0) + weight * sign);
        };
        for (const name of names) note(this.#reasons.get(name), this.#named.get(name) ?? 0);
        note('its words', words);
        return [...found]
          .filter(([, weight]) => weight > 0.05)
          .sort(([, a], [, b]) => b - a)
          .slice(0, count)
          .map(([reason]) => reason);
      },
    };
  }
}
