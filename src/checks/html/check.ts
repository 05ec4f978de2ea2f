import { z } from 'zod';
import {
  type CheckUnit,
  defineCheck,
  type HtmlStructure,
  type InsertHit,
  type Task,
} from '../../core/index.ts';
import { linksToAddress, saysOtherScheme } from './anchors.ts';

const symbols = {
  MIME_HTML_ONLY: {
    score: 0.2,
    description: 'There is no text beside the HTML',
    groups: ['headers'],
  },
  HTML_SHORT_LINK_IMG_1: {
    score: 2,
    description: 'Short HTML (less than 1 KiB of text) with a linked image',
  },
  HTML_SHORT_LINK_IMG_2: { score: 1, description: 'Short HTML (1 to 1.5 KiB of text) with a linked image' },
  HTML_SHORT_LINK_IMG_3: { score: 0.5, description: 'Short HTML (1.5 to 2 KiB of text) with a linked image' },
  R_EMPTY_IMAGE: { score: 2, description: 'HTML with nothing but an image' },
  R_SUSPICIOUS_IMAGES: { score: 5, description: 'HTML with more of linked images than of words' },
  R_WHITE_ON_WHITE: { score: 4, description: 'Text of the colour of what is behind it' },
  MANY_INVISIBLE_PARTS: { score: 1, description: 'Many parts of HTML that readers do not see' },
  ZERO_FONT: { score: 1, description: 'Text in letters of no size' },
  EXT_CSS: { score: 1, description: 'HTML refers to a style sheet somewhere else' },
  HTTP_TO_HTTPS: { score: 0.5, description: 'A link shows https and leads to http' },
  HTTP_TO_IP: { score: 1, description: 'A link leads to an address' },
} as const;
type Sym = keyof typeof symbols;

/** Images are like words: one for so many pixels of height and width together. */
const pixelsAWord = 100;
const maxImagePixels = 3_000;
/** Weights of 1 to 10 invisible elements. */
const invisibleWeights = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1] as const;
/** Weights of 1 to 5 elements without size; up to 10 count as the last. */
const zeroFontWeights = [0.1, 0.2, 0.2, 0.3, 0.5] as const;
const manyZeroFonts = 10;
const leastConcealedShare = 0.1;

interface HtmlPart {
  readonly structure: HtmlStructure;
  /** The text of the part, hidden text included. */
  readonly text: string;
}

function* htmlParts(task: Task): Generator<HtmlPart> {
  for (const view of task.content.texts) {
    const structure = view.kind === 'html' ? task.content.htmlStructure(view) : undefined;
    if (structure) yield { structure, text: view.text };
  }
}

type Rule = (task: Task, hit: InsertHit<Sym>) => void;

const onlyHtml: Rule = ({ content: { texts } }, hit) => {
  if (texts.length > 0 && texts.every(({ kind }) => kind === 'html')) hit('MIME_HTML_ONLY');
};

/** A linked embedded image of some size, and text of so many bytes. */
function shortWithLinkedImage(symbol: Sym, least: number, below: number): Rule {
  return (task, hit) => {
    for (const { structure, text } of htmlParts(task)) {
      const { length } = text;
      // A character is at most four bytes, and at least one.
      if (length >= below || length * 4 < least) continue;
      const bytes = Buffer.byteLength(text);
      if (bytes < least || bytes >= below) continue;
      const isFound = structure.images.some(
        (image) => image.isLinked && image.source === 'embedded' && pixels(image) >= 210,
      );
      if (isFound) return hit(symbol);
    }
  };
}

function pixels({ width = 0, height = 0 }: HtmlStructure['images'][number]): number {
  return width + height;
}

const emptyWithImage: Rule = (task, hit) => {
  for (const { structure, text } of htmlParts(task)) {
    if (Buffer.byteLength(text.slice(0, 50)) >= 50) continue;
    if (structure.images.some((image) => !image.isLinked && pixels(image) >= 400))
      return hit('R_EMPTY_IMAGE');
  }
};

const moreImagesThanWords: Rule = (task, hit) => {
  for (const { structure, text } of htmlParts(task)) {
    let imageWords = 0;
    for (const image of structure.images) {
      const size = pixels(image);
      if (image.isLinked && size > pixelsAWord && size < maxImagePixels) imageWords += size / pixelsAWord;
    }
    if (imageWords === 0) continue;
    const share = imageWords / (imageWords + countWords(text));
    if (share > 0.5) return hit('R_SUSPICIOUS_IMAGES', (share - 0.5) * 2);
  }
};

