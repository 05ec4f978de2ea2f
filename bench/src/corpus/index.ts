import { join } from 'node:path';
import { openBrotliStore } from './brotli-store.ts';
import type { AbsentCorpus, Corpus, CorpusName } from './corpus.ts';
import { drawSample, seededRandom } from './random.ts';
import { openSpamAssassin } from './spam-assassin.ts';

export { type AbsentCorpus, type Corpus, type CorpusName, corpusNames } from './corpus.ts';

/** Opens what is there of the named collections, and says what is not. */
export function openCorpora(
  names: readonly CorpusName[],
  dataFolder: string,
): { readonly opened: Corpus[]; readonly absent: AbsentCorpus[] } {
  const openers: Record<CorpusName, () => Corpus> = {
    'spam-assassin': () => openSpamAssassin(),
    'content-dev': () => openBrotliStore('content-dev', join(dataFolder, 'content', 'content-dev')),
    'outbreak-train': () => openBrotliStore('outbreak-train', join(dataFolder, 'outbreak', 'train')),
  };
  const opened: Corpus[] = [];
  const absent: AbsentCorpus[] = [];
  for (const name of names) {
    try {
      opened.push(openers[name]());
    } catch (error) {
      absent.push({ name, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return { opened, absent };
}

/** One drawn message with where it came from. */
export interface DrawnMessage {
  readonly corpus: CorpusName;
  readonly key: string;
  readonly bytes: Buffer;
}

/**
 * Draws `count` messages, an equal share from each collection (what a small one cannot give is not made up by the
 * others), mixed. The same seed draws the same messages in the same order.
 */
export function drawMessages(corpora: readonly Corpus[], count: number, seed: number): DrawnMessage[] {
  const random = seededRandom(seed);
  const picks: { readonly corpus: Corpus; readonly key: string }[] = [];
  for (const [index, corpus] of corpora.entries()) {
    const share = Math.floor(count / corpora.length) + (index < count % corpora.length ? 1 : 0);
    for (const key of drawSample(corpus.keys, share, random)) picks.push({ corpus, key });
  }
  return drawSample(picks, picks.length, random).map(({ corpus, key }) => ({
    corpus: corpus.name,
    key,
    bytes: corpus.read(key),
  }));
}
