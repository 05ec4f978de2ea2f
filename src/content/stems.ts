import snowball from 'snowball-stemmers';
import * as stopwords from 'stopword';
import { normalise } from './split-words.ts';

interface Language {
  /** ISO 639-1. */
  readonly code: string;
  readonly algorithm: string;
  readonly stopWords: readonly string[];
}

/** Languages with a Snowball algorithm, as far as there are stop words to know them by. */
const languages: readonly Language[] = [
  { code: 'en', algorithm: 'english', stopWords: stopwords.eng },
  { code: 'de', algorithm: 'german', stopWords: stopwords.deu },
  { code: 'fr', algorithm: 'french', stopWords: stopwords.fra },
  { code: 'es', algorithm: 'spanish', stopWords: stopwords.spa },
  { code: 'it', algorithm: 'italian', stopWords: stopwords.ita },
  { code: 'pt', algorithm: 'portuguese', stopWords: stopwords.por },
  { code: 'nl', algorithm: 'dutch', stopWords: stopwords.nld },
  { code: 'sv', algorithm: 'swedish', stopWords: stopwords.swe },
  { code: 'no', algorithm: 'norwegian', stopWords: stopwords.nob },
  { code: 'da', algorithm: 'danish', stopWords: stopwords.dan },
  { code: 'fi', algorithm: 'finnish', stopWords: stopwords.fin },
  { code: 'hu', algorithm: 'hungarian', stopWords: stopwords.hun },
  { code: 'ro', algorithm: 'romanian', stopWords: stopwords.ron },
  { code: 'ru', algorithm: 'russian', stopWords: stopwords.rus },
  { code: 'tr', algorithm: 'turkish', stopWords: stopwords.tur },
];

/** Which languages have a stop word, a bit each. */
const stopMasks = new Map<string, number>();
for (const [index, { stopWords }] of languages.entries())
  for (const word of stopWords) {
    const form = normalise(word);
    if (form !== '') stopMasks.set(form, (stopMasks.get(form) ?? 0) | (1 << index));
  }

/** Words of one language whose stems are remembered: the same few thousand make up nearly all mail. */
const maxRemembered = 20_000;

class Stemmer {
  readonly #stemmer: ReturnType<typeof snowball.newStemmer>;
  readonly #known = new Map<string, string>();

  constructor(algorithm: string) {
    this.#stemmer = snowball.newStemmer(algorithm);
  }

  stem(word: string): string {
    const known = this.#known.get(word);
    if (known !== undefined) return known;
    const stem = this.#stemmer.stem(word);
    if (this.#known.size >= maxRemembered) this.#known.clear();
    this.#known.set(word, stem);
    return stem;
  }
}

const stemmers = new Map<string, Stemmer>();

function stemmerFor({ algorithm }: Language): Stemmer {
  let stemmer = stemmers.get(algorithm);
  if (!stemmer) stemmers.set(algorithm, (stemmer = new Stemmer(algorithm)));
  return stemmer;
}

/** The language that most stop words of a text belong to; undefined: too few do. */
function detect(words: readonly string[]): number | undefined {
  const counts = new Uint32Array(languages.length);
  for (const word of words) {
    const mask = stopMasks.get(word);
    if (mask === undefined) continue;
    for (let index = 0; index < counts.length; index++) if ((mask >> index) & 1) counts[index]!++;
  }
  let best = 0;
  for (let index = 1; index < counts.length; index++) if (counts[index]! > counts[best]!) best = index;
  return counts[best]! >= Math.max(2, words.length / 20) ? best : undefined;
}

/** Reduces words to stems of the language that most of their stop words belong to. */
export function stemWords(words: readonly string[]): {
  /** ISO 639-1; undefined: not known, and the words are as they were. */
  readonly language: string | undefined;
  /** As many as were given; '' for stop words. */
  readonly stems: readonly string[];
} {
  const found = detect(words);
  if (found === undefined) return { language: undefined, stems: words };
  const language = languages[found]!;
  const stemmer = stemmerFor(language);
  const isStopWord = (word: string): boolean => (((stopMasks.get(word) ?? 0) >> found) & 1) === 1;
  return {
    language: language.code,
    stems: words.map((word) => (isStopWord(word) ? '' : stemmer.stem(word))),
  };
}

/** Reduces every word to its stem, stop words too; a language without stems (or undefined) leaves them as they are. */
export function stemEvery(words: readonly string[], language: string | undefined): readonly string[] {
  const found = language === undefined ? undefined : languages.find(({ code }) => code === language);
  if (!found) return words;
  const stemmer = stemmerFor(found);
  return words.map((word) => stemmer.stem(word));
}
