import { domainToUnicode } from 'node:url';

// Letters that people take for others. The table is our own and small: alphabets in which names of brands are imitated,
// letters as they look in common fonts, lower case (Unicode Technical Standard 39 explains the idea: skeletons).

const latin = 1;
const greek = 2;
const cyrillic = 3;
const armenian = 4;
const cherokee = 5;

/**
 * Alphabets whose letters are taken for one another, by number; 0 for everything else: digits, punctuation, and scripts
 * that stand beside Latin letters in honest words (Chinese, Japanese, Thai, Arabic …).
 */
export function alphabetOf(code: number): number {
  if (code < 0x80) return (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a ? latin : 0;
  if (code < 0x370) return code >= 0xc0 && code <= 0x2af && code !== 0xd7 && code !== 0xf7 ? latin : 0;
  if (code <= 0x3ff) return code === 0x37e || code === 0x387 ? 0 : greek;
  if (code <= 0x52f) return cyrillic;
  if (code <= 0x58f) return code >= 0x531 ? armenian : 0;
  if (code < 0x13a0) return 0;
  if (code <= 0x13ff) return cherokee;
  if (code >= 0x1c80 && code <= 0x1c8f) return cyrillic;
  if (code >= 0x1d00 && code <= 0x1dbf) return latin;
  if (code >= 0x1e00 && code <= 0x1eff) return latin;
  if (code >= 0x1f00 && code <= 0x1fff) return greek;
  if (code >= 0x2c60 && code <= 0x2c7f) return latin;
  if (code >= 0xa640 && code <= 0xa69f) return cyrillic;
  if (code >= 0xa722 && code <= 0xa7ff) return latin;
  if (code >= 0xab70 && code <= 0xabbf) return cherokee;
  return 0;
}

/** Letters of other alphabets by what they look like. */
const foreign: Readonly<Record<string, string>> = {
  a: 'аαꭺ',
  b: 'вьβꮟ',
  c: 'сϲꮯ',
  d: 'ԁꭰꮷ',
  e: 'еєεҽꭼ',
  f: 'ғ',
  g: 'ցꮐ',
  h: 'нһհꮋ',
  i: 'іιꭵ',
  j: 'јϳյꭻ',
  k: 'кκќꮶ',
  l: 'ӏլꮮ',
  m: 'мꮇ',
  n: 'пηող',
  o: 'оοσօө',
  p: 'рρꮲ',
  q: 'ԛզ',
  r: 'гꭱꮢ',
  s: 'ѕտꮪ',
  t: 'тτꭲ',
  u: 'υսμ',
  v: 'ѵνꮩ',
  w: 'ԝшωաꮃ',
  x: 'хχ',
  y: 'уүγ',
  z: 'ζꮓ',
  3: 'з',
  6: 'б',
};

/** Latin letters that no language's ordinary spelling uses in place of these: phonetic signs, small capitals. */
const oddLatin: Readonly<Record<string, string>> = {
  a: 'ɑᴀ',
  b: 'ʙƅ',
  c: 'ᴄ',
  d: 'ᴅɗ',
  e: 'ᴇ',
  f: 'ꜰƒ',
  g: 'ɡɢ',
  h: 'ʜɦ',
  i: 'ɪɩ',
  j: 'ᴊ',
  k: 'ᴋ',
  l: 'ʟ',
  m: 'ᴍ',
  n: 'ɴ',
  o: 'ᴏ',
  p: 'ᴘ',
  r: 'ʀ',
  s: 'ꜱ',
  t: 'ᴛ',
  u: 'ᴜʋ',
  v: 'ᴠ',
  w: 'ᴡɯ',
  y: 'ʏ',
  z: 'ᴢ',
};

/** Latin letters of ordinary spelling that do not come apart into letter and accent. */
const plainLatin: Readonly<Record<string, string>> = { i: 'ı', l: 'ł', o: 'ø', d: 'đð', h: 'ħ', t: 'ŧ' };

function invert(...tables: Readonly<Record<string, string>>[]): ReadonlyMap<string, string> {
  return new Map(
    tables.flatMap((table) =>
      Object.entries(table).flatMap(([look, letters]) => [...letters].map((letter) => [letter, look])),
    ),
  );
}

const looks = invert(foreign, oddLatin, plainLatin);
const odd = invert(oddLatin);

const invisible = /\p{Default_Ignorable_Code_Point}/gu;
const marks = /\p{Mn}/gu;

/** Removes characters that nobody sees: zero-width ones, soft hyphens, marks of direction. */
function removeInvisible(text: string): string {
  return text.replace(invisible, '');
}

/**
 * What a text looks like at a glance: lower case, compatibility forms (full width, mathematical letters) as plain ones,
 * invisible characters and accents removed, letters of other alphabets as the Latin ones they resemble.
 */
export function skeleton(text: string): string {
  if (isPlainAscii(text)) return text.toLowerCase();
  const bare = removeInvisible(text).normalize('NFKD').toLowerCase().replace(marks, '');
  let result = '';
  for (const char of bare) result += looks.get(char) ?? char;
  return result;
}

function isPlainAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7e) return false;
  return true;
}

/** Are these different names that look the same? IDNs may be given as A-labels. */
export function areConfusable(one: string, other: string): boolean {
  const [a, b] = [displayedName(one), displayedName(other)];
  return a !== b && !(isPlainAscii(a) && isPlainAscii(b)) && skeleton(a) === skeleton(b);
}

/** A host name as people see it: A-labels of IDNs decoded (RFC 5890 2.3.2.1). */
export function displayedName(host: string): string {
  if (!host.includes('xn--')) return host;
  const shown = domainToUnicode(host);
  return shown === '' ? host : shown;
}

/**
 * Is this a name that imitates another one: a label of several alphabets, of phonetic signs, or wholly of foreign
 * letters that look Latin under an ASCII top-level domain?
 *
 * @param host lower case, IDNs as A-labels
 */
export function isHomographHost(host: string): boolean {
  if (!host.includes('xn--')) return false;
  const labels = displayedName(host).split('.');
  const isAsciiTop = isPlainAscii(labels.at(-1)!);
  return labels.some((label) => !isPlainAscii(label) && isHomographLabel(label, isAsciiTop));
}

function isHomographLabel(label: string, isAsciiTop: boolean): boolean {
  let alphabet = 0;
  for (const char of label) {
    if (odd.has(char)) return true;
    const found = alphabetOf(char.codePointAt(0)!);
    if (found === 0) continue;
    if (alphabet !== 0 && found !== alphabet) return true;
    alphabet = found;
  }
  return alphabet > latin && isAsciiTop && isPlainAscii(skeleton(label));
}
