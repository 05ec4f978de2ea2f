import { z } from 'zod';

/** What a list can be asked about. */
export const checkKinds = [
  'from',
  'received',
  'helo',
  'rdns',
  'urls',
  'content_urls',
  'numeric_urls',
  'images',
  'emails',
  'replyto',
  'dkim',
  'selector',
] as const;
export type CheckKind = (typeof checkKinds)[number];

const words = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (Array.isArray(value) ? value : [value]));
const mapValue = z.union([z.string(), z.array(z.unknown()), z.record(z.string(), z.unknown())]);
const kinds = z.array(z.enum(checkKinds));
const flag = z.boolean().optional();
const codes = z.record(z.string(), words).optional();
const bit = z.int().min(1).max(0xffff_ffff);
const bits = z
  .record(
    z.string(),
    z.union([bit, z.array(bit)]).transform((value) => (Array.isArray(value) ? value : [value])),
  )
  .optional();

/** Flags of a Received header that rules may ask for. */
export const hopFlagNames = ['ssl', 'authenticated', 'artificial'] as const;
const hopFlags = z.array(z.enum(hopFlagNames));

const legacy = (kind: string): string => `Older spelling of \`${kind}\` in \`checks\``;

export const rule = z.strictObject({
  rbl: z.string().optional().describe('DNS zone of the list; required'),
  enabled: flag.describe('Switches this list off when false; default `default_enabled`'),
  disabled: flag.describe('Older spelling of `enabled`, the other way round'),
  symbol: z.string().optional().describe('Symbol for any answer; default: the name of the rule in capitals'),
  checks: kinds
    .optional()
    .describe(
      'What is looked up: `from` (address of the client), `received` (addresses of earlier hops), `helo`, `rdns` (verified name of the client), `urls`, `content_urls` (links in parts not shown as text), `numeric_urls`, `images` (sources of images), `emails`, `replyto`, `dkim` (domains of valid signatures), `selector`; default `from`',
    ),
  exclude_checks: kinds.default([]).describe('Kinds that `checks` names and that are not wanted'),
  from: flag.describe(legacy('from')),
  received: flag.describe(legacy('received')),
  helo: flag.describe(legacy('helo')),
  rdns: flag.describe(legacy('rdns')),
  urls: flag.describe(legacy('urls')),
  content_urls: flag.describe(legacy('content_urls')),
  numeric_urls: flag.describe(legacy('numeric_urls')),
  images: flag.describe(legacy('images')),
  emails: z
    .union([z.boolean(), z.literal('domain_only')])
    .optional()
    .describe(legacy('emails')),
  replyto: flag.describe(legacy('replyto')),
  dkim: flag.describe(legacy('dkim')),
  selector: z
    .union([z.string(), z.record(z.string(), z.string())])
    .optional()
    .describe('Selector, or selectors by the label that names them in the options of the symbol'),
  selector_flatten: flag.describe(
    'Parts of a selector between `;` are looked up one by one, not joined; default `default_selector_flatten`',
  ),
  ipv4: flag.describe('IPv4 addresses are looked up; default `default_ipv4`'),
  ipv6: flag.describe('IPv6 addresses are looked up; default `default_ipv6`'),
  no_ip: flag.describe('Links and names that are addresses are not looked up; default `default_no_ip`'),
  unknown: flag.describe('Answers without a symbol of their own give `symbol`; default `default_unknown`'),
  exclude_users: flag.describe('Mail of logins is left alone; default `default_exclude_users`'),
  exclude_local: flag.describe(
    'Mail of local clients and local hops are left alone, and those of `local_exclude_ip_map`; default `default_exclude_local`',
  ),
  exclude_private_ips: flag.describe('Older name of `exclude_local`'),
  ignore_defaults: flag.describe(
    'None of the `default_…` options holds for this list: it looks at mail of every direction unless it says otherwise',
  ),
  ignore_default: flag.describe('Other spelling of `ignore_defaults`'),
  returncodes: codes.describe('Answers by the symbol that each gives'),
  return_codes: codes.describe('Other spelling of `returncodes`'),
  returncodes_matcher: z
    .enum(['equality', 'glob', 'regexp', 'radix', 'luapattern'])
    .optional()
    .describe(
      'How `returncodes` are compared: equal texts (default), shell patterns, expressions, networks, or Lua patterns (default when a code has `%` or `[`)',
    ),
  returnbits: bits.describe('Bits of the answer by the symbol that each gives'),
  return_bits: bits.describe('Other spelling of `returnbits`'),
  symbols_prefixes: z
    .record(z.string(), z.string())
    .optional()
    .describe(
      'Prefixes by what was looked up (`from`, `received`, `helo`, `rdns`, `url`, `email`, `replyto`, `dkim`, labels of selectors): symbols become `PREFIX_SYMBOL`',
    ),
  merge_checks: z
    .boolean()
    .default(true)
    .describe('A name found in several places counts once, with all places in the option'),
  hash: z
    .enum(['blake2', 'md5', 'sha1', 'sha256', 'sha384', 'sha512'])
    .optional()
    .describe('The name is hashed before it is asked'),
  hash_len: z.int().min(1).optional().describe('Characters of the hash that are used; default all'),
  hash_format: z.enum(['hex', 'base32', 'base64']).default('hex').describe('How the hash is written'),
  resolve_ip: z.boolean().default(false).describe('Addresses of the name are looked up, not the name'),
  dkim_domainonly: flag.describe(
    'The registered domain of a signature is looked up; default `default_dkim_domainonly`',
  ),
  dkim_match_from: flag.describe(
    'Only signatures of the domain in From count; default `default_dkim_match_from`',
  ),
  emails_domainonly: flag.describe(
    'Domains of addresses are looked up, not whole addresses; default `default_emails_domainonly`',
  ),
  emails_delimiter: z
    .string()
    .optional()
    .describe('Between local part and domain; default `@` with `hash`, else `.`'),
  url_full_hostname: z
    .boolean()
    .default(false)
    .describe('Whole host names are looked up, not registered domains'),
  url_compose_map: mapValue.optional().describe('Map of domains below which more labels are looked up'),
  requests_limit: z
    .int()
    .min(1)
    .optional()
    .describe('Links and addresses of one message that are looked up; default `options.dns_max_requests`'),
  received_flags: hopFlags
    .optional()
    .describe('Hops must have these flags (`ssl`, `authenticated`); default `default_received_flags`'),
  received_nflags: hopFlags
    .optional()
    .describe('Hops must not have these flags; default `default_received_nflags`'),
  received_min_pos: z.int().optional().describe('From this hop on; 1 is the newest, -1 the oldest'),
  received_max_pos: z.int().optional().describe('Up to this hop'),
  is_whitelist: z
    .boolean()
    .default(false)
    .describe('What is found here is not counted when other lists have it'),
  whitelist_exception: words
    .default([])
    .describe('Symbols of a list with `is_whitelist` that do not protect'),
  ignore_whitelist: flag.describe('Neither maps nor other lists protect from this one'),
  ignore_whitelists: flag.describe('Other spelling of `ignore_whitelist`'),
  whitelist: mapValue
    .optional()
    .describe('What is not looked up: networks for `from` and `received`, else names'),
  url_whitelist: mapValue.optional().describe('Names that are not looked up; default: that of the section'),
  ignore_url_whitelist: z.boolean().default(false).describe('`url_whitelist` does not hold for this list'),
  require_symbols: words.default([]).describe('Looked up only when all these symbols are there'),
  disable_monitoring: z.boolean().default(false).describe('The list is asked even when it seems to be dead'),
  monitored_address: z.string().default('1.0.0.127').describe('Name below the zone that must not be listed'),
  random_monitored: flag.describe(
    'A random name is used instead; default for lists without `from` and `received`, and with `no_ip`',
  ),
  is_empty: flag.describe('Without effect: lists that need no message run without one'),
  local_exclude_ip_map: z.unknown().optional().describe('Belongs into the section, not into a rule'),
  process_script: z.unknown().optional().describe('Lua code; not supported'),
});
export type RuleOptions = z.output<typeof rule>;

