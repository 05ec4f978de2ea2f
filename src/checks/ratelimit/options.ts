import { z } from 'zod';
import { moduleRedisOptions } from '../../core/index.ts';

const words = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (Array.isArray(value) ? value : value.split(',').map((word) => word.trim())));

/** An option that is known, and why it cannot be used. */
const refused = (reason: string) =>
  z
    .custom<undefined>((value) => value === undefined, reason)
    .optional()
    .describe(`Refused: ${reason}`);

const amount = z.union([z.string(), z.number()]);
const factor = z.number().positive();
const bound = z.number().min(1);

const bucketFields = {
  skip_recipients: z.boolean().optional().describe('Counts messages instead of recipients'),
  symbol: z.string().optional().describe('When limited, insert this symbol instead of refusing the message'),
  message: z.string().optional().describe('Text of the refusal'),
  message_func: refused('Lua functions are not run here; write the text as `message`'),
  skip_soft_reject: z.boolean().optional().describe('When limited, do not refuse; insert `info_symbol` only'),
  ham_factor_rate: factor.optional().describe('As the option of the module, for this limit'),
  spam_factor_rate: factor.optional().describe('As the option of the module, for this limit'),
  ham_factor_burst: factor.optional().describe('As the option of the module, for this limit'),
  spam_factor_burst: factor.optional().describe('As the option of the module, for this limit'),
  max_rate_mult: bound.optional().describe('As the option of the module, for this limit'),
  max_bucket_mult: bound.optional().describe('As the option of the module, for this limit'),
};

const bucket = z.strictObject({
  burst: amount.describe('What fits at once, with suffix k, m or g'),
  rate: amount.describe('What drains: a number a second, or `"N / T"` with T in s, m (minutes), h or d'),
  ...bucketFields,
});

const buckets = z
  .union([z.string(), bucket, z.array(z.union([z.string(), bucket]))])
  .transform((value) => (Array.isArray(value) ? value : [value]));

const rate = z.strictObject({
  enabled: z.boolean().default(true).describe('Switches this limit off when false'),
  bucket: buckets.describe('One bucket or a list: `{ burst, rate }`, or `"N / T"` for a burst of N'),
  selector: z
    .string()
    .optional()
    .describe('What is counted by; without it the name of the limit is made of keywords joined by `_`'),
  ...bucketFields,
});

/** A limit in any of its forms. */
const anyRate = z.union([z.string(), z.tuple([amount, amount]), rate], {
  error: 'this is no limit: it needs a `bucket` with `burst` and `rate`',
});

export type BucketOptions = z.output<typeof bucket>;
export type RateOptions = z.output<typeof rate>;
export type AnyRateOptions = z.output<typeof anyRate>;

export const ratesOptions = z.record(z.string(), anyRate);

export const ratelimitOptions = z.strictObject({
  ...moduleRedisOptions,
  enabled: z.boolean().default(true).describe('Switches the check off when false'),
  rates: ratesOptions
    .default({})
    .describe('Limits by name: `{ bucket, selector }`, or `"N / T"` in the short form'),
  limit: refused('this is the syntax from before version 1.8; write `rates`'),
  whitelisted_rcpts: z
    .unknown()
    .default(['postmaster', 'mailer-daemon'])
    .describe(
      'A message with one of these addresses or user parts among its recipients is not limited at all; `[]`: none. Words or a map',
    ),
  whitelisted_ip: z.unknown().optional().describe('Mail from these networks is not limited. Map'),
  whitelisted_user: z.unknown().optional().describe('Mail of these logins is not limited. Map'),
  bounce_senders: words
    .default(['postmaster', 'mailer-daemon', '', 'null', 'fetchmail-daemon', 'mdaemon'])
    .describe('User parts of the sender for which the keyword `bounce` holds'),
  prefix: z.string().default('RL').describe('Put before the keys of buckets'),
  lfb_cache_prefix: z.string().default('RL_cache_prefix').describe('Key of the list of limited buckets'),
  lfb_max_cache_size: z.number().int().positive().default(30).describe('Length of that list'),
  expire: z
    .number()
    .positive()
    .default(172_800)
    .describe('Seconds after which an unused bucket is forgotten'),
  dynamic_rate_limit: z
    .boolean()
    .default(false)
    .describe('Limits widen with ham and narrow with spam by the factors below'),
  ham_factor_rate: factor.default(1.01).describe('Multiplies the rate after each ham'),
  spam_factor_rate: factor.default(0.99).describe('Multiplies the rate after each spam'),
  ham_factor_burst: factor.default(1.02).describe('Multiplies the burst after each ham'),
  spam_factor_burst: factor.default(0.98).describe('Multiplies the burst after each spam'),
  max_rate_mult: bound
    .default(5)
    .describe('The rate grows to this many times itself, and shrinks to its part'),
  max_bucket_mult: bound
    .default(10)
    .describe('The burst grows to this many times itself, and shrinks likewise'),
  symbol: z.string().optional().describe('When limited, insert this symbol instead of refusing the message'),
  info_symbol: z.string().optional().describe('When limited, insert this symbol and refuse the message'),
  message: z.string().optional().describe('Text of the refusal. Default: names the limit and its size'),
  prefilter: z.boolean().default(true).describe('Check before the filters; false: as one of them'),
  allow_local: z.boolean().default(false).describe('Count what rspamc and the controller scan, too'),
  reject_oversized: z
    .boolean()
    .default(false)
    .describe(
      'Refuse a message with more recipients than a bucket can ever hold for good (5xx) instead of for now. Ours',
    ),
  on_store_failure: z
    .enum(['soft reject', 'accept'])
    .default('soft reject')
    .describe('What happens to mail while the store of the buckets cannot be reached. Ours'),
});

export type RatelimitOptions = z.output<typeof ratelimitOptions>;
