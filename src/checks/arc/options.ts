import { z } from 'zod';
import { type SigningDefaults, signingShape } from '../../auth/index.ts';

const defaults: SigningDefaults = {
  kind: 'arc',
  signAuthenticated: false,
  signLocal: false,
  signInbound: true,
  allowHeaderFromMismatch: true,
  useDomain: 'recipient',
  selector: 'arc',
  path: '',
  keyPrefix: 'ARC_KEYS',
  symbol: 'ARC_SIGNED',
};

const symbol = (name: string, meaning: string) =>
  z.string().default(name).describe(`Symbol of a chain that ${meaning}`);

export const config = z.strictObject({
  ...signingShape(defaults),
  sign_symbol: z.string().optional().describe('The same as `symbol`, by the name it has in Rspamd'),
  symbol_sign: z.string().optional().describe('The same, as Rspamd’s stock file has it'),
  reuse_auth_results: z
    .boolean()
    .default(false)
    .describe('Seal the Authentication-Results that a trusted server wrote, and believe its `arc=`'),
  trusted_authserv_id: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .describe('Names of the servers whose Authentication-Results are trusted. Default: our own host name'),
  whitelisted_signers_map: z
    .unknown()
    .optional()
    .describe('Map of domains whose seals are trusted: their mail gets `ARC_ALLOW_TRUSTED`'),
  adjust_dmarc: z
    .boolean()
    .default(true)
    .describe('When a trusted sealer saw DMARC pass, a failure of DMARC now hardly counts'),
  whitelist: z
    .unknown()
    .optional()
    .describe('Map of domains whose seals and signatures count as valid though they fail'),
  symbols: z
    .strictObject({
      allow: symbol('ARC_ALLOW', 'is valid'),
      reject: symbol('ARC_REJECT', 'does not verify'),
      invalid: symbol('ARC_INVALID', 'is malformed'),
      dnsfail: symbol('ARC_DNSFAIL', 'cannot be checked now'),
      na: z.string().default('ARC_NA').describe('Symbol of mail without a chain'),
      trusted_allow: symbol('ARC_ALLOW_TRUSTED', 'is valid and has a trusted sealer'),
    })
    .prefault({})
    .describe('Names of the symbols'),
});
export type ArcOptions = z.output<typeof config>;
