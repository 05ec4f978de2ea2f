// As much of CSS as tells whether text can be seen (CSS 2.2, CSS Color 4). Linear in the length of what is read.

/** Colour and how much of it covers what is behind. */
export interface Colour {
  readonly red: number;
  readonly green: number;
  readonly blue: number;
  /** 0: transparent, 1: solid. */
  readonly alpha: number;
}

/** What the declarations of one element say; undefined: nothing. */
export interface Style {
  colour?: Colour | undefined;
  /** `unknown`: an image or something we cannot read. */
  background?: Colour | 'unknown' | undefined;
  fontSize?: Length | undefined;
  isDisplayed?: boolean | undefined;
  isVisible?: boolean | undefined;
  opacity?: number | undefined;
  isPositioned?: boolean | undefined;
  isOverflowHidden?: boolean | undefined;
  /** The least of `left`, `top`, margins and `text-indent`, in pixels. */
  shift?: number | undefined;
  /** The least of height, width and their maxima, in pixels. */
  extent?: number | undefined;
  width?: number | undefined;
  height?: number | undefined;
}

/** A size in pixels, or in parts of the parent's. */
export interface Length {
  readonly value: number;
  readonly unit: 'px' | 'parent';
}

const names: Readonly<Record<string, string>> = {
  black: '000000',
  white: 'ffffff',
  red: 'ff0000',
  lime: '00ff00',
  green: '008000',
  blue: '0000ff',
  navy: '000080',
  yellow: 'ffff00',
  orange: 'ffa500',
  purple: '800080',
  maroon: '800000',
  olive: '808000',
  teal: '008080',
  aqua: '00ffff',
  cyan: '00ffff',
  fuchsia: 'ff00ff',
  magenta: 'ff00ff',
  silver: 'c0c0c0',
  gray: '808080',
  grey: '808080',
  lightgray: 'd3d3d3',
  lightgrey: 'd3d3d3',
  darkgray: 'a9a9a9',
  darkgrey: 'a9a9a9',
  whitesmoke: 'f5f5f5',
  snow: 'fffafa',
  ivory: 'fffff0',
  ghostwhite: 'f8f8ff',
  floralwhite: 'fffaf0',
  azure: 'f0ffff',
};

const rgbPattern = /^rgba?\(\s*([\d.]+%?)[\s,]+([\d.]+%?)[\s,]+([\d.]+%?)(?:[\s,/]+([\d.]+%?))?\s*\)/;

