import { z } from 'zod';

const mapValue = z.union([z.string(), z.array(z.unknown()), z.record(z.string(), z.unknown())]);
const actions = z.enum(['off', 'mark', 'hold', 'reject']);

export const config = z.strictObject({
  enabled: z.boolean().default(true).describe('Switches the check off when false'),
  senders: mapValue
    .optional()
    .describe(
      'Map from logins to the addresses they may write as: a file, `https://…`, entries, or a map object that asks SQL, LDAP or HTTP. Asked for the login, then for `@domain` of the login. A value holds addresses, `@domain`, `@.domain` (with subdomains) or `*`, with commas or blanks between them',
    ),
  action: actions
    .default('off')
    .describe(
      '`off`: nothing is looked up; `mark`: only symbols; `hold`: action `quarantine`, which keeps the mail in the MTA’s hold queue; `reject`',
    ),
  header_action: actions.optional().describe('The same for the header field From alone. Default: `action`'),
  envelope_action: actions.optional().describe('The same for the envelope sender alone. Default: `action`'),
  same_address: z.boolean().default(true).describe('A login that is an address may write as that address'),
  same_domain: z.boolean().default(false).describe('A login may write as every address of its own domain'),
  default_domain: z
    .string()
    .optional()
    .describe('Domain of logins that have none: with `example.org` the login `alice` is `alice@example.org`'),
  subaddresses: z
    .boolean()
    .default(true)
    .describe('Whoever may write as `user@domain` may write as `user+tag@domain` (RFC 5233)'),
  recipient_delimiter: z.string().length(1).default('+').describe('Sign between user and tag'),
  accept_sender_header: z
    .boolean()
    .default(false)
    .describe('A foreign From passes when the field Sender is an allowed address (RFC 5322 3.6.2)'),
  unknown_login: z
    .enum(['own', 'skip'])
    .default('own')
    .describe('Logins without an entry: `own` judges by the options above alone, `skip` does not judge them'),
  exempt_logins: mapValue.optional().describe('Set of logins that may write as anybody'),
  message: z
    .string()
    .default('Sender address is not allowed for this login')
    .describe('Text of the SMTP reply to rejected mail'),
  on_failure: z
    .enum(['accept', 'soft reject'])
    .default('accept')
    .describe('What happens when nobody can say what a login may: mail passes, or is to come again later'),
  timeout: z.number().positive().max(60).default(2).describe('Seconds for all look-ups of a message'),
});
export type Config = z.output<typeof config>;
