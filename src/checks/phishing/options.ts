import { z } from 'zod';

const mapValue = z.union([z.string(), z.array(z.unknown()), z.record(z.string(), z.unknown())]);
const mapsBySymbol = z.record(z.string().min(1), mapValue).default({});

export const phishingOptions = z.strictObject({
  symbol: z.string().min(1).default('PHISHING').describe('Symbol for links that show somebody else’s link'),
  exceptions: mapsBySymbol.describe(
    'Symbol → map of shown hosts or registered domains that give this symbol instead of `symbol`',
  ),
  anchor_exceptions: mapsBySymbol.describe(
    'Symbol → map of hosts or registered domains of targets that give this symbol instead of `symbol`',
  ),
  strict_domains: mapsBySymbol.describe(
    'Symbol → map of shown hosts or registered domains: this symbol with full weight besides whatever else is found',
  ),
  domains: mapValue.optional().describe('Map of shown hosts or registered domains; `symbol` only for them'),
  openphish_enabled: z.boolean().default(false).describe('Links are looked up in the list of OpenPhish'),
  openphish_map: mapValue
    .default('https://www.openphish.com/feed.txt')
    .describe('Where that list is: a link a line'),
  openphish_premium: z
    .boolean()
    .default(false)
    .describe('The list has an object of JSON a line, with `url`, `tld`, `sector`, `brand`'),
  phishtank_enabled: z.boolean().default(true).describe('Links are asked of the list of PhishTank in DNS'),
  phishtank_suffix: z.string().min(1).default('phishtank.rspamd.com').describe('Zone of that list'),
  generic_service_enabled: z.boolean().default(false).describe('Links are looked up in a list of your own'),
  generic_service_map: mapValue.optional().describe('Where your list is: a link a line'),
  phishing_feed_exclusion_enabled: z
    .boolean()
    .default(false)
    .describe('Hosts of a map are looked up in none of the lists'),
  phishing_feed_exclusion_symbol: z
    .string()
    .min(1)
    .default('PHISHED_EXCLUDED')
    .describe('Symbol for links that were left out for it'),
  phishing_feed_exclusion_map: mapValue.optional().describe('Map of those hosts or registered domains'),
});
