/** A file name taken apart. */
export interface FileName {
  readonly text: string;
  /** What stands behind the last dot, lower case; `''`: no dot. */
  readonly extension: string;
  /** What stands between the last two dots, lower case; `''`: there are no two. */
  readonly inner: string;
}

/** Names of nearly all files: nothing to decode, nothing that does not show. */
const isPlain = (name: string): boolean => /^[\x20-\x24\x26-\x7e]*$/.test(name);

/** What shows of a name: `%41` is A, and what is no letter, sign or blank becomes `?`. */
function shown(name: string): string {
  if (isPlain(name)) return name;
  return name
    .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/[^\p{Letter}\p{Mark}\p{Number}\p{Punctuation}\p{Symbol} ]/gu, '?');
}

/** A name as programs understand it. */
export function readFileName(name: string): FileName {
  const text = shown(name);
  let end = text.length;
  // Windows leaves dots and blanks at the end of a name out.
  while (end > 0 && (text[end - 1] === '.' || text[end - 1] === ' ')) end--;
  const start = Math.max(text.lastIndexOf('/', end - 1), text.lastIndexOf('\\', end - 1)) + 1;
  const last = text.lastIndexOf('.', end - 1);
  if (last < start || end === 0) return { text, extension: '', inner: '' };
  const before = last === start ? -1 : text.lastIndexOf('.', last - 1);
  const label = (from: number, to: number): string => text.slice(from, to).trim().toLowerCase();
  return { text, extension: label(last + 1, end), inner: before < start ? '' : label(before + 1, last) };
}

const joiners = { nonJoiner: 0x200c, joiner: 0x200d } as const;

/** Characters of which nobody sees anything, or that turn the order of others. */
function isObscure(code: number): boolean {
  return (
    (code >= 0x200b && code <= 0x200f) ||
    (code >= 0x2028 && code <= 0x202e) ||
    (code >= 0x2060 && code <= 0x206f) ||
    code === 0xfeff ||
    code === 0x115f ||
    code === 0x1160 ||
    code === 0x3164 ||
    code === 0xffa0 ||
    (code >= 0xe0000 && code <= 0xe007f)
  );
}

/** Scripts whose letters change with joiners, and pictures that are put together of several. */
const joined =
  /[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}\p{Script=Tibetan}]$/u;
const picture = /(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\ufe0f)$/u;
const rightToLeft = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

/**
 * The first character of a name that hides or turns something; undefined: none. Joiners within scripts and pictures
 * that need them, and marks of direction beside letters from right to left, are how honest names are written.
 */
export function obscureCharacter(name: string): string | undefined {
  if (
    isPlain(name) ||
    !/[\u115f\u1160\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0]|\udb40/.test(name)
  )
    return undefined;
  let before = '';
  for (const char of name) {
    const code = char.codePointAt(0)!;
    if (isObscure(code)) {
      const isJoiner = code === joiners.joiner || code === joiners.nonJoiner;
      const isMark = code === 0x200e || code === 0x200f;
      const isTag = code >= 0xe0000;
      const isHonest =
        (isJoiner && (joined.test(before) || picture.test(before) || /\p{Mark}$/u.test(before))) ||
        (isMark && rightToLeft.test(name)) ||
        // Flags of regions are a black flag and tags.
        (isTag && name.includes('\u{1f3f4}'));
      if (!isHonest) return char;
    }
    before = char;
  }
  return undefined;
}
