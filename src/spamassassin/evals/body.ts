import { domainInfo } from '../../content/index.ts';
import type { Part } from '../../core/index.ts';
import type { RuleMessage } from '../message.ts';
import { renderedTexts } from '../texts.ts';
import { type EvalFunction, plain, upperBound } from './make.ts';

type Words = Map<string, number>;

/** Words with a letter or digit, by how often they occur. */
function wordsOf(text: string, words: Words): void {
  for (const word of text.split(/\s+/)) if (/\w/.test(word)) words.set(word, (words.get(word) ?? 0) + 1);
}

function isInside(part: Part, parent: Part): boolean {
  for (let up = part.parent; up; up = up.parent) if (up === parent) return true;
  return false;
}

interface Difference {
  /** Highest share of words of HTML that plain text lacks, per cent. */
  readonly percent: number;
  readonly htmlWords: number;
  readonly textWords: number;
}

/** How far the readings of multipart/alternative are apart. */
function difference(message: RuleMessage): Difference {
  const result = { percent: 0, htmlWords: 0, textWords: 0 };
  const { parts } = message.message;
  const whole = parts.filter(({ contentType }) => contentType === 'multipart/alternative');
  if (whole.length === 0 || isMeeting(parts)) return result;
  const texts = renderedTexts(message);
  for (const alternative of whole) {
    const html: Words = new Map();
    const plainText: Words = new Map();
    for (const { part, text } of texts)
      if (isInside(part, alternative)) wordsOf(text, part.contentType === 'text/html' ? html : plainText);
    // A page of nothing but images counts as one word that plain text never has.
    if (html.size === 0 && message.html.some(({ inside }) => inside.has('img'))) html.set('\n', 1);
    if (html.size === 0) continue;
    let missing = 0;
    for (const [word, count] of html) if (count > (plainText.get(word) ?? 0)) missing++;
    result.htmlWords = html.size;
    result.textWords = plainText.size;
    result.percent = Math.max(result.percent, (missing / html.size) * 100);
  }
  return result;
}

/** Invitations of Exchange: HTML and a calendar. */
function isMeeting(parts: readonly Part[]): boolean {
  return (
    parts.length === 3 &&
    parts[0]!.contentType === 'multipart/alternative' &&
    parts[1]!.contentType === 'text/html' &&
    parts[2]!.contentType === 'text/calendar'
  );
}

function blankLines(message: RuleMessage, minLines: number): number {
  let lines = 0;
  let blank = 0;
  for (const piece of message.rawBody)
    for (const line of piece.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
      lines++;
      if (!/\S/.test(line)) blank++;
    }
  return lines < minLines || lines === 0 ? -1 : (100 * blank) / lines;
}

/** Blanks per cent of other characters, in the line that has most: texts written downwards. */
function spacing(message: RuleMessage): number {
  let most = -1;
  for (const piece of message.body) {
    if (piece.length <= 5) continue;
    let blanks = 0;
    for (let i = 0; i < piece.length; i++) if (piece.charCodeAt(i) === 0x20) blanks++;
    const others = piece.length - blanks;
    most = Math.max(most, blanks > others || others === 0 ? 100 : Math.floor((100 * blanks) / others));
  }
  return most;
}

const stockWord =
  /(?:^trad(?:e|ing)date|company(?:name)?|s\w?(?:t\w?o\w?c\w?k|y\w?m(?:\w?b\w?o\w?l)?)|target|ticker|(?:opening|current)p(?:rice)?|projected|position|expectations|weeks?high|marketperformance|(?:year|week|month|day|price)(?:target|estimates?)|sector|recommendation|rating)$/;

/** Kinds of labels as in sheets about shares: `Symbol: ABCD`. */
function stockLabels(message: RuleMessage): number {
  const first = renderedTexts(message).find(({ part }) => part.contentType === 'text/plain');
  const labels = new Set<string>();
  for (const line of (first?.text ?? '').slice(0, 200_000).split('\n')) {
    const label = /^\s*([^:\s][^:]{2,29}?)\s*:\s*\S/.exec(line.slice(0, 400))?.[1];
    const found = label && stockWord.exec(label.toLowerCase().replace(/[^a-z]/g, ''))?.[0];
    if (found) labels.add(found);
  }
  return labels.size;
}

/** Bytes before and behind the last mark of a signature, of the first plain text. */
function signature({
  message,
}: RuleMessage): { readonly body: number; readonly signature: number } | undefined {
  const part = message.parts.find(({ contentType }) => contentType === 'text/plain');
  if (!part) return undefined;
  const text = part.decoded().toString('latin1');
  let body = text.length;
  let length = 0;
  for (const mark of text.matchAll(/^-- ?\r?$/gm)) {
    const end = mark.index + mark[0].length;
    if (text.length - end <= 4) continue;
    body = mark.index;
    length = text.length - end;
  }
  return { body, signature: length };
}

function signatureTest(value: (found: { body: number; signature: number }) => number): EvalFunction {
  return {
    make: ({ args: [min, max] }) => {
      const most = upperBound(max);
      return (message) => {
        const found = signature(message);
        return found !== undefined && value(found) >= Number(min) && value(found) <= most;
      };
    },
  };
}

/** A link to one host that carries a link to another. */
function hasRedirect(message: RuleMessage): boolean {
  return message.uris.some((uri) => {
    const found = /^https?:\/\/([^/:?]+).+?https?:\/{0,2}([^/:?]+)/i.exec(uri);
    return (
      found !== null &&
      domainInfo(found[1]!.toLowerCase()).domain !== domainInfo(found[2]!.toLowerCase()).domain
    );
  });
}

export const bodyFunctions: Readonly<Record<string, EvalFunction>> = {
  multipart_alternative_difference: {
    make: ({ args: [min, max] }) => {
      const most = upperBound(max);
      return (message) => {
        const { percent } = difference(message);
        return (Number(min) === 0 || percent > Number(min)) && percent <= most;
      };
    },
  },
  multipart_alternative_difference_count: {
    make:
      ({ args: [ratio, minHtml] }) =>
      (message) => {
        const { htmlWords, textWords } = difference(message);
        return htmlWords > Number(minHtml) && textWords / htmlWords > Number(ratio);
      },
  },
  check_blank_line_ratio: {
    make: ({ args: [min, max, minLines = '1'] }) => {
      return (message) => {
        const share = blankLines(message, Math.max(Number(minLines), 1));
        return share <= Number(max) && (Number(min) === 0 || share > Number(min));
      };
    },
  },
  tvd_vertical_words: {
    make: ({ args: [min, max] }) => {
      const below = Number(max) >= 100 ? 101 : Number(max);
      return (message) => {
        const share = spacing(message);
        return share >= Number(min) && share < below;
      };
    },
  },
  check_stock_info: {
    make:
      ({ args: [min] }) =>
      (message) =>
        Number(min) === 0 || stockLabels(message) >= Number(min),
  },
  check_body_length: {
    make:
      ({ args: [max] }) =>
      ({ message: { raw, bodyOffset } }) =>
        raw.length - bodyOffset <= Number(max),
  },
  plaintext_body_length: signatureTest(({ body }) => body),
  plaintext_sig_length: signatureTest(({ signature: length }) => length),
  plaintext_body_sig_ratio: signatureTest(({ body, signature: length }) =>
    length === 0 ? 1e6 : body / length,
  ),
  check_for_http_redirector: plain(hasRedirect),
  check_uri_truncated: plain(({ task }) => task.content.urls.some(({ url }) => url.length >= 8_192)),
};
