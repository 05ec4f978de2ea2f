// Which language a text is in, by its script and by the small words that every text has. Own tables, for the languages
// that most mail is written in; good enough to choose words and rules by, no more.

export const functionWords: Readonly<Record<string, string>> = {
  en: 'the and of to in is that for you it with on this are be have not your from we will was our can if at',
  de: 'der die und das ist nicht sie ich ein zu den mit sich für auf von wir eine dem im ihr wird haben auch als bei',
  fr: 'le la les et des est une vous pour dans que qui nous sur pas avec votre ce par au sont plus cette du ou',
  es: 'el los las que una por con para su del se está como más pero sus le ya este si sobre al lo nuestro usted',
  it: 'il che di per una non sono con del della è gli nel alla più anche come questo si dei ha le tuo da vostro',
  pt: 'o os que uma não para com por mais como do da em se dos das ao você seu sua está na no foi ou',
  nl: 'de het een en van ik is dat niet je op te zijn met voor die u aan wij deze uw bij ook naar wordt',
  sv: 'och att det som en på är av för med till den inte har jag vi ett om du kan från din eller ska',
  da: 'og at det som en på er af for med til den ikke har jeg vi et om du kan fra din eller skal der',
  nb: 'og at det som en på er av for med til den ikke har jeg vi et om du kan fra din eller skal dere',
  fi: 'ja on ei että se hän oli mutta ovat kun niin voit tai jos sekä tämä olet mukaan sinun meidän kanssa',
  pl: 'i w nie na się z do jest to że jak o za dla po przez od są twoje oraz czy ale być może które',
  cs: 'a se v na je že s z do to i pro jako za o jsem ve po od by si jsou nebo ale bude pokud',
  hu: 'a az és hogy nem is egy ez van meg de csak már még ha vagy mint kell volt ön el ki lesz',
  ro: 'și în de la cu pe nu este un o care să din mai pentru sunt ce că dar au prin vă dumneavoastră',
  tr: 've bir bu için ile da de çok daha olarak ne gibi kadar var değil olan ama sonra en veya siz',
  ru: 'и в не на что с по это как для вы мы от из за все так но он если или ваш то было вам',
  uk: 'і в не на що з по це як для ви ми від із за все так але він якщо або ваш то було та є',
  bg: 'и в не на че с по това как за вие ние от до се да са но той ако или ваш то беше ви',
};

const languages = Object.keys(functionWords);
const languagesByWord = new Map<string, number[]>();
for (const [index, language] of languages.entries()) {
  for (const word of functionWords[language]!.split(' ')) {
    const known = languagesByWord.get(word);
    if (known) known.push(index);
    else languagesByWord.set(word, [index]);
  }
}

/** Scripts that tell the language at once, or nearly so. */
const scripts: readonly (readonly [string, RegExp])[] = [
  ['ja', /[\u3040-\u30ff]/g],
  ['zh', /[\u3400-\u4dbf\u4e00-\u9fff]/g],
  ['ko', /[\uac00-\ud7af]/g],
  ['th', /[\u0e01-\u0e5b]/g],
  ['ar', /[\u0620-\u064a\u0671-\u06d3]/g],
  ['he', /[\u05d0-\u05ea]/g],
  ['hi', /[\u0904-\u0939]/g],
  ['el', /[\u0370-\u03ff\u1f00-\u1fff]/g],
];

const maxChars = 16_384;
const maxWords = 2_000;
const leastHits = 3;
const leastShare = 0.08;
const letters = /\p{L}/gu;
const word = /\p{L}[\p{L}\p{M}]*/gu;

/**
 * The language of a text as ISO 639-1 says it; undefined when it has too few words or none of those we know. Reads the
 * first 16,384 characters.
 */
export function languageOf(text: string): string | undefined {
  const read = text.length > maxChars ? text.slice(0, maxChars) : text;
  return byScript(read) ?? byWords(read);
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

function byScript(text: string): string | undefined {
  if (!/[^\x00-\u024f]/.test(text)) return undefined;
  const half = count(text, letters) / 2;
  const found = new Map(scripts.map(([language, pattern]) => [language, count(text, pattern)]));
  const kana = found.get('ja')!;
  const han = found.get('zh')!;
  // Chinese has no kana at all, Japanese mixes both.
  if (kana + han > half) return kana * 10 > han ? 'ja' : 'zh';
  for (const [language, amount] of found) {
    if (amount <= half) continue;
    // Letters that Persian adds.
    return language === 'ar' && count(text, /[پچژگ]/g) * 50 > amount ? 'fa' : language;
  }
  return undefined;
}

function byWords(text: string): string | undefined {
  const hits = new Array<number>(languages.length).fill(0);
  let words = 0;
  for (const [found] of text.matchAll(word)) {
    if (++words > maxWords) break;
    for (const index of languagesByWord.get(found.toLowerCase()) ?? []) hits[index]!++;
  }
  const most = Math.max(...hits);
  if (most < leastHits || most < words * leastShare) return undefined;
  // Of two neighbours that are equally likely none is said.
  return hits.indexOf(most) === hits.lastIndexOf(most) ? languages[hits.indexOf(most)] : undefined;
}
