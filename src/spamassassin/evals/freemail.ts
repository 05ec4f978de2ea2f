import { fieldSource } from '../fields.ts';
import { ruleLimits } from '../limits.ts';
import type { AddressLists } from '../lists.ts';
import type { RuleMessage } from '../message.ts';
import { argumentPattern, type EvalContext, type EvalFunction, FunctionError } from './make.ts';

const lower = (values: readonly string[]): readonly string[] => values.map((value) => value.toLowerCase());

const from = fieldSource('From:addr');
const replyTo = fieldSource('Reply-To:addr');
const senders = ['From:addr', 'Envelope-Sender:addr', 'Resent-Sender:addr', 'X-Envelope-From:addr'].map(
  fieldSource,
);
const resentFrom = fieldSource('Resent-From:first:addr');

/** Everybody the message says it is from, lower case. */
export function senderAddresses(message: RuleMessage): readonly string[] {
  const resent = resentFrom.read(message);
  if (resent.length > 0) return lower(resent);
  const all = senders.flatMap((source) => source.read(message));
  const { envelopeFrom } = message;
  return lower([...new Set(envelopeFrom ? [...all, envelopeFrom] : all)]).filter((address) => address !== '');
}

const mailbox = /(?<![\w.+-])([\w.+-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24})(?![\w-])/gi;
const bulkSender =
  /(?:^(?:post|host|domain)master|^double-bounce|^(?:sentto|owner|return|(?:gr)?bounced?)-.+|-(?:request|bounces?|admin|owner)|\b(?:do[._-]?)?no[._-]?repl(?:y|ies)|[^=]+=[^=]+)@/i;

/** Freemail addresses in the body: not those between angle brackets or in links, nor the author of a quotation. */
function bodyAddresses(message: RuleMessage, lists: AddressLists): readonly string[] {
  const found = new Set<string>();
  for (const piece of message.body) {
    if (!piece.includes('@')) continue;
    const text = piece
      .replace(/<?https?:\/\/\S{0,255}(?:@|%40)\S{0,255}/gi, ' ')
      .replace(/<(?!mailto:)[^\s<>]{1,255}@[^\s<>]{1,255}>/gi, ' ')
      .replace(/[\w.+-]{1,64}@[\w.-]{1,255}\s{1,10}(?!fa(?:x|csi)|tel|phone|e?-?mail)[a-z]{2,11}:/gi, ' ');
    for (const [address] of text.matchAll(mailbox)) {
      found.add(address.toLowerCase());
      if (found.size >= ruleLimits.bodyAddresses) break;
    }
    if (found.size >= ruleLimits.bodyAddresses) break;
  }
  return [...found].filter((address) => lists.isFreemail(address));
}

function matching({ lists, args }: EvalContext, at: number): (address: string) => boolean {
  const written = args[at];
  const pattern = written === undefined ? undefined : argumentPattern(written);
  return (address) => lists.isFreemail(address) && (pattern?.test(address) ?? true);
}

/** A reply goes to another free mailbox than the one it comes from, or than the one that the text names. */
function repliesElsewhere(message: RuleMessage, lists: AddressLists, asksReplyTo: boolean): boolean {
  if (message.envelopeFrom !== undefined && bulkSender.test(message.envelopeFrom)) return false;
  const authors = lower(from.read(message));
  const answers = lower(replyTo.read(message));
  const isFree = (address: string): boolean => lists.isFreemail(address);
  const isAuthorFree = authors.some(isFree);
  const isAnswerFree = answers.some(isFree);
  if (isAuthorFree && isAnswerFree && !authors.some((address) => answers.includes(address))) return true;
  if (asksReplyTo ? !isAnswerFree : answers.length > 0 ? !isAnswerFree : !isAuthorFree) return false;
  const compared = asksReplyTo || isAnswerFree ? answers : authors;
  return bodyAddresses(message, lists).some((inBody) => compared.some((address) => address !== inBody));
}

export const freemailFunctions: Readonly<Record<string, EvalFunction>> = {
  check_freemail_from: {
    make: (context) => {
      const isWanted = matching(context, 0);
      return (message) => senderAddresses(message).some(isWanted);
    },
  },
  check_freemail_header: {
    make: (context) => {
      const source = fieldSource(`${context.args[0] ?? ''}:addr`);
      const isWanted = matching(context, 1);
      return (message) => lower(source.read(message)).some(isWanted);
    },
  },
  check_freemail_body: {
    make: (context) => {
      const isWanted = matching(context, 0);
      return (message) => bodyAddresses(message, context.lists).some(isWanted);
    },
  },
  check_freemail_replyto: {
    make: ({ args: [what = 'replyto'], lists }) => {
      if (what !== 'replyto' && what !== 'reply')
        throw new FunctionError(`check_freemail_replyto ("${what}" is neither replyto nor reply)`);
      return (message) => repliesElsewhere(message, lists, what === 'replyto');
    },
  },
};
