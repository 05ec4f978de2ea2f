import { domainInfo, parseUrl, scanText } from '../../content/index.ts';
import type { ContentViews, Message, Part, TextView } from '../../core/index.ts';
import { addTokens, type Token, type TokenWord } from './tokens.ts';
import { readWords, splitWords } from './words.ts';

/** What the tokens of a message are made with. */
export interface TokenizerOptions {
  /** Words looked at together. */
  readonly window: number;
  /** Most tokens of a message. */
  readonly maxTokens: number;
  /** Header fields whose values count (`options.classify_headers`). */
  readonly headers: readonly string[];
}

/** Words of a message that are looked at; what comes after is not. */
const maxWords = 10_000;
const maxUrlLength = 2048;
const maxUrls = 5;
/** Values of headers and names of files are cut to this. */
const maxMetaLength = 512;

interface ReadText {
  readonly view: TextView;
  readonly words: readonly TokenWord[];
  readonly language: string | undefined;
}

/** The site that a link or an address belongs to. */
function siteOf(written: string, kind: 'url' | 'email'): string {
  if (kind === 'email') return domainInfo(written.slice(written.lastIndexOf('@') + 1).toLowerCase()).domain;
  return parseUrl(written)?.domain ?? '';
}

/** Words of a running text; links and addresses in it are one word each, their site. */
function readText(view: TextView, most: number): ReadText {
  const { text } = view;
  const raw: string[] = [];
  const sites = new Map<number, string>();
  let from = 0;
  const takeUntil = (end: number): void => {
    for (const word of splitWords(text.slice(from, end), most - raw.length)) raw.push(word);
  };
  scanText(text, maxUrlLength, ({ kind, start, end }) => {
    takeUntil(start);
    if (raw.length >= most) return 'stop';
    sites.set(raw.length, siteOf(text.slice(start, end), kind));
    raw.push('');
    from = end;
    return 'go';
  });
  takeUntil(text.length);
  const { words, language } = readWords(raw);
  const kept: TokenWord[] = [];
  for (const [index, word] of words.entries()) {
    const site = sites.get(index);
    if (site !== undefined) kept.push({ text: site, isException: true });
    else if (word !== '') kept.push({ text: word, isException: false });
  }
  return { view, words: kept, language };
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

/** Words of the subject and of the name of the author. */
function subjectWords(message: Message): readonly TokenWord[] {
  const raw = splitWords(`${message.subject} ${message.from[0]?.name ?? ''}`, 1000);
  return readWords(raw)
    .words.filter((text) => text !== '')
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

function authenticationFacts(message: Message): readonly string[] {
  const results = message.headers.first('authentication-results')?.value.slice(0, 4096);
  if (results === undefined) return [];
  const spf = /spf=([a-z]+)/.exec(results);
  const dkim = /dkim=([a-z]+) header\.d=([a-z.-]+)/.exec(results);
  const facts = [...(spf ? [`s=${spf[1]}`] : []), ...(dkim ? [`d=${dkim[1]}:${dkim[2]}`] : [])];
  return facts.length > 0 ? [`#aur:${facts.join(',')}`] : [];
}

/** Facts about a message that are not in its words. */
function metaWords(
  message: Message,
  content: ContentViews,
  texts: readonly ReadText[],
  headers: readonly string[],
): readonly TokenWord[] {
  const words: string[] = [];
  for (const part of message.parts)
    if (part.kind !== 'multipart')
      words.push(
        ...partFacts(
          part,
          texts.find(({ view }) => view.part === part),
        ),
      );
  words.push(
    structure(
      message,
      texts.map(({ view }) => view),
    ),
  );
  for (const name of headers) {
    const value = message.headers.first(name.toLowerCase())?.value;
    if (value !== undefined) words.push(`#h:${shortHeader(name)}:${value.slice(0, maxMetaLength)}`);
  }
  if (message.from[0]) words.push(`#F:${message.from[0].name.slice(0, maxMetaLength)}`);
  const sites = new Set<string>();
  for (const { domain } of content.urls) {
    if (sites.size >= maxUrls) break;
    sites.add(domain);
  }
  for (const site of sites) words.push(`#u:${site}`);
  const date = message.date ?? new Date(0);
  // Monday is 1, Sunday 7.
  words.push(`#dt:${((date.getUTCDay() + 6) % 7) + 1}:${String(date.getUTCHours()).padStart(2, '0')}`);
  words.push(...authenticationFacts(message));
  return words.map((text) => ({ text, isException: false }));
}

/**
 * The tokens of a message: of its texts, then of subject and author's name, then of facts about it. Linear in its size
 * and bounded: no more than 10,000 words of text are looked at.
 */
export function messageTokens(
  message: Message,
  content: ContentViews,
  { window, maxTokens, headers }: TokenizerOptions,
): readonly Token[] {
  const tokens: Token[] = [];
  const texts: ReadText[] = [];
  let left = maxWords;
  for (const view of content.texts) {
    const text = readText(view, left);
    left -= text.words.length;
    texts.push(text);
  }
  const [first, second] = texts;
  const isTwice = first && second && texts.length === 2 && areSimilar(first.words, second.words);
  for (const { words } of isTwice ? [first] : texts)
    addTokens(words, { window, maxTokens, isMeta: false }, tokens);
  addTokens(subjectWords(message), { window, maxTokens, isMeta: true }, tokens);
  addTokens(metaWords(message, content, texts, headers), { window, maxTokens, isMeta: true }, tokens);
  return tokens;
}
