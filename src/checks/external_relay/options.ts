import { z } from 'zod';

const mapValue = z.union([z.string(), z.array(z.unknown()), z.record(z.string(), z.unknown())]);

export const strategies = ['authenticated', 'local', 'count', 'hostname_map', 'ip_map'] as const;

const relayRule = z.strictObject({
  strategy: z.enum(strategies).describe('How the real client is found; see the table'),
  user_map: mapValue.optional().describe('Strategy `authenticated`: only these logins'),
  count: z
    .int()
    .min(1)
    .optional()
    .describe('Strategy `count`: that Received field of the message, 1 is the newest'),
  hostname_map: mapValue.optional().describe('Strategy `hostname_map`: names of the relays'),
  ip_map: mapValue.optional().describe('Strategy `ip_map`: networks of the relays'),
  priority: z
    .number()
    .default(12)
    .describe(
      'Order among the checks of the connection, higher first. Whoever reads the client must come later, `aliases` (11) included',
    ),
  symbol: z.string().min(1).optional().describe('Symbol to insert (score 0). Default: the name of the rule'),
  enabled: z.boolean().default(true).describe('Switches this rule off when false'),
});
export type RelayRule = z.output<typeof relayRule>;

export const relayOptions = z.strictObject({
  rules: z.record(z.string(), relayRule).prefault({}).describe('Rules by name'),
});
export type RelayOptions = z.output<typeof relayOptions>;
