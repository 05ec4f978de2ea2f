/** Bounds of the hashes of one message. What goes beyond them is not hashed; nothing else happens. */
export const fuzzyLimits = {
  /** Pieces (texts, HTML structures, images, attachments) that are hashed. */
  items: 64,
  /** Bytes of images and attachments that are hashed, all together. */
  bytes: 64 * 1024 * 1024,
  /** Words of one text that take part. */
  words: 10_000,
  /** Tags of one HTML text that take part. */
  htmlTags: 5_000,
  /** Characters of one HTML text that are read for its tags. */
  htmlChars: 1_048_576,
} as const;

/** Words and tokens whose hashes are remembered, for each key: the same few thousand make up nearly all mail. */
export const rememberedWords = 4096;