function countWords(text: string): number {
  let words = 0;
  let isInside = false;
  for (let i = 0; i < text.length; i++) {
    const isBlank = text.charCodeAt(i) <= 0x20;
    if (!isBlank && !isInside) words++;
    isInside = !isBlank;
  }
  return words;
}

const concealed: Rule = (task, hit) => {
  let total = 0;
  let sameColour = 0;
  let invisible = 0;
  let zeroFonts = 0;
  for (const { structure } of htmlParts(task)) {
    total += structure.characters.total;
    sameColour += structure.characters.sameColour;
    invisible += structure.invisibleElements;
    zeroFonts += structure.zeroFontElements;
  }
  const share = total === 0 ? 0 : sameColour / total;
  if (share > leastConcealedShare) hit('R_WHITE_ON_WHITE', Math.min(share, 0.5) * 2, share.toFixed(2));
  if (invisible > 0) {
    const index = Math.min(invisible, invisibleWeights.length) - 1;
    hit('MANY_INVISIBLE_PARTS', invisibleWeights[index]!, String(invisible));
  }
  if (zeroFonts > 0) {
    const index = Math.min(zeroFonts, zeroFontWeights.length) - 1;
    hit('ZERO_FONT', zeroFonts > manyZeroFonts ? 1 : zeroFontWeights[index]!, String(zeroFonts));
  }
};

const externalStyles: Rule = (task, hit) => {
  for (const { structure } of htmlParts(task))
    if (structure.styleSheets.some((href) => /\.css$/i.test(href))) return hit('EXT_CSS');
};

function anyAnchor(symbol: Sym, holds: (anchor: HtmlStructure['anchors'][number]) => boolean): Rule {
  return (task, hit) => {
    for (const { structure } of htmlParts(task)) if (structure.anchors.some(holds)) return hit(symbol);
  };
}

const rules: Readonly<Partial<Record<Sym, Rule>>> = {
  MIME_HTML_ONLY: onlyHtml,
  HTML_SHORT_LINK_IMG_1: shortWithLinkedImage('HTML_SHORT_LINK_IMG_1', 0, 1_024),
  HTML_SHORT_LINK_IMG_2: shortWithLinkedImage('HTML_SHORT_LINK_IMG_2', 1_024, 1_536),
  HTML_SHORT_LINK_IMG_3: shortWithLinkedImage('HTML_SHORT_LINK_IMG_3', 1_536, 2_048),
  R_EMPTY_IMAGE: emptyWithImage,
  R_SUSPICIOUS_IMAGES: moreImagesThanWords,
  EXT_CSS: externalStyles,
  HTTP_TO_HTTPS: anyAnchor('HTTP_TO_HTTPS', saysOtherScheme),
  HTTP_TO_IP: anyAnchor('HTTP_TO_IP', linksToAddress),
};

export const html = defineCheck({
  name: 'html',
  summary:
    'Finds tricks of HTML: text that readers do not see, images in place of text, links that say other things.',
  details: [
    'Rspamd has these rules without a section of their own; settings switch each by its symbol, or the three about concealed',
    'text together as R_WHITE_ON_WHITE.',
    '',
    'What readers see is told by attributes, by styles of elements, and by rules of `<style>` for elements, classes and ids;',
    'style sheets elsewhere are not fetched. Text on an image or on a background that only other rules could tell is taken for',
    'visible. MANY_INVISIBLE_PARTS counts elements with text that is not displayed, not visible, without opacity or of the',
    'colour behind it.',
    '',
    'Sizes of images are those that the HTML tells. Sizes of HTML are bytes of its text.',
  ].join('\n'),
  group: 'html',
  stage: 'filter',
  direction: 'both',
  needs: ['text'],
  config: z.strictObject({}),
  symbols,
  create() {
    const units = Object.entries(rules).map(
      ([name, run]): CheckUnit<Sym> => ({ name, symbols: [name as Sym], run }),
    );
    return [
      ...units,
      {
        name: 'R_WHITE_ON_WHITE',
        symbols: ['R_WHITE_ON_WHITE', 'MANY_INVISIBLE_PARTS', 'ZERO_FONT'],
        run: concealed,
      },
    ];
  },
});
