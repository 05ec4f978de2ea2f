import type {
  ContentViews,
  Defect,
  FileView,
  HtmlImage,
  HtmlStructure,
  MailAddress,
  Message,
  Part,
  TextSections,
  TextView,
  TextWords,
  UrlView,
} from '../core/index.ts';
import { fileViews } from '../files/index.ts';
import { type HtmlView, readHtml } from './html.ts';
import { readHtmlStructure } from './html-structure.ts';
import { languageOf } from './language.ts';
import { type ContentLimits, contentLimits } from './limits.ts';
import { contentIdOf, isFilePart, isPage, mayBePage, scriptLinks, textOfPage } from './pages.ts';
import { splitSections } from './sections.ts';
import { UrlCollector } from './urls.ts';
import { readWords } from './words.ts';

interface ReadPart {
  readonly view: TextView;
  /** Text of the part as it was read, and links, for HTML. */
  readonly html: { readonly source: string; readonly view: HtmlView } | undefined;
}

const htmlTypes: ReadonlySet<string> = new Set(['text/html', 'text/x-amp-html', 'text/watch-html']);

const noWords = readWords('', 0, 0);

class MessageContent implements ContentViews {
  readonly #message: Message;
  readonly #limits: ContentLimits;
  readonly #defects: Defect[] = [];
  #read: readonly ReadPart[] | undefined;
  #pages: readonly ReadPart[] | undefined;
  #texts: readonly TextView[] | undefined;
  #collector: UrlCollector | undefined;
  readonly #urlChars = new Map<TextView, number>();
  readonly #sections = new Map<TextView, TextSections>();
  readonly #languages = new Map<TextView, string | undefined>();
  #words: ReadonlyMap<TextView, TextWords> | undefined;
  readonly #structures = new Map<TextView, HtmlStructure>();
  #attachments: readonly Part[] | undefined;
  #files: ((part: Part) => FileView) | undefined;

  constructor(message: Message, limits: ContentLimits) {
    this.#message = message;
    this.#limits = limits;
  }

