export { type LearnedOpinion, Learner, newLearnerState } from './learner.ts';
export { decodeLesson, decodeState, encodeLesson, encodeState, snapshotFormat } from './snapshot.ts';
export { newLearner } from './start.ts';
export {
  handIn,
  keepLearned,
  type LearnedLesson,
  type LessonCode,
  type LessonOutcome,
  takeLessons,
} from './storage.ts';
export { type Lesson, type NamedLesson, readLesson, views } from './views.ts';
