import { z } from 'zod';
import { moduleRedisOptions } from '../../core/index.ts';
import { commonOptions, icapOptions } from '../../scanners/index.ts';

/** An option that is known, and why it cannot be used. */
const refused = (reason: string) =>
  z
    .custom<undefined>((value) => value === undefined, reason)
    .optional()
    .describe(`Refused: ${reason}`);

export const ruleOptions = z.strictObject({
  ...commonOptions,
  type: commonOptions.type.describe('`clamav` or `icap`. Default: the name of the rule'),
  ...icapOptions,
  eicar_fake_pattern: refused('content is never replaced before it is scanned'),
});

export const antivirusOptions = z
  .object({
    enabled: z.boolean().default(true).describe('Switches the check off when false'),
    ...moduleRedisOptions,
  })
  .catchall(ruleOptions.describe('A rule by its name'));
