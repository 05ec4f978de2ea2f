import { z } from 'zod';
import { defineCheck } from '../../core/index.ts';
import { isValidAddress, sameAddress } from '../../mime/index.ts';
import { addressInName, hasExcessSpace, titleOf } from './name.ts';
import { hasBounceTag, namesRecipient } from './return-path.ts';

const maxShown = 10;

export const fromRules = defineCheck({
  name: 'from_rules',
  summary:
    'Judges From and the envelope sender: missing, invalid, several, names that pose as somebody else.',
  details: [
    'Mail of every direction is looked at; rules of Rspamd without options of their own. From and envelope sender are taken',
    'as they came, before aliases and tags.',
    '',
    'Unlike Rspamd: addresses outside ASCII are no fault of mail that came with SMTPUTF8 (RFC 6531), and From with text but',
    'without any address is `FROM_INVALID`.',
  ].join('\n'),
  group: 'headers',
  stage: 'filter',
  direction: 'both',
  needs: ['headers'],
  config: z.strictObject({}),
  symbols: {
    MISSING_FROM: { score: 2, description: 'There is no From, or it is empty' },
    MULTIPLE_FROM: { score: 8, description: 'From holds several addresses' },
    FROM_INVALID: { score: 2, description: 'From holds no valid address' },
    ENVFROM_INVALID: { score: 2, description: 'The envelope sender is no valid address' },
    INVALID_FROM_8BIT: { score: 6, description: 'The address of From has characters outside ASCII' },
    FROM_NO_DN: { description: 'From has no display name' },
    FROM_HAS_DN: { description: 'From has a display name' },
    FROM_DN_EQ_ADDR: { score: 1, description: 'The display name of From is the address' },
    FROM_NAME_HAS_TITLE: { score: 1, description: 'The display name of From begins with Mr, Mrs or Dr' },
    FROM_NAME_EXCESS_SPACE: { score: 1, description: 'The display name of From has several blanks together' },
    FROM_EQ_ENVFROM: { description: 'From is the envelope sender' },
    FROM_NEQ_ENVFROM: { description: 'From is not the envelope sender' },
    SPOOF_DISPLAY_NAME: {
      score: 8,
      description: 'The display name of From shows an address of the recipient’s domain, not of its own',
    },
    FROM_NEQ_DISPLAY_NAME: {
      score: 4,
      description: 'The display name of From shows an address of another domain',
    },
    ENVFROM_PRVS: {
      description: 'The envelope sender is From with a tag against false bounces',
      ref: 'draft-levine-smtp-batv',
    },
    ENVFROM_VERP: {
      description: 'The envelope sender names the recipient, so that bounces tell whose they are',
    },
    INFO_TO_INFO_LU: { score: 2, description: 'Bulk mail from info@ to info@' },
  },
  create() {
    return (task, hit) => {
      const { message, originalEnvelope } = task;
      const { sender, recipients, senderEsmtp } = originalEnvelope;
      const header = message.headers.first('from');
      const isMissing = header === undefined || header.rawValue.trim() === '';
      if (isMissing) hit('MISSING_FROM');
      const envelopeSender = sender && sender.text !== '' ? sender : undefined;
      if (envelopeSender && !isValidAddress(envelopeSender)) hit('ENVFROM_INVALID');
      if (envelopeSender && recipients.length === 1 && namesRecipient(envelopeSender, recipients[0]!))
        hit('ENVFROM_VERP');
      const mailboxes = message.from;
      const [from] = mailboxes;
      if (!from) {
        if (!isMissing) hit('FROM_INVALID');
        return;
      }
      if (mailboxes.length > 1)
        hit('MULTIPLE_FROM', 1, ...mailboxes.slice(0, maxShown).map(({ text }) => text));
      if (!isValidAddress(from)) hit('FROM_INVALID');
      if (!senderEsmtp.has('SMTPUTF8') && mailboxes.some(({ text }) => /[^\x00-\x7f]/.test(text)))
        hit('INVALID_FROM_8BIT');

      const { name } = from;
      if (name === '') hit('FROM_NO_DN');
      else if (name.length === from.text.length && name.toLowerCase() === from.text.toLowerCase())
        hit('FROM_DN_EQ_ADDR');
      else {
        hit('FROM_HAS_DN');
        const title = titleOf(name);
        if (title !== undefined) hit('FROM_NAME_HAS_TITLE', 1, title);
        if (hasExcessSpace(name, header?.rawValue ?? '')) hit('FROM_NAME_EXCESS_SPACE');
      }
      const shown = addressInName(name);
      if (shown && shown.domain !== from.domain) {
        const isOfRecipients =
          message.to.some(({ domain }) => domain === shown.domain) ||
          message.cc.some(({ domain }) => domain === shown.domain) ||
          recipients.some(({ domain }) => domain === shown.domain);
        hit(isOfRecipients ? 'SPOOF_DISPLAY_NAME' : 'FROM_NEQ_DISPLAY_NAME', 1, from.domain, shown.domain);
      }

      if (envelopeSender) {
        if (sameAddress(from, envelopeSender)) hit('FROM_EQ_ENVFROM');
        else {
          hit('FROM_NEQ_ENVFROM', 1, from.text, envelopeSender.text);
          if (hasBounceTag(envelopeSender, from)) hit('ENVFROM_PRVS');
        }
      }
      if (
        from.local.toLowerCase() === 'info' &&
        message.headers.has('list-unsubscribe') &&
        recipients.some(({ local }) => local.toLowerCase() === 'info')
      )
        hit('INFO_TO_INFO_LU');
    };
  },
});
