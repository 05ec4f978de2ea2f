import { decodeHTMLAttribute } from 'entities';
import { readCharacterReference } from './entities.ts';

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

const slash = 0x2f;
const greater = 0x3e;
const equals = 0x3d;

function isWhite(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09 || code === 0x0c;
}

function isLetter(code: number): boolean {
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

/** Walks once over HTML as the tokenizer of the HTML standard does, as far as text and links need it. */
class HtmlReader {
  readonly #html: string;
  readonly #maxLinks: number;
  #pos = 0;
  #out = '';
  /** What must stand before the next visible character. */
  #gap: '' | ' ' | '\n' = '';
  readonly #links: { target: string; element: string; textStart: number; textEnd: number }[] = [];
  #openAnchor = -1;
  #base: string | undefined;
  #isTruncated = false;

  constructor(html: string, maxLinks: number) {
    this.#html = html;
    this.#maxLinks = maxLinks;
  }

  read(): HtmlView {
    const html = this.#html;
    while (this.#pos < html.length) {
      const tag = html.indexOf('<', this.#pos);
      const end = tag < 0 ? html.length : tag;
      if (end > this.#pos) this.#readText(this.#pos, end);
      this.#pos = end;
      if (tag >= 0) this.#readMarkup();
    }
    this.#closeAnchor();
    return { text: this.#out, links: this.#links, base: this.#base, isTruncated: this.#isTruncated };
  }

  /** Adds text with its white space collapsed and its entities decoded. */
  #readText(start: number, end: number): void {
    const html = this.#html;
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

  /** Reads what starts with `<`: a tag, a comment, or just that character. */
  #readMarkup(): void {
    const html = this.#html;
    const next = html.charCodeAt(this.#pos + 1);
    if (isLetter(next)) this.#readTag(this.#pos + 1);
    else if (next === slash) {
      if (isLetter(html.charCodeAt(this.#pos + 2))) this.#readEndTag(this.#pos + 2);
      else this.#skipPast('>', this.#pos + 2);
    } else if (next === 0x21) {
      if (html.startsWith('--', this.#pos + 2)) this.#skipComment(this.#pos + 4);
      else this.#skipPast('>', this.#pos + 2);
    } else if (next === 0x3f) this.#skipPast('>', this.#pos + 2);
    else {
      this.#emit('<');
      this.#pos++;
    }
  }

  #skipPast(mark: string, from: number): void {
    const found = this.#html.indexOf(mark, from);
    this.#pos = found < 0 ? this.#html.length : found + mark.length;
  }

  /** Comments end with `-->` or `--!>`; `<!-->` and `<!--->` are whole (HTML, comment start state). */
  #skipComment(from: number): void {
    const html = this.#html;
    if (html.charCodeAt(from) === greater) this.#pos = from + 1;
    else if (html.startsWith('->', from)) this.#pos = from + 2;
    else {
      let at = html.indexOf('--', from);
      while (at >= 0) {
        if (html.charCodeAt(at + 2) === greater) {
          this.#pos = at + 3;
          return;
        }
        if (html.charCodeAt(at + 2) === 0x21 && html.charCodeAt(at + 3) === greater) {
          this.#pos = at + 4;
          return;
        }
        at = html.indexOf('--', at + 1);
      }
      this.#pos = html.length;
    }
  }

  #readName(from: number): string {
    const html = this.#html;
    let end = from;
    while (end < html.length) {
      const code = html.charCodeAt(end);
      if (isWhite(code) || code === slash || code === greater) break;
      end++;
    }
    this.#pos = end;
    // No name we know is longer; do not turn a megabyte into lower case.
    return html.slice(from, Math.min(end, from + 16)).toLowerCase();
  }

  #readEndTag(from: number): void {
    const name = this.#readName(from);
    if (!this.#readAttributes(undefined)) return;
    if (name === 'a') this.#closeAnchor();
    else this.#applyFlow(rules.get(name)?.flow);
  }

  #readTag(from: number): void {
    const rule = rules.get(this.#readName(from));
    if (rule?.name === 'a') this.#closeAnchor();
    if (!this.#readAttributes(rule)) return;
    this.#applyFlow(rule?.flow);
    if (rule?.flow === 'hidden') this.#skipRawText(rule.name);
  }

  #applyFlow(flow: Flow | undefined): void {
    if (flow === 'block' || flow === 'break') this.#gap = '\n';
    else if (flow === 'cell' && this.#gap === '') this.#gap = ' ';
  }

  /** Passes over content in which only the element's own end tag counts (HTML, raw text and RCDATA). */
  #skipRawText(name: string): void {
    const html = this.#html;
    let at = html.indexOf('</', this.#pos);
    while (at >= 0) {
      const end = at + 2 + name.length;
      const code = html.charCodeAt(end);
      if (
        (isWhite(code) || code === slash || code === greater) &&
        html.slice(at + 2, end).toLowerCase() === name
      ) {
        this.#readEndTag(at + 2);
        return;
      }
      at = html.indexOf('</', at + 2);
    }
    this.#pos = html.length;
  }

  /**
   * Reads attributes up to the end of the tag; those with links of the rule are kept.
   *
   * @returns false when the input ends inside the tag, which is then dropped (HTML, eof-in-tag)
   */
  #readAttributes(rule: ElementRule | undefined): boolean {
    const html = this.#html;
    const { length } = html;
    let i = this.#pos;
    for (;;) {
      let code = html.charCodeAt(i);
      while (isWhite(code) || code === slash) code = html.charCodeAt(++i);
      if (i >= length) {
        this.#pos = length;
        return false;
      }
      if (code === greater) {
        this.#pos = i + 1;
        return true;
      }
      const nameStart = i;
      // An equals sign in first place is part of the name.
      code = html.charCodeAt(++i);
      while (i < length && code !== equals && code !== greater && code !== slash && !isWhite(code)) {
        code = html.charCodeAt(++i);
      }
      const nameEnd = i;
      while (isWhite(code)) code = html.charCodeAt(++i);
      if (code !== equals) continue;
      code = html.charCodeAt(++i);
      while (isWhite(code)) code = html.charCodeAt(++i);
      let valueStart = i;
      let valueEnd: number;
      if (code === 0x22 || code === 0x27) {
        valueStart++;
        valueEnd = html.indexOf(code === 0x22 ? '"' : "'", valueStart);
        if (valueEnd < 0) {
          this.#pos = length;
          return false;
        }
        i = valueEnd + 1;
      } else {
        while (i < length && code !== greater && !isWhite(code)) code = html.charCodeAt(++i);
        valueEnd = i;
      }
      if (rule && rule.links.length > 0) this.#readLink(rule, nameStart, nameEnd, valueStart, valueEnd);
    }
  }

  #readLink(
    rule: ElementRule,
    nameStart: number,
    nameEnd: number,
    valueStart: number,
    valueEnd: number,
  ): void {
    if (nameEnd - nameStart > 10 || valueEnd === valueStart) return;
    const html = this.#html;
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
