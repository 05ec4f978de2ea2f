import { decodeHTML, decodeHTMLAttribute } from 'entities';
import type {
  Concealment,
  HtmlAnchor,
  HtmlForm,
  HtmlImage,
  HtmlStructure,
  ImageView,
} from '../core/index.ts';
import { readImage } from '../files/index.ts';
import { type Colour, parseColour, parsePixels, readDeclarations, type Style, StyleSheet } from './css.ts';
import { HtmlTokenizer } from './html-tokenizer.ts';
import type { ContentLimits } from './limits.ts';

/** What an element shows its children, computed from its own style and its parent's. */
interface Context {
  readonly colour: Colour;
  readonly background: Colour | 'unknown';
  /** Did the message itself say both? */
  readonly isColoured: boolean;
  readonly fontSize: number;
  readonly isVisible: boolean;
  /** Hidden by an element around it, whatever stands inside. */
  readonly buried: 'hidden' | 'offScreen' | undefined;
}

interface OpenElement {
  readonly name: string;
  readonly context: Context;
  isInvisibleCounted: boolean;
  isZeroCounted: boolean;
}

const black: Colour = { red: 0, green: 0, blue: 0, alpha: 1 };
const white: Colour = { red: 255, green: 255, blue: 255, alpha: 1 };
const linkBlue: Colour = { red: 0, green: 0, blue: 238, alpha: 1 };
const rootContext: Context = {
  colour: black,
  background: white,
  isColoured: false,
  fontSize: 16,
  isVisible: true,
  buried: undefined,
};

const voidElements: ReadonlySet<string> = new Set(
  'area base br col embed hr img input link meta param source track wbr'.split(' '),
);
/** Elements whose end tag may be left out, with what ends when they begin (HTML 13.1.2.4). */
const impliedEnds: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({
    p: 'p',
    li: 'li',
    dt: 'dt dd',
    dd: 'dt dd',
    option: 'option',
    td: 'td th',
    th: 'td th',
    tr: 'td th tr',
    tbody: 'td th tr thead tbody',
    thead: 'td th tr thead tbody',
    tfoot: 'td th tr thead tbody',
  }).map(([name, ends]) => [name, new Set(ends.split(' '))]),
);
const optionalEnds: ReadonlySet<string> = new Set([...impliedEnds.keys(), 'tfoot', 'html', 'head', 'body']);

/** Attributes that are read, of any element. */
const readAttributes: ReadonlySet<string> = new Set(
  'style class id href src action type width height hidden color bgcolor background size text rel http-equiv content'.split(
    ' ',
  ),
);

const maxAttributeLength = 8_192;
const maxTinyPixels = 2;
const farAwayPixels = -400;
const leastOpacity = 0.06;
/** Levels that one channel of two colours may be apart for people not to see it. */
const colourTolerance = 16;
const maxAnchorText = 512;
const maxListed = 1_000;
const maxInlineStyles = 256;
const maxConcealedText = 65_536;
const maxScriptChars = 262_144;
/** Open elements that an end tag looks through for its start. */
const maxLookBack = 64;

/** White space that is not one blank. */
const uneven = /[^\S ]|\s\s/;

/** By the length of a name, which letters it may begin with: most attributes are told apart without a copy. */
const firstLetters = new Uint32Array(11);
for (const name of readAttributes) firstLetters[name.length]! |= 1 << (name.charCodeAt(0) & 31);

class StructureReader extends HtmlTokenizer {
  readonly #limits: ContentLimits;
  readonly #sheet = new StyleSheet();
  readonly #inlineStyles = new Map<string, Style>();
  readonly #open: OpenElement[] = [];
  readonly #attributes = new Map<string, string>();
  #buried = 0;
  #elements = 0;
  #styleChars = 0;
  #visible = '';
  #isSeparate = true;
  #concealed = '';
  readonly #characters = { total: 0, hidden: 0, tiny: 0, sameColour: 0, offScreen: 0 };
  #invisibleElements = 0;
  #zeroFontElements = 0;
  readonly #anchors: { target: string; text: string; hasImage: boolean }[] = [];
  #anchor: { target: string; text: string; hasImage: boolean } | undefined;
  readonly #images: HtmlImage[] = [];
  readonly #forms: { action: string; fields: number; passwords: number }[] = [];
  #form: { action: string; fields: number; passwords: number } | undefined;
  readonly #scripts: string[] = [];
  #scriptChars = 0;
  #scriptAttributes = 0;
  readonly #styleSheets: string[] = [];
  readonly #dataTypes: string[] = [];
  #refresh: string | undefined;
  #unbalanced = 0;
  #isCut = false;

  constructor(html: string, limits: ContentLimits) {
    super(html);
    this.#limits = limits;
  }

