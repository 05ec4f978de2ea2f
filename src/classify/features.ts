import type { ContentViews, Message } from '../core/index.ts';
import { hashWords } from './grams.ts';
import { headerSignals, type Origin } from './header-signals.ts';
import { htmlSignals, pageSignals } from './html-signals.ts';
import { linksSignals } from './link-signals.ts';
import { isPage, partSignals } from './part-signals.ts';
import { countTopics, phraseReader, type Topic, topics } from './phrases.ts';
import { stepOf } from './signals.ts';
import { ownText, textSignals } from './text-signals.ts';
import type { WordReader } from './words.ts';

/** What the model knows of a message. */
export interface Features {
  /** Names of the features that are there, each once. */
  readonly names: readonly string[];
  /** Buckets of its words, see {@link hashWords}. */
  readonly grams: Uint16Array;
  /** Is there nothing to judge: no text, link or picture? */
  readonly isBlank: boolean;
  /** How many words the text has, up to a bound. */
  readonly words: number;
}

/** Words of the text that are looked at for phrases, and for hashed words. */
const maxTokens = 1_500;
const maxGramTokens = 400;
const maxSubjectChars = 300;
const maxSubjectWords = 60;
/** Attached web pages that are looked into. */
const maxPages = 2;

class Collected {
  readonly names = new Set<string>();
  add(name: string): void {
    this.names.add(name);
  }
}

/** Topics that together with something else say more than alone. */
const asking: readonly Topic[] = [
  'verify-account',
  'suspended',
  'security-alert',
  'mailbox',
  'update-payment',
  'parcel-fee',
  'errand',
  'document',
];
const offering: readonly Topic[] = [
  'prize',
  'advance-fee',
  'crypto-invest',
  'loan',
  'pharma',
  'adult',
  'casino',
  'sextortion',
  'sales-pitch',
  'business-pitch',
  'tax-refund',
  'coins',
  'romance',
  'job',
];
const honest: readonly Topic[] = [
  'order-notice',
  'you-asked',
  'forum-notice',
  'newsletter',
  'conversation',
  'technical',
];

const indexesOf = (names: readonly Topic[]): readonly number[] => names.map((name) => topics.indexOf(name));
const sums = [indexesOf(asking), indexesOf(offering), indexesOf(honest)] as const;

function topicSignals(text: WordReader, subject: WordReader, out: Collected): void {
  const inText = countTopics(text);
  const inSubject = countTopics(subject);
  const sum = (indexes: readonly number[]): number => {
    let total = 0;
    for (const index of indexes) total += inText[index]! + 2 * inSubject[index]!;
    return total;
  };
  for (const [index, name] of topics.entries()) {
    const count = inText[index]!;
    // Long texts have a word of everything in them.
    if (count >= 1 + Math.floor(text.count / 300)) {
      // How much of the text it is counts, not how long the text is.
      const density = (count / Math.max(text.count, 40)) * 100;
      out.add(`says:${name}`);
      if (count > 1 && density >= 1) out.add(`says:${name}:often`);
      if (count > 2 && density >= 3) out.add(`says:${name}:mostly`);
    }
    if (inSubject[index]! > 0) out.add(`subject-says:${name}`);
  }
  const [asks, offers, honestly] = [sum(sums[0]), sum(sums[1]), sum(sums[2])];
  const scale = Math.max(text.count, 60) / 100;
  out.add(`sum:asks:${stepOf(asks / scale, [0.5, 1.5, 3, 6])}`);
  out.add(`sum:offers:${stepOf(offers / scale, [0.5, 1.5, 3, 6])}`);
  out.add(`sum:honest:${stepOf(honestly / scale, [0.5, 1.5, 3, 6])}`);
  out.add(`sum:balance:${stepOf((asks + offers - honestly) / scale, [-6, -3, -1, 0, 1, 3, 6])}`);
}

const together: readonly (readonly [string, string])[] = [
  ['says:coins', 'says:call-to-click'],
  ['says:coins', 'links:followed'],
  ['says:document', 'links:followed'],
  ['says:document', 'attachment:page'],
  ['says:document', 'parts:html-only'],
  ['says:errand', 'header:neither-list-nor-reply'],
  ['says:errand', 'reply-to:other-domain'],
  ['says:romance', 'reply-to:other-domain'],
  ['says:romance', 'links:followed:0'],
  ['says:job', 'reply-to:free-mail'],
  ['attachment:pdf', 'text:words:1'],
  ['attachment:pdf', 'text:hardly-any'],
  ['attachment:page', 'text:words:2'],
  ['html:linked-picture', 'html:hidden'],
  ['html:only-pictures-linked', 'links:all-the-same'],
  ['forward:with-reference', 'links:followed'],
  ['forward:without-reference', 'links:followed'],
  ['from:no-name', 'links:followed'],
  ['subject:random-code', 'links:followed'],
  ['text:amounts:1', 'text:hardly-any'],
  ['text:names-recipient-address', 'links:followed'],
  ['says:verify-account', 'links:followed'],
  ['says:suspended', 'links:followed'],
  ['says:generic-greeting', 'links:followed'],
  ['says:call-to-click', 'says:urgency'],
  ['says:verify-account', 'says:urgency'],
  ['says:suspended', 'says:call-to-click'],
  ['says:security-alert', 'says:verify-account'],
  ['says:parcel-fee', 'says:update-payment'],
  ['says:prize', 'says:call-to-click'],
  ['says:support', 'text:phone-number'],
  ['says:advance-fee', 'reply-to:free-mail'],
  ['says:advance-fee', 'text:big-amount'],
  ['says:sextortion', 'text:crypto-address'],
  ['parts:html-only', 'says:call-to-click'],
  ['parts:html-only', 'html:pictures-instead-of-text'],
  ['parts:html-only', 'links:all-the-same'],
  ['parts:html-only', 'says:order-notice'],
  ['parts:html-only', 'says:you-asked'],
  ['parts:html-only', 'says:forum-notice'],
  ['parts:html-only', 'says:urgency'],
  ['from:borrowed-brand', 'says:verify-account'],
  ['from:borrowed-brand', 'says:prize'],
  ['from:borrowed-brand', 'says:call-to-click'],
  ['html:hidden', 'says:call-to-click'],
  ['parts:html-only', 'text:words:1'],
  ['parts:html-only', 'text:words:2'],
  ['parts:both', 'text:words:1'],
  ['text:hardly-any', 'links:followed'],
  ['subject:exclaims', 'says:call-to-click'],
  ['says:sales-pitch', 'says:call-to-click'],
  ['says:crypto-invest', 'says:call-to-click'],
  ['header:neither-list-nor-reply', 'links:domains:1'],
  ['links:domains:1', 'link:cheap-top-level'],
  ['links:domains:1', 'sum:honest:0'],
  ['parts:plain-only', 'text:code'],
  ['list:unsubscribe', 'says:newsletter'],
];

