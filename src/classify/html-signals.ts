import type { HtmlStructure } from '../core/index.ts';
import { type Signals, stepOf } from './signals.ts';

/** Characters of HTML that are looked at. */
const maxHtmlChars = 65_536;
/** Characters of concealed text that a preview line has. */
const previewChars = 250;

function structureSignals(html: HtmlStructure, visibleChars: number, out: Signals): void {
  const { images, forms, characters, anchors } = html;
  out.add(`html:images:${stepOf(images.length, [1, 2, 4, 10, 25])}`);
  if (images.length > 0 && visibleChars < 200) out.add('html:pictures-instead-of-text');
  if (images.some(({ isLinked }) => isLinked)) {
    out.add('html:linked-picture');
    if (anchors.length > 0 && anchors.every(({ hasImage }) => hasImage)) out.add('html:only-pictures-linked');
  }
  if (images.some(({ width, height }) => (width ?? 100) <= 1 && (height ?? 100) <= 1)) out.add('html:pixel');
  if (images.some(({ source }) => source === 'embedded')) out.add('html:embedded-picture');
  const { hidden, tiny, sameColour, offScreen } = characters;
  const concealed = hidden + tiny + sameColour + offScreen;
  if (concealed > 0) out.add(`html:hidden:${stepOf(concealed, [1, previewChars, 1500])}`);
  if (concealed > visibleChars && concealed > previewChars) out.add('html:hides-more-than-it-shows');
  if (tiny > 0) out.add('html:tiny-text');
  if (sameColour > 0) out.add('html:white-text');
  if (forms.length > 0) out.add('html:form');
  if (forms.some(({ fields }) => fields > 0)) out.add('html:input');
  if (forms.some(({ passwords }) => passwords > 0)) out.add('html:password');
  if (html.refresh !== undefined) out.add('html:refresh');
  if (html.dataTypes.length > 0) out.add('html:picture-in-source');
}

const splitWord =
  /[a-z]<(?:span|font|b|i|x|o|z)\b[^>]{0,200}>\s*<\/(?:span|font|b|i|x|o|z)>[a-z]|[a-z]<!--[^>]{0,200}-->[a-z]/gi;
const quotes = [
  '<blockquote',
  'gmail_quote',
  'moz-cite',
  'OutlookMessageHeader',
  'yahoo_quoted',
  'divRplyFwdMsg',
];

/** Reads how an HTML part is built. */
export function htmlSignals(
  source: string,
  structure: HtmlStructure,
  visibleChars: number,
  out: Signals,
): void {
  if (visibleChars < source.length * 0.02) out.add('html:hardly-text');
  structureSignals(structure, visibleChars, out);
  const html = source.length > maxHtmlChars ? source.slice(0, maxHtmlChars) : source;
  if (quotes.some((quote) => html.includes(quote))) out.add('html:quotes');
  let splits = 0;
  splitWord.lastIndex = 0;
  while (splits < 5 && splitWord.test(html)) splits++;
  if (splits > 0) out.add(`html:split-words:${stepOf(splits, [1, 4])}`);
  if (html.includes('<script') || html.includes('<SCRIPT')) out.add('html:script');
  if (html.includes('class="Mso') || html.includes('class=Mso')) out.add('html:written-in-office');
}

/** How a web page that is attached is built. */
const pageMarks: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['page:form', /<form\b|<input\b/i],
  ['page:password', /type\s*=\s*["']?password/i],
  ['page:script', /<script\b/i],
  [
    'page:coded',
    /\b(?:atob|unescape|fromCharCode|eval|decodeURIComponent)\s*\(|document\.write|data:text\/html/i,
  ],
  ['page:moves-on', /http-equiv\s*=\s*["']?refresh|location\s*(?:\.href|\.replace|\.assign)?\s*[=(]/i],
];

/** Reads an attached page: those that ask for passwords are attached where filters do not look. */
export function pageSignals(source: Buffer, out: Signals): void {
  const html = source.toString('latin1', 0, maxHtmlChars);
  for (const [name, pattern] of pageMarks) if (pattern.test(html)) out.add(name);
}
