import { caseOf, hasPicture, type Signals, stepOf } from './signals.ts';

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
  if (!text.includes('>') && !text.includes('|')) return { text, quotedLines };
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
  /** Latin letters with accents. */
  accents: number;
  digits: number;
  exclamations: number;
  /** Characters of program code and tables. */
  marks: number;
  isAscii: boolean;
}

const markCodes = new Uint8Array(0x80);
for (const mark of '{}[]<>=_\\|#~^*`;') markCodes[mark.charCodeAt(0)] = 1;

function countCharacters(text: string): Characters {
  const counts: Characters = {
    letters: 0,
    capitals: 0,
    accents: 0,
    digits: 0,
    exclamations: 0,
    marks: 0,
    isAscii: true,
  };
  let [letters, capitals, digits, exclamations, marks] = [0, 0, 0, 0, 0];
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 0x61 && code <= 0x7a) letters++;
    else if (code <= 0x20) continue;
    else if (code >= 0x41 && code <= 0x5a) capitals++;
    else if (code >= 0x30 && code <= 0x39) digits++;
    else if (code === 0x21) exclamations++;
    else if (code < 0x80) marks += markCodes[code]!;
    else {
      counts.isAscii = false;
      if (code < 0x250) {
        // Latin with diacritics: a capital is what lower case changes.
        const found = caseOf(text[index]!);
        if (found === undefined) continue;
        counts.accents++;
        if (found === 'capital') capitals++;
        else letters++;
      } else if (code < 0x2000 || code > 0x2bff) letters++;
    }
  }
  counts.letters = letters + capitals;
  counts.capitals = capitals;
  counts.digits = digits;
  counts.exclamations = exclamations;
  counts.marks = marks;
  return counts;
}

const amount =
  /(?:[$€£¥]|r\$|usd|eur|gbp|chf)\s?\d[\d.,]*|\d[\d.,]*\s?(?:[$€£]|usd\b|eur(?:o|os)?\b|dollars?\b|reais\b)/gi;
const bigAmount =
  /(?:[$€£]|usd|eur|gbp)\s?\d{1,3}(?:[.,]\d{3}){2,}|\d+(?:[.,]\d+)?\s?(?:million|millionen|millones|milhoes|milioni|mio)\b/i;
const wallet = /\b(?:[13][a-km-zA-HJ-NP-Z1-9]{25,34}|bc1[a-z0-9]{25,60}|0x[0-9a-fA-F]{40})\b/;
const phone = /(?:\+\d{1,3}[\s().-]*)?(?:\(?\d{3,4}\)?[\s.-]){1,2}\d{3,4}[\s.-]?\d{3,4}\b/;

const attribution =
  /^.{0,120}(?:wrote|writes|schrieb|a écrit|escribió|escreveu|ha scritto|schreef|skrev|napisał|yazdı)\s?:/im;
const ruleMarks = '-=*_~#+';
const rule = /^[-=*_~#+]{8,}\s*$/;

/** Reads what the text looks like, whatever its words say. */
export function textSignals({ text, quotedLines }: OwnText, kind: 'plain' | 'html', out: Signals): void {
  const { length } = text;
  if (length < 80) out.add(length === 0 ? 'text:none' : 'text:hardly-any');
  if (quotedLines > 0) out.add(`text:quoted-lines:${stepOf(quotedLines, [1, 4, 15])}`);
  if (length === 0) return;
  const { letters, capitals, accents, digits, exclamations, marks, isAscii } = countCharacters(text);
  if (letters > 60) {
    out.add(`text:capitals:${stepOf(capitals / letters, [0.04, 0.08, 0.15, 0.4])}`);
    if (accents > letters * 0.2) out.add('text:accents-everywhere');
  }
  out.add(`text:exclamations:${stepOf((exclamations / length) * 1000, [0.01, 1, 3, 8])}`);
  out.add(`text:digits:${stepOf(digits / length, [0.001, 0.01, 0.03, 0.1])}`);
  const code = marks / length;
  out.add(`text:code:${stepOf(code, [0.002, 0.008, 0.02, 0.06])}`);
  if (!isAscii && hasPicture(text)) out.add('text:pictures');
  if (digits > 0) numberSignals(text, digits, out);
  if (kind === 'plain') lineSignals(text, out);
  if (text.includes(':') && attribution.test(text)) out.add('text:quotes-somebody');
  if (text.includes('://') || text.includes('www.')) out.add('text:bare-link');
}

/** Reads amounts, wallets and telephone numbers of a text that has digits. */
function numberSignals(text: string, digits: number, out: Signals): void {
  const amounts = countOf(text, amount);
  if (amounts > 0) out.add(`text:amounts:${stepOf(amounts, [1, 3, 8])}`);
  if (bigAmount.test(text)) out.add('text:big-amount');
  if (wallet.test(text)) out.add('text:crypto-address');
  if (digits >= 9 && phone.test(text)) out.add('text:phone-number');
  if (text.includes('%') && /\d\s?%/.test(text)) out.add('text:percent');
}

function lineSignals(text: string, out: Signals): void {
  let longest = 0;
  let isRuled = false;
  let isSigned = false;
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    if (end - start > longest) longest = end - start;
    const first = text.charCodeAt(start);
    if (first === 0x2d && end - start <= 4 && text.slice(start, end).trimEnd() === '--') isSigned = true;
    else if (!isRuled && end - start >= 8 && ruleMarks.includes(text[start]!))
      isRuled = rule.test(text.slice(start, Math.min(end, start + 200)));
    start = end + 1;
  }
  if (isSigned) out.add('text:signature');
  out.add(`text:longest-line:${stepOf(longest, [60, 81])}`);
  if (isRuled) out.add('text:rules');
}
