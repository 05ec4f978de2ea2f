import { defineCheck, priorities } from '../../core/index.ts';
import { limitsOptions } from './options.ts';
import { Policy } from './policy.ts';
import { LimitsRun } from './run.ts';
import { LimitsAdministration } from './service.ts';

export const limits = defineCheck({
  name: 'limits',
  summary: 'Limits what each login, script, site, domain and tenant may send, and the server as a whole.',
  details: [
    'Messages and recipients are counted apart, each by minute, hour and day. Only outbound mail counts, and only what',
    'was accepted. A window slides: no stretch of time as long as it ever holds more than the limit.',
    '',
    '`each` is what every single sender may send. For each counter the most specific level that sets a value counts:',
    'the sender itself, its domain, its tenant, its kind, the server. `pool` is what all senders of a level may send',
    'together, and counts besides: a message needs room with its sender and in every pool above it.',
    '',
    'A sender is the login, else (local mail) the script, site or user that origin headers name, else the domain of',
    'the envelope, else the address; as in the log. `local_pool` holds for all mail without login together, so that a',
    'script that invents names does not get further than one that does not.',
    '',
    'Exceptions, resets and a look at what is used: `postern limits`; see [docs/limits.md](../../limits.md).',
  ].join('\n'),
  group: 'limits',
  stage: 'prefilter',
  priority: priorities.medium,
  direction: 'outbound',
  needs: [],
  config: limitsOptions,
  symbols: {
    LIMIT_EXCEEDED: { description: 'A sending limit has no room for the message' },
    LIMIT_UNCHECKED: { description: 'Sending limits could not be checked: the store is away' },
  },
  create(context) {
    const { log } = context;
    const policy = new Policy(context);
    if (!policy.isUsed) return undefined;
    const run = new LimitsRun(context, policy);
    const administration = new LimitsAdministration(context, policy);
    context.offer({ limits: administration });
    administration
      .restore()
      .catch((error: unknown) => log.warn('cannot look for exceptions to restore', { error: String(error) }));
    return [
      { name: 'LIMITS_CHECK', waits: true, run: (task, hit) => run.check(task, hit) },
      { name: 'LIMITS_SETTLE', stage: 'idempotent', waits: true, run: (task) => run.settle(task) },
    ];
  },
});
