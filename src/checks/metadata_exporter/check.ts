import { type CheckUnit, defineCheck } from '../../core/index.ts';
import { DeliveryQueue } from '../../delivery/index.ts';
import type { Scanner } from './metadata.ts';
import { config } from './options.ts';
import { OwnMail } from './own-mail.ts';
import { type CompiledRule, compileRule, lanes } from './rule.ts';
import type { ExportItem } from './sender.ts';

/** Exports of one rule that wait; beyond it new ones are given up rather than memory. */
const maxWaiting = 1000;
const maxWaitingBytes = 32 * 1024 ** 2;
const firstPauseMs = 1000;
const longestPauseMs = 30_000;
/** How long a stop or a reload waits for what is on its way. */
const closeMs = 2000;

export const metadataExporter = defineCheck({
  name: 'metadata_exporter',
  summary: 'Tells other systems of messages: by HTTP, mail, Redis or TCP, after the reply.',
  details: [
    'Each rule takes messages by its `selector`, makes something of them with its `formatter` and hands it to its',
    '`backend`. There are no rules by default. A rule NAME is the symbol `EXPORT_METADATA_NAME` for settings that',
    'switch it off. Options that do not belong to one rule may also stand in the section, for all rules.',
    '',
    '| `selector` | Takes |',
    '|---|---|',
    '| `default` | every message |',
    '| `is_spam` | action `reject`, `add header` or `rewrite subject` |',
    '| `is_spam_authed` | the same with a login |',
    '| `is_outbound_spam` | the same with a login or from a local address. Ours |',
    '| `is_reject`, `is_reject_authed` | action `reject`; with a login |',
    '| `is_not_soft_reject` | every action but `soft reject` |',
    '',
    '| `formatter` | Exports |',
    '|---|---|',
    '| `default` | the message |',
    '| `json` | the metadata |',
    '| `json_with_message`, `msgpack` | the metadata and, as `message`, the whole message (in base64; as bytes) |',
    '| `multipart` | form data with the fields `metadata` (JSON) and `message` |',
    '| `email_alert` | a mail made of `email_template` |',
    '',
    'Metadata: `action`, `direction`, `from`, `fuzzy`, `header_date`, `header_from`, `header_subject`, `header_to`, `ip`,',
    '`message_id`, `qid`, `rcpt`, `rspamd_server`, `scan_time` (ms), `score`, `sender`, `size` (bytes), `subject`,',
    '`symbols` (`name`, `score`, `groups`, `options`), `user`; what is not known is `unknown`. `meta_headers` sends all but',
    '`header_…` and `message_id`, under these very names. A template may name them as `$name` or `${name}`, and besides',
    '`$date`, `$mail_from`, `$mail_to`, `$our_message_id`, `$symbols_score`, `$symbols_sorted`, `$uid`, and any selector as',
    '`${selector}`; the header ends at the first empty line.',
    '',
    '**Personal data**: an export carries addresses, login, subject and symbols of a message, and with formatters other',
    'than `json` and `email_alert` its whole content, to wherever the rule says. Choose selector and formatter for what',
    'the receiver has to know. Nothing of it is kept here longer than it waits to be sent.',
    '',
    'An alert that an operator wants to see:',
    '',
    '```',
    '# local.d/metadata_exporter.conf',
    'rules {',
    '  OUTBREAK {',
    '    backend = "send_mail";',
    '    selector = "is_outbound_spam";',
    '    formatter = "email_alert";',
    '    smtp = "127.0.0.1";',
    '    mail_to = "abuse@example.com";',
    '  }',
    '}',
    '```',
    '',
    'Our mail has an empty envelope sender unless `mail_from` names one, carries `Auto-Submitted: auto-generated`',
    '(RFC 3834), and a mark by which this server knows it on its way: it is not exported by mail again.',
    '',
    'Exports never delay a reply. Each process keeps at most 1000 of a rule waiting, 32 MiB in all, and sends four at a',
    'time; while the receiver is out it tries again after 1 s, 2 s and so on up to 30 s. An attempt that ran out of time may',
    'have arrived, so a receiver can see an export twice. What is given up is counted in `postern_exports_total`; the log',
    'tells once when a receiver stops working and once when it works again. A stop waits two seconds for the rest.',
  ].join('\n'),
  group: 'metadata_exporter',
  stage: 'idempotent',
  direction: 'both',
  needs: [],
  config,
  unsupported: {
    custom_select: 'Lua functions are not run; choose a selector of the table',
    custom_format: 'Lua functions are not run; choose a formatter of the table, or write an `email_template`',
    custom_push: 'Lua functions are not run; choose a backend',
    custom_variables: 'Lua functions are not run; write `${selector}`',
    select: 'Lua functions are not run; write `rules { … }`',
    format: 'Lua functions are not run; write `rules { … }`',
    push: 'Lua functions are not run; write `rules { … }`',
    pusher_enabled: 'the form without rules is not read; write `rules { … }`',
    pusher_format: 'the form without rules is not read; write `rules { … }`',
    pusher_select: 'the form without rules is not read; write `rules { … }`',
  },
  symbols: {},
  create(context) {
    const { config: settings, options, clock, log, metrics, onClose } = context;
    const scanner: Scanner = { hostName: options.hostName, now: () => clock.now() };
    const ownMail = new OwnMail(settings);
    const exports = metrics.counter(
      'postern_exports_total',
      'Exports of metadata_exporter, by what became of them',
      ['rule', 'result'],
    );

    const queueFor = (name: string, rule: CompiledRule): DeliveryQueue<ExportItem> => {
      let isOut = false;
      return new DeliveryQueue({
        send: (item, signal) => rule.sender.send(item, signal),
        sizeOf: ({ body }) => body.length,
        timeoutMs: rule.timeoutMs,
        retries: rule.retries,
        maxItems: maxWaiting,
        maxBytes: maxWaitingBytes,
        concurrency: lanes,
        firstPauseMs,
        longestPauseMs,
        closeMs,
        onSent() {
          exports.add(1, { rule: name, result: 'sent' });
          if (isOut) log.info('exports work again', { rule: name });
          isOut = false;
        },
        onAttemptFailed(reason) {
          if (!isOut)
            log.error('an export failed; told once until exports work again', { rule: name, error: reason });
          isOut = true;
        },
        onLost: (why, count) => exports.add(count, { rule: name, result: why }),
      });
    };

    // Together: a stop is not to wait for one dead receiver after the other.
    const closers: (() => Promise<void>)[] = [];
    onClose(async () => {
      await Promise.all(closers.map((close) => close()));
    });
    return Object.entries(settings.rules)
      .filter(([, rule]) => rule.enabled)
      .map(([name, own]): CheckUnit<never> => {
        const rule = compileRule(context, name, own, scanner, ownMail);
        const queue = queueFor(name, rule);
        closers.push(async () => {
          await queue.close();
          rule.sender.close();
        });
        return {
          name: `EXPORT_METADATA_${name}`,
          alwaysRun: true,
          run(task) {
            if (!rule.selects(task)) return;
            const item = rule.format(task);
            if (item) queue.add(item);
          },
        };
      });
  },
});
