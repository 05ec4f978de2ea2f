import { askingPhrases } from './phrases-asked.ts';
import { honestPhrases } from './phrases-honest.ts';
import { offeringPhrases } from './phrases-offered.ts';
import { Lexicon, WordReader } from './words.ts';

/** What a phrase is about. */
export type Topic = keyof typeof askingPhrases | keyof typeof offeringPhrases | keyof typeof honestPhrases;

const lists: Readonly<Record<Topic, string>> = { ...askingPhrases, ...offeringPhrases, ...honestPhrases };

/** Every topic, in a fixed order. */
export const topics = Object.keys(lists) as readonly Topic[];

interface Phrase {
  /** Numbers of its words in the lexicon. */
  readonly words: readonly number[];
  /** For each word: how many may stand between it and the next. */
  readonly gaps: readonly number[];
  readonly topic: number;
  readonly number: number;
}

const maxGap = 2;
const lexicon = new Lexicon();
/** By the number of their first word. */
const byFirst = new Map<number, Phrase[]>();

function compile(text: string, topic: number, number: number): void {
  const written = text.trim().split(/\s+/);
  const words: number[] = [];
  const gaps: number[] = [];
  for (const [index, word] of written.entries()) {
    if (word === '_' || word === '') continue;
    const isStem = word.endsWith('*');
    words.push(lexicon.numberOf(isStem ? word.slice(0, -1) : word, isStem));
    gaps.push(written[index + 1] === '_' ? maxGap : 0);
  }
  const [first] = words;
  if (first === undefined) return;
  const known = byFirst.get(first);
  const phrase = { words, gaps, topic, number };
  if (known) known.push(phrase);
  else byFirst.set(first, [phrase]);
}

let phraseCount = 0;
for (const [topic, name] of topics.entries()) {
  for (const text of lists[name].split(';')) compile(text, topic, phraseCount++);
}

/** By the number of a phrase: was it met in this text? */
const seen = new Uint8Array(phraseCount);

/** By the number of a word: the phrases that begin with it. */
const phrasesFrom = Array.from({ length: lexicon.count }, (_, number) => byFirst.get(number));

/** By the number of a word: the text that has it, and the text that its phrases were looked through for. */
const present = new Uint32Array(lexicon.count);
const sifted = new Uint32Array(lexicon.count);
/** Of {@link phrasesFrom}, those whose words all stand in the text. */
const possible: (readonly Phrase[] | undefined)[] = phrasesFrom.slice();
let turn = 0;

function sift(phrases: readonly Phrase[] | undefined): readonly Phrase[] | undefined {
  let found: Phrase[] | undefined;
  if (phrases)
    for (const phrase of phrases)
      if (phrase.words.every((word) => present[word] === turn)) (found ??= []).push(phrase);
  return found;
}

/** Reads words in the lexicon of the phrases. @param maxWords further ones are not read */
export function phraseReader(maxWords: number): WordReader {
  return new WordReader(lexicon, maxWords);
}

function matchesFrom({ words, gaps }: Phrase, text: WordReader, start: number): boolean {
  let at = start + 1;
  for (let index = 1; index < words.length; index++) {
    const word = words[index]!;
    const furthest = at + gaps[index - 1]!;
    while (at <= furthest && !text.isCalled(at, word)) at++;
    if (at > furthest) return false;
    at++;
  }
  return true;
}

/**
 * Counts for each topic (as in {@link topics}) how many of its different phrases stand in a text that a
 * {@link phraseReader} read.
 */
export function countTopics(text: WordReader): Uint16Array {
  const counts = new Uint16Array(topics.length);
  if (text.count === 0) return counts;
  seen.fill(0);
  turn = turn === 0xffff_ffff ? 1 : turn + 1;
  const last = text.numberStarts[text.count]!;
  for (let index = 0; index < last; index++) present[text.numbers[index]!] = turn;
  for (let at = 0; at < text.count; at++) {
    const end = text.numberStarts[at + 1]!;
    for (let index = text.numberStarts[at]!; index < end; index++) {
      const number = text.numbers[index]!;
      if (sifted[number] !== turn) {
        sifted[number] = turn;
        possible[number] = sift(phrasesFrom[number]);
      }
      const phrases = possible[number];
      if (!phrases) continue;
      for (const phrase of phrases) {
        if (seen[phrase.number] !== 0 || !matchesFrom(phrase, text, at)) continue;
        seen[phrase.number] = 1;
        counts[phrase.topic]! += 1;
      }
    }
  }
  return counts;
}
