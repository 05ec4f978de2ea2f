import { z } from 'zod';
import { hidingHashes } from '../../lib/index.ts';

const serverList = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);
const symbolList = (column: string, value: string, symbols: readonly string[]) =>
  z
    .union([z.string(), z.array(z.string())])
    .transform((given) => (Array.isArray(given) ? given : [given]))
    .default([...symbols])
    .describe(`Symbols that make \`${column}\` \`${value}\``);

const columnName = z.string().regex(/^[A-Za-z_]\w*$/, 'letters, digits and _');
const column = z.strictObject({
  selector: z.string().min(1).describe('Selector of its value'),
  type: z
    .string()
    .min(1)
    .default('String')
    .describe(
      'Type in ClickHouse; with `Array(…)` every value of the selector is kept, else they are joined',
    ),
  default_value: z.string().optional().describe('Value where the selector has none'),
  comment: z.string().optional().describe('Comment of the column'),
});

export const config = z.strictObject({
  enabled: z.boolean().default(true).describe('Nothing is sent when false'),
  server: serverList
    .optional()
    .describe('`host` or `host:port`, port 8123 by default; several with commas. Without it nothing is sent'),
  servers: serverList.optional().describe('Another name of `server`'),
  database: z.string().min(1).default('default').describe('Database that holds the table `rspamd`'),
  user: z.string().optional().describe('User, with `password`'),
  password: z.string().optional(),
  use_https: z.boolean().default(false).describe('Talk TLS'),
  no_ssl_verify: z.boolean().default(false).describe('Accept any certificate'),
  use_gzip: z.boolean().default(true).describe('Compress what is sent'),
  timeout: z.number().positive().max(600).default(5).describe('Seconds for sending a batch'),
  check_timeout: z
    .number()
    .positive()
    .max(600)
    .default(10)
    .describe('Seconds for each statement that prepares tables or removes old rows'),
  limits: z
    .strictObject({
      max_rows: z
        .int()
        .min(0)
        .max(100_000)
        .optional()
        .describe('Rows that are sent at once; 0: their number does not matter. Default 1000'),
      max_memory: z
        .number()
        .min(1024)
        .max(1024 ** 3)
        .default(50 * 1024 ** 2)
        .describe('Bytes of rows that are sent at once'),
      max_interval: z.number().min(1).max(86_400).default(60).describe('Seconds that a row waits at most'),
    })
    .prefault({})
    .describe('When rows are sent: whatever is reached first'),
  limit: z.int().min(0).optional().describe('Older name of `limits.max_rows`, which wins'),
  collect_garbage: z
    .boolean()
    .optional()
    .describe('Means nothing here: there is no Lua state that would have to be swept'),
  ipmask: z.int().min(0).max(32).default(19).describe('Bits of IPv4 addresses that are kept'),
  ipmask6: z.int().min(0).max(128).default(48).describe('Bits of IPv6 addresses that are kept'),
  full_urls: z.boolean().default(false).describe('Keep whole links instead of their hosts'),
  enable_digest: z.boolean().default(false).describe('Keep the digest of the content (`Digest`)'),
  enable_symbols: z.boolean().default(false).describe('Keep symbols and groups with their scores'),
  enable_uuid: z.boolean().default(true).describe('Give each row a UUID of version 7 (RFC 9562)'),
  allow_local: z
    .boolean()
    .default(false)
    .describe('Keep scans that no mail stands behind: of `rspamc` and of the controller'),
  insert_subject: z.boolean().default(false).describe('Keep the subject'),
  subject_privacy: z.boolean().default(false).describe('Keep a digest of it instead'),
  subject_privacy_alg: z.enum(hidingHashes).default('blake2').describe('Hash for `subject_privacy`'),
  subject_privacy_prefix: z.string().default('obf').describe('Text before the digest'),
  subject_privacy_length: z.int().min(0).default(16).describe('Hex digits that are kept; 0: all'),
  bayes_spam_symbols: symbolList('IsBayes', 'spam', ['BAYES_SPAM']),
  bayes_ham_symbols: symbolList('IsBayes', 'ham', ['BAYES_HAM']),
  ann_symbols_spam: symbolList('IsFann', 'spam', ['NEURAL_SPAM']),
  ann_symbols_ham: symbolList('IsFann', 'ham', ['NEURAL_HAM']),
  fuzzy_symbols: symbolList('IsFuzzy', 'deny', ['FUZZY_DENIED']),
  whitelist_symbols: symbolList('IsWhitelist', 'whitelist', [
    'WHITELIST_DKIM',
    'WHITELIST_SPF_DKIM',
    'WHITELIST_DMARC',
  ]),
  dkim_allow_symbols: symbolList('IsDkim', 'allow', ['R_DKIM_ALLOW']),
  dkim_reject_symbols: symbolList('IsDkim', 'reject', ['R_DKIM_REJECT']),
  dkim_dnsfail_symbols: symbolList('IsDkim', 'dnsfail', ['R_DKIM_TEMPFAIL', 'R_DKIM_PERMFAIL']),
  dkim_na_symbols: symbolList('IsDkim', 'na', ['R_DKIM_NA']),
  dmarc_allow_symbols: symbolList('IsDmarc', 'allow', ['DMARC_POLICY_ALLOW']),
  dmarc_reject_symbols: symbolList('IsDmarc', 'reject', ['DMARC_POLICY_REJECT']),
  dmarc_quarantine_symbols: symbolList('IsDmarc', 'quarantine', ['DMARC_POLICY_QUARANTINE']),
  dmarc_softfail_symbols: symbolList('IsDmarc', 'softfail', ['DMARC_POLICY_SOFTFAIL']),
  dmarc_na_symbols: symbolList('IsDmarc', 'na', ['DMARC_NA']),
  spf_allow_symbols: symbolList('IsSpf', 'allow', ['R_SPF_ALLOW']),
  spf_reject_symbols: symbolList('IsSpf', 'reject', ['R_SPF_FAIL']),
  spf_dnsfail_symbols: symbolList('IsSpf', 'dnsfail', ['R_SPF_DNSFAIL', 'R_SPF_PERMFAIL']),
  spf_neutral_symbols: symbolList('IsSpf', 'neutral', ['R_SPF_NEUTRAL', 'R_SPF_SOFTFAIL']),
  spf_na_symbols: symbolList('IsSpf', 'na', ['R_SPF_NA']),
  stop_symbols: z
    .union([z.string(), z.array(z.string())])
    .transform((given) => (Array.isArray(given) ? given : [given]))
    .default([])
    .describe('Messages with one of these symbols are left out'),
  retention: z
    .strictObject({
      enable: z.boolean().default(false).describe('Remove old rows'),
      method: z
        .enum(['drop', 'detach'])
        .default('detach')
        .describe('`drop` deletes them; `detach` takes them out of the table and leaves them on the disk'),
      period_months: z.int().min(1).max(1200).default(3).describe('Months that rows are kept'),
      run_every: z.number().min(60).default(604_800).describe('Seconds from one removal to the next'),
    })
    .prefault({})
    .describe('How long rows are kept. They are partitioned by week: a week goes when all of it is too old'),
  extra_columns: z
    .union([
      z.record(columnName, column),
      z.array(column.safeExtend({ name: columnName.describe('Name of the column') })),
    ])
    .default({})
    .describe('Columns of your own, by name or as a list with `name`'),
  schema_additions: z
    .array(z.string().min(1))
    .default([])
    .describe('Statements that are sent after the table was prepared. They run often: say `IF NOT EXISTS`'),
  retries: z.int().min(0).max(20).default(5).describe('Further attempts for a batch. Ours'),
});
export type Config = z.output<typeof config>;

export const unsupported = {
  custom_rules: 'Lua functions are not run; write `extra_columns`, or `metadata_exporter` rules',
  exceptions: 'expressions of maps are not read here; name symbols in `stop_symbols`',
  preset: 'the columns of its presets are not known here; write `extra_columns`',
  from_tables: 'tables by domain do not exist any more; `From` and `MimeFrom` are columns',
  fann_symbols: 'it is called `ann_symbols_spam` and `ann_symbols_ham` now',
} as const;

/** One column of the operator's. */
export interface ExtraColumn {
  readonly name: string;
  readonly selector: string;
  readonly type: string;
  readonly defaultValue: string | undefined;
  readonly comment: string | undefined;
}

/** The operator's columns in order, each with its key in the section. */
export function extraColumnsOf({
  extra_columns: given,
}: Config): readonly (ExtraColumn & { readonly key: string | number })[] {
  const named = Array.isArray(given)
    ? given.map((one, key) => ({ ...one, key }))
    : Object.entries(given).map(([name, one]) => ({ ...one, name, key: name }));
  return named.map(({ key, name, selector, type, default_value: defaultValue, comment }) => ({
    key,
    name,
    selector,
    type,
    defaultValue,
    comment,
  }));
}