/** Reads a colour, also one without `#` as attributes have it; undefined for what is none we know. */
export function parseColour(text: string): Colour | undefined {
  const value = text.trim().toLowerCase();
  if (value === 'transparent') return { red: 0, green: 0, blue: 0, alpha: 0 };
  const hex = (Object.hasOwn(names, value) ? names[value]! : value).replace(/^#/, '');
  if (/^(?:[\da-f]{3,4}|[\da-f]{6}|[\da-f]{8})$/.test(hex)) {
    const size = hex.length <= 4 ? 1 : 2;
    const part = (index: number): number => {
      const digits = hex.slice(index * size, (index + 1) * size);
      return Number.parseInt(size === 1 ? digits + digits : digits, 16);
    };
    return {
      red: part(0),
      green: part(1),
      blue: part(2),
      alpha: hex.length === 4 || hex.length === 8 ? part(3) / 255 : 1,
    };
  }
  const match = rgbPattern.exec(value);
  if (!match) return undefined;
  const [red, green, blue] = [match[1]!, match[2]!, match[3]!].map((part) => amount(part, 255));
  return { red: red!, green: green!, blue: blue!, alpha: match[4] === undefined ? 1 : amount(match[4], 1) };
}

function amount(text: string, whole: number): number {
  const value = text.endsWith('%') ? (Number.parseFloat(text) / 100) * whole : Number.parseFloat(text);
  return Math.max(0, Math.min(whole, Number.isNaN(value) ? 0 : value));
}

const pixelsOf: Readonly<Record<string, number>> = {
  px: 1,
  pt: 4 / 3,
  pc: 16,
  in: 96,
  cm: 37.8,
  mm: 3.78,
  em: 16,
  rem: 16,
  ex: 8,
  ch: 8,
  vw: 10,
  vh: 8,
};

/** Pixels of a length; undefined for percentages and words. */
export function parsePixels(text: string): number | undefined {
  const match = /^\s*([+-]?(?:\d+\.?\d*|\.\d+))(px|pt|pc|in|cm|mm|em|rem|ex|ch|vw|vh)?\s*$/i.exec(text);
  return match ? Number(match[1]) * (pixelsOf[match[2]?.toLowerCase() ?? 'px'] ?? 1) : undefined;
}

function parseFontSize(text: string): Length | undefined {
  const match = /^\s*((?:\d+\.?\d*|\.\d+))(em|%)\s*$/i.exec(text);
  if (match) return { value: Number(match[1]) / (match[2] === '%' ? 100 : 1), unit: 'parent' };
  const value = parsePixels(text);
  if (value !== undefined) return { value, unit: 'px' };
  return /^\s*(?:xx?-|x?)?(?:small|large|medium)/i.test(text) ? { value: 16, unit: 'px' } : undefined;
}

/** Characters of one `style` attribute or rule that are read. */
const maxDeclarations = 8_192;

/** Adds what declarations say to a style; later ones win. */
export function readDeclarations(text: string, style: Style): void {
  const read = text.length > maxDeclarations ? text.slice(0, maxDeclarations) : text;
  for (const declaration of read.split(';')) {
    const colon = declaration.indexOf(':');
    if (colon < 0) continue;
    const value = declaration
      .slice(colon + 1)
      .replace(/!\s*important/i, '')
      .trim()
      .toLowerCase();
    if (value !== '') readDeclaration(declaration.slice(0, colon).trim().toLowerCase(), value, style);
  }
}

function readDeclaration(name: string, value: string, style: Style): void {
  switch (name) {
    case 'color': {
      const colour = parseColour(value);
      if (colour) style.colour = colour;
      break;
    }
    case 'background':
    case 'background-color':
    case 'background-image':
      readBackground(name, value, style);
      break;
    case 'font-size': {
      const size = parseFontSize(value);
      if (size) style.fontSize = size;
      break;
    }
    case 'font': {
      const size = /(?:^|\s)((?:\d+\.?\d*|\.\d+)(?:px|pt|em|rem|%)?)(?=[\s/]|$)/.exec(value.slice(0, 256));
      // The weight comes before the size, and is a bare number of hundreds.
      const length = size && !/^[1-9]00$/.test(size[1]!) ? parseFontSize(size[1]!) : undefined;
      if (length) style.fontSize = length;
      break;
    }
    case 'display':
      style.isDisplayed = value !== 'none';
      break;
    case 'visibility':
      style.isVisible = value !== 'hidden' && value !== 'collapse';
      break;
    case 'opacity':
      style.opacity = amount(value, 1);
      break;
    case 'position':
      style.isPositioned = value === 'absolute' || value === 'fixed' || value === 'relative';
      break;
    case 'overflow':
    case 'overflow-x':
    case 'overflow-y':
      style.isOverflowHidden = value === 'hidden' || value === 'clip';
      break;
    case 'left':
    case 'top':
    case 'text-indent':
    case 'margin-left':
    case 'margin-top': {
      const shift = parsePixels(value);
      const counts = name.startsWith('margin') || name === 'text-indent' || style.isPositioned !== false;
      if (shift !== undefined && counts) style.shift = Math.min(style.shift ?? 0, shift);
      break;
    }
    case 'width':
    case 'height':
    case 'max-width':
    case 'max-height': {
      const extent = parsePixels(value);
      if (extent === undefined) break;
      style.extent = Math.min(style.extent ?? extent, extent);
      if (name === 'width' || name === 'height') style[name] = extent;
      break;
    }
    default:
      break;
  }
}

function readBackground(name: string, value: string, style: Style): void {
  if (value.includes('url(') || value.includes('gradient(')) {
    style.background = 'unknown';
    return;
  }
  const colour = parseColour(value) ?? firstColour(value);
  if (colour) style.background = colour;
  else if (name === 'background') style.background = 'unknown';
}

function firstColour(value: string): Colour | undefined {
  for (const word of value.slice(0, 256).split(/\s+(?![^(]*\))/)) {
    const colour = parseColour(word);
    if (colour) return colour;
  }
  return undefined;
}

/** One rule with a simple selector: an element, a class, an id, or an element with one of them. */
interface SimpleRule {
  readonly element: string;
  readonly style: Style;
}

const maxRules = 2_000;
/** At-rules without a block, which stand before the others. */
const statements = /^(?:\s*@(?:import|charset|namespace)[^;]*;)+/i;
const simpleSelector = /^([a-z][a-z0-9]*|\*)?(?:([.#])([\w-]+))?$/i;

/** Rules of the style sheets inside a message whose selectors are simple. */
export class StyleSheet {
  readonly #rules = new Map<string, SimpleRule[]>();
  #count = 0;
  /** Are there rules about backgrounds that we cannot apply? */
  hasOtherBackgrounds = false;
  isCut = false;

  /** Adds the content of a `<style>`. Rules for certain media and those with other selectors are passed over. */
  add(text: string): void {
    const css = withoutComments(text);
    let at = 0;
    while (at < css.length) {
      const open = css.indexOf('{', at);
      if (open < 0) return;
      const selectors = css.slice(at, open).replace(statements, '');
      const isAtRule = /^\s*@/.test(selectors);
      const close = isAtRule ? blockEnd(css, open) : css.indexOf('}', open);
      const end = close < 0 ? css.length : close;
      const body = css.slice(open + 1, end);
      if (!isAtRule) this.#addRule(selectors, body);
      else if (/background/i.test(body)) this.hasOtherBackgrounds = true;
      at = end + 1;
    }
  }

  #addRule(selectors: string, body: string): void {
    const style: Style = {};
    readDeclarations(body, style);
    for (const written of selectors.split(',')) {
      const match = simpleSelector.exec(written.trim());
      if (!match || (match[1] === undefined && match[2] === undefined)) {
        if (style.background !== undefined) this.hasOtherBackgrounds = true;
        continue;
      }
      if (this.#count >= maxRules) {
        this.isCut = true;
        return;
      }
      this.#count++;
      const element = match[1] === '*' ? '' : (match[1] ?? '').toLowerCase();
      const key = match[2] === undefined ? element || '*' : match[2] + match[3]!;
      const rules = this.#rules.get(key);
      if (rules) rules.push({ element, style });
      else this.#rules.set(key, [{ element, style }]);
    }
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Adds what the rules say of an element, the more special ones last. */
  apply(element: string, classes: string, id: string, style: Style): void {
    this.#merge('*', element, style);
    this.#merge(element, element, style);
    if (classes !== '') for (const name of classes.split(/\s+/, 16)) this.#merge(`.${name}`, element, style);
    if (id !== '') this.#merge(`#${id}`, element, style);
  }

  #merge(key: string, element: string, style: Style): void {
    const rules = this.#rules.get(key);
    if (!rules) return;
    // Rules of one name that are more than a sheet can mean.
    for (const rule of rules.slice(-32))
      if (rule.element === '' || rule.element === element) Object.assign(style, rule.style);
  }
}

function withoutComments(text: string): string {
  let plain = '';
  let at = 0;
  for (;;) {
    const open = text.indexOf('/*', at);
    if (open < 0) break;
    plain += text.slice(at, open);
    const close = text.indexOf('*/', open + 2);
    at = close < 0 ? text.length : close + 2;
  }
  // Old mail programs wrap style sheets in HTML comments (CSS Syntax 3, CDO and CDC).
  return (plain + text.slice(at)).replaceAll('<!--', ' ').replaceAll('-->', ' ');
}

/** Where the block that opens here ends, nested ones included; -1 when it does not. */
function blockEnd(css: string, open: number): number {
  let depth = 0;
  for (let i = open; i < css.length; i++) {
    const code = css.charCodeAt(i);
    if (code === 0x7b) depth++;
    else if (code === 0x7d && --depth === 0) return i;
  }
  return -1;
}
