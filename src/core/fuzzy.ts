import type { Task } from './task.ts';

/** A place where hashes of messages are kept, as administrators see it. */
export interface FuzzyRuleInfo {
  readonly name: string;
  readonly isReadOnly: boolean;
  /** Empty: it is in the store of this server. */
  readonly servers: readonly string[];
  /** Flags by the symbols they stand for. */
  readonly flags: Readonly<Record<string, number>>;
}

/** Pieces of messages that can be left out. */
export type FuzzySkip = 'text' | 'image' | 'attachment';

export interface FuzzyLesson {
  readonly verb: 'add' | 'delete';
  readonly flag: number;
  /** Added to what is stored; ignored by `delete`. */
  readonly weight: number;
  readonly skip: ReadonlySet<FuzzySkip>;
}

/** What came of teaching. */
export type FuzzyAnswer =
  /** Digests in hex, of all rules. */
  | { readonly kind: 'done'; readonly hashes: readonly string[] }
  /** No rule that may be taught knows the flag. */
  | { readonly kind: 'noRule' }
  /** Nothing of the message is hashed: it is too short, or of no kind that is wanted. */
  | { readonly kind: 'noHashes' }
  /** None of them was stored. */
  | { readonly kind: 'unknown' }
  /** A storage does not answer, or does not let us. */
  | { readonly kind: 'refused'; readonly reason: string };

/** Hashes of messages that can be taught and looked at. */
export interface FuzzyService {
  readonly rules: readonly FuzzyRuleInfo[];
  /** Rejects with StoreError. */
  teach(task: Task, lesson: FuzzyLesson): Promise<FuzzyAnswer>;
  /**
   * Deletes hashes by their digests in hex. Rejects with StoreError.
   *
   * @throws PosternError `protocol` for what is no digest
   */
  forget(flag: number, digests: readonly string[]): Promise<FuzzyAnswer>;
  /** Digests of a message in hex, by rule. */
  hashes(task: Task): Promise<Readonly<Record<string, readonly string[]>>>;
  /** How many hashes the rules' storages hold, as far as they tell. */
  counts(): Promise<Readonly<Record<string, number>>>;
}
