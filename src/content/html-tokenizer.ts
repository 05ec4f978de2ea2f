// The tokenizer of the HTML standard, as far as text, links and styles need it (docs/decisions/021-html-tokenizer.md).

const slash = 0x2f;
const greater = 0x3e;
const equals = 0x3d;

/** Elements whose content holds no tags but their own end (HTML, raw text and RCDATA states). */
const rawTextElements: ReadonlySet<string> = new Set(
  'style title textarea xmp noembed noframes script iframe'.split(' '),
);

/** White space of HTML. */
export function isWhite(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09 || code === 0x0c;
}

function isLetter(code: number): boolean {
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

/**
 * Walks once over HTML, in linear time, and tells what it meets as offsets. Tags that the input ends in the middle of are
 * dropped (HTML, eof-in-tag); of them `startTag` and `onAttribute` may have been called.
 */
export abstract class HtmlTokenizer {
  protected readonly html: string;
  #pos = 0;

  constructor(html: string) {
    this.html = html;
  }

  /** Text between tags, not empty, entities as written. */
  protected abstract onText(start: number, end: number): void;
  /** A start tag begins. Returns whether its attributes are wanted. */
  protected abstract startTag(name: string): 'wanted' | 'unused';
  /** An attribute; an empty value for those without one. */
  protected abstract onAttribute(
    nameStart: number,
    nameEnd: number,
    valueStart: number,
    valueEnd: number,
  ): void;
  /** The start tag that began last is complete. */
  protected abstract onStartTag(name: string): void;
  protected abstract onEndTag(name: string): void;
  /** Content of an element whose content is no markup; called before its end tag. */
  protected abstract onRawText(name: string, start: number, end: number): void;

  /** Reads to the end. */
  protected tokenize(): void {
    const { html } = this;
    while (this.#pos < html.length) {
      const tag = html.indexOf('<', this.#pos);
      const end = tag < 0 ? html.length : tag;
      if (end > this.#pos) this.onText(this.#pos, end);
      this.#pos = end;
      if (tag >= 0) this.#readMarkup();
    }
  }

  /** Leaves out the rest. */
  protected stop(): void {
    this.#pos = this.html.length;
  }

  /** Reads what starts with `<`: a tag, a comment, or just that character. */
  #readMarkup(): void {
    const { html } = this;
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
      this.onText(this.#pos, this.#pos + 1);
      this.#pos++;
    }
  }

  #skipPast(mark: string, from: number): void {
    const found = this.html.indexOf(mark, from);
    this.#pos = found < 0 ? this.html.length : found + mark.length;
  }

  /** Comments end with `-->` or `--!>`; `<!-->` and `<!--->` are whole (HTML, comment start state). */
  #skipComment(from: number): void {
    const html = this.html;
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
    const html = this.html;
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
    if (this.#readAttributes('unused')) this.onEndTag(name);
  }

  #readTag(from: number): void {
    const name = this.#readName(from);
    if (!this.#readAttributes(this.startTag(name))) return;
    this.onStartTag(name);
    if (rawTextElements.has(name)) this.#skipRawText(name);
  }

  /** Passes over content in which only the element's own end tag counts (HTML, raw text and RCDATA). */
  #skipRawText(name: string): void {
    const from = this.#pos;
    const html = this.html;
    let at = html.indexOf('</', this.#pos);
    while (at >= 0) {
      const end = at + 2 + name.length;
      const code = html.charCodeAt(end);
      if (
        (isWhite(code) || code === slash || code === greater) &&
        html.slice(at + 2, end).toLowerCase() === name
      ) {
        this.onRawText(name, from, at);
        this.#readEndTag(at + 2);
        return;
      }
      at = html.indexOf('</', at + 2);
    }
    this.onRawText(name, from, html.length);
    this.#pos = html.length;
  }

  /**
   * Reads attributes up to the end of the tag; they are handed on if they are `wanted`.
   *
   * @returns false when the input ends inside the tag, which is then dropped (HTML, eof-in-tag)
   */
  #readAttributes(use: 'wanted' | 'unused'): boolean {
    const html = this.html;
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
      if (code !== equals) {
        if (use === 'wanted') this.onAttribute(nameStart, nameEnd, nameEnd, nameEnd);
        continue;
      }
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
      if (use === 'wanted') this.onAttribute(nameStart, nameEnd, valueStart, valueEnd);
    }
  }
}