const rules = z.record(z.string(), rule).default({});
const oldKinds = z.boolean().optional().describe('Without effect: name the kinds in `checks`');

export const config = z.strictObject({
  rbls: rules.describe('The lists by name'),
  rules: rules.describe('Other spelling of `rbls`; both are put together'),
  default_enabled: z.boolean().default(true).describe('Lists are on'),
  default_ipv4: z.boolean().default(true).describe('IPv4 addresses are looked up'),
  default_ipv6: z.boolean().default(true).describe('IPv6 addresses are looked up'),
  default_unknown: z
    .boolean()
    .default(false)
    .describe('Answers without a symbol give that of the list (stock: true)'),
  default_exclude_users: z
    .boolean()
    .default(false)
    .describe('Mail of logins is left alone (stock: true); not for lists with `ignore_defaults`'),
  default_exclude_local: z
    .boolean()
    .default(true)
    .describe('Mail of local clients is left alone; not for lists with `ignore_defaults`'),
  default_exclude_private_ips: z.boolean().optional().describe('Older name of `default_exclude_local`'),
  default_no_ip: z.boolean().default(false).describe('Links that are addresses are not looked up'),
  default_dkim_domainonly: z.boolean().default(true).describe('Registered domains of signatures'),
  default_dkim_match_from: z.boolean().default(false).describe('Only signatures of the domain in From'),
  default_emails_domainonly: z.boolean().default(false).describe('Domains of addresses'),
  default_selector_flatten: z.boolean().default(true).describe('Parts of selectors one by one'),
  default_received_flags: hopFlags.optional().describe('Flags that hops must have'),
  default_received_nflags: hopFlags.optional().describe('Flags that hops must not have'),
  default_from: oldKinds,
  default_received: oldKinds,
  default_helo: oldKinds,
  default_rdns: oldKinds,
  default_emails: oldKinds,
  default_dkim: oldKinds,
  url_whitelist: mapValue
    .optional()
    .describe('Domains that lists of links and addresses are not asked about'),
  local_exclude_ip_map: mapValue
    .optional()
    .describe('Networks treated as local by `exclude_local`, as clients and as hops'),
  disabled_rbl_suffixes_map: mapValue.optional().describe('Zones that are not asked'),
  attached_maps: z
    .array(z.record(z.string(), z.unknown()))
    .default([])
    .describe('Maps with `selector_alias`, for the selectors of lists'),
  disable_monitoring: z.boolean().default(false).describe('Dead lists are asked all the same'),
});
export type Config = z.output<typeof config>;
