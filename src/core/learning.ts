import type { Task } from './task.ts';

/** What came of teaching a message. */
export type LearnAnswer =
  /** `moved`: it was learned as another class before. */
  | { readonly kind: 'learned' | 'moved' | 'forgotten' }
  /** Learned as this class already. */
  | { readonly kind: 'known'; readonly messageId: string | undefined }
  /** Not to be forgotten, because it was never learned. */
  | { readonly kind: 'unknown' }
  /** The classifier is certain of this class without it. */
  | { readonly kind: 'certain'; readonly probability: number }
  | { readonly kind: 'few' | 'many'; readonly tokens: number; readonly bound: number };

/** One class of a classifier with what it has learned. */
export interface LearnedClass {
  readonly symbol: string;
  readonly className: string;
  readonly learned: number;
  readonly store: 'lmdb' | 'redis';
}

/** A classifier that can be taught. */
export interface LearningService {
  readonly classifiers: readonly string[];
  /** Names of classes it knows. */
  readonly classes: readonly string[];
  /**
   * Teaches a message, or with `undefined` takes back what was learned of it.
   *
   * @param manner `bulk`: also what it is certain of already
   * @throws PosternError `notFound` for a class it does not know; StoreError
   */
  learn(task: Task, className: string | undefined, manner: 'careful' | 'bulk'): Promise<LearnAnswer>;
  statistics(): Promise<readonly LearnedClass[]>;
  /** Tells of every message learned or moved from now on, by hand or by itself. */
  onLearned(listener: () => void): void;
}
