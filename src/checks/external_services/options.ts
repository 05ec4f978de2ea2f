import { z } from 'zod';
import { moduleRedisOptions } from '../../core/index.ts';
import { commonOptions, icapOptions } from '../../scanners/index.ts';

const types = '`spamassassin` or `icap`';

/** Of the types whose scanners find several things at once. */
export const extendedOption = {
  extended: z
    .boolean()
    .default(false)
    .describe('Every finding is an option of its own, instead of all in one (spamassassin)'),
} as const;

export const serviceOptions = z.strictObject({
  ...commonOptions,
  type: commonOptions.type.describe(`${types}. Default: the name of the rule`),
  ...extendedOption,
  ...icapOptions,
});
export type ServiceOptions = z.output<typeof serviceOptions>;

export const externalServicesOptions = z
  .object({
    enabled: z.boolean().default(true).describe('Switches the check off when false'),
    ...moduleRedisOptions,
  })
  .catchall(serviceOptions.describe('A rule by its name'));
