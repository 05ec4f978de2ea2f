import { z } from 'zod';
import { reportingOptions } from '../../auth/dmarc/index.ts';
import { moduleRedisOptions } from '../../core/index.ts';

const symbolName = z.string().regex(/^\w+$/, 'this must be the name of a symbol');
const ownSymbol = (name: string) => symbolName.default(name);
const foreignSymbol = symbolName
  .optional()
  .describe('Accepted; not needed: the result itself is read, whatever its symbol is called');

const symbols = z
  .strictObject({
    allow: ownSymbol('DMARC_POLICY_ALLOW').describe('Symbol for a pass'),
    reject: ownSymbol('DMARC_POLICY_REJECT').describe('Symbol for a failure under `p=reject`'),
    quarantine: ownSymbol('DMARC_POLICY_QUARANTINE').describe('Symbol for a failure under `p=quarantine`'),
    softfail: ownSymbol('DMARC_POLICY_SOFTFAIL').describe('Symbol for a failure that the domain lets pass'),
    na: ownSymbol('DMARC_NA').describe('Symbol for a domain without policy'),
    dnsfail: ownSymbol('DMARC_DNSFAIL').describe('Symbol for a temporary failure'),
    badpolicy: ownSymbol('DMARC_BAD_POLICY').describe('Symbol for a policy that cannot be used'),
    spf_allow_symbol: foreignSymbol,
    spf_deny_symbol: foreignSymbol,
    spf_softfail_symbol: foreignSymbol,
    spf_neutral_symbol: foreignSymbol,
    spf_tempfail_symbol: foreignSymbol,
    spf_permfail_symbol: foreignSymbol,
    spf_na_symbol: foreignSymbol,
    dkim_allow_symbol: foreignSymbol,
    dkim_deny_symbol: foreignSymbol,
    dkim_tempfail_symbol: foreignSymbol,
    dkim_permfail_symbol: foreignSymbol,
    dkim_na_symbol: foreignSymbol,
  })
  .prefault({})
  .describe('Other names for symbols');

const action = (when: string) =>
  z.string().optional().describe(`Action for ${when}, unless a stronger one holds`);

const actions = z
  .strictObject({
    reject: action('a failure under `p=reject`'),
    quarantine: action('a failure under `p=quarantine`'),
    softfail: action('a failure that the domain lets pass'),
    na: action('a domain without policy, or a From without one domain'),
    dnsfail: action('a policy that cannot be read for now'),
    badpolicy: action('a policy that cannot be used'),
  })
  .prefault({})
  .describe('Actions by outcome. Default: symbols only');
export type ActionKey = keyof z.output<typeof actions>;

const munging = z.strictObject({
  list_map: z.unknown().optional().describe('Map of the addresses of lists. Required'),
  mitigate_allow_only: z
    .boolean()
    .default(true)
    .describe('Only mail that passes DMARC; others were broken before'),
  mitigate_strict_only: z
    .boolean()
    .default(false)
    .describe('Only where the policy is `quarantine` or `reject`'),
  reply_goes_to_list: z.boolean().default(false).describe('Replies go to the list instead of the author'),
  munge_from: z.boolean().default(true).describe('Write From anew; false: only Reply-To'),
  munge_map_condition: z
    .strictObject({
      rules: z.record(
        z.string().regex(/^\w+$/),
        z.strictObject({
          selector: z.string().describe('What is looked up'),
          map: z.unknown().describe('Where'),
          type: z
            .string()
            .optional()
            .describe('Kind of the map: `set` (default), `hash`, `radix`, `regexp`, `glob`'),
          description: z.string().optional().describe('For logs'),
        }),
      ),
      expression: z.string().describe('Over the names of the rules'),
    })
    .optional()
    .describe('Maps and an expression over them that must hold'),
});
export type MungingOptions = z.output<typeof munging>;

export const config = z.strictObject({
  enabled: z.boolean().default(true).describe('Switches the check off when false'),
  ...moduleRedisOptions,
  check_local: z
    .boolean()
    .optional()
    .describe('Also mail from local addresses. Default: `options.check_local`'),
  check_authed: z.boolean().optional().describe('Also mail with a login. Default: `options.check_authed`'),
  actions,
  no_sampling_domains: z
    .unknown()
    .optional()
    .describe('Map: `pct` of these domains is not followed; the policy holds for every message'),
  no_reporting_domains: z.unknown().optional().describe('Map: no reports about these domains'),
  symbols,
  reporting: reportingOptions.prefault({}).describe('Aggregate reports (RFC 7489 7.2)'),
  munging: munging.optional().describe('Mail to mailing lists gets the list as its From'),
});
export type Config = z.output<typeof config>;
