import type { DisplayedUrl, MailAddress, UrlView } from '../core/index.ts';
import type { HtmlLink, HtmlView } from './html.ts';
import type { ContentLimits } from './limits.ts';
import { type Found, scanText } from './scan.ts';
import { addFlag, type ParsedUrl, parseUrl, percentDecode, type UrlFlag } from './url.ts';

/** A link while flags may still join. */
interface Draft extends ParsedUrl {
  readonly from: UrlView['from'];
  visibleText: string | undefined;
  displayed: DisplayedUrl | undefined;
  redirectsTo: UrlView | undefined;
}

/** `mailto:`, `javascript:` and their like, but not `example.com:8080`. */
const otherScheme = /^(?!https?:|ftp:)[a-z][a-z0-9+-]*:(?!\d)/i;

/** Gathers the links and addresses of one message, each once. */
export class UrlCollector {
  readonly #limits: ContentLimits;
  readonly #urls = new Map<string, Draft>();
  /** The same by the text they were written in, `undefined` for what is no link. */
  readonly #written = new Map<string, Draft | undefined>();
  readonly #emails = new Map<string, MailAddress>();
  readonly #defects = new Set<'too-many-urls' | 'too-many-emails' | 'url-too-long'>();
  #linkCount = 0;

  constructor(limits: ContentLimits) {
    this.#limits = limits;
  }

  /** Links in order of appearance. */
  get urls(): readonly UrlView[] {
    return (this.#urlList ??= [...this.#urls.values()]);
  }
  #urlList: readonly UrlView[] | undefined;

  /** Addresses in order of appearance. */
  get emails(): readonly MailAddress[] {
    return (this.#emailList ??= [...this.#emails.values()]);
  }
  #emailList: readonly MailAddress[] | undefined;

  /** Links of texts and targets of HTML, each time they occur. */
  get linkCount(): number {
    return this.#linkCount;
  }

  get defects(): ReadonlySet<string> {
    return this.#defects;
  }

  /** Adds one link that a check found; what was read of {@link urls} before stays as it was. */
  add(written: string, from: UrlView['from'], redirectedFrom: UrlView | undefined): UrlView | undefined {
    const text = written.trim();
    if (otherScheme.test(text)) return undefined;
    this.#addUrl(text, from, from === 'qr' ? ['qr'] : [], undefined, 0);
    const draft = this.#written.get(text) ?? this.#makeDraft(text, from);
    const added = draft && this.#urls.get(draft.url);
    if (!added) return undefined;
    this.#urlList = undefined;
    const source = redirectedFrom && this.#urls.get(redirectedFrom.url);
    if (source && source !== added) {
      addFlag(source.flags, 'redirected');
      source.redirectsTo ??= added;
    }
    return added;
  }

  /**
   * Adds what stands in plain text.
   *
   * @returns characters of links in it
   */
  addText(text: string, from: UrlView['from'], flags: readonly UrlFlag[]): number {
    let urlChars = 0;
    // One more than is kept tells that the link goes on.
    scanText(text, this.#limits.urlChars + 1, (found) => {
      if (found.kind === 'url') urlChars += found.end - found.start;
      this.#addFound(text, found, from, flags);
      return this.#isFull() ? 'stop' : 'go';
    });
    return urlChars;
  }

  /**
   * Adds the targets of links and what stands in visible text.
   *
   * @returns characters of links in the visible text
   */
  addHtml(html: HtmlView): number {
    if (html.isTruncated) this.#defects.add('too-many-urls');
    const { text, links } = html;
    const anchors: HtmlLink[] = [];
    for (const link of links) {
      const isAnchor = link.textEnd > link.textStart;
      if (isAnchor) anchors.push(link);
      const visible = isAnchor ? this.#visibleText(text, link) : undefined;
      this.#addTarget(link, html.base, visible);
    }
    let next = 0;
    let urlChars = 0;
    // One more than is kept tells that the link goes on.
    scanText(text, this.#limits.urlChars + 1, (found) => {
      if (found.kind === 'url') urlChars += found.end - found.start;
      while (next < anchors.length && anchors[next]!.textEnd <= found.start) next++;
      const isDisplayed = next < anchors.length && anchors[next]!.textStart < found.end;
      this.#addFound(text, found, 'html', isDisplayed ? ['html_displayed'] : ['text']);
      return this.#isFull() ? 'stop' : 'go';
    });
    return urlChars;
  }

