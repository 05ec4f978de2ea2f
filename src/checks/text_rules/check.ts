import { z } from 'zod';
import { type Disguise, findDisguised } from '../../content/index.ts';
import { defineCheck, type InsertHit, type Task, type TextView } from '../../core/index.ts';
import { distance, wordNumbers } from './distance.ts';
import { wantedWords } from './wanted-words.ts';

const manyWords = 30;
/** Words that the symbol's options name. */
const maxNamed = 8;

/** The plain and the HTML version of one text: children of one multipart/alternative, HTML perhaps with its images. */
function findVersions(
  texts: readonly TextView[],
): { readonly plain: string; readonly html: string } | undefined {
  if (texts.length < 2) return undefined;
  for (const { part, kind, text } of texts) {
    if (kind !== 'plain' || part.parent?.contentType !== 'multipart/alternative') continue;
    const html = texts.find(
      (other) =>
        other.kind === 'html' &&
        (other.part.parent === part.parent || other.part.parent?.parent === part.parent),
    );
    if (html) return { plain: text, html: html.text };
  }
  return undefined;
}

const symbols = {
  R_PARTS_DIFFER: { score: 1, description: 'The plain and the HTML version say different things' },
  OBFUSCATED_WORDS: {
    score: 4,
    description: 'Words that filters look for are written with look-alikes, invisible characters or digits',
    oneShot: true,
  },
} as const;

type Hit = InsertHit<keyof typeof symbols>;

function compareVersions({ content }: Task, hit: Hit): void {
  const versions = findVersions(content.texts);
  if (!versions) return;
  const plain = wordNumbers(versions.plain);
  const html = wordNumbers(versions.html);
  const share = distance(plain, html);
  if (share === undefined || share < 0.5) return;
  const factor = plain.length + html.length > manyWords ? 2 : 1;
  hit('R_PARTS_DIFFER', (share - 0.5) * factor, `${(share * 100).toFixed(1)}%`);
}

const eastAsian: ReadonlySet<string | undefined> = new Set(['ja', 'zh', 'ko']);

/** One word may be an accident or a quotation, three are a plan; styled letters alone are mostly for the look. */
function findObfuscated({ message, content }: Task, hit: Hit): void {
  const found = new Map<string, Disguise>();
  const note = ({ word, how }: { readonly word: string; readonly how: Disguise }): void => {
    const known = found.get(word);
    if (known === undefined || known === 'style') found.set(word, how);
  };
  findDisguised(message.subject, wantedWords, note);
  for (const { name } of message.from.slice(0, 1)) findDisguised(name, wantedWords, note);
  for (const { text } of content.texts) findDisguised(text, wantedWords, note);
  if (found.size === 0) return;
  // Full-width Latin letters are ordinary there.
  const isStyleHonest =
    [...found.values()].includes('style') &&
    content.texts.some((text) => eastAsian.has(content.language(text)));
  let amount = 0;
  const named: string[] = [];
  for (const [word, how] of found) {
    if (how === 'style' && isStyleHonest) continue;
    amount += how === 'style' ? 1 : 3;
    if (named.length < maxNamed) named.push(`${word}:${how}`);
  }
  if (amount > 0) hit('OBFUSCATED_WORDS', Math.min(10, amount + 1) / 10, ...named);
}

export const textRules = defineCheck({
  name: 'text_rules',
  summary: 'Compares the plain and the HTML version of a text, and finds words in disguise.',
  details: [
    'Mail of every direction is looked at.',
    '',
    '`R_PARTS_DIFFER`, a rule of Rspamd without options of its own: the words of both versions, links left out and at most',
    '1000 of each, are compared in their order. From a difference of 50 % on the symbol has the weight of what goes beyond,',
    'doubled when there are more than 30 words.',
    '',
    '`OBFUSCATED_WORDS`, ours: about a hundred words of fraud and spam, and names of brands, in subject, name of the author and',
    'the first 65,536 characters of each text, that look like themselves but are not: look-alikes of other alphabets and capital',
    'I for l (`letters`), zero-width characters between (`invisible`), `p@ssw0rd` (`digits`), full-width or mathematical letters',
    '(`style`; honest in Chinese, Japanese and Korean text), and words of spam letter by letter (`spread`). One word has the',
    'weight 0.4, each further one adds 0.3 up to 1; `style` counts a third. Soft hyphens and missing accents are no disguise.',
  ].join('\n'),
  group: 'body',
  stage: 'filter',
  direction: 'both',
  needs: ['text'],
  config: z.strictObject({}),
  symbols,
  create() {
    return (task, hit) => {
      compareVersions(task, hit);
      findObfuscated(task, hit);
    };
  },
});
