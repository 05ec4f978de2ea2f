import type { Part, Task } from '../core/index.ts';
import { utf8Bytes } from '../lib/index.ts';
import { ruleLimits } from './limits.ts';
import type { RuleMessage } from './message.ts';

interface RenderedText {
  readonly part: Part;
  readonly text: string;
}

/** What rules over the body read, one character a byte. */

/** Lines of at most {@link ruleLimits.pieceBytes}, cut at blanks where there are any. */
function shortLines(text: string): string[] {
  const pieces: string[] = [];
  const max = ruleLimits.pieceBytes;
  for (const line of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
    let from = 0;
    while (line.length - from > max) {
      const blank = line.slice(from, from + max + 1).lastIndexOf(' ');
      const end = blank < 0 ? from + max : from + blank + 1;
      pieces.push(line.slice(from, end));
      from = end;
    }
    pieces.push(from === 0 ? line : line.slice(from));
  }
  return pieces;
}

/** Pieces of one to two times {@link ruleLimits.pieceBytes}, cut at line ends, tags or blanks. */
function shortParagraphs(text: string): string[] {
  const max = ruleLimits.pieceBytes;
  const pieces: string[] = [];
  let from = 0;
  while (text.length - from > 2 * max) {
    let end = from + max;
    for (const mark of ['\n', '>', ' ']) {
      const at = text.indexOf(mark, from + max);
      if (at >= 0 && at - from < 2 * max) {
        end = at;
        break;
      }
    }
    pieces.push(text.slice(from, end + 1));
    from = end + 1;
  }
  if (from < text.length) pieces.push(text.slice(from));
  return pieces;
}

/** The part's text is in the body, or it is an attachment that people open as text. */
function isRendered({ kind, contentType }: Part): boolean {
  return kind === 'text' && (contentType === 'text/plain' || contentType === 'text/html');
}

/** Text of every text part as it is read: HTML without its tags. */
export function renderedTexts({ message, html }: RuleMessage): readonly RenderedText[] {
  const texts: RenderedText[] = [];
  for (const part of message.parts) {
    if (!isRendered(part)) continue;
    if (part.contentType === 'text/plain') texts.push({ part, text: part.text() });
    else texts.push({ part, text: html.find((facts) => facts.part === part)?.text ?? '' });
  }
  return texts;
}

/** Paragraphs with their white space as single blanks; the first is the subject. */
export function bodyPieces(message: RuleMessage, subject: string, maxChars: number): readonly string[] {
  const joined = renderedTexts(message)
    .map(({ text }) => text.slice(0, maxChars))
    .join('\n')
    .slice(0, maxChars * ruleLimits.partsFactor);
  const paragraphs = joined
    .replace(/\n+\s*\n+/g, '\0')
    .replace(/\s+/g, ' ')
    .replaceAll('\0', '\n');
  return shortLines(`${subject}${utf8Bytes(paragraphs)}`);
}

/** Bytes of every text part, transfer encoding removed. */
export function rawPieces({ message }: Task, maxBytes: number): readonly string[] {
  const pieces: string[] = [];
  let left = maxBytes * ruleLimits.partsFactor;
  for (const part of message.parts) {
    if (part.kind !== 'text' || part.children.length > 0 || left <= 0) continue;
    const text = part.decoded().toString('latin1', 0, Math.min(maxBytes, left)).replaceAll('\r\n', '\n');
    left -= text.length;
    for (const piece of shortParagraphs(text)) pieces.push(piece);
  }
  return pieces;
}

/** The whole message, lines ended as Unix ends them. */
export function wholeMessage({ message: { raw } }: Task, maxBytes: number): string {
  return raw.toString('latin1', 0, Math.min(raw.length, maxBytes)).replaceAll('\r\n', '\n');
}
