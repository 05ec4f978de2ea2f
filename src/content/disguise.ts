import { alphabetOf, skeleton } from './confusables.ts';

/** How a word is kept from programs while people still read it. */
export type Disguise =
  | 'letters' // look-alikes of another alphabet, capital I for l
  | 'invisible' // characters that nobody sees between its letters
  | 'digits' // digits and signs for letters: p@ssw0rd
  | 'style' // full width, mathematical and other styled letters
  | 'spread'; // letters one by one: w.o.r.d

/** A word that was found in disguise. */
export interface DisguisedWord {
  /** As the list has it. */
  readonly word: string;
  readonly how: Disguise;
}

/** Words to look for, by what they look like. */
export interface DisguiseList {
  readonly words: ReadonlyMap<string, string>;
  /** Of these, those whose letters nobody writes one by one for the look of it. */
  readonly spread: ReadonlySet<string>;
}

/** Shorter words are found by chance. */
const minLength = 5;
/** Code units of a word with everything that hides it. */
const maxTokenLength = 96;
/** Characters of one text that are looked at. */
const maxTextLength = 65_536;

const signs: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'l',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '8': 'b',
  '9': 'g',
  '@': 'a',
  $: 's',
  '!': 'l',
  '|': 'l',
};

/** Look of a word with signs as letters; i and l are one, since so many signs stand for either. */
function lookOf(word: string): string {
  return skeleton(word).replace(/[0134578979@$!|i]/g, (sign) => (sign === 'i' ? 'l' : signs[sign]!));
}

/** @param spread words of the list, or further ones, that are also found with their letters one by one */
export function disguiseList(words: readonly string[], spread: readonly string[]): DisguiseList {
  const all = [...words, ...spread];
  return { words: new Map(all.map((word) => [lookOf(word), word])), spread: new Set(spread) };
}

const none = 0;
const letter = 1;
/** Digits and signs that stand for letters. */
const sign = 2;
/** Beyond ASCII: letters, and what nobody sees. */
const foreign = 4;

const asciiKinds = new Uint8Array(128);
for (let code = 0; code < 128; code++) {
  const char = String.fromCharCode(code);
  if (/[A-Za-z]/.test(char)) asciiKinds[code] = letter;
  else if (/[0-9@$!|]/.test(char)) asciiKinds[code] = sign;
}

function kindOf(code: number): number {
  if (code < 0x80) return asciiKinds[code]!;
  if (code < 0xc0) return code === 0xad ? foreign : none;
  if (code >= 0x2000 && code <= 0x206f)
    return (code >= 0x200b && code <= 0x200f) || code >= 0x2060 || (code >= 0x202a && code <= 0x202e)
      ? foreign
      : none;
  return code >= 0x3000 && code <= 0x303f ? none : foreign;
}

const kinds = Uint8Array.from({ length: 0x1_0000 }, (_, code) => kindOf(code));

const soft = /\u00ad/g;
const invisible = /\p{Default_Ignorable_Code_Point}/u;
const marks = /\p{Mn}/gu;

/** Letters of Latin and of another alphabet in one word. */
function isMixed(token: string): boolean {
  let alphabet = 0;
  for (const char of token) {
    const found = alphabetOf(char.codePointAt(0)!);
    if (found === 0) continue;
    if (alphabet !== 0 && found !== alphabet) return true;
    alphabet = found;
  }
  return false;
}

/** How a token hides a word that it looks like; undefined: it does not, or as honest writers do. */
function disguiseOf(token: string, word: string): Disguise | undefined {
  // Soft hyphens are for breaking lines.
  const written = token.replace(soft, '').toLowerCase();
  if (written.normalize('NFD').replace(marks, '') === word.normalize('NFD').replace(marks, '')) return;
  if (invisible.test(written)) return 'invisible';
  if (isMixed(written)) return 'letters';
  const plain = written.normalize('NFKC').toLowerCase();
  if (plain === word) return 'style';
  if (/[^a-z]/.test(plain)) return /^[a-z0-9@$!|]+$/.test(plain) ? 'digits' : undefined;
  // Of two letters that look alike only a capital I passes for an l.
  return /[a-z]I/.test(token) ? 'letters' : undefined;
}

/**
 * Finds words of a list that are disguised: written so that people read them and programs do not. Linear time; the
 * first 65,536 characters are looked at.
 *
 * @param found called with each, perhaps several times with the same
 */
export function findDisguised(
  text: string,
  { words, spread }: DisguiseList,
  found: (disguised: DisguisedWord) => void,
): void {
  const end = Math.min(text.length, maxTextLength);
  let start = -1;
  let met = none;
  let isOdd = false;
  /** Where letters stand one by one: the first of them, how many, and what is between. */
  let rowStart = 0;
  let rowLength = 0;
  let rowBetween = 0;
  for (let at = 0; at <= end; at++) {
    const code = at < end ? text.charCodeAt(at) : 0x20;
    const kind = kinds[code]!;
    if (kind !== none) {
      if (start < 0) start = at;
      // A capital I after a small letter.
      else if (code === 0x49 && text.charCodeAt(at - 1) >= 0x61 && text.charCodeAt(at - 1) <= 0x7a)
        isOdd = true;
      met |= kind;
      continue;
    }
    if (start < 0) {
      if (rowLength >= minLength) tellRow(at - 1);
      rowLength = 0;
      continue;
    }
    const length = at - start;
    if (length === 1 && met !== foreign) {
      const between = text.charCodeAt(start - 1);
      if (rowLength === 0) {
        rowStart = start;
        rowLength = 1;
      } else if (rowLength === 1 || between === rowBetween) rowLength++;
      else {
        // The letter before may begin another row.
        if (rowLength >= minLength) tellRow(start - 1);
        rowStart = start - 2;
        rowLength = 2;
      }
      rowBetween = between;
    } else {
      if (rowLength >= minLength) tellRow(start - 1);
      rowLength = 0;
      if ((isOdd || met !== letter) && met !== sign && length >= minLength && length <= maxTokenLength)
        tellToken(text.slice(start, at));
    }
    start = -1;
    met = none;
    isOdd = false;
  }
  if (rowLength >= minLength) tellRow(end);

  function tellToken(raw: string): void {
    const token = raw.replace(/^!+|!+$/g, '');
    const word = words.get(lookOf(token));
    const how = word === undefined ? undefined : disguiseOf(token, word);
    if (word !== undefined && how !== undefined) found({ word, how });
  }

  function tellRow(rowEnd: number): void {
    if (rowLength > maxTokenLength) return;
    let letters = '';
    for (let at = rowStart; at < rowEnd; at += 2) letters += text[at]!;
    const word = words.get(lookOf(letters));
    if (word !== undefined && spread.has(word)) found({ word, how: 'spread' });
  }
}
