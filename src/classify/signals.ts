/** Where features of a message are put down. */
export interface Signals {
  add(name: string): void;
}

/** The step of a scale that a value reaches: the number of limits at or below it. */
export function stepOf(value: number, limits: readonly number[]): number {
  let step = 0;
  while (step < limits.length && value >= limits[step]!) step++;
  return step;
}

const beyondAscii = /[^\x00-\x7f]/;
const picture = /\p{Extended_Pictographic}/u;
const marks = /[©®™]/g;

/** Has a text an emoji or the like? Digits and the marks of business do not count. */
export function hasPicture(text: string): boolean {
  return beyondAscii.test(text) && picture.test(text.replace(marks, ''));
}

/** Letters of a text, and how many of them are capitals. */
export interface LetterCounts {
  letters: number;
  capitals: number;
}

/** Is a character beyond ASCII a capital or another letter? Undefined: it is none. */
export function caseOf(character: string): 'capital' | 'other' | undefined {
  const lower = character.toLowerCase();
  if (lower !== character) return 'capital';
  return character.toUpperCase() !== character || /\p{L}/u.test(character) ? 'other' : undefined;
}

/** Counts the letters of a short text. */
export function countLetters(text: string): LetterCounts {
  const counts = { letters: 0, capitals: 0 };
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 0x61 && code <= 0x7a) counts.letters++;
    else if (code >= 0x41 && code <= 0x5a) {
      counts.letters++;
      counts.capitals++;
    } else if (code >= 0x80) {
      const found = caseOf(text[index]!);
      if (found !== undefined) counts.letters++;
      if (found === 'capital') counts.capitals++;
    }
  }
  return counts;
}

/** Are all of the letters capitals, and more of them than `least`? */
export function isAllCapitals(text: string, least: number): boolean {
  const { letters, capitals } = countLetters(text);
  return letters > least && letters === capitals;
}
