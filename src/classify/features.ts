import type { ContentViews, Message } from '../core/index.ts';
import { hashWords } from './grams.ts';
import { headerSignals } from './header-signals.ts';
import { htmlSignals } from './html-signals.ts';
import { linksSignals } from './link-signals.ts';
import { partSignals } from './part-signals.ts';
import { countTopics, type Topic, topics } from './phrases.ts';
import { stepOf } from './signals.ts';
import { ownText, textSignals } from './text-signals.ts';
import { readWords } from './words.ts';

/** What the model knows of a message. */
export interface Features {
  /** Names of the features that are there, each once. */
  readonly names: readonly string[];
  /** Buckets of its words, see {@link hashWords}. */
  readonly grams: readonly number[];
  /** Is there nothing to judge: no text, link or picture? */
  readonly isBlank: boolean;
  /** How many words the text has, up to a bound. */
  readonly words: number;
}

/** Words of the text that are looked at for phrases, and for hashed words. */
const maxTokens = 1_500;
const maxGramTokens = 400;
const maxSubjectChars = 300;

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
];
const honest: readonly Topic[] = [
  'order-notice',
  'you-asked',
  'forum-notice',
  'newsletter',
  'conversation',
  'technical',
];

function topicSignals(tokens: readonly string[], subject: readonly string[], out: Collected): void {
  const inText = countTopics(tokens);
  const inSubject = countTopics(subject);
  const sum = (names: readonly Topic[]): number =>
    names.reduce((total, name) => {
      const index = topics.indexOf(name);
      return total + inText[index]! + 2 * inSubject[index]!;
    }, 0);
  for (const [index, name] of topics.entries()) {
    const count = inText[index]!;
    // Long texts have a word of everything in them.
    if (count >= 1 + Math.floor(tokens.length / 300)) {
      // How much of the text it is counts, not how long the text is.
      const density = (count / Math.max(tokens.length, 40)) * 100;
      out.add(`says:${name}`);
      if (density >= 1) out.add(`says:${name}:often`);
      if (density >= 3) out.add(`says:${name}:mostly`);
    }
    if (inSubject[index]! > 0) out.add(`subject-says:${name}`);
  }
  const [asks, offers, honestly] = [sum(asking), sum(offering), sum(honest)];
  const scale = Math.max(tokens.length, 60) / 100;
  out.add(`sum:asks:${stepOf(asks / scale, [0.5, 1.5, 3, 6])}`);
  out.add(`sum:offers:${stepOf(offers / scale, [0.5, 1.5, 3, 6])}`);
  out.add(`sum:honest:${stepOf(honestly / scale, [0.5, 1.5, 3, 6])}`);
  out.add(`sum:balance:${stepOf((asks + offers - honestly) / scale, [-6, -3, -1, 0, 1, 3, 6])}`);
}

const together: readonly (readonly [string, string])[] = [
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

/** The features of a message. Bounded: text, HTML, links and words beyond what a reader takes in are not looked at. */
export function readFeatures(message: Message, content: ContentViews): Features {
  const out = new Collected();
  const origin = headerSignals(message, out);
  partSignals(message, content.attachments, out);
  const html = content.texts.find(({ kind }) => kind === 'html');
  const plain = content.texts.find(({ kind }) => kind === 'plain');
  // Where both are there they say the same, and the HTML is what is seen.
  const shown = html !== undefined && html.text.length > 0 ? html : plain;
  const own = ownText(shown?.text ?? '');
  textSignals(own, shown?.kind ?? 'plain', out);
  if (html) htmlSignals(html.part.text(), html.text.length, out);
  if (html && plain && plain.text.length > 0 && html.text.length > 3 * plain.text.length + 200)
    out.add('parts:plain-says-less');
  const fromDomain = message.from[0]?.domain ?? '';
  const { followed } = linksSignals(content.urls, content.emails, fromDomain, out);
  const words = readWords(own.text, maxTokens);
  const subject = readWords(message.subject.slice(0, maxSubjectChars), 60);
  if (words.invisibleCount > 0) out.add(`text:invisible:${stepOf(words.invisibleCount, [1, 6, 30])}`);
  if (words.mixedCount > 0) out.add(`text:mixed-scripts:${stepOf(words.mixedCount, [1, 4])}`);
  if (words.styledCount > 0) out.add('text:styled-letters');
  if (subject.invisibleCount + subject.mixedCount + subject.styledCount > 0) out.add('subject:disguised');
  out.add(`text:words:${stepOf(words.tokens.length, [1, 15, 40, 100])}`);
  topicSignals(words.tokens, subject.tokens, out);
  if (followed > 0) out.add('links:followed');
  if (!origin.isList && !origin.isReply) out.add('header:neither-list-nor-reply');
  for (const name of ['html:hidden', 'text:code']) {
    for (let step = 1; step < 5; step++) if (out.names.has(`${name}:${step}`)) out.add(name);
  }
  for (const [one, other] of together) {
    if (out.names.has(one) && out.names.has(other)) out.add(`${one}+${other}`);
  }
  return {
    names: [...out.names],
    grams: hashWords(words.tokens, subject.tokens, maxGramTokens),
    words: words.tokens.length,
    isBlank: words.tokens.length === 0 && content.urls.length === 0 && content.attachments.length === 0,
  };
}
