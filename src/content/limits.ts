/** Bounds of the views of one message. Passing one cuts the view and adds a defect. */
export interface ContentLimits {
  /** Characters of all texts together that are looked at; the parser bounds each part by itself. */
  readonly textChars: number;
  /** Words of all texts together. */
  readonly words: number;
  /** Links of one message. */
  readonly urls: number;
  /** Characters of one link; longer ones are cut and flagged `truncated`. */
  readonly urlChars: number;
  /** E-mail addresses of one message. */
  readonly emails: number;
  /** Characters of an anchor's text that are kept. */
  readonly visibleTextChars: number;
  /** Links within the query of a link within the query … that are followed. */
  readonly nestedUrls: number;
  /** Elements of one HTML part whose structure is read. */
  readonly htmlElements: number;
  /** Elements within elements whose styles are followed. */
  readonly htmlDepth: number;
  /** Characters of the style sheets of one HTML part. */
  readonly htmlStyleChars: number;
  /** Attached pages that are read, and characters of them together. */
  readonly pages: number;
  readonly pageChars: number;
}

/** The bounds that hold unless others are given. */
export const contentLimits: ContentLimits = {
  textChars: 4_194_304,
  words: 10_000,
  urls: 10_240,
  urlChars: 8_192,
  emails: 10_240,
  visibleTextChars: 512,
  nestedUrls: 3,
  htmlElements: 100_000,
  htmlDepth: 1_024,
  htmlStyleChars: 262_144,
  pages: 20,
  pageChars: 2_097_152,
};
