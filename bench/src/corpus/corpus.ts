/** A collection of messages that can be drawn from without reading all of it. */
export interface Corpus {
  readonly name: CorpusName;
  /** Keys of the messages, in an order that does not change between runs. */
  readonly keys: readonly string[];
  /** Reads one message as its source holds it (mbox line, line ends and all). */
  read(key: string): Buffer;
}

/** The collections the loader knows. */
export const corpusNames = ['spam-assassin', 'content-dev', 'outbreak-train'] as const;
export type CorpusName = (typeof corpusNames)[number];

/** A collection that could not be opened, and why. */
export interface AbsentCorpus {
  readonly name: CorpusName;
  readonly reason: string;
}
