import { type Signals, stepOf } from './signals.ts';

/** Characters of HTML that are looked at. */
const maxHtmlChars = 131_072;

function countOf(html: string, pattern: RegExp, limit: number): number {
  let count = 0;
  pattern.lastIndex = 0;
  while (count < limit && pattern.test(html)) count++;
  return count;
}

const image = /<img\b/gi;
const table = /<table\b/gi;
const heading = /<(?:h[1-6]|li)\b/gi;
const quote = /<blockquote\b|class\s*=\s*["']?(?:gmail_quote|moz-cite|OutlookMessageHeader|yahoo_quoted)/gi;
const tiny = /font-size\s*:\s*(?:0(?:\.\d+)?|1)(?:px|pt|em|%|\s*[;"'])/i;
const invisibleStyle =
  /display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?:\.0+)?\s*[;"']|max-height\s*:\s*0|mso-hide\s*:\s*all|text-indent\s*:\s*-\d{3,}|left\s*:\s*-\d{4,}/gi;
const whiteText =
  /(?<![-\w])color\s*[:=]\s*["']?\s*(?:#fff(?:fff)?\b|white\b|rgb\(\s*255\s*,\s*255\s*,\s*255)/gi;
const splitWord =
  /[a-z]<(?:span|font|b|i|x|o|z)\b[^>]{0,200}>\s*<\/(?:span|font|b|i|x|o|z)>[a-z]|[a-z]<!--[^>]{0,200}-->[a-z]/gi;
const dataImage = /src\s*=\s*["']?data:image/i;

/** Reads how an HTML part is built. */
export function htmlSignals(source: string, visibleChars: number, out: Signals): void {
  const html = source.length > maxHtmlChars ? source.slice(0, maxHtmlChars) : source;
  const ratio = html.length === 0 ? 0 : visibleChars / source.length;
  if (ratio < 0.02) out.add('html:hardly-text');
  const images = countOf(html, image, 40);
  out.add(`html:images:${stepOf(images, [1, 2, 4, 10, 25])}`);
  if (images > 0 && visibleChars < 200) out.add('html:pictures-instead-of-text');
  out.add(`html:tables:${stepOf(countOf(html, table, 40), [1, 3])}`);
  if (countOf(html, heading, 3) >= 2) out.add('html:headings');
  if (countOf(html, quote, 1) > 0) out.add('html:quotes');
  const hidden = countOf(html, invisibleStyle, 20);
  if (hidden > 0) out.add(`html:hidden:${stepOf(hidden, [1, 3, 8])}`);
  if (tiny.test(html)) out.add('html:tiny-text');
  if (countOf(html, whiteText, 3) > 0) out.add('html:white-text');
  const splits = countOf(html, splitWord, 5);
  if (splits > 0) out.add(`html:split-words:${stepOf(splits, [1, 4])}`);
  if (dataImage.test(html)) out.add('html:picture-in-source');
  if (/<form\b/i.test(html)) out.add('html:form');
  if (/<input\b/i.test(html)) out.add('html:input');
  if (/<script\b/i.test(html)) out.add('html:script');
  if (/<i?frame\b/i.test(html)) out.add('html:frame');
  if (/http-equiv\s*=\s*["']?refresh/i.test(html)) out.add('html:refresh');
  if (/@media/i.test(html)) out.add('html:responsive');
  if (/<title\b/i.test(html)) out.add('html:title');
  if (/xmlns:o|mso-|<!--\[if/i.test(html)) out.add('html:office-marks');
  if (/class\s*=\s*["']?Mso/i.test(html)) out.add('html:written-in-office');
  if (/&#x?[0-9a-f]+;(?:&#x?[0-9a-f]+;){12}/i.test(html)) out.add('html:encoded-letters');
}
