import { wordsOf } from '../../content/index.ts';
import type {
  ContentViews,
  Message,
  Part,
  StatisticsOptions,
  TextView,
  TextWords,
} from '../../core/index.ts';
import { addTokens, type Token, type TokenWord } from './tokens.ts';

/** What the tokens of a message are made with. */
export interface TokenizerOptions {
  /** Words looked at together. */
  readonly window: number;
  /** Most tokens of a message. */
  readonly maxTokens: number;
  /** What counts beside words. */
  readonly facts: StatisticsOptions;
}

/** What SPF and DKIM found while the message was scanned; undefined: it was not scanned, and its header may tell. */
export interface ScanFindings {
  readonly hasSpfPassed: boolean;
  /** Domains whose signatures hold. */
  readonly signers: readonly string[];
}

const maxUrls = 5;
/** Values of headers and names of files are cut to this. */
const maxMetaLength = 512;

interface ReadText {
  readonly view: TextView;
  readonly words: readonly TokenWord[];
  readonly language: string | undefined;
}

/** Words of a running text as they are counted: stems; links and addresses are their sites. */
function readText(view: TextView, { stems, sites, language }: TextWords): ReadText {
  const words: TokenWord[] = [];
  for (const [index, text] of stems.entries()) {
    const isException = sites.has(index);
    if (isException || text !== '') words.push({ text, isException });
  }
  return { view, words, language };
}

/** Do two texts share more than four fifths of their words, as the two forms of one message do? */
function areSimilar(first: readonly TokenWord[], second: readonly TokenWord[]): boolean {
  const counts = new Map<string, number>();
  for (const { text } of first) counts.set(text, (counts.get(text) ?? 0) + 1);
  let common = 0;
  for (const { text } of second) {
    const left = counts.get(text) ?? 0;
    if (left === 0) continue;
    counts.set(text, left - 1);
    common++;
  }
  return 2 * common > 0.8 * (first.length + second.length);
}

/** Words of the subject and of the name of the author, taken for English as in Rspamd: so few do not tell. */
function subjectWords(message: Message): readonly TokenWord[] {
  return wordsOf(`${message.subject} ${message.from[0]?.name ?? ''}`, 1000, 'en')
    .stems.filter((text) => text !== '')
    .map((text) => ({ text, isException: false }));
}

/** `Content-Type` is `C-T`, `X-Mailer` is `xmai`, `Organization` is `org`. */
function shortHeader(name: string): string {
  const two = /^([A-Z])[^-]+-([A-Z])/.exec(name);
  if (two) return `${two[1]}-${two[2]}`;
  const extension = /^X-([A-Z].*)$/.exec(name);
  return (extension ? `x${extension[1]!.slice(0, 3)}` : name.slice(0, 3)).toLowerCase();
}

function structure(message: Message, texts: readonly TextView[]): string {
  const html = texts.filter(({ kind }) => kind === 'html');
  const plain = texts.filter(({ kind }) => kind === 'plain');
  let form = '#unk';
  if (html.length > 0 && plain.length > 0) {
    if (message.parts.some(({ kind }) => kind === 'multipart')) form = '#mpth';
  } else if (html.length > 0) form = '#ho';
  else if (plain.length > 0) form = '#to';
  const isOneLine = texts.some(({ text }) => !/\n./.test(text));
  const isEmpty = (views: readonly TextView[]): boolean => views.some(({ text }) => text === '');
  return `#m:${form}${isOneLine ? '#ot' : ''}${isEmpty(plain) ? '#ep' : ''}${isEmpty(html) ? '#eh' : ''}`;
}

function partFacts(part: Part, text: ReadText | undefined): readonly string[] {
  const facts: string[] = [];
  const size = part.decoded().length;
  if (size > 0) facts.push(`#ps:${Math.floor(Math.log(size))}`);
  if (part.fileName !== undefined) facts.push(`#f:${part.fileName.slice(0, maxMetaLength)}`);
  if (text) {
    facts.push(`#lang:${text.language ?? ''}`);
    facts.push(`#cs:${(part.charset ?? 'utf-8').toUpperCase()}`);
  }
  return facts;
}

