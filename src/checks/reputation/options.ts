import { z } from 'zod';
import { moduleRedisOptions } from '../../core/index.ts';

/** An option that is known, and why it cannot be used. */
const refused = (reason: string) =>
  z
    .custom<undefined>((value) => value === undefined, reason)
    .optional()
    .describe(`Refused: ${reason}`);

const common = (defaults: { readonly symbol: string; readonly split: boolean; readonly outbound: boolean }) =>
  ({
    symbol: z.string().default(defaults.symbol).describe('Symbol, where the rule names none'),
    split_symbols: z
      .boolean()
      .default(defaults.split)
      .describe('Two symbols, `<symbol>_SPAM` for bad reputation and `<symbol>_HAM` for good one'),
    lower_bound: z.number().nonnegative().default(10).describe('Fewer messages tell nothing'),
    min_score: z.number().optional().describe('The weight is never below this'),
    max_score: z.number().optional().describe('The weight is never above this'),
    outbound: z
      .boolean()
      .default(defaults.outbound)
      .describe('Mail with a login or from local addresses. With `inbound` the other one off: only this'),
    inbound: z.boolean().default(true).describe('Mail from elsewhere'),
    score_calc_func: refused('it is a Lua function'),
  }) as const;

const maskBits = (bits: number, what: string) =>
  z.int().min(0).max(bits).default(bits).describe(`Bits of ${what} addresses that count`);

const ip = z.strictObject({
  ...common({ symbol: 'SENDER_REP', split: true, outbound: false }),
  scores: z
    .strictObject({
      asn: z.number().default(0.4),
      country: z.number().default(0.01),
      ip: z.number().default(1),
    })
    .prefault({})
    .describe('How much each of them counts'),
  asn_prefix: z.string().default('a:').describe('Put before the number of the autonomous system'),
  ip_prefix: z.string().default('i:').describe('Put before the address'),
  country_prefix: z.string().default('c:').describe('Put before the country'),
  ipv4_mask: maskBits(32, 'IPv4'),
  ipv6_mask: maskBits(64, 'IPv6'),
  asn_cc_whitelist: z
    .unknown()
    .optional()
    .describe('Map of autonomous systems and countries whose mail is left alone'),
});

const dkim = z.strictObject({
  ...common({ symbol: 'DKIM_SCORE', split: false, outbound: true }),
  max_accept_adjustment: z
    .number()
    .nonnegative()
    .default(2)
    .describe('Largest weight of `<symbol>_ADJUSTMENT`, inserted beside R_DKIM_ALLOW'),
});

const url = z.strictObject({
  ...common({ symbol: 'URL_SCORE', split: false, outbound: true }),
  max_urls: z.int().min(1).max(1000).default(10).describe('Domains of links that count, most frequent first'),
  check_from: z.boolean().default(true).describe('The domain of the header From counts as one more link'),
});

const spf = z.strictObject(common({ symbol: 'SPF_REP', split: false, outbound: true }));

const generic = z.strictObject({
  ...common({ symbol: '', split: false, outbound: true }),
  symbol: z
    .string()
    .optional()
    .describe('Symbol, where the rule names none. Default: its name in upper case'),
  selector: z.string().describe('Required. Selector; every value has a reputation of its own'),
  delimiter: z.string().default(':').describe('Put between what several selectors give'),
  whitelist: z.unknown().optional().describe('Map of values that are left alone'),
});

const selectors = { ip, sender: ip, dkim, url, spf, generic } as const;

const days = 86_400;
const hashed = {
  hashed: z.boolean().default(false).describe('Names are digests'),
  hash_alg: z
    .enum(['blake2', 'sha256', 'sha384', 'sha512', 'sha1', 'md5'])
    .default('blake2')
    .describe('Digest, with `hashed`'),
  hash_encoding: z.enum(['base32', 'hex', 'base64']).default('base32').describe('Its text, with `hashed`'),
  hashlen: z.int().min(8).max(128).optional().describe('Characters of it that count, with `hashed`'),
} as const;

const redis = z.strictObject({
  prefix: z.string().default('RR:').describe('Put before every key'),
  expiry: z
    .number()
    .positive()
    .default(10 * days)
    .describe('Seconds after the last message when a reputation is forgotten'),
  buckets: z
    .array(
      z.strictObject({
        time: z.number().positive().describe('Seconds over which the average runs'),
        name: z
          .string()
          .regex(/^[\w.-]{1,32}$/, 'letters, digits, `.`, `_` and `-`')
          .describe('End of the key'),
        mult: z.number().default(1).describe('How much this average counts'),
      }),
    )
    .min(1)
    .max(8)
    .default([{ time: 30 * days, name: '1m', mult: 1 }])
    .describe('Averages that are kept'),
  ...hashed,
  redis: refused('the settings of the store are those of the section `reputation`'),
  servers: refused('the settings of the store are those of the section `reputation`'),
});

const dns = z.strictObject({
  list: z.string().min(1).describe('Required. Domain of the list; asked for TXT of `<name>.<list>`'),
  ...hashed,
});

const backends = { redis, dns } as const;

/** `selector "ip" { … }`: one word, and its options. */
function oneOf<Shape extends Readonly<Record<string, z.ZodType>>>(shape: Shape, what: string) {
  const words = Object.keys(shape).join(', ');
  const object = z
    .strictObject(
      Object.fromEntries(Object.entries(shape).map(([word, schema]) => [word, schema.optional()])) as {
        readonly [Word in keyof Shape]: z.ZodOptional<Shape[Word]>;
      },
    )
    .refine((value) => Object.values(value).filter((inner) => inner !== undefined).length === 1, {
      error: `exactly one ${what} is expected: ${words}`,
    });
  return z.preprocess((value) => (typeof value === 'string' ? { [value]: {} } : value), object);
}

const rule = z.strictObject({
  enabled: z.boolean().default(true).describe('Switches this rule off when false'),
  selector: oneOf(selectors, 'selector').describe(
    '`selector "ip" { … }`: what has a reputation. `ip` (or `sender`), `dkim`, `url`, `spf` or `generic`',
  ),
  backend: oneOf(backends, 'backend')
    .prefault({ redis: {} })
    .describe('`backend "redis" { … }`: where it is kept. `redis` (the store, whichever it is) or `dns`'),
  symbol: z.string().optional().describe('Symbol. Default: that of the selector'),
  description: z.string().optional().describe('Description of the symbol'),
  whitelist: refused('maps over several selectors are not supported; use the options of the selector'),
});

export const reputationOptions = z.strictObject({
  rules: z.record(z.string(), rule).default({}).describe('Rules by their names'),
  ...moduleRedisOptions,
});

export type ReputationOptions = z.output<typeof reputationOptions>;
export type RuleOptions = z.output<typeof rule>;
export type IpOptions = z.output<typeof ip>;
export type DkimOptions = z.output<typeof dkim>;
export type UrlOptions = z.output<typeof url>;
export type SpfOptions = z.output<typeof spf>;
export type GenericOptions = z.output<typeof generic>;
export type StoreBackendOptions = z.output<typeof redis>;
export type DnsBackendOptions = z.output<typeof dns>;
