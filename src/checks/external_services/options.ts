import { z } from 'zod';
import { moduleRedisOptions } from '../../core/index.ts';
import { commonOptions, dccOptions, icapOptions } from '../../scanners/index.ts';

const types = '`dcc`, `icap`, `oletools`, `pyzor`, `razor` or `spamassassin`';

/** Of the types whose scanners find several things at once. */
export const extendedOption = {
  extended: z
    .boolean()
    .default(false)
    .describe('Every finding is an option of its own, instead of all in one (spamassassin, oletools)'),
} as const;

export const serviceOptions = z.strictObject({
  ...commonOptions,
  type: commonOptions.type.describe(`${types}. Default: the name of the rule`),
  ...extendedOption,
  ...icapOptions,
  default_score: icapOptions.default_score.describe('Weight of `symbol` (icap, oletools, razor)'),
  ...dccOptions,
});
export type ServiceOptions = z.output<typeof serviceOptions>;

export const externalServicesOptions = z
  .object({
    enabled: z.boolean().default(true).describe('Switches the check off when false'),
    ...moduleRedisOptions,
  })
  .catchall(serviceOptions.describe('A rule by its name'));
