import { z } from 'zod';
import { moduleRedisOptions } from '../../core/index.ts';

/** Redirectors serve programs other things than people; this is what a common browser says. */
const browser =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36';

/** Goes into a header of HTTP (RFC 9110 5.5). */
const agent = z.string().regex(/^[\x20-\x7e]{1,512}$/, 'one line of printable ASCII characters');

export const redirectorOptions = z.strictObject({
  redirector_hosts_map: z
    .unknown()
    .optional()
    .describe('Map of hosts or registered domains that redirect; without it nothing is asked'),
  redirector_get_urls_map: z
    .unknown()
    .optional()
    .describe('Map of expressions for links that want GET instead of HEAD'),
  redirectors_only: z
    .boolean()
    .default(true)
    .describe('Of where a redirector leads, only further redirectors are asked; false: everything'),
  max_urls: z.int().min(1).max(100).default(5).describe('Links of one message that are followed'),
  nested_limit: z
    .int()
    .min(1)
    .max(20)
    .default(2)
    .describe('Requests for one link; where another one would be needed, `redirector_symbol_nested` says so'),
  timeout: z.number().positive().max(600).default(8).describe('Seconds for all links of a message'),
  http_timeout: z.number().positive().max(600).default(4).describe('Seconds for one request'),
  redis_timeout: z.number().positive().max(60).default(2).describe('Seconds for one answer of the store'),
  max_size: z
    .number()
    .nonnegative()
    .max(10_000_000)
    .default(10_240)
    .describe('Bytes of a page (asked for by GET) that are looked at for a refresh'),
  expire: z.number().positive().default(86_400).describe('Seconds for which results are kept in the store'),
  key_prefix: z.string().default('rdr:').describe('Put before keys of the store'),
  top_urls_key: z
    .string()
    .default('rdr:top_urls')
    .describe('Sorted set of the targets that were found most often'),
  top_urls_count: z.int().min(0).max(10_000).default(200).describe('How many of them are kept; 0: none'),
  forbid_local: z
    .boolean()
    .default(true)
    .describe(
      'Nothing but public addresses is connected to, and of the ports below 1024 only 80 and 443. The address that was checked is the one connected to',
    ),
  check_ssl: z.boolean().default(false).describe('Certificates are verified'),
  user_agent: z
    .union([agent, z.array(agent).min(1)])
    .transform((value) => (typeof value === 'string' ? [value] : value))
    .default([browser])
    .describe('User-Agent of requests; of several, one for each link'),
  save_intermediate_redirs: z
    .strictObject({
      redirectors: z.boolean().default(false).describe('Redirectors on the way'),
      non_redirectors: z.boolean().default(true).describe('Others on the way'),
    })
    .prefault({})
    .describe("What on the way joins the message's links besides the end of it"),
  redirector_symbol: z
    .string()
    .optional()
    .describe('Symbol for every link that leads elsewhere, with `host->host`. Default: none'),
  redirector_symbol_nested: z
    .string()
    .default('URL_REDIRECTOR_NESTED')
    .describe('Symbol for links that lead on after `nested_limit` requests'),
  ...moduleRedisOptions,
});
export type RedirectorOptions = z.output<typeof redirectorOptions>;
