import { z } from 'zod';
import { moduleRedisOptions } from '../../core/index.ts';
import { defaultSignHeaders } from '../signed-headers.ts';

/** What differs between DKIM and ARC signing (modules.md, dkim_signing; addenda, Signing). */
export interface SigningDefaults {
  readonly kind: 'dkim' | 'arc';
  readonly signAuthenticated: boolean;
  readonly signLocal: boolean;
  readonly signInbound: boolean;
  readonly allowHeaderFromMismatch: boolean;
  readonly useDomain: string;
  readonly selector: string;
  readonly path: string;
  readonly keyPrefix: string;
  readonly symbol: string;
}

const useDomain = (meaning: string) =>
  z
    .string()
    .optional()
    .describe(`${meaning}: \`header\`, \`envelope\`, \`auth\`, \`recipient\`, or a domain`);

const keyEntry = z.strictObject({
  selector: z.string().optional().describe('Selector in DNS'),
  path: z
    .string()
    .optional()
    .describe('Key file (`$domain` and `$selector` are replaced), or the key itself'),
});

const domainEntry = keyEntry.extend({
  selectors: z.array(keyEntry).optional().describe('Further keys: one signature each'),
});

const mapValue = z.unknown();

/** Options of a signing check. */
export function signingShape(defaults: SigningDefaults) {
  const kind = defaults.kind.toUpperCase();
  return {
    ...moduleRedisOptions,
    enabled: z.boolean().default(true).describe('Switches signing off when false'),
    sign_authenticated: z.boolean().default(defaults.signAuthenticated).describe('Sign mail with a login'),
    sign_local: z.boolean().default(defaults.signLocal).describe('Sign mail from local addresses'),
    sign_inbound: z
      .boolean()
      .default(defaults.signInbound)
      .describe('Sign mail with neither login nor local address'),
    sign_networks: mapValue.optional().describe('Map of networks whose mail is signed'),
    allow_envfrom_empty: z.boolean().default(true).describe('Sign mail of the null sender'),
    allow_hdrfrom_mismatch: z
      .boolean()
      .default(defaults.allowHeaderFromMismatch)
      .describe('Sign although the domains of header From and envelope sender differ'),
    allow_hdrfrom_mismatch_local: z.boolean().default(false).describe('The same, for local addresses only'),
    allow_hdrfrom_mismatch_sign_networks: z
      .boolean()
      .default(false)
      .describe('The same, for `sign_networks` only'),
    allow_hdrfrom_multiple: z.boolean().default(false).describe('Sign mail with several addresses in From'),
    allow_username_mismatch: z
      .boolean()
      .default(false)
      .describe('Sign although the login is not an address of the signing domain'),
    allow_pubkey_mismatch: z
      .boolean()
      .default(true)
      .describe('With `check_pubkey`: sign in spite of a difference'),
    check_pubkey: z
      .boolean()
      .default(false)
      .describe('Compare the key with the record in DNS before signing'),
    use_domain: useDomain('Domain that signs').default(defaults.useDomain),
    use_domain_sign_local: useDomain('The same for local addresses'),
    use_domain_sign_networks: useDomain('The same for `sign_networks`'),
    use_domain_sign_inbound: useDomain('The same for inbound mail'),
    use_esld: z.boolean().default(true).describe('Sign with the registered domain, not its subdomain'),
    selector: z.string().default(defaults.selector).describe('Selector where no other is known'),
    path: z
      .string()
      .default(defaults.path)
      .describe('Key file where no other is known. Default: below the state folder'),
    try_fallback: z
      .boolean()
      .default(true)
      .describe('Use `selector` and `path` where a domain has none of its own'),
    domain: z.record(z.string(), domainEntry).default({}).describe('Keys by domain'),
    selector_map: mapValue.optional().describe('Map of domains to selectors'),
    path_map: mapValue.optional().describe('Map of domains to key files'),
    signing_table: mapValue
      .optional()
      .describe('Map of sender patterns to key names (OpenDKIM’s SigningTable)'),
    key_table: mapValue
      .optional()
      .describe('Map of key names to `domain:selector:path` (OpenDKIM’s KeyTable)'),
    use_redis: z
      .boolean()
      .default(false)
      .describe('Read keys from the store: field `selector.domain` of `key_prefix`'),
    key_prefix: z.string().default(defaults.keyPrefix).describe('Hash of the store that holds keys'),
    selector_prefix: z.string().optional().describe('Hash of the store that holds selectors, by domain'),
    use_vault: z.boolean().default(false).describe('Read keys from a HashiCorp Vault'),
    vault_url: z.string().optional().describe('Address of the Vault, such as http://127.0.0.1:8200'),
    vault_token: z.string().optional().describe('Token for the Vault'),
    vault_path: z.string().default('dkim').describe('Path of the keys in the Vault'),
    vault_domains: mapValue.optional().describe('Glob map of the only domains that are asked for'),
    http_timeout: z.number().positive().default(5).describe('Seconds to wait for the Vault'),
    use_http_headers: z
      .boolean()
      .default(false)
      .describe('Take domain, selector and key from the scan request'),
    allow_headers_fallback: z.boolean().default(false).describe('Without those headers go on as usual'),
    http_sign_header: z
      .string()
      .default('PerformDkimSign')
      .describe('Request header that asks for a signature'),
    http_sign_on_reject_header: z
      .string()
      .default('SignOnAuthFailed')
      .describe('Request header that asks for a signature though those the message came with are forged'),
    http_sign_on_reject_header_header: z
      .string()
      .optional()
      .describe('The same by the name it has in Rspamd'),
    http_domain_header: z.string().default('DkimDomain').describe('Request header with the domain'),
    http_selector_header: z.string().default('DkimSelector').describe('Request header with the selector'),
    http_key_header: z.string().default('DkimPrivateKey').describe('Request header with the private key'),
    check_violation: z
      .boolean()
      .default(false)
      .describe(
        `Do not sign when our own check found ${defaults.kind === 'dkim' ? '`R_DKIM_REJECT`' : '`ARC_REJECT`'}`,
      ),
    skip_spam_sign: z.boolean().default(false).describe('Sign only when the action is `no action`'),
    sign_headers: z
      .string()
      .default(defaultSignHeaders[defaults.kind])
      .describe('Signed headers, with `(o)` and `(x)` for oversigning'),
    symbol: z.string().default(defaults.symbol).describe(`Symbol of ${kind}-signed mail`),
  };
}

/** Options of Rspamd's signing that are refused, with the reason. */
export const unsupportedSigningOptions = {
  sign_condition: 'Lua is not run; use `sign_networks`, settings or `signing_table`',
  use_domain_custom: 'Lua is not run; use `signing_table` with `key_table`',
  allowed_ids: 'use settings with `symbols_enabled` or `symbols_disabled`',
  forbidden_ids: 'use settings with `symbols_enabled` or `symbols_disabled`',
} as const;

export type SigningConfig = z.output<z.ZodObject<ReturnType<typeof signingShape>>>;
