import { type Signals, stepOf } from './signals.ts';

const maxTextChars = 16_384;

/** Text of a message as its writer wrote it: quoted lines taken out. */
export interface OwnText {
  readonly text: string;
  readonly quotedLines: number;
}

/** Takes quoted lines (RFC 3676 4.5) out of a plain text and bounds it. */
export function ownText(source: string): OwnText {
  const text = source.length > maxTextChars ? source.slice(0, maxTextChars) : source;
  let quotedLines = 0;
  const own = text.replace(/^[ \t]*(?:[A-Za-z]{0,3}>|\|).*$/gm, () => {
    quotedLines++;
    return '';
  });
  return { text: own, quotedLines };
}

function countOf(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

interface Characters {
  letters: number;
  capitals: number;
  digits: number;
  exclamations: number;
  /** Characters of program code and tables. */
  marks: number;
}

const markCodes: ReadonlySet<number> = new Set([...'{}[]<>=_\\|#~^*`;'].map((mark) => mark.charCodeAt(0)));

function countCharacters(text: string): Characters {
  const counts = { letters: 0, capitals: 0, digits: 0, exclamations: 0, marks: 0 };
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 0x61 && code <= 0x7a) counts.letters++;
    else if (code <= 0x20) continue;
    else if (code >= 0x41 && code <= 0x5a) {
      counts.letters++;
      counts.capitals++;
    } else if (code >= 0x30 && code <= 0x39) counts.digits++;
    else if (code === 0x21) counts.exclamations++;
    else if (code < 0x80) {
      if (markCodes.has(code)) counts.marks++;
    } else if (code < 0x250) {
      // Latin with diacritics: a capital is what lower case changes.
      const letter = text[index]!;
      counts.letters++;
      if (letter !== letter.toLowerCase()) counts.capitals++;
    } else counts.letters++;
  }
  return counts;
}

const amount =
  /(?:[$€£¥]|r\$|usd|eur|gbp|chf)\s?\d[\d.,]*|\d[\d.,]*\s?(?:[$€£]|usd\b|eur(?:o|os)?\b|dollars?\b|reais\b)/gi;
const bigAmount =
  /(?:[$€£]|usd|eur|gbp)\s?\d{1,3}(?:[.,]\d{3}){2,}|\d+(?:[.,]\d+)?\s?(?:million|millionen|millones|milhoes|milioni|mio)\b/i;
const wallet = /\b(?:[13][a-km-zA-HJ-NP-Z1-9]{25,34}|bc1[a-z0-9]{25,60}|0x[0-9a-fA-F]{40})\b/;
const phone = /(?:\+\d{1,3}[\s().-]*)?(?:\(?\d{3,4}\)?[\s.-]){1,2}\d{3,4}[\s.-]?\d{3,4}\b/;

/** Reads what the text looks like, whatever its words say. */
export function textSignals({ text, quotedLines }: OwnText, kind: 'plain' | 'html', out: Signals): void {
  const { length } = text;
  if (length < 80) out.add(length === 0 ? 'text:none' : 'text:hardly-any');
  if (quotedLines > 0) out.add(`text:quoted-lines:${stepOf(quotedLines, [1, 4, 15])}`);
  if (length === 0) return;
  const { letters, capitals, digits, exclamations, marks } = countCharacters(text);
  if (letters > 60) out.add(`text:capitals:${stepOf(capitals / letters, [0.04, 0.08, 0.15, 0.4])}`);
  out.add(`text:exclamations:${stepOf((exclamations / length) * 1000, [0.01, 1, 3, 8])}`);
  out.add(`text:digits:${stepOf(digits / length, [0.001, 0.01, 0.03, 0.1])}`);
  const code = marks / length;
  out.add(`text:code:${stepOf(code, [0.002, 0.008, 0.02, 0.06])}`);
  if (/\p{Extended_Pictographic}/u.test(text.replace(/[\d#*©®™]/g, ''))) out.add('text:pictures');
  const amounts = countOf(text, amount);
  if (amounts > 0) out.add(`text:amounts:${stepOf(amounts, [1, 3, 8])}`);
  if (bigAmount.test(text)) out.add('text:big-amount');
  if (wallet.test(text)) out.add('text:crypto-address');
  if (phone.test(text)) out.add('text:phone-number');
  if (/\d\s?%/.test(text)) out.add('text:percent');
  if (kind === 'plain') {
    if (/^-- ?$/m.test(text)) out.add('text:signature');
    const lines = text.split('\n');
    const longest = lines.reduce((most, line) => Math.max(most, line.length), 0);
    out.add(`text:longest-line:${stepOf(longest, [60, 81])}`);
    if (/^\s*(?:[-=*_~]{8,})\s*$/m.test(text)) out.add('text:rules');
  }
  if (/^.{0,120}(?:wrote|writes|schrieb|a écrit|escribió|escreveu|ha scritto|schreef)\s?:/im.test(text))
    out.add('text:quotes-somebody');
  if (/\b(?:https?:\/\/|www\.)\S+/i.test(text)) out.add('text:bare-link');
}
