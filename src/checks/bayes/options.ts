import { z } from 'zod';
import { maxWindow } from '../../classify/index.ts';
import { moduleRedisOptions } from '../../core/index.ts';

const count = z.int().nonnegative();

const statfile = z.strictObject({
  symbol: z.string().min(1).describe('Symbol for this class'),
  spam: z.boolean().optional().describe('Class `spam` or `ham`'),
  class: z.string().min(1).optional().describe('Name of the class, where there are others than two'),
  backend: z.literal('redis').optional().describe('Only `redis`'),
});

const autolearnObject = z.strictObject({
  spam_threshold: z.number().optional().describe('Score from which spam is learned'),
  ham_threshold: z.number().optional().describe('Score up to which ham is learned'),
  junk_threshold: z.number().optional().describe('Score from which marked mail is learned as spam'),
  learn_verdict: z.boolean().default(false).describe('Without thresholds: learn by verdict alone'),
  require_queue_id: z.boolean().default(true).describe('Only mail that a server queued, not scans by hand'),
  check_local: z.boolean().optional().describe('Learn local mail. Default: `autolearn_outbound`'),
  check_authed: z.boolean().optional().describe('Learn authenticated mail. Default: `autolearn_outbound`'),
  check_balance: z.boolean().default(false).describe('Do not let one class outgrow the other'),
  min_balance: z.number().gt(0).max(1).default(0.9).describe('How near the classes are to stay'),
});

const autolearnClasses = z.strictObject({
  multiclass: z.strictObject({
    thresholds: z.record(z.string(), z.tuple([z.number(), z.number()])),
  }),
});

const canLearn = z
  .union([z.literal('can_learn'), z.string().regex(/lua_bayes_learn/)])
  .describe('Only `can_learn`: what it is certain of already is not learned again');

const bayesBlock = z.strictObject({
  ...moduleRedisOptions,
  enabled: z.boolean().default(true),
  name: z.string().default('bayes').describe('Name of the classifier'),
  tokenizer: z
    .strictObject({
      name: z.literal('osb').default('osb'),
      hash: z.enum(['xxh64', 'xxh', 'xxhash']).default('xxh64').describe('Only xxh64'),
      window: z
        .int()
        .min(2)
        .max(maxWindow)
        .default(2)
        .describe('Words looked at together. Rspamd up to 3.x: 5'),
    })
    .prefault({}),
  backend: z
    .enum(['redis', 'store'])
    .default('redis')
    .describe('`redis`, which is the embedded store where no Redis is configured'),
  new_schema: z.literal(true).default(true).describe('Only true: a hash for each token'),
  timeout: z.number().nonnegative().optional().describe('Seconds for one command of Redis'),
  min_tokens: count.default(11).describe('Shorter messages are neither judged nor learned'),
  max_tokens: count
    .default(0)
    .describe('Longer ones are not learned, and judged by so many. 0: 20,000 and no limit'),
  min_token_hits: count.default(2).describe('Pairs of words seen less often do not count'),
  min_prob_strength: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.05)
    .describe('Nor do pairs whose probability is so near to a half'),
  min_learns: count.default(200).describe('Messages of each class that must be learned first'),
  store_tokens: z.literal(false).default(false).describe('Only false: words are not kept'),
  signatures: z.literal(false).default(false).describe('Only false'),
  statfile: z
    .array(statfile)
    .default([
      { symbol: 'BAYES_HAM', spam: false },
      { symbol: 'BAYES_SPAM', spam: true },
    ])
    .describe('The classes'),
  class_labels: z
    .record(z.string(), z.string().min(1))
    .default({})
    .describe('Fields of the database by class. Default `S` for spam, `H` for ham, else the name'),
  per_user: z.boolean().optional().describe('A database for each recipient (with a login: for each login)'),
  users_enabled: z.boolean().optional().describe('Older name of `per_user`'),
  per_language: z
    .literal(false, {
      error: 'a database for each language is not supported: words are stemmed by their language in one',
    })
    .default(false)
    .describe('Only false: as in Rspamd’s own Redis backend, all languages share a database'),
  languages_enabled: z
    .literal(false, {
      error: 'a database for each language is not supported: words are stemmed by their language in one',
    })
    .default(false)
    .describe('Only false, likewise'),
  learn_condition: canLearn.default('can_learn'),
  autolearn: z
    .union([z.boolean(), z.tuple([z.number(), z.number()]), autolearnClasses, autolearnObject])
    .default(false)
    .describe('Learn from verdicts: true, [ham, spam] scores, or conditions'),
  autolearn_outbound: z
    .boolean()
    .default(false)
    .describe('Learn authenticated and local mail as well. Ours; Rspamd learns it in every form'),
  cache_prefix: z
    .string()
    .min(1)
    .default('learned_ids')
    .describe('Key of what was learned; further keys have an `X` more each'),
  cache_max_elt: z.int().positive().default(10_000).describe('Messages that one of these keys remembers'),
  cache_max_keys: z.int().min(0).max(64).default(5).describe('Further keys'),
  cache_elt_len: z
    .int()
    .min(0)
    .default(32)
    .describe(
      'Characters of a message’s name there. Rspamd up to 3.5: 0, the whole name, with 1 and −1 for the classes',
    ),
  cache: z
    .strictObject({ name: z.string().optional(), path: z.string().optional(), type: z.string().optional() })
    .optional()
    .describe('What was learned is remembered beside the counts, whatever is said here'),
  expire: z
    .number()
    .optional()
    .describe('Seconds after which pairs of words are forgotten that were not learned again'),
  expiry: z.number().optional().describe('Older name of `expire`'),
  common_ttl: z
    .number()
    .positive()
    .default(10 * 86_400)
    .describe('Likewise for pairs that are as frequent in each class (Rspamd: bayes_expiry.common_ttl)'),
});

export const classifierOptions = z.strictObject({
  bayes: z.array(bayesBlock).default([]),
});

export type BayesOptions = z.output<typeof bayesBlock>;
export type Statfile = BayesOptions['statfile'][number];
export const defaultBayes: BayesOptions = bayesBlock.parse({});
