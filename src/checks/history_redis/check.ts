import { z } from 'zod';
import { defineCheck, moduleRedisOptions } from '../../core/index.ts';
import { hidingHashes } from '../../lib/index.ts';

const config = z.strictObject({
  ...moduleRedisOptions,
  enabled: z.boolean().default(true).describe('The history stays on this machine when false'),
  key_prefix: z
    .string()
    .min(1)
    .default('rs_history{{HOSTNAME}}{{COMPRESS}}')
    .describe(
      'Name of the list. `{{HOSTNAME}}` is the host, `{{COMPRESS}}` is `_zst` with `compress`; without the host all servers share one list. `rs_history` alone, which Rspamd up to 3.x has in its files, means the default',
    ),
  nrows: z.int().min(1).max(1_000_000).default(200).describe('Rows kept'),
  compress: z.boolean().default(true).describe('Rows are compressed with zstd'),
  expire: z
    .number()
    .nonnegative()
    .optional()
    .describe('Seconds after the last scan when the list is forgotten. Default, and 0: never'),
  subject_privacy: z.boolean().default(false).describe('Keep a digest of the subject instead of the subject'),
  subject_privacy_alg: z.enum(hidingHashes).default('blake2').describe('Hash for `subject_privacy`'),
  subject_privacy_prefix: z.string().default('obf').describe('Text before the digest'),
  subject_privacy_length: z
    .int()
    .min(0)
    .default(16)
    .describe('Hex digits of the digest that are kept; 0: all'),
});

export const historyRedis = defineCheck({
  name: 'history_redis',
  summary: 'Says how the history of scans is kept in Redis.',
  details: [
    'Where this section or the common `redis` section names a server, `history` keeps its rows there and the controller',
    'shows them from there, unless `history { backend = … }` says otherwise. Rows and names of lists are those of Rspamd:',
    'what it left is shown, and what is written here it can show. Without Redis the history stays on this machine.',
    '',
    '`/historyreset` empties the list; Rspamd leaves one row.',
  ].join('\n'),
  group: 'history',
  stage: 'idempotent',
  direction: 'both',
  needs: [],
  config,
  symbols: {},
  // The check `history` makes the rows; whoever opens the records reads this section.
  create: () => undefined,
});
