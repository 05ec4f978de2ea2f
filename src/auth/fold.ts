/** RFC 5322 2.1.1: lines should not be longer. */
export const maxLineLength = 78;
/** Columns that a tab at the start of a line counts. */
const tabWidth = 8;
/** Below this a line is not worth filling with a piece of base64. */
const minPiece = 16;

export type Tag = readonly [name: string, value: string];

/** A header value that grows word by word and breaks its lines in time. */
class FoldedText {
  text = '';
  column: number;

  constructor(column: number) {
    this.column = column;
  }

  /** A piece that must stay whole; it starts a new line where the current one has no room. */
  put(piece: string): void {
    if (this.column + piece.length > maxLineLength && this.column > tabWidth) this.breakLine();
    this.text += piece;
    this.column += piece.length;
  }

  breakLine(): void {
    this.text += '\r\n\t';
    this.column = tabWidth;
  }

  /** A text that may be broken anywhere (base64: RFC 6376 2.10). */
  fill(long: string): void {
    for (let at = 0; at < long.length; ) {
      const room = maxLineLength - this.column;
      if (room < Math.min(minPiece, long.length - at)) this.breakLine();
      const length = Math.min(long.length - at, maxLineLength - this.column);
      this.text += long.slice(at, at + length);
      this.column += length;
      at += length;
    }
  }
}

/**
 * A tag list as a folded header value (RFC 6376 3.2): lines break between tags, in `h=` after a colon and in base64
 * anywhere, nowhere else. A domain or selector that is too long for a line stands on one of its own.
 *
 * @param nameLength of the header's name
 * @param signature value of the last tag when it is known, to be broken like base64
 */
export function foldTags(tags: readonly Tag[], nameLength: number, signature = ''): string {
  const folded = new FoldedText(nameLength + 2);
  for (const [index, [name, value]] of tags.entries()) {
    const isLast = index === tags.length - 1;
    const piece = `${name}=${value}${isLast ? '' : ';'}`;
    const units = name === 'h' ? piece.split(/(?<=:)/) : [piece];
    if (index > 0) {
      if (folded.column + 1 + units[0]!.length <= maxLineLength) folded.put(' ');
      else folded.breakLine();
    }
    for (const unit of units) folded.put(unit);
  }
  folded.fill(signature);
  return folded.text;
}

/** Text broken at blanks; a word that is too long for a line stands on one of its own. */
export function foldWords(text: string, nameLength: number): string {
  const folded = new FoldedText(nameLength + 2);
  for (const [index, word] of text.split(' ').entries()) {
    if (index > 0) {
      if (folded.column + 1 + word.length <= maxLineLength) folded.put(' ');
      else folded.breakLine();
    }
    folded.put(word);
  }
  return folded.text;
}