  #isFull(): boolean {
    return this.#defects.has('too-many-urls') && this.#defects.has('too-many-emails');
  }

  #visibleText(text: string, link: HtmlLink): string {
    return text
      .slice(link.textStart, Math.min(link.textEnd, link.textStart + this.#limits.visibleTextChars))
      .trim();
  }

  #addFound(text: string, found: Found, from: UrlView['from'], flags: readonly UrlFlag[]): void {
    const written = text.slice(found.start, found.end);
    if (found.kind === 'email') this.#addEmail(written);
    else if (this.#addUrl(written, from, flags, undefined, 0) && flags.includes('text')) this.#linkCount++;
  }

  /** Adds what an attached page leads to and shows. */
  addPage(html: HtmlView): void {
    if (html.isTruncated) this.#defects.add('too-many-urls');
    for (const { target } of html.links) this.#addContent(target, html.base, 'attachment');
    scanText(html.text, this.#limits.urlChars, ({ kind, start, end }) => {
      if (kind === 'url') this.#addFoundContent(html.text.slice(start, end), 'attachment');
      return this.#isFull() ? 'stop' : 'go';
    });
  }

  /** Adds links of something that is not shown as text. Those that the text has as well stay as they are. */
  addContent(links: readonly string[], from: UrlView['from']): void {
    for (const link of links) this.#addContent(link, undefined, from);
  }

  #addContent(written: string, base: string | undefined, from: UrlView['from']): void {
    const target = this.#absolute(written.trim(), base);
    if (target !== undefined) this.#addFoundContent(target, from);
  }

  #addFoundContent(target: string, from: UrlView['from']): void {
    const known = this.#urls.size;
    const draft = this.#addUrl(target, from, [], undefined, 0);
    if (draft && this.#urls.size > known) addFlag(draft.flags, 'content');
  }

  /** Where a link leads; undefined: nowhere, or to addresses, which are noted. */
  #absolute(target: string, base: string | undefined): string | undefined {
    if (/^mailto:/i.test(target)) {
      for (const address of mailtoAddresses(target)) this.#addEmail(address);
      return undefined;
    }
    if (/^(?:https?|ftp):/i.test(target)) return target;
    if (/^[/\\]{2}/.test(target)) return `http:${target}`;
    if (/^(?:[a-z][a-z0-9+.-]*:|#|$)/i.test(target)) return undefined;
    if (base !== undefined && URL.canParse(target, base)) return new URL(target, base).href;
    // Mail programs open `href="www.example.com"` although for a browser it is a relative path.
    return /^www\./i.test(target) ? target : undefined;
  }

  #addTarget(link: HtmlLink, base: string | undefined, visible: string | undefined): void {
    const target = this.#absolute(link.target.trim(), base);
    if (target === undefined) return;
    const flags: UrlFlag[] = link.element === 'img' ? ['image'] : [];
    const isUrlShown = visible !== undefined && looksLikeUrl(visible);
    if (isUrlShown) flags.push('url_displayed');
    const draft = this.#addUrl(target, 'html', flags, visible, 0);
    if (draft && link.element !== 'img') this.#linkCount++;
    if (draft && isUrlShown && draft.displayed === undefined) noteDisplayed(draft, visible);
  }

  #addEmail(written: string): void {
    const at = written.lastIndexOf('@');
    if (at <= 0 || at === written.length - 1) return;
    const local = written.slice(0, at);
    const domain = written.slice(at + 1).toLowerCase();
    const text = `${local}@${domain}`;
    if (this.#emails.has(text)) return;
    if (this.#emails.size >= this.#limits.emails) this.#defects.add('too-many-emails');
    else this.#emails.set(text, { text, local, domain });
  }

  #addUrl(
    written: string,
    from: UrlView['from'],
    flags: readonly UrlFlag[],
    visibleText: string | undefined,
    nesting: number,
  ): Draft | undefined {
    let draft = this.#written.get(written);
    if (draft === undefined && !this.#written.has(written)) {
      draft = this.#makeDraft(written, from);
      if (this.#written.size < this.#limits.urls) this.#written.set(written, draft);
    }
    if (draft === undefined) return undefined;
    for (const flag of flags) addFlag(draft.flags, flag);
    draft.visibleText ??= visibleText;
    if (this.#urls.has(draft.url)) return draft;
    if (this.#urls.size >= this.#limits.urls) {
      this.#defects.add('too-many-urls');
      return draft;
    }
    this.#urls.set(draft.url, draft);
    if (nesting < this.#limits.nestedUrls) {
      if (draft.query.length > 10) this.#addNested(draft.query, from, nesting + 1);
      if (draft.path.length > 12) this.#addFromPath(draft.path, from, nesting + 1);
    }
    return draft;
  }

  /** The link that a text stands for: one that is known already, or a new one. */
  #makeDraft(written: string, from: UrlView['from']): Draft | undefined {
    const { urlChars } = this.#limits;
    const isTooLong = written.length > urlChars;
    const parsed = parseUrl(isTooLong ? written.slice(0, urlChars) : written);
    if (!parsed) return undefined;
    const known = this.#urls.get(parsed.url);
    if (known) return known;
    const { url, host, domain, path, query, flags } = parsed;
    if (isTooLong) {
      this.#defects.add('url-too-long');
      flags.push('truncated');
    }
    return {
      url,
      host,
      domain,
      path,
      query,
      from,
      visibleText: undefined,
      displayed: undefined,
      redirectsTo: undefined,
      flags,
    };
  }

  /** A link in the path of a link: `https://redirector.example/https://target.example/`, as it is or escaped. */
  #addFromPath(path: string, from: UrlView['from'], nesting: number): void {
    if (!/https?(?::|%3a)/i.test(path)) return;
    // Some proxies and browsers make one slash of two.
    const match = /https?:[/\\]{1,3}[^\s<>"]{4,}/i.exec(percentDecode(path));
    if (match) this.#addUrl(match[0], from, ['query'], undefined, nesting);
  }

  /** Links in the query of a link, as redirectors have them. */
  #addNested(query: string, from: UrlView['from'], nesting: number): void {
    for (const pair of query.split('&', 64)) {
      const value = percentDecode(pair.slice(pair.indexOf('=') + 1));
      const match = /https?:[/\\]{2}[^\s<>"]{4,}/i.exec(value);
      if (match) this.#addUrl(match[0], from, ['query'], undefined, nesting);
    }
  }
}

