import { z } from 'zod';

const list = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (Array.isArray(value) ? value : [value]));
const order = z.int().optional().describe('Position of the header: -1 last, 1 below the first Received');
const remove = z
  .union([z.int(), z.null()])
  .default(0)
  .describe('Old instances that are removed first: 0 all, n the n-th, null none');

function headerRoutine(header: string) {
  return { header: z.string().default(header).describe('Name of the header'), remove, order };
}

const bar = (text: string, what: string) => z.string().default(text).describe(`Character for ${what} scores`);

function routine<Shape extends z.ZodRawShape>(
  shape: Shape,
): z.ZodPrefault<z.ZodObject<Shape, z.core.$strict>> {
  const schema = z.strictObject(shape);
  return schema.prefault({} as z.input<typeof schema>).describe('Options of this routine');
}

function symbolWords<const Word extends string>(method: string, words: readonly Word[]) {
  return z
    .strictObject(Object.fromEntries(words.map((word) => [word, z.string().optional()])))
    .prefault({})
    .describe(
      `Symbols that stand for a result of ${method}, by its word (${words.join(', ')}): found, they decide what is written`,
    );
}

const commonWords = ['pass', 'fail', 'none', 'temperror', 'permerror'] as const;

/** Options of each routine, by its name. */
const routineOptions = {
  'x-spamd-result': routine({
    ...headerRoutine('X-Spamd-Result'),
    sort_by: z.enum(['score', 'name']).default('score').describe('Order of the symbols'),
  }),
  'x-rspamd-server': routine({
    ...headerRoutine('X-Rspamd-Server'),
    hostname: z.string().optional().describe('Name to write. Default: the name of this machine'),
  }),
  'x-rspamd-queue-id': routine(headerRoutine('X-Rspamd-Queue-Id')),
  'x-rspamd-pre-result': routine(headerRoutine('X-Rspamd-Pre-Result')),
  'x-rspamd-action': routine(headerRoutine('X-Rspamd-Action')),
  'x-spam-level': routine({
    ...headerRoutine('X-Spam-Level'),
    char: z.string().default('*').describe('Character that is repeated once for each point'),
  }),
  'x-spamd-bar': routine({
    ...headerRoutine('X-Spamd-Bar'),
    positive: bar('+', 'positive'),
    negative: bar('-', 'negative'),
    neutral: bar('/', 'neutral'),
  }),
  'x-spam-status': routine(headerRoutine('X-Spam-Status')),
  'x-virus': routine({
    ...headerRoutine('X-Virus'),
    symbols: list.default([]).describe('Symbols whose options are names of viruses'),
    status_clean: z.string().optional().describe('Value when none of the symbols was found'),
    status_infected: z.string().optional().describe('Value instead of the names of viruses'),
    symbols_fail: list.default([]).describe('Symbols that say that a scanner failed'),
    status_fail: z.string().optional().describe('Value when a scanner failed'),
  }),
  'spam-header': routine({
    ...headerRoutine('Deliver-To'),
    value: z.string().default('Junk').describe('Value of the header'),
  }),
  'authentication-results': routine({
    ...headerRoutine('Authentication-Results'),
    order: z.int().default(1).describe('Position of the header: -1 last, 1 below the first Received'),
    remove_ar_from: list
      .default([])
      .describe(
        'Only old instances that name one of these servers are removed, and of incoming mail those that claim to be ours',
      ),
    spf_symbols: symbolWords('SPF', [...commonWords, 'softfail', 'neutral']),
    dkim_symbols: symbolWords('DKIM, where no signature was verified', commonWords),
    dmarc_symbols: symbolWords('DMARC', [...commonWords, 'reject', 'quarantine', 'softfail']),
    arc_symbols: symbolWords('ARC', [...commonWords, 'reject']),
    add_smtp_user: z.boolean().default(true).describe('Name the login in the header'),
    hostname: z
      .string()
      .optional()
      .describe('authserv-id (RFC 8601 2.5). Default: the MTA’s name, else this machine'),
  }),
  'stat-signature': routine(headerRoutine('X-Stat-Signature')),
  'fuzzy-hashes': routine(headerRoutine('X-Rspamd-Fuzzy')),
  'remove-headers': routine({
    headers: z
      .record(z.string(), z.union([z.int(), z.array(z.int())]))
      .default({})
      .describe('Headers to remove, with the instances: 0 all, n from the top, -n from the end'),
  }),
  'add-headers': routine({
    headers: z.record(z.string(), z.string()).default({}).describe('Headers to add, with their values'),
    remove,
    order,
  }),
  'remove-header': routine({
    remove: z.string().optional().describe('Header of which all instances go'),
  }),
  'remove-spam-flag': routine({ header: z.string().default('X-Spam').describe('Header to remove') }),
} as const;

export const routineNames: readonly string[] = Object.keys(routineOptions);

export const config = z.strictObject({
  enabled: z.boolean().default(true).describe('Switches the check off when false'),
  use: list.default([]).describe('Routines that write headers'),
  skip_local: z.boolean().default(true).describe('Leave mail from local addresses as it is'),
  skip_authenticated: z.boolean().default(true).describe('Leave mail with a login as it is'),
  local_headers: list.default([]).describe('Routines that also write for mail from local addresses'),
  authenticated_headers: list.default([]).describe('Routines that also write for mail with a login'),
  skip_all: z.boolean().default(false).describe('Write nothing unless settings name routines'),
  remove_upstream_spam_flag: z.boolean().default(true).describe('Remove an incoming `X-Spam` from all mail'),
  extended_spam_headers: z
    .boolean()
    .default(false)
    .describe('Adds x-spamd-result, x-rspamd-server, x-rspamd-queue-id and x-rspamd-action to `use`'),
  extended_headers_rcpt: list
    .default([])
    .describe(
      'Recipients (address, user part or `@domain`) whose mail gets the extended headers in any direction',
    ),
  default_headers_order: z.int().optional().describe('Position of headers that name none. Default -1: last'),
  routines: z.strictObject(routineOptions).prefault({}).describe('Options of the routines'),
});
export type Config = z.output<typeof config>;

/** The part of settings that chooses routines for one message. */
export const settingsSchema = z.looseObject({ routines: list.optional() });
