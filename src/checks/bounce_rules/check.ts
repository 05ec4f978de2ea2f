import { z } from 'zod';
import { defineCheck, type Message, type Task } from '../../core/index.ts';

/** Parts of a message that are looked at. */
const maxParts = 10;

const bounceWords = new RegExp(
  [
    '\\b(?:un|non[- ]?)deliver(?:able|ed|y)\\b',
    '\\bdelivery (?:status|failure|report|error|problem|delay|has failed|notification|failed)',
    '\\b(?:mail|message|e-?mail) (?:delivery|system error|could not be delivered|not delivered|undeliverable|returned)',
    '\\b(?:failed|failure|returned) (?:mail|message|e-?mail|delivery)\\b',
    '\\b(?:failure|warning|delay) notice\\b',
    '\\breturn(?:ed|ing) (?:to sender|message to sender|mail)',
    '\\bcould not (?:send|deliver) (?:message|mail)',
    '\\bunzustellbar|\\bnicht zustellbar|\\bzustellung.{0,20}fehl|\\bmail nicht zugestellt',
    '\\bnon remis\\b|\\béchec de la remise|\\bno se puede entregar|\\bimpossibile recapitare',
    '\\bне(?:возможно)? доставлен',
  ].join('|'),
  'iu',
);

const senders: ReadonlySet<string> = new Set(['postmaster', 'mailer-daemon']);
const reportTypes: ReadonlySet<string> = new Set(['delivery-status', 'disposition-notification']);
const returned: ReadonlySet<string> = new Set([
  'message/rfc822',
  'message/rfc822-headers',
  'text/rfc822-headers',
]);

function reportType({ contentType, contentTypeParameters }: Message['root']): string | undefined {
  if (contentType !== 'multipart/report') return undefined;
  const type = contentTypeParameters.get('report-type')?.toLowerCase();
  return type !== undefined && reportTypes.has(type) ? type : undefined;
}

/** How sure it is that mail with a null sender is a bounce, and by what signs. */
function weigh(task: Task, hasWords: boolean): readonly [weight: number, sign: string] | undefined {
  const { message } = task;
  const report = reportType(message.root);
  if (report !== undefined) return [1, report];
  const user = message.from[0]?.local.toLowerCase() ?? '';
  if (user === 'mdaemon' && message.headers.has('x-mddsn-message')) return [1, 'mdaemon'];
  const sender = senders.has(user) ? user : undefined;
  if (sender === undefined && !hasWords) return undefined;
  if (sender !== undefined && hasWords) return [0.5, `${sender}+subject`];
  const part = message.parts.slice(0, maxParts).find(({ contentType }) => returned.has(contentType));
  if (!part) return undefined;
  return sender === undefined ? [0.2, `subject+${part.contentType}`] : [0.5, `${sender}+${part.contentType}`];
}

export const bounceRules = defineCheck({
  name: 'bounce_rules',
  summary: 'Recognises bounces and receipts.',
  details: [
    'Mail of every direction is looked at; rules of Rspamd without options of their own. BOUNCE needs a null envelope sender and',
    'a report of RFC 3464 or RFC 8098 (weight 1), or two of: From of postmaster or mailer-daemon, a subject with words of',
    'bounces, a returned message (weight 0.5 with such a sender, else 0.2).',
  ].join('\n'),
  group: 'headers',
  stage: 'filter',
  direction: 'both',
  needs: ['headers'],
  config: z.strictObject({}),
  symbols: {
    BOUNCE: { score: -0.1, description: 'The message is a bounce or a receipt', ref: 'RFC 3464, RFC 8098' },
    SUBJ_BOUNCE_WORDS: { description: 'The subject reads like that of a bounce', groups: ['subject'] },
  },
  create() {
    return (task, hit) => {
      const { subject } = task.message;
      const hasWords = subject !== '' && bounceWords.test(subject.slice(0, 500));
      if (hasWords) hit('SUBJ_BOUNCE_WORDS');
      if (task.originalEnvelope.sender !== null) return;
      const found = weigh(task, hasWords);
      if (found) hit('BOUNCE', found[0], found[1]);
    };
  },
});
