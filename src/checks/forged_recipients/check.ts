import { z } from 'zod';
import { defineCheck, type MailAddress, type Task } from '../../core/index.ts';

const config = z.strictObject({
  symbol_sender: z
    .string()
    .min(1)
    .default('FORGED_SENDER')
    .describe('Symbol for a sender that the header does not name'),
  symbol_rcpt: z
    .string()
    .min(1)
    .default('FORGED_RECIPIENTS')
    .describe('Symbol for recipients that the header does not name'),
});

/** Addresses of each side that are compared, and options that name them. */
const maxCompared = 100;
const maxShown = 20;

function lowerTexts(addresses: readonly MailAddress[]): readonly string[] {
  return addresses.slice(0, maxCompared).map(({ text }) => text.toLowerCase());
}

function domainOf(text: string): string {
  return text.slice(text.lastIndexOf('@') + 1);
}

/** Recipients and header addresses without counterpart; undefined: all is explained. */
function unmatched(
  task: Task,
): { readonly mime: readonly string[]; readonly smtp: readonly string[] } | undefined {
  const { recipients, sender, login } = task.originalEnvelope;
  const { to, cc, headers } = task.message;
  if (recipients.length === 0 || to.length + cc.length === 0) return undefined;
  const smtp = lowerTexts(recipients);
  const mime = lowerTexts([...to, ...cc]);
  const smtpSet = new Set(smtp);
  const mimeSet = new Set(mime);
  const smtpDomains = new Set(smtp.map(domainOf));
  const mimeDomains = new Set(mime.map(domainOf));
  const senderText = sender?.text.toLowerCase();
  const strangers = smtp.filter(
    (text) => !mimeSet.has(text) && text !== login && text !== senderText && !mimeDomains.has(domainOf(text)),
  );
  if (strangers.length === 0) return undefined;
  const delivered = headers.first('delivered-to')?.value;
  const missing = mime.filter(
    (text) => !smtpSet.has(text) && text !== delivered && text !== login && !smtpDomains.has(domainOf(text)),
  );
  return missing.length === 0 ? undefined : { mime: missing, smtp: strangers };
}

export const forgedRecipients = defineCheck({
  name: 'forged_recipients',
  summary: 'Compares sender and recipients of the envelope with those of the header.',
  details: [
    'Recipients are forged when at least one recipient of the envelope and at least one address of To and Cc have no',
    'counterpart on the other side. A shared domain is a counterpart, and so are the login, the envelope sender (among',
    'recipients) and Delivered-To (among header addresses). At most 100 addresses of each side are compared, as they were',
    'written, before aliases and tags. Mail without To and Cc, and mail with a null sender, gives no symbol for that part.',
  ].join('\n'),
  group: 'headers',
  stage: 'filter',
  direction: 'both',
  needs: ['headers'],
  config,
  symbols: {
    FORGED_SENDER: { score: 0.3, description: 'The envelope sender is not the From address' },
    FORGED_RECIPIENTS: {
      score: 2,
      description: 'Recipients of the envelope and of To and Cc have nothing in common',
    },
  },
  create({ config: { symbol_sender, symbol_rcpt }, rename }) {
    const senderSymbol = rename('FORGED_SENDER', symbol_sender);
    const recipientsSymbol = rename('FORGED_RECIPIENTS', symbol_rcpt);
    return {
      name: 'FORGED_CALLBACK',
      run(task, hit) {
        const found = unmatched(task);
        if (found) {
          hit(
            recipientsSymbol,
            1,
            ...found.mime.slice(0, maxShown).map((text) => `m:${text}`),
            ...found.smtp.slice(0, maxShown).map((text) => `s:${text}`),
          );
        }
        const { sender } = task.originalEnvelope;
        if (!sender || sender.text === '') return;
        const [from] = task.message.from;
        if (from?.text.toLowerCase() === sender.text.toLowerCase()) return;
        hit(senderSymbol, 1, from?.text ?? '', sender.text);
      },
    };
  },
});
