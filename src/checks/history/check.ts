import { createHash } from 'node:crypto';
import { z } from 'zod';
import { defineCheck, type HistoryRow, type Task, toPosternError } from '../../core/index.ts';

const config = z.strictObject({
  enabled: z.boolean().default(true).describe('Switches the history off when false'),
  backend: z
    .enum(['sqlite', 'memory'])
    .optional()
    .describe(
      '`sqlite` survives a restart; `memory` keeps rows in the primary process only. Default: Redis where `history_redis` has one, else `sqlite`',
    ),
  nrows: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe('Rows kept. Default: `options.history_rows` (200). In Redis `history_redis` decides'),
  subject_privacy: z.boolean().default(false).describe('Keep a hash of the subject instead of the subject'),
  subject_privacy_alg: z
    .enum(['blake2b512', 'sha256'])
    .default('blake2b512')
    .describe('Hash for `subject_privacy`'),
  subject_privacy_prefix: z.string().default('obf').describe('Text before the hash'),
  subject_privacy_length: z.int().min(4).max(64).default(16).describe('Hex digits of the hash that are kept'),
});
type Config = z.output<typeof config>;

/** How long rows are gathered before they are written together. */
const batchDelayMs = 100;
/** Rows that wait to be written; beyond it the oldest are given up rather than memory. */
const maxWaitingRows = 10_000;
/** How many writes between two trims. */
const writesPerTrim = 20;

const unknown = 'unknown';

function hideSubject(subject: string, settings: Config): string {
  const hash = createHash(settings.subject_privacy_alg).update(subject).digest('hex');
  return `${settings.subject_privacy_prefix}:${hash.slice(0, settings.subject_privacy_length)}`;
}

function toRow(task: Task, settings: Config, nowMs: number): HistoryRow {
  const { envelope, result } = task;
  const isEmpty = task.raw.length === 0;
  const subject = isEmpty ? '' : task.message.subject;
  const mimeFrom = isEmpty ? undefined : task.mailboxes.from[0];
  return {
    id: task.id,
    timeMs: task.startedMs,
    ip: envelope.clientIp?.text ?? unknown,
    user: envelope.login ?? unknown,
    action: result.currentAction(),
    score: result.currentScore(),
    requiredScore: result.requiredScore() ?? null,
    symbols: [...result.hits].map(({ name, score, metricScore, description, options }) => ({
      name,
      score,
      metricScore,
      description,
      options,
    })),
    subject: settings.subject_privacy && subject !== '' ? hideSubject(subject, settings) : subject || unknown,
    sizeBytes: task.raw.length,
    elapsedMs: Math.max(0, nowMs - task.startedMs),
    messageId: isEmpty ? unknown : (task.message.messageId ?? 'undef'),
    senderSmtp: envelope.sender?.text || unknown,
    senderMime: mimeFrom?.text ?? unknown,
    recipientsSmtp: envelope.recipients.map((recipient) => recipient.text),
    recipientsMime: isEmpty
      ? []
      : [...task.mailboxes.to, ...task.mailboxes.cc].map((mailbox) => mailbox.text),
    isSkipped: task.flags.has('skip'),
    queueId: envelope.queueId ?? unknown,
    sender: `${task.sender.kind}:${task.sender.value}`,
    direction: task.direction.isOutbound ? 'outbound' : 'inbound',
  };
}

export const history = defineCheck({
  name: 'history',
  summary: 'Keeps a row of every scan for the controller, Rspamd’s web page and `rspamc`.',
  details: [
    'A request with `Log: no`, or settings with the flag `no_log`, leaves no row.',
    '',
    'There is one history: in Redis when `history_redis` has one, unless `backend` says otherwise, else on this machine.',
  ].join('\n'),
  group: 'history',
  stage: 'idempotent',
  direction: 'both',
  needs: [],
  config,
  symbols: {},
  create({ config: settings, options, records, clock, log, onClose, metrics }) {
    const maxRows = settings.nrows ?? options.historyRows;
    const lost = metrics.counter('postern_history_lost_total', 'History rows that could not be written');
    let waiting: HistoryRow[] = [];
    let timer: NodeJS.Timeout | undefined;
    let writes = 0;

    const flush = async (): Promise<void> => {
      timer = undefined;
      const rows = waiting;
      waiting = [];
      if (rows.length === 0) return;
      try {
        await records.addHistory(rows);
        if (++writes % writesPerTrim === 1) await records.trimHistory(maxRows);
      } catch (error) {
        lost.add(rows.length);
        log.error('history rows were not written', {
          rows: rows.length,
          error: toPosternError(error).message,
        });
      }
    };
    onClose(async () => {
      if (timer) clearTimeout(timer);
      await flush();
    });

    return {
      name: 'HISTORY_SAVE',
      alwaysRun: true,
      run(task) {
        if (task.flags.has('no_log')) return;
        if (waiting.length >= maxWaitingRows) {
          waiting.shift();
          lost.add();
        }
        waiting.push(toRow(task, settings, clock.now()));
        timer ??= setTimeout(() => void flush(), batchDelayMs);
      },
    };
  },
});
