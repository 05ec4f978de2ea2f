import { z } from 'zod';
import { defineCheck, moduleRedisOptions } from '../../core/index.ts';

const config = z.strictObject({
  ...moduleRedisOptions,
  enabled: z.boolean().default(true).describe('Nothing is shared when false'),
  redis_watch_interval: z
    .number()
    .min(1)
    .default(10)
    .describe('Seconds after which Redis is asked for changes of other machines'),
  redis_key: z.string().min(1).default('dynamic_conf').describe('Hash that holds them'),
});

export const dynamicConf = defineCheck({
  name: 'dynamic_conf',
  summary: 'Shares scores and thresholds that were saved in the web page with other machines, through Redis.',
  details: [
    'Off until this section says something, be it `enabled = true`, and there is a Redis, in it or in the common `redis`',
    'section. What somebody saves through the controller is written down on this machine as ever; then it is put into the',
    'hash `redis_key`, and every machine that shares the Redis takes it over within `redis_watch_interval`, as if it had',
    'been saved there: it beats `local.d`, loses against `override.d`, and stays when Redis goes away. What a machine saved',
    'before it shared is not put there.',
    '',
    'The hash is that of Rspamd: `v` counts changes, `d` is an object with `scores` and `actions`. `symbols_enabled` and',
    '`symbols_disabled`, which Rspamd reads there, are not taken over; the log says so.',
  ].join('\n'),
  group: 'dynamic_conf',
  stage: 'idempotent',
  direction: 'both',
  needs: [],
  config,
  unsupported: {
    priority: 'what is saved always beats local.d and loses against override.d',
  },
  symbols: {},
  // The process that owns all others reads this section: it alone can load the configuration again.
  create: () => undefined,
});