const steps: readonly (readonly [name: string, steps: readonly string[]])[] = [
  'html:hidden',
  'text:code',
].map((name) => [name, [1, 2, 3, 4].map((step) => `${name}:${step}`)]);
const textReader = phraseReader(maxTokens);
const subjectReader = phraseReader(maxSubjectWords);

function disguiseSignals(text: WordReader, subject: WordReader, out: Collected): void {
  if (text.invisibleCount > 0) out.add(`text:invisible:${stepOf(text.invisibleCount, [1, 6, 30])}`);
  if (text.mixedCount > 0) out.add(`text:mixed-scripts:${stepOf(text.mixedCount, [1, 4])}`);
  if (text.styledCount > 0) out.add('text:styled-letters');
  if (subject.invisibleCount + subject.mixedCount + subject.styledCount > 0) out.add('subject:disguised');
}

function read(message: Message, content: ContentViews): Features {
  const out = new Collected();
  const origin = headerSignals(message, out);
  partSignals(message, content.attachments, out);
  const pages = content.attachments.filter(isPage);
  for (const page of pages.slice(0, maxPages)) pageSignals(page.decoded(), out);
  const html = content.texts.find(({ kind }) => kind === 'html');
  const plain = content.texts.find(({ kind }) => kind === 'plain');
  // Where both are there they say the same, and the HTML is what is seen.
  const shown = html !== undefined && html.text.length > 0 ? html : plain;
  const own = ownText(shown?.text ?? '');
  textSignals(own, shown?.kind ?? 'plain', out);
  const structure = html && content.htmlStructure(html);
  if (html && structure) htmlSignals(html.part.text(), structure, html.text.length, out);
  if (html && plain && plain.text.length > 0 && html.text.length > 3 * plain.text.length + 200)
    out.add('parts:plain-says-less');
  const parties = {
    fromDomain: message.from[0]?.domain ?? '',
    recipient: message.to[0]?.text.toLowerCase() ?? '',
  };
  const { followed } = linksSignals(content.urls, content.emails, parties, out);
  textReader.read(own.text);
  subjectReader.read(message.subject.slice(0, maxSubjectChars));
  disguiseSignals(textReader, subjectReader, out);
  const words = textReader.count;
  out.add(`text:words:${stepOf(words, [1, 15, 40, 100])}`);
  topicSignals(textReader, subjectReader, out);
  if (
    parties.recipient.length > 5 &&
    own.text.includes('@') &&
    own.text.toLowerCase().includes(parties.recipient)
  )
    out.add('text:names-recipient-address');
  if (followed > 0) out.add('links:followed');
  if (!origin.isList && !origin.isReply) out.add('header:neither-list-nor-reply');
  for (const [name, reached] of steps) if (reached.some((step) => out.names.has(step))) out.add(name);
  replySignals(origin, out);
  for (const [one, other] of together) {
    if (out.names.has(one) && out.names.has(other)) out.add(`${one}+${other}`);
  }
  return {
    names: [...out.names],
    grams: hashWords(textReader, subjectReader, maxGramTokens),
    words,
    isBlank: words === 0 && content.urls.length === 0 && content.attachments.length === 0,
  };
}

const quoting = [
  'text:quoted-lines:1',
  'text:quoted-lines:2',
  'text:quoted-lines:3',
  'text:quotes-somebody',
  'html:quotes',
];

/** People who answer quote; who only pretends to has nothing to quote. */
function replySignals({ isReply, isForward }: Origin, out: Collected): void {
  const quotes = quoting.some((name) => out.names.has(name));
  if (isForward) {
    // What is forwarded looks like a quotation and is the message itself.
    for (const name of [...quoting, 'header:reply', 'header:reply-in-thread']) out.names.delete(name);
    out.add(isReply ? 'forward:with-reference' : 'forward:without-reference');
    return;
  }
  const answers = isReply || out.names.has('subject:reply-without-reference');
  if (answers) out.add(quotes ? 'reply:with-quote' : 'reply:without-quote');
}

const known = new WeakMap<Message, Features>();

/**
 * The features of a message, read once however many ask. Bounded: text, HTML, links and words beyond what a reader
 * takes in are not looked at.
 */
export function readFeatures(message: Message, content: ContentViews): Features {
  let features = known.get(message);
  if (!features) {
    features = read(message, content);
    known.set(message, features);
  }
  return features;
}
