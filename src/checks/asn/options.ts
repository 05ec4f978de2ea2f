import { z } from 'zod';

const name = z.string().regex(/^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?$/, 'this must be a domain');
const path = z.string().min(1);

export const asnOptions = z.strictObject({
  provider_type: z
    .enum(['rspamd', 'maxmind'])
    .default('rspamd')
    .describe('`rspamd`: TXT records in the zones of `provider_info`; `maxmind`: files named in `database`'),
  provider_info: z
    .strictObject({
      ip4: name.default('asn.rspamd.com').describe('Zone for IPv4'),
      ip6: name.default('asn6.rspamd.com').describe('Zone for IPv6'),
    })
    .prefault({})
    .describe('Zones that are asked for the reversed address'),
  database: z
    .union([path, z.array(path)])
    .transform((value) => (Array.isArray(value) ? value : [value]))
    .optional()
    .describe(
      'Beyond Rspamd: files in MaxMind DB format, such as GeoLite2-ASN.mmdb and GeoLite2-Country.mmdb; what one does not say the next is asked for. Looked at every minute',
    ),
  symbol: z
    .union([z.string(), z.literal(false)])
    .default('ASN')
    .describe('Symbol (score 0) that tells what was found; `false` or an empty text for none'),
  check_local: z.boolean().optional().describe('Look local addresses up. Default as in `options`'),
  check_authed: z.boolean().optional().describe('Look clients with a login up. Default true'),
});
export type AsnOptions = z.output<typeof asnOptions>;