  get texts(): readonly TextView[] {
    return (this.#texts ??= this.#readParts().map((part) => part.view));
  }

  get urls(): readonly UrlView[] {
    return this.#collect().urls;
  }

  get linkCount(): number {
    return this.#collect().linkCount;
  }

  sections(text: TextView): TextSections {
    let sections = this.#sections.get(text);
    if (!sections) {
      sections = splitSections(text.text);
      this.#sections.set(text, sections);
    }
    return sections;
  }

  language(text: TextView): string | undefined {
    if (!this.#languages.has(text))
      this.#languages.set(text, languageOf(this.sections(text).own) ?? languageOf(text.text));
    return this.#languages.get(text);
  }

  words(text: TextView): TextWords {
    return (this.#words ??= this.#readWords()).get(text) ?? noWords;
  }

  #readWords(): ReadonlyMap<TextView, TextWords> {
    const read = new Map<TextView, TextWords>();
    let left = this.#limits.words;
    for (const view of this.texts) {
      const words = readWords(view.text, this.#limits.urlChars, left);
      left -= words.raw.length;
      if (words.isCut && !this.#defects.some(({ kind }) => kind === 'too-many-words'))
        this.#defects.push({ kind: 'too-many-words', offset: view.part.bodyStart });
      read.set(view, words);
    }
    return read;
  }

  htmlStructure(text: TextView): HtmlStructure | undefined {
    const known = this.#structures.get(text);
    if (known || text.kind !== 'html') return known;
    const isText = ({ view }: ReadPart): boolean => view === text;
    const html = (this.#readParts().find(isText) ?? this.#readPages().find(isText))?.html;
    if (!html) return undefined;
    const structure = this.#sized(readHtmlStructure(html.source, this.#limits));
    if (structure.isCut) this.#defects.push({ kind: 'html-too-large', offset: text.part.bodyStart });
    this.#structures.set(text, structure);
    return structure;
  }

  urlChars(text: TextView): number {
    this.#collect();
    return this.#urlChars.get(text) ?? 0;
  }

  addUrl(
    written: string,
    {
      from,
      redirectedFrom,
    }: { readonly from: UrlView['from']; readonly redirectedFrom?: UrlView | undefined },
  ): UrlView | undefined {
    const collector = this.#collect();
    const before = collector.defects.size;
    const added = collector.add(written, from, redirectedFrom);
    if (collector.defects.size > before) this.#noteDefects(collector);
    return added;
  }

  get emails(): readonly MailAddress[] {
    return this.#collect().emails;
  }

  get attachments(): readonly Part[] {
    return (this.#attachments ??= this.#message.parts.filter(isListedAttachment));
  }

  file(part: Part): FileView {
    return (this.#files ??= fileViews())(part);
  }

  get pages(): readonly TextView[] {
    return this.#readPages().map((part) => part.view);
  }

  get defects(): readonly Defect[] {
    return this.#defects;
  }

  #readParts(): readonly ReadPart[] {
    if (this.#read) return this.#read;
    const read: ReadPart[] = [];
    let left = this.#limits.textChars;
    for (const part of this.#message.parts) {
      if (part.kind !== 'text' || part.isAttachment) continue;
      let text = part.text();
      if (text.length > left) {
        this.#defects.push({ kind: 'text-too-long', offset: part.bodyStart });
        text = text.slice(0, left);
      }
      left -= text.length;
      if (htmlTypes.has(part.contentType)) {
        const view = readHtml(text, this.#limits.urls);
        read.push({ view: { part, kind: 'html', text: view.text }, html: { source: text, view } });
      } else read.push({ view: { part, kind: 'plain', text }, html: undefined });
    }
    this.#read = read;
    return read;
  }

  /** Pages that are attached, whatever they are called and said to be. */
  #readPages(): readonly ReadPart[] {
    if (this.#pages) return this.#pages;
    const pages: ReadPart[] = [];
    let left = this.#limits.pageChars;
    for (const part of this.#message.parts) {
      if (!mayBePage(part) || !isPage(part, this.file(part))) continue;
      const text = textOfPage(part);
      if (text.length > left || pages.length >= this.#limits.pages)
        this.#defects.push({ kind: 'text-too-long', offset: part.bodyStart });
      const source = text.slice(0, left);
      left -= source.length;
      if (source === '' || pages.length >= this.#limits.pages) continue;
      const view = readHtml(source, this.#limits.urls);
      pages.push({ view: { part, kind: 'html', text: view.text }, html: { source, view } });
    }
    this.#pages = pages;
    return pages;
  }

  /** Gives embedded pictures without size that of their headers. */
  #sized(structure: HtmlStructure): HtmlStructure {
    const isSized = ({ width, height, contentId }: HtmlImage): boolean =>
      contentId === undefined || (width !== undefined && height !== undefined);
    if (structure.images.every(isSized)) return structure;
    return {
      ...structure,
      images: structure.images.map((image) => {
        if (isSized(image)) return image;
        const part = this.#message.parts.find((each) => contentIdOf(each) === image.contentId);
        const size = part && this.file(part).image;
        if (!size) return image;
        return {
          ...image,
          width: image.width ?? (size.width || undefined),
          height: image.height ?? (size.height || undefined),
        };
      }),
    };
  }

  #collectFiles(collector: UrlCollector): void {
    for (const { html, view } of this.#readPages()) {
      collector.addPage(html!.view);
      collector.addContent(scriptLinks(this.htmlStructure(view)?.scripts ?? []), 'attachment');
    }
    for (const part of this.#message.parts) {
      if (!isFilePart(part)) continue;
      const { pdf, office, image } = this.file(part);
      if (pdf) collector.addContent(pdf.links, 'pdf');
      if (office) collector.addContent(office.links, 'office');
      if (image) collector.addContent(image.links, 'image');
    }
  }

  #collect(): UrlCollector {
    if (this.#collector) return this.#collector;
    const collector = new UrlCollector(this.#limits);
    collector.addText(this.#message.subject, 'subject', ['subject']);
    for (const { view, html } of this.#readParts()) {
      this.#urlChars.set(
        view,
        html ? collector.addHtml(html.view) : collector.addText(view.text, 'text', ['text']),
      );
    }
    for (const part of this.#message.parts) {
      if (part.kind === 'calendar') collector.addText(part.text(), 'text', ['content']);
      else if (part.kind === 'other' && part.children.length === 0) {
        // Only what is meant as a link: many extensions are top-level domains, too.
        for (const { name } of this.file(part).archive?.members ?? [])
          if (/:\/\/|\bwww\./i.test(name)) collector.addText(name, 'text', ['content']);
      }
    }
    this.#collectFiles(collector);
    this.#noteDefects(collector);
    this.#collector = collector;
    return collector;
  }

  #noteDefects(collector: UrlCollector): void {
    for (const kind of collector.defects) {
      if (!this.#defects.some((defect) => defect.kind === kind)) this.#defects.push({ kind, offset: -1 });
    }
  }
}

/** Would a person call this an attachment: a leaf or a forwarded message that has a name or is no text. */
function isListedAttachment(part: Part): boolean {
  if (part.kind === 'multipart') return false;
  return part.isAttachment || part.fileName !== undefined || part.kind !== 'text';
}

/**
 * The views of a message's content. Nothing is read before it is asked for, and everything is remembered.
 *
 * @param message a parsed message
 * @param limits bounds of the work. Default {@link contentLimits}.
 */
export function contentViews(message: Message, limits: ContentLimits = contentLimits): ContentViews {
  return new MessageContent(message, limits);
}
