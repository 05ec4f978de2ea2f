import { type Lesson, views, weightCount } from './views.ts';

/** A step's length; AdaGrad makes it shorter for what was often corrected. */
const step = 1;
const firstSquares = 0.01;
/** How much weights are drawn towards nothing. */
const decay = 1e-5;
/** No view alone says more than this. */
const loudest = 3;

/** Views that agree say the same thing more than once: their sum is taken for less, by what lessons show. */
const firstSlope = 0.5;
const slopeBounds = [0.35, 0.7] as const;
const calibrationStep = 0.02;

/** Everything a learner knows. */
export interface LearnerState {
  readonly weights: Float32Array;
  /** Sums of squared gradients. */
  readonly squares: Float32Array;
  /** For each view. */
  readonly biases: Float32Array;
  readonly biasSquares: Float32Array;
  slope: number;
}

export function newLearnerState(): LearnerState {
  return {
    weights: new Float32Array(weightCount),
    squares: new Float32Array(weightCount).fill(firstSquares),
    biases: new Float32Array(views.length),
    biasSquares: new Float32Array(views.length).fill(firstSquares),
    slope: firstSlope,
  };
}

/** What the learner thinks of a message. */
export interface LearnedOpinion {
  /** Calibrated log-odds of spam. */
  readonly logOdds: number;
  readonly probability: number;
  /** What each view adds to the log-odds. */
  readonly parts: readonly number[];
  /** What the shipped model adds. */
  readonly prior: number;
}

function logistic(margin: number): number {
  return 1 / (1 + Math.exp(-margin));
}

/** However many features a view has, together they are as loud. */
function scaleOf(places: Uint32Array): number {
  return places.length === 0 ? 0 : 1 / Math.sqrt(places.length);
}

/**
 * Learns one message at a time. Each view is a logistic regression over hashed features by AdaGrad (Duchi, Hazan and
 * Singer 2011) that learns by itself, from its own mistakes; the outcome is the sum of what they say and what the
 * shipped model says. Learnt apart, a view that is right by what only these lessons have in common cannot talk the
 * others down; bounded, none can decide alone.
 */
export class Learner {
  readonly state: LearnerState;

  constructor(state: LearnerState) {
    this.state = state;
  }

  /** @param view its number */
  margin(view: number, places: Uint32Array): number {
    const { weights, biases } = this.state;
    let sum = 0;
    for (let index = 0; index < places.length; index++) sum += weights[places[index]!]!;
    return biases[view]! + sum * scaleOf(places);
  }

  judge({ prior, places }: Lesson): LearnedOpinion {
    const { slope } = this.state;
    const parts = views.map(
      ({ voice }, view) => slope * voice * loudest * Math.tanh(this.margin(view, places[view]!) / loudest),
    );
    const own = slope * prior;
    const logOdds = parts.reduce((sum, part) => sum + part, own);
    return { logOdds, probability: logistic(logOdds), parts, prior: own };
  }

  /** @returns for each view how wrong it was, to be kept for {@link unlearn} */
  learn(lesson: Lesson, isSpam: boolean): readonly number[] {
    this.#calibrate(lesson, isSpam);
    return lesson.places.map((places, view) => {
      const error = logistic(this.margin(view, places)) - (isSpam ? 1 : 0);
      this.#move(view, places, error, 1);
      return error;
    });
  }

  /** Takes back how far a lesson moved the weights, as far as later ones have not moved them on. */
  unlearn({ places }: Lesson, errors: readonly number[]): void {
    for (const [view, error] of errors.entries()) {
      const of = places[view];
      if (of) this.#move(view, of, error, -1);
    }
  }

  /** How much one number of a view's features speaks for spam. */
  share(places: Uint32Array, index: number): number {
    return this.state.weights[places[index]!]! * scaleOf(places);
  }

  #move(view: number, places: Uint32Array, error: number, direction: 1 | -1): void {
    const { weights, squares, biases, biasSquares } = this.state;
    const biasSquare = Math.max(firstSquares, biasSquares[view]! + direction * error * error);
    biasSquares[view] = biasSquare;
    biases[view]! -= (direction * step * error) / Math.sqrt(biasSquare);
    const scaled = error * scaleOf(places);
    for (let index = 0; index < places.length; index++) {
      const place = places[index]!;
      const gradient = scaled + decay * weights[place]!;
      const before = squares[place]!;
      const square = Math.max(firstSquares, before + direction * gradient * gradient);
      squares[place] = square;
      // The step was made with the sum that had this gradient in it.
      weights[place]! -= (direction * step * gradient) / Math.sqrt(direction === 1 ? square : before);
    }
  }

  /** Before it is learned, a message is one that the learner never saw. */
  #calibrate(lesson: Lesson, isSpam: boolean): void {
    const { logOdds } = this.judge(lesson);
    const sum = logOdds / this.state.slope;
    const error = logistic(logOdds) - (isSpam ? 1 : 0);
    const moved = this.state.slope - (calibrationStep * error * sum) / (1 + Math.abs(sum));
    this.state.slope = Math.min(slopeBounds[1], Math.max(slopeBounds[0], moved));
  }
}
