import { decodeHTMLAttribute } from 'entities';
import { readCharacterReference } from './entities.ts';
import { HtmlTokenizer, isWhite } from './html-tokenizer.ts';

/** A reference to something outside, found in a tag. */
export interface HtmlLink {
  /** Attribute value, entities decoded. */
  readonly target: string;
  /** Element name. */
  readonly element: string;
  /** For anchors: offsets in the visible text of what stands between `<a>` and `</a>`. */
  readonly textStart: number;
  readonly textEnd: number;
}

/** What a reader of an HTML part sees, and where its links go. */
export interface HtmlView {
  /** Visible text: entities decoded, white space collapsed, block elements on lines of their own. */
  readonly text: string;
  readonly links: readonly HtmlLink[];
  /** `href` of the first `<base>`; relative links are relative to it. */
  readonly base: string | undefined;
  /** True when there were more links than were asked for. */
  readonly isTruncated: boolean;
}

/**
 * What an element means to us: `block` stands on its own lines, `break` ends a line, `cell` is apart from its
 * neighbours by a blank; the content of `hidden` is not shown and holds no tags but its own end.
 */
type Flow = 'inline' | 'block' | 'break' | 'cell' | 'hidden';

interface ElementRule {
  readonly name: string;
  readonly flow: Flow;
  /** Attributes that hold links. */
  readonly links: readonly string[];
}

const rules = new Map<string, ElementRule>();
function declare(flow: Flow, names: string, links: readonly string[] = []): void {
  for (const name of names.split(' ')) rules.set(name, { name, flow, links });
}
declare(
  'block',
  'address article aside blockquote center dd details dialog dir div dl dt fieldset figcaption figure footer h1 h2 h3 h4 h5 h6 header hgroup li main menu nav ol p pre section summary ul tbody thead tfoot tr option select legend caption html head',
);
declare('block', 'table', ['background']);
declare('block', 'body', ['background']);
declare('block', 'form', ['action']);
declare('break', 'br hr');
declare('cell', 'td th', ['background']);
declare('hidden', 'style title textarea xmp noembed noframes');
declare('hidden', 'script iframe', ['src']);
declare('inline', 'a area link base', ['href']);
declare('inline', 'img', ['src', 'longdesc']);
declare('inline', 'input button', ['src', 'formaction']);
declare('inline', 'embed frame audio video source track', ['src', 'poster']);
declare('inline', 'object', ['data']);
declare('inline', 'meta', ['content']);
declare('inline', 'v:fill v:imagedata v:image', ['src', 'href']);

/** A longer base would be repeated in every relative link. */
const maxBaseLength = 2_048;

/** Walks once over HTML as the tokenizer of the HTML standard does, as far as text and links need it. */
class HtmlReader extends HtmlTokenizer {
  readonly #maxLinks: number;
  #rule: ElementRule | undefined;
  #out = '';
  /** What must stand before the next visible character. */
  #gap: '' | ' ' | '\n' = '';
  readonly #links: { target: string; element: string; textStart: number; textEnd: number }[] = [];
  #openAnchor = -1;
  #base: string | undefined;
  #isTruncated = false;

  constructor(html: string, maxLinks: number) {
    super(html);
    this.#maxLinks = maxLinks;
  }

  read(): HtmlView {
    this.tokenize();
    this.#closeAnchor();
    return { text: this.#out, links: this.#links, base: this.#base, isTruncated: this.#isTruncated };
  }

  /** Adds text with its white space collapsed and its entities decoded. */
  protected onText(start: number, end: number): void {
    const { html } = this;
    let i = start;
    while (i < end) {
      let code = html.charCodeAt(i);
      if (isWhite(code)) {
        if (this.#gap === '') this.#gap = ' ';
        i++;
        continue;
      }
      if (code === 0x26) {
        const reference = readCharacterReference(html, i);
        this.#emit(reference ? reference.text.replace('\u00a0', ' ') : '&');
        i = reference ? reference.end : i + 1;
        continue;
      }
      // A run of words with single blanks between them is taken as one piece.
      const from = i;
      let to = ++i;
      while (i < end) {
        code = html.charCodeAt(i);
        if (code === 0x26) break;
        if (isWhite(code)) {
          if (
            code !== 0x20 ||
            i + 1 >= end ||
            isWhite(html.charCodeAt(i + 1)) ||
            html.charCodeAt(i + 1) === 0x26
          )
            break;
          i++;
        }
        to = ++i;
      }
      i = to;
      this.#emit(html.slice(from, to));
    }
  }

  #emit(text: string): void {
    if (this.#gap !== '') {
      if (this.#out !== '') this.#out += this.#gap;
      this.#gap = '';
    }
    this.#out += text;
  }

  protected startTag(name: string): 'wanted' | 'unused' {
    this.#rule = rules.get(name);
    if (name === 'a') this.#closeAnchor();
    return this.#rule && this.#rule.links.length > 0 ? 'wanted' : 'unused';
  }

  protected onStartTag(): void {
    this.#applyFlow(this.#rule?.flow);
  }

  protected onEndTag(name: string): void {
    if (name === 'a') this.#closeAnchor();
    else this.#applyFlow(rules.get(name)?.flow);
  }

  protected onRawText(): void {
    // Not shown.
  }

  #applyFlow(flow: Flow | undefined): void {
    if (flow === 'block' || flow === 'break') this.#gap = '\n';
    else if (flow === 'cell' && this.#gap === '') this.#gap = ' ';
  }

  protected onAttribute(nameStart: number, nameEnd: number, valueStart: number, valueEnd: number): void {
    const rule = this.#rule;
    if (!rule || nameEnd - nameStart > 10 || valueEnd === valueStart) return;
    const { html } = this;
    if (!rule.links.includes(html.slice(nameStart, nameEnd).toLowerCase())) return;
    let target = html.slice(valueStart, valueEnd);
    if (target.includes('&')) target = decodeHTMLAttribute(target);
    if (rule.name === 'base') {
      if (target.length <= maxBaseLength) this.#base ??= target;
      return;
    }
    if (rule.name === 'meta') {
      // <meta http-equiv=refresh content="0; url=https://…">
      const match = /^[\s\d.]*[;,]\s*url\s*=\s*['"]?([^'"]+)/i.exec(target.slice(0, 2048));
      if (!match) return;
      target = match[1]!;
    }
    if (this.#links.length >= this.#maxLinks) {
      this.#isTruncated = true;
      return;
    }
    const isAnchor = rule.name === 'a';
    // The blank before an anchor is not part of it.
    const textStart = this.#out.length;
    if (isAnchor) this.#openAnchor = this.#links.length;
    this.#links.push({ target, element: rule.name, textStart, textEnd: textStart });
  }

  #closeAnchor(): void {
    const link = this.#links[this.#openAnchor];
    if (link) link.textEnd = this.#out.length;
    this.#openAnchor = -1;
  }
}

/**
 * Reads HTML in one pass and linear time. Follows the tokenizer of the HTML standard for tags, attributes, comments
 * and raw text; does not build a tree, and knows no style sheets: text hidden by styles is text here.
 *
 * @param html decoded text of the part
 * @param maxLinks links to return at most
 */
export function readHtml(html: string, maxLinks: number): HtmlView {
  return new HtmlReader(html, maxLinks).read();
}
