import { defineCheck, priorities } from '../../core/index.ts';
import { ratelimitOptions } from './options.ts';
import { RatelimitRun } from './run.ts';

export const ratelimit = defineCheck({
  name: 'ratelimit',
  summary: 'Limits how much mail a sender, a recipient or anything else a selector names may send.',
  details: [
    'Each limit has leaky buckets: a message adds one unit for each recipient, units drain at the rate, and a message',
    'that does not fit is refused for now with a text that names the limit. Only mail that is let through counts:',
    'when another check forces an action, or the limit itself refuses, nothing is charged.',
    '',
    'The name of a limit is made of keywords joined by `_` (`user`, `ip`, `rip`, `from`, `to`, `bounce`, `asn`,',
    '`digest`, `attachments`, `files`), all of which must have a value, or it is free and a `selector` says what to',
    'count by. Only `user` and selectors that need a login leave other mail alone.',
    '',
    'Unlike Rspamd: a bucket that is new lets no more through than one that is empty; a message with more recipients',
    'than a bucket can ever hold is refused with a text that says so (`reject_oversized` makes that a 5xx); what a',
    'crashed worker left pending is forgotten after two minutes; slow scans do not make a bucket drain faster.',
    '',
    'While the store cannot be reached, mail is told to try later; `on_store_failure = "accept"` lets it pass.',
    '',
    'Settings may bring limits of their own or change those above, by name:',
    '`apply { plugins { ratelimit { rates { … } } } }`.',
  ].join('\n'),
  group: 'ratelimit',
  stage: 'prefilter',
  priority: priorities.medium,
  direction: 'both',
  needs: [],
  config: ratelimitOptions,
  unsupported: { custom_keywords: 'Lua functions are not run; use a selector' },
  symbols: {},
  create(context) {
    const { config } = context;
    const limiter = new RatelimitRun(context);
    context.offer({ ratelimit: limiter });
    return [
      {
        name: 'RATELIMIT_CHECK',
        stage: config.prefilter ? 'prefilter' : 'filter',
        waits: true,
        run: (task, hit) => limiter.check(task, hit),
      },
      {
        name: 'RATELIMIT_UPDATE',
        stage: 'idempotent',
        waits: true,
        run: (task) => limiter.update(task),
      },
    ];
  },
});