  read(): HtmlStructure {
    this.tokenize();
    for (const { name } of this.#open) if (!optionalEnds.has(name)) this.#unbalanced++;
    return {
      elements: this.#elements,
      visibleText: this.#visible.trim(),
      concealedText: this.#concealed.trim(),
      characters: this.#characters,
      invisibleElements: this.#invisibleElements,
      zeroFontElements: this.#zeroFontElements,
      anchors: this.#anchors as readonly HtmlAnchor[],
      images: this.#images,
      forms: this.#forms as readonly HtmlForm[],
      scripts: this.#scripts,
      scriptAttributes: this.#scriptAttributes,
      styleSheets: this.#styleSheets,
      refresh: this.#refresh,
      dataTypes: this.#dataTypes,
      unbalancedTags: this.#unbalanced,
      isCut: this.#isCut || this.#sheet.isCut,
    };
  }

  get #context(): Context {
    return this.#open.at(-1)?.context ?? rootContext;
  }

  protected onText(start: number, end: number): void {
    let text = this.html.slice(start, end);
    if (text.includes('&')) text = decodeHTML(text);
    if (uneven.test(text)) text = text.replace(/\s+/g, ' ');
    if (this.#anchor && this.#anchor.text.length < maxAnchorText)
      this.#anchor.text = (this.#anchor.text + text).slice(0, maxAnchorText);
    const { length } = text.trim();
    if (length === 0) {
      this.#separate();
      return;
    }
    const context = this.#context;
    this.#characters.total += length;
    const concealment = concealmentOf(context, this.#sheet.hasOtherBackgrounds);
    if (concealment === undefined) {
      this.#visible += text;
      this.#isSeparate = text.endsWith(' ');
    } else {
      this.#characters[concealment] += length;
      if (this.#concealed.length < maxConcealedText)
        this.#concealed += `${text.slice(0, maxConcealedText - this.#concealed.length)} `;
    }
    const element = this.#open.at(-1);
    if (!element) return;
    if ((concealment === 'hidden' || concealment === 'sameColour') && !element.isInvisibleCounted) {
      element.isInvisibleCounted = true;
      this.#invisibleElements++;
    }
    if (context.fontSize === 0 && !element.isZeroCounted) {
      element.isZeroCounted = true;
      this.#zeroFontElements++;
    }
  }

  #separate(): void {
    if (this.#isSeparate) return;
    this.#visible += ' ';
    this.#isSeparate = true;
  }

  protected startTag(): 'wanted' | 'unused' {
    this.#attributes.clear();
    return 'wanted';
  }

  protected onAttribute(nameStart: number, nameEnd: number, valueStart: number, valueEnd: number): void {
    if (nameEnd - nameStart > 2 && isEventHandler(this.html, nameStart)) this.#scriptAttributes++;
    const letters = firstLetters[nameEnd - nameStart];
    if (letters === undefined || (letters & (1 << (this.html.charCodeAt(nameStart) & 31))) === 0) return;
    const name = this.html.slice(nameStart, nameEnd).toLowerCase();
    // The first of two attributes of a name counts (HTML 13.2.5.33).
    if (!readAttributes.has(name) || this.#attributes.has(name)) return;
    const value = this.html.slice(valueStart, Math.min(valueEnd, valueStart + maxAttributeLength));
    this.#attributes.set(name, value.includes('&') ? decodeHTMLAttribute(value) : value);
  }

  protected onStartTag(name: string): void {
    if (++this.#elements > this.#limits.htmlElements) {
      this.#isCut = true;
      this.stop();
      return;
    }
    const ends = impliedEnds.get(name);
    if (ends) while (this.#open.length > 0 && ends.has(this.#open.at(-1)!.name)) this.#open.pop();
    const style = this.#styleOf(name);
    this.#noteElement(name, style);
    // Words in two blocks or cells are two words.
    if (!inlineElements.has(name)) this.#separate();
    if (voidElements.has(name)) return;
    if (this.#open.length >= this.#limits.htmlDepth) {
      this.#isCut = true;
      this.#buried++;
      return;
    }
    this.#open.push({
      name,
      context: this.#contextOf(name, style),
      isInvisibleCounted: false,
      isZeroCounted: false,
    });
  }

  protected onEndTag(name: string): void {
    if (name === 'a') this.#anchor = undefined;
    if (name === 'form') this.#form = undefined;
    if (voidElements.has(name)) return;
    if (this.#buried > 0) {
      this.#buried--;
      return;
    }
    if (!inlineElements.has(name)) this.#separate();
    const least = Math.max(0, this.#open.length - maxLookBack);
    for (let i = this.#open.length - 1; i >= least; i--) {
      if (this.#open[i]!.name !== name) continue;
      for (const left of this.#open.splice(i).slice(1)) if (!optionalEnds.has(left.name)) this.#unbalanced++;
      return;
    }
    this.#unbalanced++;
  }

  protected onRawText(name: string, start: number, end: number): void {
    if (name === 'script') this.#noteScript(start, end);
    if (name !== 'style') return;
    const left = this.#limits.htmlStyleChars - this.#styleChars;
    if (end - start > left) this.#isCut = true;
    this.#sheet.add(this.html.slice(start, Math.min(end, start + left)));
    this.#styleChars += Math.min(left, end - start);
  }

  #noteScript(start: number, end: number): void {
    const left = maxScriptChars - this.#scriptChars;
    if (end - start > left || this.#scripts.length >= maxListed) this.#isCut = true;
    if (this.#scripts.length >= maxListed) return;
    this.#scripts.push(this.html.slice(start, Math.min(end, start + left)).trim());
    this.#scriptChars += Math.min(left, end - start);
  }

  #styleOf(name: string): Style | undefined {
    const attributes = this.#attributes;
    if (attributes.size === 0 && this.#sheet.isEmpty) return undefined;
    const style: Style = {};
    const colour = attributes.get('color') ?? (name === 'body' ? attributes.get('text') : undefined);
    if (colour !== undefined) style.colour = parseColour(colour);
    const background = attributes.get('bgcolor');
    if (background !== undefined) style.background = parseColour(background) ?? 'unknown';
    if (attributes.has('background')) style.background = 'unknown';
    if (attributes.has('hidden')) style.isDisplayed = false;
    if (!this.#sheet.isEmpty)
      this.#sheet.apply(name, attributes.get('class') ?? '', attributes.get('id') ?? '', style);
    const inline = attributes.get('style');
    if (inline !== undefined) Object.assign(style, this.#inlineStyle(inline));
    return style;
  }

  /** Newsletters repeat the same few styles on every cell. */
  #inlineStyle(text: string): Style {
    let style = this.#inlineStyles.get(text);
    if (!style) {
      style = {};
      readDeclarations(text, style);
      if (this.#inlineStyles.size < maxInlineStyles) this.#inlineStyles.set(text, style);
    }
    return style;
  }

  #contextOf(name: string, style: Style | undefined): Context {
    const parent = this.#context;
    const isLink = name === 'a' && this.#attributes.has('href');
    if (!style && !isLink) return parent;
    const { colour, background, fontSize } = style ?? {};
    const isSolid = background !== undefined && (background === 'unknown' || background.alpha > 0.5);
    const size =
      fontSize === undefined
        ? parent.fontSize
        : fontSize.value * (fontSize.unit === 'parent' ? parent.fontSize : 1);
    return {
      colour: colour ?? (isLink ? linkBlue : parent.colour),
      background: isSolid ? background : parent.background,
      isColoured: parent.isColoured || (isSolid && background !== 'unknown'),
      fontSize: size,
      isVisible: style?.isVisible ?? parent.isVisible,
      buried: parent.buried ?? (style && burialOf(style)),
    };
  }

  #noteElement(name: string, style: Style | undefined): void {
    const attributes = this.#attributes;
    const target = attributes.get('href') ?? attributes.get('src');
    if (target !== undefined && /^\s*data:/i.test(target)) this.#noteData(target.trim());
    if (target !== undefined && /^\s*javascript:/i.test(target)) this.#scriptAttributes++;
    switch (name) {
      case 'a':
        this.#anchor = undefined;
        if (!attributes.has('href')) break;
        if (this.#anchors.length >= this.#limits.urls) {
          this.#isCut = true;
          break;
        }
        this.#anchor = { target: attributes.get('href')!.trim(), text: '', hasImage: false };
        this.#anchors.push(this.#anchor);
        break;
      case 'img':
        this.#noteImage(style);
        break;
      case 'form':
        this.#form = this.#addForm(attributes.get('action')?.trim() ?? '');
        break;
      case 'input':
        this.#noteField((attributes.get('type') ?? 'text').trim().toLowerCase());
        break;
      case 'textarea':
      case 'select':
        this.#noteField('text');
        break;
      case 'link':
        this.#noteStyleSheet();
        break;
      case 'meta':
        this.#noteMeta();
        break;
      default:
        break;
    }
  }

  #noteImage(style: Style | undefined): void {
    if (this.#anchor) this.#anchor.hasImage = true;
    if (this.#images.length >= maxListed) {
      this.#isCut = true;
      return;
    }
    const attributes = this.#attributes;
    const source = attributes.get('src') ?? '';
    const width = parsePixels(attributes.get('width') ?? '') ?? style?.width;
    const height = parsePixels(attributes.get('height') ?? '') ?? style?.height;
    const own = width === undefined || height === undefined ? sizeInSource(source) : undefined;
    this.#images.push({
      source: /^\s*(?:cid|data):/i.test(source) ? 'embedded' : 'external',
      contentId: /^\s*cid:(.{1,512}?)\s*$/i.exec(source)?.[1],
      width: width ?? own?.width,
      height: height ?? own?.height,
      isLinked: this.#anchor !== undefined,
    });
  }

  #addForm(action: string): { action: string; fields: number; passwords: number } | undefined {
    if (this.#forms.length >= maxListed) {
      this.#isCut = true;
      return undefined;
    }
    const form = { action, fields: 0, passwords: 0 };
    this.#forms.push(form);
    return form;
  }

  #noteField(type: string): void {
    if (/^(?:hidden|submit|button|reset|image)$/.test(type)) return;
    this.#form ??= this.#addForm('');
    if (!this.#form) return;
    this.#form.fields++;
    if (type === 'password') this.#form.passwords++;
  }

  #noteStyleSheet(): void {
    const href = this.#attributes.get('href')?.trim();
    if (href === undefined || href === '') return;
    const isSheet =
      /\bstylesheet\b/i.test(this.#attributes.get('rel') ?? '') || /^[^?#]*\.css(?:[?#]|$)/i.test(href);
    if (isSheet && this.#styleSheets.length < maxListed) this.#styleSheets.push(href);
  }

  #noteMeta(): void {
    const attributes = this.#attributes;
    if (attributes.get('http-equiv')?.trim().toLowerCase() !== 'refresh') return;
    const content = attributes.get('content')?.slice(0, 2_048) ?? '';
    this.#refresh ??= /^[\s\d.]*[;,]\s*url\s*=\s*['"]?([^'"]+)/i.exec(content)?.[1]?.trim();
  }

  #noteData(target: string): void {
    if (this.#dataTypes.length >= maxListed) return;
    const comma = target.indexOf(',');
    this.#dataTypes.push(target.slice(5, comma < 0 ? 64 : Math.min(comma, 133)).toLowerCase());
  }
}

/** Size of a picture that stands in its URL: its header is among the first bytes. */
function sizeInSource(source: string): Pick<ImageView, 'width' | 'height'> | undefined {
  const [head = '', format = ''] = /^\s*data:image\/(png|gif|jpe?g|webp|bmp);base64,/i.exec(source) ?? [];
  if (head === '') return undefined;
  const extension = format.toLowerCase().replace('jpeg', 'jpg');
  return readImage(Buffer.from(source.slice(head.length), 'base64'), extension);
}

/** Attributes whose names begin with `on` are event handlers (HTML 8.1.8.1). */
function isEventHandler(html: string, nameStart: number): boolean {
  return (html.charCodeAt(nameStart) | 0x20) === 0x6f && (html.charCodeAt(nameStart + 1) | 0x20) === 0x6e;
}

const inlineElements: ReadonlySet<string> = new Set(
  'a abbr acronym b bdi bdo big cite code del dfn em font i ins kbd mark q s samp small span strike strong sub sup tt u var wbr'.split(
    ' ',
  ),
);

function burialOf(style: Style): 'hidden' | 'offScreen' | undefined {
  if (style.isDisplayed === false) return 'hidden';
  if (style.opacity !== undefined && style.opacity < leastOpacity) return 'hidden';
  if (style.isOverflowHidden && style.extent !== undefined && style.extent <= 1) return 'hidden';
  return style.shift !== undefined && style.shift <= farAwayPixels ? 'offScreen' : undefined;
}

function concealmentOf(context: Context, hasOtherBackgrounds: boolean): Concealment | undefined {
  if (context.buried) return context.buried;
  if (!context.isVisible) return 'hidden';
  if (context.fontSize <= maxTinyPixels) return 'tiny';
  const { colour, background } = context;
  if (colour.alpha < leastOpacity) return 'sameColour';
  if (background === 'unknown' || (hasOtherBackgrounds && !context.isColoured)) return undefined;
  return isNear(colour.red, background.red) &&
    isNear(colour.green, background.green) &&
    isNear(colour.blue, background.blue)
    ? 'sameColour'
    : undefined;
}

function isNear(a: number, b: number): boolean {
  return Math.abs(a - b) <= colourTolerance;
}

/**
 * Reads how HTML is built and what of its text readers see, in one pass and linear time. Styles are those of attributes
 * and of `<style>` as far as selectors are simple; nothing is fetched.
 *
 * @param html decoded text of the part
 * @param limits bounds; what lies beyond is left out, and `isCut` says so
 */
export function readHtmlStructure(html: string, limits: ContentLimits): HtmlStructure {
  return new StructureReader(html, limits).read();
}
