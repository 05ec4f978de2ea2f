import { readFileSync } from 'node:fs';
import { Learner, type LearnerState, newLearnerState } from './learner.ts';
import { decodeStateNow } from './snapshot.ts';

let text: string | undefined;

/** A learner that was taught nothing yet, but what ships (`npm run train:start`). */
export function newLearner(): Learner {
  text ??= readFileSync(new URL('./start.weights', import.meta.url), 'utf8').trim();
  const state: LearnerState = decodeStateNow(text) ?? newLearnerState();
  return new Learner(state);
}
