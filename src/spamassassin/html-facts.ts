import { decodeHTML } from 'entities';
import type { ContentViews, Part, TextView } from '../core/index.ts';
import { ruleLimits } from './limits.ts';

/** What rules ask of one HTML part. */
export interface HtmlFacts {
  readonly part: Part;
  /** Text as rules over the body read it: paragraphs apart by empty lines. */
  readonly text: string;
  /** By element, start tags minus end tags; an element that is not there has no entry. */
  readonly inside: ReadonlyMap<string, number>;
  /** Characters of the source. */
  readonly sourceLength: number;
  /** Characters of text that are no white space. */
  readonly inkLength: number;
  readonly imageArea: number;
  /** `size` of `<font>`, 3 where nothing says anything. */
  readonly minFontSize: number;
  readonly maxFontSize: number;
  readonly titles: readonly string[];
  /** `<!--…-->` as written. */
  readonly comments: readonly string[];
  readonly anchors: readonly { readonly target: string; readonly text: string }[];
  readonly hasEmbed: boolean;
  readonly hasFrameSource: boolean;
  readonly mailsForm: boolean;
  /** End tags without start, by all tags. */
  readonly closedExtraRatio: number;
  /** Tags in the middle of words, by all tags. */
  readonly obfuscationRatio: number;
}

const voids: ReadonlySet<string> = new Set(['script', 'style']);
const lineBreaks: ReadonlySet<string> = new Set(['br', 'div']);
const blanks = /^(?:li|t[hd]|d[td]|embed|h\d)$/;
const paragraphs = /^(?:p|hr|blockquote|pre|listing|plaintext|xmp|title)$/;

