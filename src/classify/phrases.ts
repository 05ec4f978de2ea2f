import { askingPhrases } from './phrases-asked.ts';
import { honestPhrases } from './phrases-honest.ts';
import { offeringPhrases } from './phrases-offered.ts';

/** What a phrase is about. */
export type Topic = keyof typeof askingPhrases | keyof typeof offeringPhrases | keyof typeof honestPhrases;

const lists: Readonly<Record<Topic, string>> = { ...askingPhrases, ...offeringPhrases, ...honestPhrases };

/** Every topic, in a fixed order. */
export const topics = Object.keys(lists) as readonly Topic[];

interface Word {
  readonly text: string;
  /** `text` is only how the word begins. */
  readonly isStem: boolean;
  /** Words that may stand between this one and the next. */
  readonly gap: number;
}

interface Phrase {
  readonly words: readonly Word[];
  readonly topic: number;
  readonly number: number;
}

const maxGap = 2;
/** By their whole first word. */
const byWord = new Map<string, Phrase[]>();
/** Those whose first word is a stem, by how it begins. */
const byStem = new Map<string, Phrase[]>();
const stemKeyLength = 3;

function compile(text: string, topic: number, number: number): void {
  const written = text.trim().split(/\s+/);
  const words: Word[] = [];
  for (const [index, word] of written.entries()) {
    if (word === '_' || word === '') continue;
    const isStem = word.endsWith('*');
    words.push({
      text: isStem ? word.slice(0, -1) : word,
      isStem,
      gap: written[index + 1] === '_' ? maxGap : 0,
    });
  }
  const [first] = words;
  if (!first) return;
  const index = first.isStem ? byStem : byWord;
  const key = first.isStem ? first.text.slice(0, stemKeyLength) : first.text;
  const known = index.get(key);
  const phrase = { words, topic, number };
  if (known) known.push(phrase);
  else index.set(key, [phrase]);
}

let phraseCount = 0;
for (const [topic, name] of topics.entries()) {
  for (const text of lists[name].split(';')) compile(text, topic, phraseCount++);
}

function matches(word: Word, token: string | undefined): boolean {
  if (token === undefined) return false;
  return word.isStem ? token.startsWith(word.text) : token === word.text;
}

function matchesFrom(phrase: Phrase, tokens: readonly string[], start: number): boolean {
  let at = start;
  for (let index = 0; index < phrase.words.length; index++) {
    const gap = index === 0 ? 0 : phrase.words[index - 1]!.gap;
    let found = -1;
    for (let skipped = 0; skipped <= gap; skipped++) {
      if (matches(phrase.words[index]!, tokens[at + skipped])) {
        found = at + skipped;
        break;
      }
    }
    if (found < 0) return false;
    at = found + 1;
  }
  return true;
}

const none: readonly Phrase[] = [];
/** Words that were looked up before: the same few thousand make up nearly all mail. */
const remembered = new Map<string, readonly Phrase[]>();
const maxRemembered = 20_000;

/** Phrases that may begin with this word. */
function phrasesFrom(token: string): readonly Phrase[] {
  const known = remembered.get(token);
  if (known) return known;
  const whole = byWord.get(token) ?? none;
  const stems = (byStem.get(token.slice(0, stemKeyLength)) ?? none).filter(({ words }) =>
    matches(words[0]!, token),
  );
  const found = stems.length === 0 ? whole : [...whole, ...stems];
  if (remembered.size >= maxRemembered) remembered.clear();
  remembered.set(token, found);
  return found;
}

/**
 * Counts for each topic (as in {@link topics}) how many of its different phrases stand in the text.
 *
 * @param tokens normalised words
 */
export function countTopics(tokens: readonly string[]): Uint16Array {
  const counts = new Uint16Array(topics.length);
  const seen = new Uint8Array(phraseCount);
  for (let at = 0; at < tokens.length; at++) {
    for (const phrase of phrasesFrom(tokens[at]!)) {
      if (seen[phrase.number] !== 0 || !matchesFrom(phrase, tokens, at)) continue;
      seen[phrase.number] = 1;
      counts[phrase.topic]! += 1;
    }
  }
  return counts;
}
