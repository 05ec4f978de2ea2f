import { z } from 'zod';
import { moduleRedisOptions, normaliseActionName } from '../../core/index.ts';

export const greylistOptions = z.strictObject({
  ...moduleRedisOptions,
  enabled: z.boolean().default(true).describe('Switches the check off when false'),
  expire: z
    .number()
    .positive()
    .default(86_400)
    .describe('Seconds for which mail that came back in time stays welcome'),
  timeout: z.number().nonnegative().default(300).describe('Seconds that a sender has to wait'),
  redis_timeout: z
    .number()
    .positive()
    .default(1)
    .describe('Seconds that a message waits for the store at most'),
  key_prefix: z.string().default('rg').describe('Put before the keys'),
  max_data_len: z.int().min(1).default(10_000).describe('Bytes of the body that make its key'),
  message: z.string().default('Try again later').describe('Text for the sender'),
  action: z
    .string()
    .transform(normaliseActionName)
    .default('soft reject')
    .describe('Action on mail that has to wait; `greylist` leaves the waiting to an Exim that knows it'),
  symbol: z.string().default('GREYLIST').describe('Symbol that tells what was decided'),
  ipv4_mask: z.int().min(0).max(32).default(19).describe('Bits of an IPv4 address that count'),
  ipv6_mask: z.int().min(0).max(128).default(64).describe('Bits of an IPv6 address that count'),
  whitelist_symbols: z
    .union([z.string(), z.array(z.string())])
    .transform((value) => (Array.isArray(value) ? value : [value]))
    .default([])
    .describe('Mail with one of these symbols does not wait'),
  whitelisted_ip: z.unknown().optional().describe('Mail from these networks does not wait. Map'),
  whitelist_domains_url: z
    .unknown()
    .optional()
    .describe(
      'Mail from clients with these host names does not wait: the name itself, or its registered domain. Map',
    ),
  greylist_min_score: z
    .number()
    .optional()
    .describe('Mail with a lower score does not wait. Default: the threshold of `greylist`'),
  report_time: z.boolean().default(false).describe('Tell the sender when to come back'),
  check_local: z.boolean().optional().describe('Also mail from local addresses. Default false'),
  check_authed: z.boolean().optional().describe('Also mail with a login. Default false'),
});

export type GreylistOptions = z.output<typeof greylistOptions>;
