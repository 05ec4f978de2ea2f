import { z } from 'zod';

const symbol = (name: string, meaning: string) =>
  z.string().default(name).describe(`Symbol of a signature that ${meaning}`);

export const config = z.strictObject({
  enabled: z.boolean().default(true).describe('Switches the check off when false'),
  symbol_allow: symbol('R_DKIM_ALLOW', 'verifies'),
  symbol_reject: symbol('R_DKIM_REJECT', 'does not verify'),
  symbol_tempfail: symbol('R_DKIM_TEMPFAIL', 'cannot be verified now'),
  symbol_permfail: symbol('R_DKIM_PERMFAIL', 'can never be verified'),
  symbol_na: z.string().default('R_DKIM_NA').describe('Symbol of mail without a signature'),
  dkim_cache_size: z.int().min(0).default(2000).describe('Keys that are remembered. 0: none'),
  dkim_cache_expire: z
    .number()
    .nonnegative()
    .default(86_400)
    .describe('Seconds after which a key is asked for again, unless its record says sooner'),
  time_jitter: z
    .number()
    .nonnegative()
    .default(21_600)
    .describe('Seconds that the clocks of signers may be apart from ours, for `t=` and `x=`'),
  max_sigs: z.int().min(1).default(5).describe('Signatures that are looked at, from the top'),
  skip_multi: z.boolean().default(false).describe('Leave mail with several signatures unchecked'),
  whitelist: z.unknown().optional().describe('Map of client addresses whose mail is not checked'),
  domains: z
    .unknown()
    .optional()
    .describe(
      'Map of signing domains whose results weigh more or less: `reject:allow` factors, or nothing for `strict_multiplier`',
    ),
  trusted_domains: z.unknown().optional().describe('The same; `domains` wins'),
  strict_multiplier: z
    .number()
    .default(1)
    .describe('Factor for domains of `domains` that name none of their own'),
  trusted_only: z.boolean().default(false).describe('Look at signatures of `domains` only'),
  check_local: z
    .boolean()
    .optional()
    .describe('Check mail from local addresses too. Default: `options.check_local`, else off'),
  check_authed: z
    .boolean()
    .optional()
    .describe('Check mail with a login too. Default: `options.check_authed`, else off'),
});
export type DkimOptions = z.output<typeof config>;

const elsewhere = 'signing is a check of its own: `dkim_signing`';

/** Options of Rspamd's module that are refused, with the reason. */
export const unsupported = {
  sign_headers: elsewhere,
  sign_condition: elsewhere,
  sign_cache_size: elsewhere,
};
