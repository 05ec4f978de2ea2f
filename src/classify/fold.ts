/** What {@link folded} says of a character that belongs to no word. */
export const separator = 0;
/** A mark that is taken away: accents. */
export const dropped = 1;
/** A character that nobody sees. */
export const unseen = 2;

const invisible =
  /^(?:[\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]|\u034f|\u17b4|\u17b5)$/;
const mark = /^\p{M}$/u;
const marks = /\p{M}+/gu;
const letterOrNumber = /^[\p{L}\p{N}]/u;

/** Latin letters that Unicode does not take apart. */
const alike: ReadonlyMap<string, string> = new Map(
  Object.entries({ ß: 'ss', ı: 'i', ł: 'l', ø: 'o', đ: 'd', æ: 'ae', œ: 'oe' }),
);

function foldCharacter(character: string): string {
  const plain = character.normalize('NFKD').replace(marks, '').toLowerCase().replace(marks, '');
  return alike.get(plain) ?? plain;
}

/** Characters that NFKD may change into others of a word; elsewhere they are what they are. */
const decomposed: readonly (readonly [first: number, last: number])[] = [
  [0x80, 0x24ff],
  [0xfb00, 0xfb06],
  [0xff00, 0xffef],
];

function isDecomposed(code: number): boolean {
  return decomposed.some(([first, last]) => code >= first && code <= last);
}

/** By UTF-16 unit: the lower-case letter or digit it reads as, or what else it is. */
export const folded = new Uint16Array(0x1_0000);
/** By UTF-16 unit: the second letter it reads as; 0: none. */
export const foldedSecond = new Uint16Array(0x1_0000);

for (let code = 0; code < 0x1_0000; code++) {
  if (code >= 0xd800 && code <= 0xdfff) continue;
  const character = String.fromCharCode(code);
  if (invisible.test(character)) folded[code] = unseen;
  else if (mark.test(character)) folded[code] = dropped;
  else if (letterOrNumber.test(character)) {
    const plain = code < 0x80 || isDecomposed(code) ? foldCharacter(character) : character;
    if (!letterOrNumber.test(plain)) continue;
    folded[code] = plain.charCodeAt(0);
    if (plain.length > 1) foldedSecond[code] = plain.charCodeAt(1);
  }
}

/** First and last of the mathematical alphabets (U+1D400 and following), which are no letters of any language. */
const styledFirst = 0x1d400;
const styledLast = 0x1d7ff;
const styled = Uint16Array.from({ length: styledLast - styledFirst + 1 }, (_, index) =>
  foldCharacter(String.fromCodePoint(styledFirst + index)).charCodeAt(0),
);

/** The plain letter of a decorative one beyond the first plane, {@link unseen}, or {@link separator}. */
export function foldPair(high: number, low: number): number {
  const point = (high - 0xd800) * 0x400 + (low - 0xdc00) + 0x1_0000;
  if (point >= styledFirst && point <= styledLast) return styled[point - styledFirst]!;
  return point >= 0xe0000 && point <= 0xe007f ? unseen : separator;
}

/** Is it a letter of a full-width or encircled alphabet? */
export function isStyled(code: number): boolean {
  return (code >= 0xff21 && code <= 0xff5a) || (code >= 0x24b6 && code <= 0x24e9);
}

/** Letters of other scripts that look like Latin ones (Unicode TS 39, the ones in use for disguise). */
const lookAlikes: Readonly<Record<string, string>> = {
  а: 'a',
  е: 'e',
  о: 'o',
  р: 'p',
  с: 'c',
  у: 'y',
  х: 'x',
  і: 'i',
  ј: 'j',
  ѕ: 's',
  ԁ: 'd',
  һ: 'h',
  к: 'k',
  м: 'm',
  н: 'h',
  т: 't',
  в: 'b',
  г: 'r',
  ԛ: 'q',
  ԝ: 'w',
  ѡ: 'w',
  α: 'a',
  ο: 'o',
  ρ: 'p',
  ν: 'v',
  ι: 'i',
  κ: 'k',
  τ: 't',
  υ: 'u',
  χ: 'x',
  ε: 'e',
};

/** By UTF-16 unit of a folded word: the Latin letter it looks like, or itself. */
export const unmasked = Uint16Array.from({ length: 0x600 }, (_, code) => code);
for (const [letter, latin] of Object.entries(lookAlikes))
  unmasked[letter.charCodeAt(0)] = latin.charCodeAt(0);