function authenticationFacts(message: Message, findings: ScanFindings | undefined): readonly string[] {
  if (findings) {
    const { hasSpfPassed, signers } = findings;
    const facts = [...(hasSpfPassed ? ['s=pass'] : []), ...signers.map((domain) => `d=pass:${domain}`)];
    return facts.length > 0 ? [`#aur:${facts.join(',')}`] : [];
  }
  const results = message.headers.first('authentication-results')?.value.slice(0, 4096);
  if (results === undefined) return [];
  const spf = /spf=([a-z]+)/.exec(results);
  const dkim = /dkim=([a-z]+) header\.d=([a-z.-]+)/.exec(results);
  const facts = [...(spf ? [`s=${spf[1]}`] : []), ...(dkim ? [`d=${dkim[1]}:${dkim[2]}`] : [])];
  return facts.length > 0 ? [`#aur:${facts.join(',')}`] : [];
}

/** Formats that Rspamd measures, by its names. */
const imageTypes: Readonly<Record<string, string | undefined>> = {
  png: 'PNG',
  jpg: 'JPG',
  gif: 'GIF',
  bmp: 'BMP',
};

function imageFacts({ parts }: Message, content: ContentViews): readonly string[] {
  return parts.flatMap((part) => {
    if (part.kind !== 'image') return [];
    const image = content.file(part).image;
    const type = image && imageTypes[image.format];
    if (!image || type === undefined) return [];
    const name = part.fileName === undefined ? [] : [part.fileName.slice(0, maxMetaLength)];
    return ['image', String(image.height), String(image.width), type, ...name];
  });
}

function mimeFacts(message: Message, texts: readonly ReadText[]): readonly string[] {
  const facts: string[] = [];
  for (const part of message.parts) {
    if (part.kind === 'multipart') continue;
    const text = texts.find(({ view }) => view.part === part);
    facts.push(...partFacts(part, text));
  }
  const views = texts.map(({ view }) => view);
  facts.push(structure(message, views));
  return facts;
}

/** Lua's table gives the four fields of the stock setting in this order. */
const stockOrder: readonly string[] = ['X-MimeOLE', 'X-Mailer', 'User-Agent', 'Content-Type'];

function headerFacts(message: Message, names: readonly string[]): readonly string[] {
  const isStock = names.length === stockOrder.length && stockOrder.every((name) => names.includes(name));
  return (isStock ? stockOrder : names).flatMap((name) => {
    const value = message.headers.first(name.toLowerCase())?.value;
    return value === undefined ? [] : [`#h:${shortHeader(name)}:${value.slice(0, maxMetaLength)}`];
  });
}

function siteFacts(content: ContentViews): readonly string[] {
  const sites = new Set<string>();
  for (const { domain } of content.urls) {
    if (sites.size >= maxUrls) break;
    sites.add(`#u:${domain}`);
  }
  return [...sites];
}

function dateFact(message: Message): string {
  const date = message.date ?? new Date(0);
  // Monday is 1, Sunday 7.
  return `#dt:${((date.getUTCDay() + 6) % 7) + 1}:${String(date.getUTCHours()).padStart(2, '0')}`;
}

/** Facts about a message that are not in its words. */
function metaWords(
  message: Message,
  content: ContentViews,
  texts: readonly ReadText[],
  { headers, hasImages, hasMimeInfo, hasUrls, hasMeta }: StatisticsOptions,
  findings: ScanFindings | undefined,
): readonly TokenWord[] {
  const words = [
    ...(hasImages ? imageFacts(message, content) : []),
    ...(hasMimeInfo ? mimeFacts(message, texts) : []),
    ...headerFacts(message, headers),
    // The name of the author counts where any field does.
    ...(headers.length > 0 && message.from[0] ? [`#F:${message.from[0].name.slice(0, maxMetaLength)}`] : []),
    ...(hasUrls ? siteFacts(content) : []),
    ...(hasMeta ? [dateFact(message), ...authenticationFacts(message, findings)] : []),
  ];
  return words.map((text) => ({ text, isException: false }));
}

/**
 * The tokens of a message: of its texts, then of subject and author's name, then of facts about it. Linear in its size
 * and bounded: by the words that are read, and by `maxTokens`.
 */
export function messageTokens(
  message: Message,
  content: ContentViews,
  { window, maxTokens, facts }: TokenizerOptions,
  findings?: ScanFindings,
): readonly Token[] {
  const tokens: Token[] = [];
  const texts = content.texts.map((view) => readText(view, content.words(view)));
  const [first, second] = texts;
  const isTwice = first && second && texts.length === 2 && areSimilar(first.words, second.words);
  for (const { words } of isTwice ? [first] : texts)
    addTokens(words, { window, maxTokens, isMeta: false }, tokens);
  addTokens(subjectWords(message), { window, maxTokens, isMeta: true }, tokens);
  addTokens(metaWords(message, content, texts, facts, findings), { window, maxTokens, isMeta: true }, tokens);
  return tokens;
}