/** Remembers the link that people see, when it leads to somebody else than the link itself. */
function noteDisplayed(draft: Draft, visible: string): void {
  const shown = parseUrl(/^\S+/.exec(visible)![0]);
  if (!shown || shown.domain === draft.domain || shown.flags.includes('no_tld')) return;
  draft.displayed = shown;
  addFlag(draft.flags, 'phished');
}

/** Addresses of a mailto link (RFC 6068 2): those of its path and of its `to`, `cc` and `bcc` fields. */
function mailtoAddresses(target: string): string[] {
  const question = target.indexOf('?');
  const lists = [target.slice(7, question < 0 ? undefined : question)];
  if (question >= 0) {
    for (const field of target.slice(question + 1).split('&', 16)) {
      if (/^(?:to|cc|bcc)=/i.test(field)) lists.push(field.slice(field.indexOf('=') + 1));
    }
  }
  return lists.flatMap((list) =>
    list
      .split(',', 100)
      .map((address) => percentDecode(address).trim())
      .filter((address) => /^[^\s<>@]{1,64}@[^\s<>@]{1,253}$/.test(address)),
  );
}

function looksLikeUrl(text: string): boolean {
  return /^(?:https?:\/\/|www\.)\S|^[\w-]+(?:\.[\w-]+)*\.[a-z]{2,24}(?:[/?#:]\S*)?$/i.test(text);
}
