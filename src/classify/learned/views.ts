import type { ContentViews, Message } from '../../core/index.ts';
import { readFeatures } from '../features.ts';
import { gramBuckets } from '../grams.ts';
import { readShippedModel } from '../shipped.ts';
import { maxHeaders, maxLinks, maxNameWords, maxSigns } from './limits.ts';

/** What of a message is learned apart from the rest, and how much it has to say in the sum. */
interface ViewDefinition {
  readonly name: string;
  /** Of how many weights; a power of two. */
  readonly buckets: number;
  readonly voice: number;
}

/**
 * The views. Each learns by itself and speaks as loud as it proved to be of use where mail was unlike what was learned:
 * what mail is about and where it leads holds elsewhere, how it is built and what the rules say of it holds less.
 */
export const views = [
  { name: 'words', buckets: gramBuckets, voice: 1 },
  { name: 'links', buckets: 1 << 14, voice: 1 },
  { name: 'header', buckets: 1 << 14, voice: 1 },
  { name: 'sender', buckets: 1 << 14, voice: 0.5 },
  { name: 'signs', buckets: 1 << 14, voice: 0.3 },
] as const satisfies readonly ViewDefinition[];

/** Where the weights of each view begin in the one table. */
export const viewStarts: readonly number[] = views.map((_, index) =>
  views.slice(0, index).reduce((sum, { buckets }) => sum + buckets, 0),
);

/** Weights of all views. */
export const weightCount = views.reduce((sum, { buckets }) => sum + buckets, 0);

/** What is learned of a message, and judged by. */
export interface Lesson {
  /** Log-odds of spam by the shipped model. */
  readonly prior: number;
  /** For each view the places of its features in the table, each once. */
  readonly places: readonly Uint32Array[];
}

/** Names of features, for people: they are not kept. */
export interface NamedLesson extends Lesson {
  /** For each view; undefined where only hashes are known. */
  readonly names: readonly (readonly string[] | undefined)[];
}

/** FNV-1a over UTF-16 units, stirred. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}

function placesOf(view: number, names: readonly string[]): Uint32Array {
  const start = viewStarts[view]!;
  const mask = views[view]!.buckets - 1;
  return Uint32Array.from(names, (name) => start + (hashOf(name) & mask));
}

/** Written on the way and by scanners, not by who sent it: there while it is scanned or while it is learned, seldom both. */
const traceHeader =
  /^(?:received|received-spf|return-path|delivered-to|x-original-to|envelope-to|dkim-signature|domainkey-signature|authentication-results|arc-.*|x-spam.*|x-rspamd.*|x-postern.*|x-virus.*|x-gm-.*|x-google-.*|x-received|status|x-status|x-uid|x-mozilla.*|lines|bytes)$/;

/** The fields that there are, and which comes after which: programs that write mail differ in that. */
function headerNames(message: Message): readonly string[] {
  const found = new Set<string>();
  let former = '';
  let count = 0;
  for (const { key } of message.headers.all) {
    if (key.length > 60 || traceHeader.test(key)) continue;
    if (++count > maxHeaders) break;
    found.add(key);
    if (former !== '') found.add(`${former} ${key}`);
    former = key;
  }
  return [...found];
}

const digits = /\d/;

function senderNames(message: Message): readonly string[] {
  const [from] = message.from;
  if (!from) return [];
  const found = new Set<string>();
  const words =
    from.name
      .slice(0, 300)
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? [];
  for (const word of words.slice(0, maxNameWords)) found.add(digits.test(word) ? '#' : word);
  const domain = from.domain.toLowerCase();
  found.add(`@${domain}`);
  found.add(`@*.${domain.slice(domain.lastIndexOf('.') + 1)}`);
  return [...found];
}

function linkNames(content: ContentViews): readonly string[] {
  const found = new Set<string>();
  for (const { domain, host } of content.urls) {
    if (found.size >= 2 * maxLinks) break;
    found.add(domain);
    found.add(`*.${host.slice(host.lastIndexOf('.') + 1)}`);
  }
  return [...found];
}

const maxLogOdds = 30;

/**
 * Reads what is learned of a message.
 *
 * @param symbols of the rules that found something
 */
export function readLesson(message: Message, content: ContentViews, symbols: readonly string[]): NamedLesson {
  const features = readFeatures(message, content);
  const signs = [...features.names, ...symbols.map((symbol) => `:${symbol}`)].slice(0, maxSigns);
  const names = [undefined, linkNames(content), headerNames(message), senderNames(message), signs];
  return {
    prior: Math.max(-maxLogOdds, Math.min(maxLogOdds, readShippedModel().judge(features).logOdds)),
    places: names.map((of, view) => (of ? placesOf(view, of) : Uint32Array.from(features.grams))),
    names,
  };
}
