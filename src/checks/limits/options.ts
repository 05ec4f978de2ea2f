import { z } from 'zod';
import { moduleRedisOptions } from '../../core/index.ts';
import { AmountError, type Amounts, parseAmounts } from './amounts.ts';

const amountText = z.union([z.string(), z.array(z.string())]).transform((value) => [value].flat().join(' '));

const amountFields = {
  messages: amountText
    .optional()
    .describe(
      'Messages: `"20/m 100/h 500/d"`, any of minute, hour and day; `unlimited` lifts what a wider level sets',
    ),
  recipients: amountText.optional().describe('Recipients, written like `messages`'),
};

function readAmounts(
  texts: { readonly messages?: string | undefined; readonly recipients?: string | undefined },
  context: z.RefinementCtx,
): Amounts {
  try {
    return parseAmounts(texts);
  } catch (error) {
    if (!(error instanceof AmountError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
    return z.NEVER;
  }
}

const amounts = z.strictObject(amountFields).transform(readAmounts);

const level = {
  each: amounts.optional().describe('What each sender of this level may send'),
  pool: amounts.optional().describe('What all senders of this level may send together'),
};

const map = z.unknown().optional();

export const limitsOptions = z.strictObject({
  ...moduleRedisOptions,
  enabled: z.boolean().default(true).describe('Switches the check off when false'),
  ...level,
  local_pool: amounts
    .optional()
    .describe('What all local mail without login may send together, whoever its script claims to be'),
  kinds: z
    .strictObject({
      login: amounts.optional(),
      script: amounts.optional(),
      site: amounts.optional(),
      uid: amounts.optional(),
      domain: amounts.optional(),
      ip: amounts.optional(),
      unknown: amounts.optional(),
    })
    .default({})
    .describe(
      'What each sender of a kind may send, before `each` of the server: `login`, and for mail without one `script`, `site`, `uid`, `domain`, `ip`, `unknown`',
    ),
  tenants: z
    .record(
      z.string(),
      z.strictObject({
        ...level,
        members: z
          .union([z.string(), z.array(z.string())])
          .transform((value) => [value].flat())
          .default([])
          .describe('Domains, and senders as `postern limits show` names them'),
      }),
    )
    .default({})
    .describe('Limits of customers by name: `{ members, each, pool }`'),
  domains: z
    .record(z.string(), z.strictObject({ ...level, tenant: z.string().optional() }))
    .default({})
    .describe('Limits of domains by name: `{ each, pool, tenant }`'),
  senders: z
    .record(z.string(), amounts)
    .default({})
    .describe(
      'Limits of single senders: a login, or `script:…`, `site:…`, `uid:…`, `domain:…`, `ip:…`; values as in `each`',
    ),
  tenant_map: map.describe('Tenant → limits, such as `each messages 100/h pool messages 1k/h`. Map'),
  domain_map: map.describe('Domain → limits, written likewise. Map'),
  sender_map: map.describe('Sender → limits, such as `messages 100/h recipients 1k/d`. Map'),
  member_map: map.describe('Domain or sender → tenant. Map'),
  action: z
    .enum(['soft reject', 'reject', 'symbol'])
    .default('soft reject')
    .describe(
      'What happens to mail over a limit; `symbol`: it only gets LIMIT_EXCEEDED, and goes on counting',
    ),
  oversized_action: z
    .enum(['reject', 'soft reject'])
    .default('reject')
    .describe(
      'The same for a message with more recipients than a limit ever allows; never stricter than `symbol`',
    ),
  help: z
    .string()
    .max(200)
    .default('')
    .describe('Put behind the text of a refusal, such as where a user finds help'),
  on_store_failure: z
    .enum(['soft reject', 'accept'])
    .default('soft reject')
    .describe('What happens to mail while the store of the counters cannot be reached'),
  prefix: z.string().min(1).default('limits').describe('Begins the keys in the store'),
});

export type LimitsOptions = z.output<typeof limitsOptions>;
