import { dropped, folded, foldedSecond, foldPair, isStyled, separator, unmasked, unseen } from './fold.ts';

const fnvOffset = 0x811c9dc5 | 0;
const fnvPrime = 0x01000193;
/** Units of a word that are looked at. */
const maxWordUnits = 48;

/** FNV-1a over UTF-16 units: so the hash of how a word begins is known on the way to that of the whole. */
export function hashOf(text: string): number {
  let hash = fnvOffset;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), fnvPrime);
  return hash;
}

/** What words and beginnings of words are called that somebody looks for. */
export class Lexicon {
  readonly #wholes = new Map<number, number>();
  readonly #stems = new Map<number, number>();
  /** By 16 bits of a hash: 1 when a beginning may have it, 2 when a whole word may. */
  readonly filter = new Uint8Array(0x1_0000);
  shortestStem = maxWordUnits;
  #count = 0;

  /** The number of a word, given now if it is new. */
  numberOf(text: string, isStem: boolean): number {
    const hash = hashOf(text);
    const known = (isStem ? this.#stems : this.#wholes).get(hash);
    if (known !== undefined) return known;
    (isStem ? this.#stems : this.#wholes).set(hash, this.#count);
    this.filter[(hash ^ (hash >>> 16)) & 0xffff]! |= isStem ? 1 : 2;
    if (isStem) this.shortestStem = Math.min(this.shortestStem, text.length);
    return this.#count++;
  }

  whole(hash: number): number | undefined {
    return this.#wholes.get(hash);
  }

  stem(hash: number): number | undefined {
    return this.#stems.get(hash);
  }

  get count(): number {
    return this.#count;
  }
}

/** Numbers of one word at most: itself and how it begins. */
const numbersPerWord = 4;

/**
 * Reads the words of texts as a reader takes them: in lower case, without accents and disguise. Words are kept as
 * hashes and as the numbers a lexicon gives them. Reading a text forgets the one before.
 */
export class WordReader {
  readonly #lexicon: Lexicon;
  readonly #maxWords: number;
  readonly hashes: Int32Array;
  readonly lengths: Uint8Array;
  /** 1 where the word has a digit. */
  readonly hasDigit: Uint8Array;
  /** Where the numbers of a word begin; those of the word at `i` end where those at `i + 1` begin. */
  readonly numberStarts: Uint32Array;
  readonly numbers: Uint32Array;
  count = 0;
  /** Characters that cannot be seen. */
  invisibleCount = 0;
  /** Words with letters of another script among Latin ones. */
  mixedCount = 0;
  /** Letters of full-width, encircled or mathematical alphabets. */
  styledCount = 0;
  readonly #units = new Uint16Array(maxWordUnits);
  #numberCount = 0;

  /** @param maxWords further ones are not read */
  constructor(lexicon: Lexicon, maxWords: number) {
    this.#lexicon = lexicon;
    this.#maxWords = maxWords;
    this.hashes = new Int32Array(maxWords);
    this.lengths = new Uint8Array(maxWords);
    this.hasDigit = new Uint8Array(maxWords);
    this.numberStarts = new Uint32Array(maxWords + 1);
    this.numbers = new Uint32Array(maxWords * numbersPerWord);
  }

  read(text: string): void {
    this.count = 0;
    this.#numberCount = 0;
    this.invisibleCount = 0;
    this.mixedCount = 0;
    this.styledCount = 0;
    const units = this.#units;
    const { length } = text;
    let size = 0;
    for (let index = 0; index <= length; index++) {
      const code = index < length ? text.charCodeAt(index) : 0x20;
      let unit = folded[code]!;
      if (code >= 0xd800 && code <= 0xdbff) {
        unit = foldPair(code, index + 1 < length ? text.charCodeAt(index + 1) : 0);
        if (unit !== separator) index++;
        if (unit > unseen) this.styledCount++;
      }
      if (unit > unseen) {
        if (size < maxWordUnits) units[size++] = unit;
        if (code >= 0x80) {
          const second = foldedSecond[code]!;
          if (second !== 0 && size < maxWordUnits) units[size++] = second;
          if (isStyled(code)) this.styledCount++;
        }
      } else if (unit === unseen) this.invisibleCount++;
      else if (unit !== dropped && size > 0) {
        if (this.count >= this.#maxWords) return;
        this.#end(size);
        size = 0;
      }
    }
  }

  /** Takes in the word that stands in the first units. */
  #end(size: number): void {
    const units = this.#units;
    const lexicon = this.#lexicon;
    const { filter, shortestStem } = lexicon;
    const word = this.count++;
    this.numberStarts[word] = this.#numberCount;
    const last = this.#numberCount + numbersPerWord - 1;
    let hasDigit = 0;
    let hasLatin = false;
    let hasOther = false;
    for (let index = 0; index < size; index++) {
      const unit = units[index]!;
      if (unit >= 0x61 && unit <= 0x7a) hasLatin = true;
      else if (unit <= 0x39) hasDigit = 1;
      else if (unit >= 0x370 && unit <= 0x52f) hasOther = true;
    }
    const isMixed = hasLatin && hasOther;
    if (isMixed) this.mixedCount++;
    let hash = fnvOffset;
    for (let index = 0; index < size; index++) {
      const unit = units[index]!;
      hash = Math.imul(hash ^ (isMixed ? (unmasked[unit] ?? unit) : unit), fnvPrime);
      if (index + 1 < shortestStem || (filter[(hash ^ (hash >>> 16)) & 0xffff]! & 1) === 0) continue;
      const stem = lexicon.stem(hash);
      if (stem !== undefined && this.#numberCount < last) this.numbers[this.#numberCount++] = stem;
    }
    if ((filter[(hash ^ (hash >>> 16)) & 0xffff]! & 2) !== 0) {
      const whole = lexicon.whole(hash);
      if (whole !== undefined) this.numbers[this.#numberCount++] = whole;
    }
    this.hashes[word] = hash;
    this.lengths[word] = size;
    this.hasDigit[word] = hasDigit;
    this.numberStarts[word + 1] = this.#numberCount;
  }

  /** Is the word at this place called so? */
  isCalled(place: number, number: number): boolean {
    if (place >= this.count) return false;
    const end = this.numberStarts[place + 1]!;
    for (let index = this.numberStarts[place]!; index < end; index++) {
      if (this.numbers[index] === number) return true;
    }
    return false;
  }
}
