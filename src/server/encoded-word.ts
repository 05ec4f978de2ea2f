/** Most bytes of UTF-8 in one word: 75 characters (RFC 2047 2) less `=?UTF-8?B??=`, in base64. */
const maxWordBytes = 45;

/**
 * Text of an unstructured header field (Subject) as it goes on the wire: as it is when it is printable ASCII, else
 * as encoded words of RFC 2047 in UTF-8 and base64, none longer than 75 characters, cut between characters.
 *
 * @param fold what stands between two words; a line break must be followed by a blank (RFC 5322 2.2.3)
 */
export function encodeHeaderText(text: string, fold: ' ' | '\n ' | '\r\n ' = ' '): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  const words: string[] = [];
  let word = '';
  let wordBytes = 0;
  for (const character of text.toWellFormed()) {
    const bytes = Buffer.byteLength(character);
    if (wordBytes + bytes > maxWordBytes) {
      words.push(word);
      word = '';
      wordBytes = 0;
    }
    word += character;
    wordBytes += bytes;
  }
  words.push(word);
  return words.map((part) => `=?UTF-8?B?${Buffer.from(part).toString('base64')}?=`).join(fold);
}
