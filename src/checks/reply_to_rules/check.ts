import { z } from 'zod';
import { defineCheck, type HeaderList, type InsertHit, type Mailbox, type Task } from '../../core/index.ts';
import { isValidAddress, sameAddress } from '../../mime/index.ts';
import { hasForeignReadingReceipt, hasForeignReceipt } from './receipts.ts';

const symbols = {
  HAS_REPLYTO: { description: 'There is a Reply-To with an address' },
  REPLYTO_UNPARSEABLE: { score: 1, description: 'Reply-To holds no address' },
  REPLYTO_INVALID: { score: 1, description: 'Reply-To holds no valid address' },
  REPLYTO_LOCALPART_LONG: { score: 2, description: 'The local part of Reply-To is longer than 64 bytes' },
  REPLYTO_DOMAIN_LONG: { score: 2, description: 'The domain of Reply-To is longer than 255 bytes' },
  REPLYTO_EQ_FROM: { description: 'Reply-To is written as From is' },
  REPLYTO_ADDR_EQ_FROM: { description: 'Reply-To has the address of From' },
  REPLYTO_DOM_EQ_FROM_DOM: { description: 'Reply-To has the domain of From' },
  REPLYTO_DOM_NEQ_FROM_DOM: { description: 'Reply-To has another domain than From' },
  REPLYTO_DN_EQ_FROM_DN: { description: 'Reply-To has the name of From and another domain' },
  REPLYTO_EMAIL_HAS_TITLE: {
    score: 2,
    description: 'Reply-To begins with the title that the name of From begins with',
  },
  REPLYTO_EQ_TO_ADDR: { score: 5, description: 'Answers to somebody else’s mail go to its recipient' },
  REPLYTO_DOM_EQ_TO_DOM: { description: 'Reply-To has the domain of the first recipient' },
  REPLYTO_DOM_NEQ_TO_DOM: { description: 'Reply-To has another domain than the first recipient' },
  SPOOF_REPLYTO: {
    score: 6,
    description: 'Mail within a domain, by its From, whose answers go to another domain',
  },
  FREEMAIL_REPLYTO_NEQ_FROM_DOM: {
    score: 3,
    description: 'From and Reply-To are of different freemail providers',
  },
  HEADER_RCONFIRM_MISMATCH: { score: 2, description: 'The reading receipt goes to somebody else than From' },
  HEADER_FORGED_MDN: { score: 2, description: 'The receipt goes to somebody else than the envelope sender' },
} as const;

type Hit = InsertHit<keyof typeof symbols>;

const listHeaders = ['list-unsubscribe', 'x-to-get-off-this-list', 'x-list', 'auto-submitted'];

function isFromList(headers: HeaderList): boolean {
  return listHeaders.some((key) => headers.has(key));
}

/** Is Reply-To like From? */
function compareWithFrom(task: Task, hit: Hit, replyTo: Mailbox, raw: string): void {
  const { message } = task;
  const [from] = message.from;
  if (!from) return;
  if (message.headers.first('from')!.rawValue.trim() === raw) hit('REPLYTO_EQ_FROM');
  else if (sameAddress(from, replyTo)) hit('REPLYTO_ADDR_EQ_FROM');
  if (from.domain === '' || replyTo.domain === '') return;
  if (from.domain === replyTo.domain) {
    if (!sameAddress(from, replyTo)) hit('REPLYTO_DOM_EQ_FROM_DOM');
    return;
  }
  hit('REPLYTO_DOM_NEQ_FROM_DOM');
  const { name } = from;
  if (name !== '' && name.toLowerCase() === replyTo.name.toLowerCase()) hit('REPLYTO_DN_EQ_FROM_DN');
  const to = message.to[0] ?? message.cc[0];
  if (to && sameAddress(to, replyTo) && !isFromList(message.headers)) hit('REPLYTO_EQ_TO_ADDR');
  const isWithinDomain = task.originalEnvelope.recipients.some(
    (recipient) => recipient.domain === from.domain && !sameAddress(recipient, from),
  );
  if (isWithinDomain) hit('SPOOF_REPLYTO', 1, from.domain, replyTo.domain);
  const { result } = task;
  if (result.has('FREEMAIL_REPLYTO') && result.has('FREEMAIL_FROM'))
    hit('FREEMAIL_REPLYTO_NEQ_FROM_DOM', 1, from.domain, replyTo.domain);
}

function judgeReplyTo(task: Task, hit: Hit): void {
  const { message } = task;
  const header = message.headers.first('reply-to');
  if (!header) return;
  const [replyTo] = message.replyTo;
  if (!replyTo) {
    hit('REPLYTO_UNPARSEABLE');
    return;
  }
  hit('HAS_REPLYTO', 1, replyTo.text);
  if (!isValidAddress(replyTo)) hit('REPLYTO_INVALID');
  if (Buffer.byteLength(replyTo.local) > 64) hit('REPLYTO_LOCALPART_LONG');
  if (Buffer.byteLength(replyTo.domain) > 255) hit('REPLYTO_DOMAIN_LONG');
  compareWithFrom(task, hit, replyTo, header.rawValue.trim());
  const title = task.result.get('FROM_NAME_HAS_TITLE')?.options[0];
  if (title !== undefined && replyTo.text.slice(0, title.length).toLowerCase() === title)
    hit('REPLYTO_EMAIL_HAS_TITLE');
  const to = message.to[0] ?? message.cc[0];
  if (to && to.domain !== '' && replyTo.domain !== '')
    hit(to.domain === replyTo.domain ? 'REPLYTO_DOM_EQ_TO_DOM' : 'REPLYTO_DOM_NEQ_TO_DOM');
}

export const replyToRules = defineCheck({
  name: 'reply_to_rules',
  summary:
    'Judges where answers and receipts go: Reply-To, X-Confirm-Reading-To, Disposition-Notification-To.',
  details: [
    'Mail of every direction is looked at; rules of Rspamd without options of their own. FREEMAIL_REPLYTO_NEQ_FROM_DOM needs',
    'the lists of freemail domains that the stock rules of `multimap` read.',
    '',
    'Web forms that send with an address of the site as From and the visitor’s as Reply-To, to somebody of the same',
    'domain, look like SPOOF_REPLYTO: set its score to 0 in settings for hosts where that is normal.',
    '',
    'REPLYTO_EQ_TO_ADDR is given only when Reply-To is of another domain than From: mail to oneself and to colleagues is',
    'none of its business.',
  ].join('\n'),
  group: 'headers',
  stage: 'filter',
  direction: 'both',
  needs: ['headers'],
  config: z.strictObject({}),
  symbols,
  create() {
    return {
      after: ['FROM_NAME_HAS_TITLE', 'FREEMAIL_REPLYTO', 'FREEMAIL_FROM'],
      run(task, hit) {
        judgeReplyTo(task, hit);
        const { headers, from } = task.message;
        if (hasForeignReadingReceipt(headers, from[0])) hit('HEADER_RCONFIRM_MISMATCH');
        if (hasForeignReceipt(headers, task.originalEnvelope.sender)) hit('HEADER_FORGED_MDN');
      },
    };
  },
});
