import { z } from 'zod';

const mapValue = z.union([z.string(), z.array(z.unknown()), z.record(z.string(), z.unknown())]);

const symbolNames = z.strictObject({
  allow: z.string().optional(),
  fail: z.string().optional(),
  softfail: z.string().optional(),
  neutral: z.string().optional(),
  dnsfail: z.string().optional(),
  na: z.string().optional(),
  permfail: z.string().optional(),
  plusall: z.string().optional(),
});

export const spfOptions = z.strictObject({
  check_local: z.boolean().optional().describe('Check mail from local addresses. Default as in `options`'),
  check_authed: z.boolean().optional().describe('Check mail of logins. Default as in `options`'),
  whitelist: mapValue.optional().describe('Networks whose mail is not checked, as if this check were off'),
  external_relay: mapValue
    .optional()
    .describe(
      'Networks of own relays: the client is the host that the first of them, from the newest hop on, had the mail from',
    ),
  spf_cache_size: z.int().min(0).default(2000).describe('Policies kept at most, 0: none'),
  spf_cache_expire: z.number().positive().default(86_400).describe('Seconds that a policy is kept at most'),
  min_cache_ttl: z
    .number()
    .min(0)
    .default(300)
    .describe('Seconds that a policy is kept at least, whatever its TTL says'),
  max_dns_nesting: z.int().min(1).default(10).describe('Policies inside policies'),
  max_dns_requests: z.int().min(1).default(30).describe('Questions to DNS for one message'),
  max_dns_expansions: z
    .int()
    .min(1)
    .default(100)
    .describe('Hosts and addresses that answers may bring, all together'),
  disable_ipv6: z
    .boolean()
    .default(false)
    .describe('Names are never asked for IPv6 addresses; networks still count'),
  explanation: z
    .boolean()
    .default(false)
    .describe("Beyond Rspamd: fetch the domain's own words for a fail (`exp=`), for Authentication-Results"),
  symbols: symbolNames
    .prefault({})
    .describe(
      'Other names for the symbols: `allow`, `fail`, `softfail`, `neutral`, `dnsfail`, `na`, `permfail`, `plusall`',
    ),
});
export type SpfCheckOptions = z.output<typeof spfOptions>;
