/** Letters of other scripts that look like Latin ones (Unicode TS 39, the ones in use for disguise). */
const lookAlikes = new Map<string, string>(
  Object.entries({
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
    ɡ: 'g',
    һ: 'h',
    к: 'k',
    м: 'm',
    н: 'h',
    т: 't',
    в: 'b',
    ԛ: 'q',
    ԝ: 'w',
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
    ı: 'i',
  }),
);

const invisible =
  /[\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]|\u034f/gu;

/** The text as a reader takes it: words in lower case without diacritics and disguise. */
export interface ReadWords {
  readonly tokens: readonly string[];
  /** Characters that cannot be seen. */
  readonly invisibleCount: number;
  /** Words with letters of another script among Latin ones. */
  readonly mixedCount: number;
  /** Letters of full-width or mathematical alphabets. */
  readonly styledCount: number;
}

const isAscii = /^[\x00-\x7f]*$/;
const word = /[\p{L}\p{N}]+/gu;
const asciiWord = /[a-z0-9]+/g;
const otherScript = /[\u0370-\u03ff\u0400-\u052fɡı]/u;

function unmask(token: string): string {
  let text = '';
  for (const letter of token) text += lookAlikes.get(letter) ?? letter;
  return text;
}

/** Reads the words of a text. @param maxTokens further ones are not read */
export function readWords(text: string, maxTokens: number): ReadWords {
  if (isAscii.test(text)) {
    const found = text.toLowerCase().match(asciiWord) ?? [];
    return { tokens: found.slice(0, maxTokens), invisibleCount: 0, mixedCount: 0, styledCount: 0 };
  }
  let invisibleCount = 0;
  const seen = text.replace(invisible, () => {
    invisibleCount++;
    return '';
  });
  const styledCount = seen.match(/[\uff21-\uff5a\u{1d400}-\u{1d7ff}\u24b6-\u24e9]/gu)?.length ?? 0;
  const plain = seen
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replaceAll('ß', 'ss');
  const tokens: string[] = [];
  let mixedCount = 0;
  for (const [token] of plain.matchAll(word)) {
    if (tokens.length >= maxTokens) break;
    if (otherScript.test(token) && /[a-z]/.test(token)) {
      mixedCount++;
      tokens.push(unmask(token));
    } else tokens.push(token);
  }
  return { tokens, invisibleCount, mixedCount, styledCount };
}