/** What a tag begins with; where comments and declarations end is looked for once, so that no text takes long. */
const tag = /<(?:(!--|!|\?)|(\/?)([a-zA-Z][a-zA-Z0-9:_-]*)((?:"[^"]*"|'[^']*'|[^>"'])*)>?)/g;

/** A letter, digit or other sign of words at the end or the beginning of a text. */
const wordEnd = /[^\s\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]$/;
const wordStart = /^[^\s\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]/;

const attributePatterns = new Map<string, RegExp>();

function attribute(text: string, name: string): string | undefined {
  let pattern = attributePatterns.get(name);
  if (!pattern) {
    pattern = new RegExp(`(?:^|[\\s"'])${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s>]+))`, 'i');
    attributePatterns.set(name, pattern);
  }
  const found = pattern.exec(text);
  return found?.[1] ?? found?.[2] ?? found?.[3];
}

/** A width or height; shares count as of a window of 800 × 600. */
function extent(text: string, window: number): number {
  const found = /^(\d{1,6})(%?)$/.exec(text);
  if (!found) return 200;
  const value = found[2] === '%' ? (Number(found[1]) * window) / 100 : Number(found[1]);
  return value > 0 ? value : 200;
}

class HtmlScan {
  readonly inside = new Map<string, number>();
  readonly titles: string[] = [];
  readonly comments: string[] = [];
  readonly #pieces: string[] = [];
  #endsWithSpace = false;
  #title: string | undefined;
  imageArea = 0;
  minFontSize = 3;
  maxFontSize = 3;
  tags = 0;
  closedExtra = 0;
  obfuscations = 0;
  hasEmbed = false;
  hasFrameSource = false;
  mailsForm = false;

  get text(): string {
    return this.#pieces.join('');
  }

  read(html: string): void {
    let from = 0;
    tag.lastIndex = 0;
    for (let count = 0; count < ruleLimits.htmlTags; count++) {
      const found = tag.exec(html);
      if (!found) break;
      if (found.index > from) this.#text(html.slice(from, found.index));
      from = tag.lastIndex;
      const mark = found[1];
      if (mark !== undefined) {
        const end = html.indexOf(mark === '!--' ? '-->' : '>', from);
        // What does not end reaches to the end of the text.
        from = end < 0 ? html.length : end + (mark === '!--' ? 3 : 1);
        tag.lastIndex = from;
        if (mark === '!--' && this.comments.length < ruleLimits.htmlComments)
          this.comments.push(html.slice(found.index, from));
        continue;
      }
      const name = found[3]!.toLowerCase();
      const isEnd = found[2] === '/';
      this.#tag(name, isEnd, found[4] ?? '');
      if (voids.has(name) && !isEnd) {
        // What stands in a script or a style sheet is neither text nor tags.
        const end = html.slice(from).search(name === 'script' ? /<\/script/i : /<\/style/i);
        from = end < 0 ? html.length : from + end;
        tag.lastIndex = from;
      }
    }
    if (from < html.length) this.#text(html.slice(from));
  }

  #tag(name: string, isEnd: boolean, attributes: string): void {
    this.tags++;
    const open = (this.inside.get(name) ?? 0) + (isEnd ? -1 : 1);
    if (open < 0) this.closedExtra++;
    this.inside.set(name, Math.max(open, 0));
    if (lineBreaks.has(name)) this.#space('\n');
    else if (blanks.test(name)) this.#space(' ');
    else if (paragraphs.test(name)) this.#space('\n\n');
    if (name === 'title') {
      if (!isEnd) this.#title = '';
      else if (this.#title !== undefined) {
        this.titles.push(this.#title);
        this.#title = undefined;
      }
    }
    if (!isEnd) this.#element(name, attributes);
  }

  #element(name: string, attributes: string): void {
    if (name === 'img') {
      const width = attribute(attributes, 'width');
      const height = attribute(attributes, 'height');
      if (width !== undefined && height !== undefined)
        this.imageArea += extent(width, 800) * extent(height, 600);
    } else if (name === 'font') {
      const size = /^\s*([-+]?)(\d{1,2})/.exec(attribute(attributes, 'size') ?? '');
      if (!size) return;
      const value = size[1] === '' ? Number(size[2]) : 3 + Number(`${size[1]}${size[2]}`);
      this.minFontSize = Math.min(this.minFontSize, value);
      this.maxFontSize = Math.max(this.maxFontSize, value);
    } else if (name === 'embed' || name === 'object') this.hasEmbed = true;
    else if (name === 'iframe') this.hasFrameSource ||= attribute(attributes, 'src') !== undefined;
    else if (name === 'form') this.mailsForm ||= /mailto:/i.test(attribute(attributes, 'action') ?? '');
  }

  #text(written: string): void {
    const decoded = written.includes('&') ? decodeHTML(written) : written;
    if (this.#title !== undefined) this.#title += decoded;
    const last = this.#pieces.at(-1);
    if (last !== undefined && wordStart.test(decoded) && wordEnd.test(last)) this.obfuscations++;
    const text = decoded.replace(/[ \t\n\r\f\v]+|\xa0/g, ' ');
    this.#pieces.push(this.#endsWithSpace ? text.replace(/^ /, '') : text);
    this.#endsWithSpace = false;
  }

  #space(space: string): void {
    const last = this.#pieces.at(-1);
    if (last !== undefined && !this.#endsWithSpace)
      this.#pieces[this.#pieces.length - 1] = last.replace(/ $/, '');
    this.#pieces.push(space);
    this.#endsWithSpace = true;
  }
}

function readPart(part: Part, anchors: HtmlFacts['anchors']): HtmlFacts {
  const html = part.text().slice(0, ruleLimits.htmlChars);
  const scan = new HtmlScan();
  scan.read(html);
  const { text, inside, imageArea, minFontSize, maxFontSize, titles, comments, tags } = scan;
  const { hasEmbed, hasFrameSource, mailsForm } = scan;
  return {
    part,
    text,
    inside,
    sourceLength: html.length,
    inkLength: text.replace(/\s+/g, '').length,
    imageArea,
    minFontSize,
    maxFontSize,
    titles,
    comments,
    anchors,
    hasEmbed,
    hasFrameSource,
    mailsForm,
    closedExtraRatio: tags === 0 ? 0 : scan.closedExtra / tags,
    obfuscationRatio: tags === 0 ? 0 : scan.obfuscations / tags,
  };
}

/** Facts of every HTML part, those that are attached included. */
export function readHtmlFacts(parts: readonly Part[], content: ContentViews): readonly HtmlFacts[] {
  const views = new Map<Part, TextView>(content.texts.map((view) => [view.part, view]));
  return parts
    .filter(({ kind, contentType }) => kind === 'text' && contentType === 'text/html')
    .map((part) => {
      const view = views.get(part);
      const anchors = (view && content.htmlStructure(view)?.anchors) ?? [];
      return readPart(
        part,
        // Rules know images within links by this mark.
        anchors.map(({ target, text, hasImage }) => ({ target, text: hasImage ? `${text}<img>` : text })),
      );
    });
}
