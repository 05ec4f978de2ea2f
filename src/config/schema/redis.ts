import { z } from 'zod';
import { redisOptions } from '../../core/index.ts';
import type { SectionSpec } from '../section.ts';
import { texts } from './values.ts';

const subsection = z.strictObject({ ...redisOptions, enabled: z.boolean().optional() });

/** `redis { … }` (config-format 6): the common connection, and one section for each module with another one. */
export function redisSpec(moduleNames: readonly string[]): SectionSpec<z.ZodObject> {
  const modules = Object.fromEntries(
    moduleNames
      .filter((name) => !Object.hasOwn(redisOptions, name))
      .map((name) => [name, subsection.optional()]),
  );
  return {
    schema: z.strictObject({
      ...redisOptions,
      enabled: z.boolean().optional(),
      disabled_modules: texts.optional().describe('Modules that keep to the embedded store'),
      enabled_modules: texts.optional().describe('If given, only these modules use this Redis'),
      ...modules,
    }),
    aliases: { server: 'servers' },
  };
}

/** Does a section name a server at all? */
export function hasServers(section: Readonly<Record<string, unknown>>): boolean {
  if (section['enabled'] === false) return false;
  return (
    ['servers', 'read_servers', 'write_servers', 'sentinels'].some((key) => section[key] !== undefined) ||
    Object.values(section).some(
      (value) =>
        typeof value === 'object' &&
        value !== null &&
        !Array.isArray(value) &&
        hasServers(value as Readonly<Record<string, unknown>>),
    )
  );
}
