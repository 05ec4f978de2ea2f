import { z } from 'zod';
import { defineCheck, type InsertHit, type Mailbox, type Task } from '../../core/index.ts';
import { sameAddress } from '../../mime/index.ts';

const symbols = {
  RCPT_COUNT_ZERO: { description: 'To and Cc name nobody' },
  RCPT_COUNT_ONE: { description: 'One address in To and Cc' },
  RCPT_COUNT_TWO: { description: 'Two addresses in To and Cc' },
  RCPT_COUNT_THREE: { description: '3 or 4 addresses in To and Cc' },
  RCPT_COUNT_FIVE: { description: '5 or 6 addresses in To and Cc' },
  RCPT_COUNT_SEVEN: { description: '7 to 11 addresses in To and Cc' },
  RCPT_COUNT_TWELVE: { description: '12 to 49 addresses in To and Cc' },
  RCPT_COUNT_GT_50: { description: '50 addresses or more in To and Cc' },
  TO_EQ_FROM: { description: 'The only recipient of the header is From' },
  TO_DOM_EQ_FROM_DOM: { description: 'The only recipient of the header has the domain of From' },
  TO_DN_RECIPIENTS: { score: 2, description: 'A recipient is named “recipients”' },
  TO_DN_NONE: { description: 'No recipient has a display name' },
  TO_DN_ALL: { description: 'Every recipient has a display name' },
  TO_DN_SOME: { description: 'Some recipients have display names' },
  TO_DN_EQ_ADDR_ALL: { description: 'The name of every recipient is the address' },
  TO_DN_EQ_ADDR_SOME: { description: 'The names of some recipients are their addresses' },
  TO_MATCH_ENVRCPT_ALL: { description: 'All recipients of the header are in the envelope' },
  TO_MATCH_ENVRCPT_SOME: { description: 'Some recipients of the header are in the envelope' },
  INVALID_RCPT_8BIT: { score: 6, description: 'An address of To or Cc has characters outside ASCII' },
} as const;

type Hit = InsertHit<keyof typeof symbols>;

/** Numbers of addresses from which each symbol holds, greatest first. */
const steps = [
  [50, 'RCPT_COUNT_GT_50'],
  [12, 'RCPT_COUNT_TWELVE'],
  [7, 'RCPT_COUNT_SEVEN'],
  [5, 'RCPT_COUNT_FIVE'],
  [3, 'RCPT_COUNT_THREE'],
  [2, 'RCPT_COUNT_TWO'],
  [1, 'RCPT_COUNT_ONE'],
  [0, 'RCPT_COUNT_ZERO'],
] as const;

function lowerText({ local, domain }: { readonly local: string; readonly domain: string }): string {
  return `${local.toLowerCase()}@${domain}`;
}

/** How many of these are recipients of the envelope? */
function countKnown(addresses: readonly Mailbox[], { recipients }: Task['originalEnvelope']): number {
  const [only] = recipients;
  if (recipients.length === 1)
    return addresses.reduce((sum, address) => sum + (sameAddress(address, only!) ? 1 : 0), 0);
  if (recipients.length === 0) return 0;
  const known = new Set(recipients.map(lowerText));
  return addresses.reduce((sum, address) => sum + (known.has(lowerText(address)) ? 1 : 0), 0);
}

function judgeNames(addresses: readonly Mailbox[], hit: Hit): void {
  let named = 0;
  let same = 0;
  let isRecipients = false;
  for (const { name, text } of addresses) {
    if (name === '') continue;
    const lower = name.toLowerCase();
    if (lower === 'recipient' || lower === 'recipients') isRecipients = true;
    if (lower === text.toLowerCase()) same++;
    else named++;
  }
  if (isRecipients) hit('TO_DN_RECIPIENTS');
  if (named === 0 && same === 0) hit('TO_DN_NONE');
  else if (named === addresses.length) hit('TO_DN_ALL');
  else if (named > 0) hit('TO_DN_SOME');
  if (same === addresses.length) hit('TO_DN_EQ_ADDR_ALL');
  else if (same > 0) hit('TO_DN_EQ_ADDR_SOME');
}

export const recipientRules = defineCheck({
  name: 'recipient_rules',
  summary: 'Judges To and Cc: how many they are, how they are named, whether the envelope knows them.',
  details: [
    'Mail of every direction is looked at; rules of Rspamd without options of their own. Addresses are taken as they came,',
    'before aliases and tags.',
    '',
    'Unlike Rspamd: addresses outside ASCII are no fault of mail that came with SMTPUTF8 (RFC 6531).',
  ].join('\n'),
  group: 'headers',
  stage: 'filter',
  direction: 'both',
  needs: ['headers'],
  config: z.strictObject({}),
  symbols,
  create() {
    return (task, hit) => {
      const { message, originalEnvelope } = task;
      const { to, cc } = message;
      const addresses = cc.length === 0 ? to : [...to, ...cc];
      const count = addresses.length;
      hit(steps.find(([step]) => count >= step)![1], 1, String(count));
      if (count === 0) return;
      const [from] = message.from;
      if (from && count === 1) {
        const only = addresses[0]!;
        if (sameAddress(only, from)) hit('TO_EQ_FROM');
        else if (only.domain !== '' && only.domain === from.domain) hit('TO_DOM_EQ_FROM_DOM');
      }
      judgeNames(addresses, hit);
      const known = countKnown(addresses, originalEnvelope);
      if (known === count) hit('TO_MATCH_ENVRCPT_ALL');
      else if (known > 0) hit('TO_MATCH_ENVRCPT_SOME');
      const isForeign = addresses.some(({ text }) => /[^\x00-\x7f]/.test(text));
      if (isForeign && !originalEnvelope.senderEsmtp.has('SMTPUTF8')) hit('INVALID_RCPT_8BIT');
    };
  },
});
