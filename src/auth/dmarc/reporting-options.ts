import { z } from 'zod';

/** Addresses go into commands and headers as they are. */
const address = z
  .string()
  .regex(/^[^\s<>()[\],;:\\"@]{1,64}@[^\s<>()[\],;:\\"@]{1,255}$/, 'this must be an address');
const domain = z.string().regex(/^[\w.-]{1,253}$/, 'this must be a domain');
const helo = z.string().regex(/^[\x21-\x7e]{1,255}$/, 'this must be one word');
const line = z.string().regex(/^[^\r\n]{1,200}$/, 'this must be one short line');

/** `dmarc.reporting`: aggregate reports (RFC 7489 7.2), collected by the check and sent by `postern dmarc report`. */
export const reportingOptions = z.strictObject({
  enabled: z.boolean().default(false).describe('Collect what reports are made of'),
  email: address.optional().describe('Sender of reports; without it they cannot be sent'),
  domain: domain.optional().describe('Domain that reports, in their names. Needed for sending'),
  org_name: line.optional().describe('Organization that reports. Needed for sending'),
  from_name: line.default('Rspamd').describe('Display name of the sender'),
  msgid_from: domain.default('rspamd').describe('What follows the `@` of our Message-IDs'),
  helo: helo.default('rspamd.localhost').describe('Name to greet the mail server with'),
  smtp: z.string().min(1).default('127.0.0.1').describe('Mail server that takes the reports'),
  smtp_port: z.int().min(1).max(65_535).default(25).describe('Its port'),
  retries: z
    .int()
    .min(0)
    .max(10)
    .default(2)
    .describe('Further attempts when the mail server asks for patience'),
  bcc_addrs: z
    .union([address, z.array(address)])
    .transform((value) => (Array.isArray(value) ? value : [value]))
    .default([])
    .describe('Who gets a copy of every report'),
  only_domains: z.unknown().optional().describe('Map: reports only about these domains'),
  exclude_domains: z.unknown().optional().describe('Map: no reports about these domains'),
  exclude_recipients: z
    .unknown()
    .optional()
    .describe('Map of envelope recipients, addresses or domains, whose mail is not reported'),
  exclude_rua_addresses: z.unknown().optional().describe('Map of addresses that get no reports'),
  max_entries: z
    .number()
    .int()
    .min(1)
    .max(100_000)
    .default(1000)
    .describe('Rows of a report; of more the rarest are dropped'),
  keys_expire: z
    .number()
    .min(3600)
    .default(172_800)
    .describe('Seconds after which unsent reports are dropped'),
  redis_keys: z
    .strictObject({
      index_prefix: z.string().min(1).default('dmarc_idx').describe('Begin of the key of a day'),
      report_prefix: z.string().min(1).default('dmarc_rpt').describe('Begin of the key of a report'),
      join_char: z
        .string()
        .regex(/^[^\w.-]+$/, 'this must not occur in domains')
        .default(';')
        .describe('Between the parts of keys'),
    })
    .prefault({})
    .describe('Names of keys in the store'),
  report_local_controller: z
    .boolean()
    .default(false)
    .describe('Count scans by `rspamc` and the controller as well'),
});

export type ReportingOptions = z.output<typeof reportingOptions>;
