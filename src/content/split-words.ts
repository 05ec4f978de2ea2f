/** Words longer than this are no words: encoded data, lines of minus signs. */
const maxWordLength = 128;

/** Characters that the segmenter of Unicode gets at once; its time grows faster than what it gets. */
const maxPieceLength = 16 * maxWordLength;

/** Characters that it gets in all, for each word that is wanted. */
const charsPerWord = 16;

/**
 * Words of ASCII text by the rules below: letters, digits and underscores; an apostrophe inside a word, and commas,
 * semicolons, full stops and apostrophes inside a number, do not end them.
 */
const asciiWord = /\w+(?:(?:(?<=[A-Za-z])'(?=[A-Za-z])|(?<=\d)[,.;'](?=\d))\w+)*/g;

/**
 * Word boundaries of Unicode (UAX 29) for the POSIX locale, in which Rspamd runs: there a full stop or a colon
 * separates letters.
 */
const segmenter = new Intl.Segmenter('en-US-u-va-posix', { granularity: 'word' });

/** The words of a text as they stand there. */
export function splitWords(text: string, maxWords: number): readonly string[] {
  const words: string[] = [];
  if (!/[^\x00-\x7f]/.test(text)) {
    for (const [word] of text.matchAll(asciiWord)) {
      if (words.length >= maxWords) break;
      if (word.length <= maxWordLength && /[A-Za-z0-9]/.test(word)) words.push(word);
    }
    return words;
  }
  let left = maxWords * charsPerWord;
  // Blanks always separate words, and short pieces keep the segmenter's work linear.
  for (const [piece] of text.matchAll(/\S+/g)) {
    if (words.length >= maxWords) break;
    if (!/[^\x00-\x7f]/.test(piece)) {
      for (const word of splitWords(piece, maxWords - words.length)) words.push(word);
      continue;
    }
    for (let at = 0; at < piece.length && words.length < maxWords && left > 0; at += maxPieceLength) {
      const chunk = piece.slice(at, at + maxPieceLength);
      left -= chunk.length;
      for (const { segment, isWordLike } of segmenter.segment(chunk)) {
        if (words.length >= maxWords) break;
        if (isWordLike && segment.length <= maxWordLength) words.push(segment);
      }
    }
  }
  return words;
}

/** A word in the one form that is compared: compatibility characters replaced, lower case, letters and digits only. */
export function normalise(word: string): string {
  if (/^[a-z0-9_]+$/.test(word)) return word;
  return word
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}_]/gu, '');
}
