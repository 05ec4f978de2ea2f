import type { TextWords } from '../core/index.ts';
import { skeleton } from './confusables.ts';
import { domainInfo } from './domain.ts';
import { scanText } from './scan.ts';
import { normalise, splitWords } from './split-words.ts';
import { stemWords } from './stems.ts';
import { parseUrl } from './url.ts';

/** The site that a link or an address belongs to. */
function siteOf(written: string, kind: 'url' | 'email'): string {
  if (kind === 'email') return domainInfo(written.slice(written.lastIndexOf('@') + 1).toLowerCase()).domain;
  return parseUrl(written)?.domain ?? '';
}

/** What a word looks like, without what is no letter or digit. */
function lookOf(word: string): string {
  return normalise(skeleton(word));
}

class Words implements TextWords {
  readonly raw: readonly string[];
  readonly sites: ReadonlySet<number>;
  readonly isCut: boolean;
  readonly #given: string | undefined;
  #normal: readonly string[] | undefined;
  #stemmed: ReturnType<typeof stemWords> | undefined;
  #skeletons: readonly string[] | undefined;

  constructor(raw: readonly string[], sites: ReadonlySet<number>, isCut: boolean, language?: string) {
    this.raw = raw;
    this.#given = language;
    this.sites = sites;
    this.isCut = isCut;
  }

  get normal(): readonly string[] {
    return (this.#normal ??= this.#each(normalise));
  }

  get skeletons(): readonly string[] {
    return (this.#skeletons ??= this.#each(lookOf));
  }

  get stems(): readonly string[] {
    return this.#stem().stems;
  }

  get language(): string | undefined {
    return this.#stem().language;
  }

  /** Of sites nothing is changed. */
  #each(change: (word: string) => string): readonly string[] {
    const { sites } = this;
    if (sites.size === 0) return this.raw.map(change);
    return this.raw.map((word, index) => (sites.has(index) ? word : change(word)));
  }

  #stem(): ReturnType<typeof stemWords> {
    if (this.#stemmed) return this.#stemmed;
    if (this.sites.size === 0) return (this.#stemmed = stemWords(this.normal, this.#given));
    const words = this.normal.filter((_, index) => !this.sites.has(index));
    const { language, stems } = stemWords(words);
    let next = 0;
    return (this.#stemmed = {
      language,
      stems: this.raw.map((word, index) => (this.sites.has(index) ? word : stems[next++]!)),
    });
  }
}

/**
 * Words of a short text, such as a subject: links in it are words like others.
 *
 * @param language its language (ISO 639-1), where the words are too few to tell
 */
export function wordsOf(text: string, maxWords: number, language?: string): TextWords {
  return new Words(splitWords(text, maxWords), new Set(), false, language);
}

/**
 * The words of a running text. A link or an address is one word, its site.
 *
 * @param maxUrlChars a link is read no further
 * @param maxWords further ones are left out
 */
export function readWords(text: string, maxUrlChars: number, maxWords: number): TextWords {
  const raw: string[] = [];
  const sites = new Set<number>();
  let from = 0;
  let isCut = false;
  const takeUntil = (end: number): void => {
    if (from === end) return;
    const piece = from === 0 && end === text.length ? text : text.slice(from, end);
    // One more than wanted tells that there are more.
    for (const word of splitWords(piece, maxWords - raw.length + 1)) raw.push(word);
    isCut = raw.length > maxWords;
  };
  scanText(text, maxUrlChars, ({ kind, start, end }) => {
    takeUntil(start);
    isCut ||= raw.length >= maxWords;
    if (isCut) return 'stop';
    sites.add(raw.length);
    raw.push(siteOf(text.slice(start, end), kind));
    from = end;
    return 'go';
  });
  if (!isCut) takeUntil(text.length);
  if (raw.length > maxWords) raw.length = maxWords;
  return new Words(raw, sites, isCut);
}
