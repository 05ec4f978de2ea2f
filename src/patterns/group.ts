import { type ReadPattern, utf8Bytes } from '../lib/index.ts';
import { LiteralAutomaton } from './automaton.ts';
import { charsWithin, matchSteps } from './cost.ts';
import { FewLiterals } from './few-literals.ts';
import { watched } from './guard.ts';
import { requiredLiterals } from './literals.ts';

/** Bounds of the work of patterns. */
export interface PatternLimits {
  /** Characters of one text that patterns look at. */
  readonly textChars: number;
  /** Characters that patterns with loops of exponential time look at. */
  readonly exponentialChars: number;
  /** Steps that are taken without a watch. */
  readonly unwatchedSteps: number;
  /** How long one pattern may run over the texts of a message under the watch. */
  readonly limitMs: number;
  /** Texts shorter than this together are not searched for literals first: the patterns are as fast. */
  readonly searchFromChars: number;
}

export const patternLimits: PatternLimits = {
  textChars: 1_000_000,
  exponentialChars: 16_384,
  unwatchedSteps: 5_000_000,
  limitMs: 100,
  searchFromChars: 256,
};

/** Most hits that are counted. */
const maxCount = 255;

interface Entry {
  readonly regexp: RegExp;
  readonly isBytes: boolean;
  /** How many matches there are, instead of whether there is one. */
  readonly counts: boolean;
  readonly isSearched: boolean;
  readonly chars: number;
  /** Texts up to this length need no watch. */
  readonly unwatchedChars: number;
  readonly onOverrun: () => void;
  isOff: boolean;
}

/** Patterns that read the same texts. */
export class PatternGroup {
  readonly #limits: PatternLimits;
  readonly #entries: Entry[] = [];
  readonly #literals: { text: string; owner: number }[] = [];
  #few: FewLiterals | 'many' | undefined;
  #automaton: LiteralAutomaton | undefined;

  constructor(limits: PatternLimits = patternLimits) {
    this.#limits = limits;
  }

  /**
   * Adds a pattern and returns its number. A pattern that takes too long on some text is stopped, is off from then on
   * and is reported once.
   */
  add(pattern: ReadPattern, options: { readonly counts: boolean; readonly onOverrun: () => void }): number {
    const { root, regexp, isBytes, exponentialLoop } = pattern;
    const limits = this.#limits;
    const literals = requiredLiterals(root, regexp.ignoreCase, isBytes);
    const owner = this.#entries.length;
    for (const text of literals ?? []) this.#literals.push({ text, owner });
    this.#entries.push({
      regexp: options.counts ? new RegExp(regexp.source, `${regexp.flags}g`) : regexp,
      isBytes,
      counts: options.counts,
      isSearched: literals !== undefined,
      chars:
        exponentialLoop === undefined
          ? limits.textChars
          : Math.min(limits.textChars, limits.exponentialChars),
      unwatchedChars:
        exponentialLoop === undefined
          ? charsWithin(matchSteps(root, regexp.ignoreCase), limits.unwatchedSteps, limits.textChars)
          : 0,
      onOverrun: options.onOverrun,
      isOff: false,
    });
    return owner;
  }

  /**
   * Starts on the texts of one message.
   *
   * @param bytes the same texts one character a byte, where they are known better than by encoding the texts
   * @param watch `caller`: the whole run is under a watch already, and is repeated with `own` when that stops it
   */
  open(texts: readonly string[], bytes?: readonly string[], watch: 'own' | 'caller' = 'own'): GroupRun {
    return new GroupRun(this, this.#entries, texts, bytes, this.#limits, watch);
  }

  /** Marks patterns whose literals are in one of the texts. */
  search(texts: readonly string[], found: Uint8Array): void {
    if (this.#few === undefined) this.#few = FewLiterals.of(this.#literals) ?? 'many';
    for (const text of texts) {
      if (this.#few !== 'many' && this.#few.search(text, found)) continue;
      this.#automaton ??= new LiteralAutomaton(this.#literals);
      this.#automaton.search(text, found);
    }
  }
}

/** The patterns of one group over the texts of one message; each is tried at most once. */
export class GroupRun {
  readonly #group: PatternGroup;
  readonly #entries: readonly Entry[];
  readonly #texts: readonly string[];
  readonly #results: Int16Array | undefined;
  readonly #limits: PatternLimits;
  readonly #watch: 'own' | 'caller';
  #bytes: readonly string[] | undefined;
  #candidates: Uint8Array | undefined;

  constructor(
    group: PatternGroup,
    entries: readonly Entry[],
    texts: readonly string[],
    bytes: readonly string[] | undefined,
    limits: PatternLimits,
    watch: 'own' | 'caller',
  ) {
    this.#watch = watch;
    this.#group = group;
    this.#bytes = bytes;
    this.#entries = entries;
    this.#limits = limits;
    this.#texts = texts;
    this.#results = texts.length === 0 ? undefined : new Int16Array(entries.length).fill(-1);
  }

  /** 1 when the pattern with this number matches one of the texts, or the number of matches; else 0. */
  value(number: number): number {
    const results = this.#results;
    if (results === undefined) return 0;
    const known = results[number]!;
    if (known >= 0) return known;
    const value = this.#isCandidate(number) ? this.#match(this.#entries[number]!) : 0;
    results[number] = value;
    return value;
  }

  #isCandidate(number: number): boolean {
    const entry = this.#entries[number]!;
    if (entry.isOff) return false;
    if (!entry.isSearched) return true;
    if (this.#candidates === undefined) {
      this.#candidates = new Uint8Array(this.#entries.length);
      let chars = 0;
      for (const text of this.#texts) chars += text.length;
      if (chars < this.#limits.searchFromChars) this.#candidates.fill(1);
      else
        this.#group.search(
          this.#texts.map((text) => this.#cut(text, this.#limits.textChars)),
          this.#candidates,
        );
    }
    return this.#candidates[number] === 1;
  }

  #cut(text: string, chars: number): string {
    return text.length > chars ? text.slice(0, chars) : text;
  }

  #match(entry: Entry): number {
    const texts = entry.isBytes ? (this.#bytes ??= this.#texts.map(utf8Bytes)) : this.#texts;
    if (this.#watch === 'caller' || texts.every(({ length }) => length <= entry.unwatchedChars))
      return this.#matchTexts(entry, texts);
    // One watch for all texts: it costs more than most of them.
    const outcome = watched(this.#limits.limitMs, () => this.#matchTexts(entry, texts));
    if (!outcome.isOverrun) return outcome.value;
    entry.isOff = true;
    entry.onOverrun();
    return 0;
  }

  #matchTexts(entry: Entry, texts: readonly string[]): number {
    let count = 0;
    for (const text of texts) {
      count += countMatches(entry, this.#cut(text, entry.chars));
      if (count > 0 && !entry.counts) return 1;
      if (count >= maxCount) return maxCount;
    }
    return count;
  }
}

function countMatches({ regexp, counts }: Entry, text: string): number {
  if (!counts) return regexp.test(text) ? 1 : 0;
  let count = 0;
  regexp.lastIndex = 0;
  for (let match = regexp.exec(text); match !== null && count < maxCount; match = regexp.exec(text)) {
    count++;
    if (match[0] === '') regexp.lastIndex++;
  }
  return count;
}
