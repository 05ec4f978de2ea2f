/** Bounds of rule files, and of the work of their rules on one message. */
export const ruleLimits = {
  /** Bytes of one rule file; what is longer is not read. */
  fileBytes: 64 * 1024 * 1024,
  /** Files that include each other. */
  includeDepth: 10,
  rules: 100_000,
  /** Characters of a pattern, tags replaced. */
  patternChars: 131_072,
  /** Characters of one text that patterns look at, when `match_limit` says nothing. */
  matchChars: 100_000,
  /** How long all rules may take together before each pattern is watched by itself. */
  watchMs: 250,
  /** How long one pattern may then take over one message before it is off. */
  patternMs: 500,
  /** How long rules may go on then; the rest is left out, and a symbol says so. */
  totalMs: 2_000,
  /** Patterns longer than this are translated at load. */
  warmedChars: 500,
  /** Hits of one `multiple` rule that are counted. */
  hits: 255,
  /** Received fields that become relays. */
  relays: 64,
  /** Characters of HTML whose tags are counted. */
  htmlChars: 1_000_000,
  /** Elements that are looked at in HTML, and links with their text. */
  htmlTags: 50_000,
  htmlComments: 1_000,
  /** Links that rules look at. */
  uris: 1_000,
  /** Texts of all parts together are at most so many times as long as one may be. */
  partsFactor: 4,
  /** Addresses of one header field. */
  addresses: 256,
  /** Addresses in the body that freemail rules look at. */
  bodyAddresses: 40,
  /** Bytes of a paragraph of `body` and of a piece of `rawbody` (at most twice as many). */
  pieceBytes: 2_048,
  /** Metas that ask each other. */
  metaDepth: 200,
} as const;
