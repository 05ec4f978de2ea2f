import { decodeHTMLAttribute } from 'entities';
import { HtmlTokenizer } from './html-tokenizer.ts';
import { parseUrl } from './url.ts';

/** How an HTML text is built, whatever it says. */
export interface HtmlSkeleton {
  /** Start tags in order: `div`, `a.button`, `img`; the class is the first one, if it looks as if somebody had named it. */
  readonly tags: readonly string[];
  readonly links: number;
  /** Elements within elements. */
  readonly depth: number;
  /** The registered domain that most links and forms lead to, the first of several; undefined: none leads anywhere. */
  readonly mainDomain: string | undefined;
}

/** Elements without content (HTML, void elements). */
const voidElements: ReadonlySet<string> = new Set(
  'area base br col embed hr img input link meta source track wbr'.split(' '),
);

/** Longer names of classes are made by programs. */
const maxClassLength = 32;

/** Classes that differ between messages of one template: numbers, marks of tracking, hexadecimal names. */
const unstableClass = /\d{3}|^(?:utm|analytics|track)[_-]|^[0-9a-f]{6,}$/i;

class SkeletonReader extends HtmlTokenizer {
  readonly tags: string[] = [];
  readonly domains = new Map<string, number>();
  links = 0;
  deepest = 0;
  readonly #maxTags: number;
  #depth = 0;
  #tag = '';
  #class = '';
  #target = '';

  constructor(html: string, maxTags: number) {
    super(html);
    this.#maxTags = maxTags;
  }

  read(): HtmlSkeleton {
    this.tokenize();
    let mainDomain: string | undefined;
    let most = 0;
    for (const [domain, count] of this.domains)
      if (count > most) {
        mainDomain = domain;
        most = count;
      }
    return { tags: this.tags, links: this.links, depth: this.deepest, mainDomain };
  }

  protected override onText(): void {
    // What is written does not matter.
  }

  protected override onRawText(): void {
    // Nor do styles and scripts.
  }

  protected override startTag(name: string): 'wanted' | 'unused' {
    this.#tag = name;
    this.#class = '';
    this.#target = '';
    return 'wanted';
  }

  protected override onAttribute(
    nameStart: number,
    nameEnd: number,
    valueStart: number,
    valueEnd: number,
  ): void {
    const length = nameEnd - nameStart;
    if (length < 4 || length > 6) return;
    const name = this.html.slice(nameStart, nameEnd).toLowerCase();
    if (name === 'class') this.#class ||= this.html.slice(valueStart, valueEnd);
    else if ((name === 'href' && this.#tag === 'a') || (name === 'action' && this.#tag === 'form'))
      this.#target ||= this.html.slice(valueStart, Math.min(valueEnd, valueStart + 2048));
  }

  protected override onStartTag(name: string): void {
    if (!voidElements.has(name)) this.deepest = Math.max(this.deepest, ++this.#depth);
    const first = /\S+/.exec(this.#class.slice(0, 2 * maxClassLength))?.[0] ?? '';
    const isNamed = first !== '' && first.length <= maxClassLength && !unstableClass.test(first);
    this.tags.push(isNamed ? `${name}.${first.toLowerCase()}` : name);
    if (this.#target !== '') {
      this.links++;
      const domain = parseUrl(decodeHTMLAttribute(this.#target))?.domain;
      if (domain !== undefined && domain !== '')
        this.domains.set(domain, (this.domains.get(domain) ?? 0) + 1);
    }
    if (this.tags.length >= this.#maxTags) this.stop();
  }

  protected override onEndTag(name: string): void {
    if (!voidElements.has(name) && this.#depth > 0) this.#depth--;
  }
}

/**
 * Reads how an HTML text is built, in linear time.
 *
 * @param maxTags what comes after so many is left out
 */
export function htmlSkeleton(html: string, maxTags: number): HtmlSkeleton {
  return new SkeletonReader(html, maxTags).read();
}
