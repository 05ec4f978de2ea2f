import { z } from 'zod';
import { redisOptions } from '../../core/index.ts';
import { shingleAlgorithms } from '../../fuzzy/index.ts';

/** An option that is known, and why it cannot be used. */
const refused = (reason: string) =>
  z
    .custom<undefined>((value) => value === undefined, reason)
    .optional()
    .describe(`Refused: ${reason}`);

const count = z.number().nonnegative();
const seconds = z.number().positive().max(600);
const limit = (what: string) => z.number().positive().optional().describe(what);
const mapOption = (what: string) => z.unknown().optional().describe(what);

const flag = z.int().min(0).max(255);

const mapping = z.strictObject({
  flag: flag.describe('Number under which the storage keeps these hashes'),
  hits_limit: limit('Reported so often (or with such a weight) a hash counts nearly fully'),
  max_score: limit('Older name of `hits_limit`'),
});

const lua = 'Lua functions are not run here';
const senders = 'nothing about senders is ever told to storages';

/** Only one value, which is what is done anyway. */
const only = <Value extends boolean>(value: Value, reason: string) =>
  z
    .literal(value, { error: `only ${value}: ${reason}` })
    .optional()
    .describe(`Only ${value}: ${reason}`);

const checks = z.strictObject({
  text: z
    .strictObject({
      enabled: z.boolean().optional(),
      min_length: count.optional(),
      text_multiplier: z.number().positive().optional(),
      short_text_direct_hash: z.boolean().optional(),
    })
    .optional(),
  html: z
    .strictObject({
      enabled: z.boolean().optional(),
      min_html_tags: count.optional(),
      weight: z.number().nonnegative().optional(),
    })
    .optional(),
  image: z
    .strictObject({
      enabled: z.boolean().optional(),
      min_width: count.optional(),
      min_height: count.optional(),
    })
    .optional(),
  archive: z.strictObject({ enabled: z.boolean().optional() }).optional(),
});

/** What may stand in the section, for all rules, and in each of them. */
const common = {
  symbol: z
    .string()
    .min(1)
    .optional()
    .describe('Symbol for flags that `fuzzy_map` does not name. Default `FUZZY_UNKNOWN`'),
  min_bytes: count
    .optional()
    .describe('Smaller attachments, images and short texts are left out. Default 1024'),
  min_length: count
    .optional()
    .describe(
      'Words from which on a text is compared by shingles, at least 32; a third where words have no blanks between them. Default 64',
    ),
  text_multiplier: z
    .number()
    .positive()
    .optional()
    .describe('Bytes of short texts, subject included, count so many times. Default 4'),
  min_width: count.optional().describe('Narrower images are left out, pixels. Default 500'),
  min_height: count.optional().describe('Lower images are left out, pixels. Default 500'),
  timeout: seconds.optional().describe('Seconds for one try to hear from a storage elsewhere. Default 2'),
  retransmits: z
    .int()
    .min(0)
    .max(10)
    .optional()
    .describe('Further tries, each at the next server. Default 1'),
  max_errors: z
    .int()
    .min(1)
    .optional()
    .describe('Failures in a row after which a server is left alone while there are others. Default 4'),
  revive_time: seconds.optional().describe('For so many seconds. Default 60'),
};

const rule = z.strictObject({
  enabled: z.boolean().default(true).describe('Switches this rule off when false'),
  servers: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .describe(
      'Storages elsewhere, all with the same hashes: `host`, `host:port`, several with commas or as a list, with `round-robin:` (default), `master-slave:` or `random:` in front. Without it the hashes are in the store of this server',
    ),
  encryption_key: z
    .string()
    .optional()
    .describe('Public key of these storages; without it nothing is encrypted'),
  algorithm: z
    .enum(shingleAlgorithms, {
      error: ({ input }) =>
        ['siphash', 'old', 'fasthash', 'fast'].includes(String(input))
          ? `shingles of algorithm \`${String(input)}\` are not made here`
          : undefined,
    })
    .default('mumhash')
    .describe('Hash of which shingles are made; the same for all who share hashes'),
  fuzzy_key: z.string().default('rspamd').describe('Key of digests; the same for all who share hashes'),
  fuzzy_shingles_key: z.string().default('rspamd').describe('Key of shingles; likewise'),
  fuzzy_map: z.record(z.string(), mapping).default({}).describe('Symbols, with the flags they stand for'),
  hits_limit: limit('Like that of `fuzzy_map`, for flags that do not say otherwise. Default 10'),
  max_score: limit('Older name of `hits_limit`'),
  prob_power: z
    .number()
    .positive()
    .default(1)
    .describe('Power of the likeness in weights: the higher, the less texts count that are only like one'),
  html_weight: z.number().nonnegative().optional().describe('Factor for structures of HTML. Default 1'),
  max_hits: z.int().min(1).optional().describe('Hashes of one message that count. Default: all'),
  skip_unknown: z.boolean().default(false).describe('Flags that `fuzzy_map` does not name do not count'),
  read_only: z.boolean().default(false).describe('This rule is asked only, never taught'),
  mime_types: z
    .union([z.string(), z.array(z.string())])
    .default(['application/*'])
    .describe('Globs for media types of attachments that count'),
  text_hashes: z.boolean().default(true).describe('Texts count'),
  text_shingles: z.boolean().default(true).describe('Texts are compared by shingles, not only whole'),
  short_text_direct_hash: z.boolean().default(true).describe('Texts with too few words are compared whole'),
  no_subject: z.boolean().default(false).describe('Without their subject'),
  html_shingles: z.boolean().default(false).describe('How HTML is built counts, whatever it says'),
  min_html_tags: count.optional().describe('Tags that HTML needs for that. Default 10'),
  skip_images: z.boolean().default(false).describe('Images do not count'),
  scan_archives: z.boolean().default(true).describe('Archives count, whatever `mime_types` says'),
  checks: checks.optional().describe('The same by kind of content: `text`, `html`, `image`, `archive`'),
  skip_hashes: mapOption('Digests in hex that do not count. Map'),
  skip_map: mapOption('Older name of `skip_hashes`'),
  no_share: only(true, senders),
  extensions: only(false, senders),
  ...common,
  headers: refused('what it adds to hashes is not written down anywhere'),
  learn_condition: refused(lua),
  policy: z
    .literal('recommended', { error: 'only `recommended`: policies are defined in Lua' })
    .optional()
    .describe('Only `recommended`, which is the defaults'),
});

export const fuzzyCheckOptions = z.strictObject({
  redis: z
    .strictObject(redisOptions)
    .optional()
    .describe('Own Redis for the hashes of this server instead of the common one'),
  ...common,
  whitelist: mapOption('Mail from these addresses is left alone. Map'),
  expire: z
    .number()
    .min(1)
    .default(90 * 86_400)
    .describe(
      'Seconds after which hashes in the store of this server go that were not reported again. Ours; Rspamd has it in `worker "fuzzy"` alone',
    ),
  rule: z.record(z.string(), rule).default({}).describe('Storages by name, each with what is asked of it'),
});

export type FuzzyCheckOptions = z.output<typeof fuzzyCheckOptions>;
export type RuleOptions = FuzzyCheckOptions['rule'][string];
