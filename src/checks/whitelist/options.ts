import { z } from 'zod';

/** An option that is known, and why it cannot be used. */
const refused = (reason: string) =>
  z
    .custom<undefined>((value) => value === undefined, reason)
    .optional()
    .describe(`Refused: ${reason}`);

const domains = z.union([z.string(), z.array(z.unknown()), z.record(z.string(), z.unknown())]);

export const whitelistRule = z.strictObject({
  enabled: z.boolean().default(true).describe('Switches this rule off when false'),
  valid_spf: z.boolean().default(false).describe('SPF must pass; the domain of its policy is looked up'),
  valid_dkim: z
    .boolean()
    .default(false)
    .describe('A DKIM signature must pass; the domains that signed are looked up'),
  valid_dmarc: z.boolean().default(false).describe('DMARC must pass; the domain of From is looked up'),
  domains: domains.describe(
    'List of domains, or map. The value of an entry may have `wl:`, `bl:` or `both:` in front and is a multiplier of the score',
  ),
  score: z.number().optional().describe('Score of the symbol. Default as in Rspamd for its rules, else 0'),
  inverse_symbol: z
    .string()
    .min(1)
    .optional()
    .describe('Symbol for a listed domain whose mail fails. Default: the rule, with the opposite sign'),
  inverse_multiplier: z.number().optional().describe('Multiplies the score of a failure'),
  blacklist: z
    .boolean()
    .default(false)
    .describe('Entries without a word in front count for failures only (`bl:`)'),
  strict: z.boolean().default(false).describe('Every entry counts both ways (`both:`)'),
  group: z.string().optional().describe('Group of the symbols. Default `whitelist`'),
  description: z.string().optional().describe('Description of the symbol'),
  one_shot: z.boolean().default(false).describe('Repeats do not add up'),
  signer_domains: refused('what it does is documented nowhere; list the domains that sign in `domains`'),
});
export type WhitelistRule = z.output<typeof whitelistRule>;

export const whitelistOptions = z.strictObject({
  check_local: z
    .boolean()
    .optional()
    .describe('Failures of mail from local addresses count. Default as in `options`'),
  check_authed: z.boolean().optional().describe('Failures of mail of logins count. Default as in `options`'),
  rules: z.record(z.string(), whitelistRule).prefault({}).describe('Rules by the name of their symbol'),
});
export type WhitelistOptions = z.output<typeof whitelistOptions>;
