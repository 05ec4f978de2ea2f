import { z } from 'zod';
import { defineCheck, moduleRedisOptions } from '../../core/index.ts';
import {
  commonOptions,
  compileRules,
  type DccOptions,
  dccOptions,
  dccType,
  type ScannerFamily,
} from '../../scanners/index.ts';

const { type: _type, ...ruleOptions } = commonOptions;

const rule = z.strictObject({ ...ruleOptions, ...dccOptions });

const config = rule.extend({
  enabled: z.boolean().default(true).describe('Switches the check off when false'),
  timeout: commonOptions.timeout.default(2).describe('Seconds for all attempts together'),
  group: commonOptions.group.default('external_services').describe('Group of the symbols'),
  socket: z.string().startsWith('/').optional().describe('Older name of `servers`: a Unix socket'),
  host: z.string().min(1).optional().describe('Older name of `servers`'),
  port: z.int().min(1).max(65_535).optional().describe('Port, with `host`. Default 10045'),
  redis: moduleRedisOptions.redis,
});

const family: ScannerFamily<DccOptions> = {
  name: 'dcc',
  metrics: {
    scans: 'postern_external_services_scans_total',
    failures: 'postern_external_services_failures_total',
  },
  types: { dcc: dccType },
  refusedTypes: {},
  anchor: () => 'DCC_CHECK',
};

export const dcc = defineCheck({
  name: 'dcc',
  summary: 'Older section for a rule of type `dcc` in `external_services`.',
  details: [
    'Without `servers`, `socket` or `host` nothing is asked. Everything else is as with `type = "dcc"` in',
    '[`external_services`](external_services.md); have the rule in one of the two places.',
  ].join('\n'),
  group: 'external_services',
  stage: 'filter',
  direction: 'both',
  needs: ['parts'],
  servers: 'own',
  config,
  symbols: {},
  create(context) {
    const { socket, host, port, redis: _redis, ...options } = context.config;
    const older = socket ?? (host === undefined ? undefined : port === undefined ? host : `${host}:${port}`);
    const servers = options.servers ?? older;
    if (servers === undefined) {
      context.log.debug('nothing is asked: there are no servers');
      return undefined;
    }
    const section = { dcc: { ...options, servers } };
    // Its options stand in the section itself, not below a name.
    const here = {
      ...context,
      configError: (path: readonly (string | number)[], message: string, expected?: string) =>
        context.configError(path.slice(1), message, expected),
      warn: (path: readonly (string | number)[], message: string) => context.warn(path.slice(1), message),
      path: (...inside: (string | number)[]) => context.path(...inside.slice(1)),
    };
    return compileRules(
      family,
      section,
      () => false,
      (value) => rule.parse(value),
      here,
    );
  },
});
