import type { HistoryRow } from './ports.ts';

// A row in the shape of Rspamd's Redis history, which its web page expects of every backend (addenda), and back.

/** A row as the web page, and whoever shares the Redis, reads it. */
export function renderHistoryRow(row: HistoryRow): object {
  return {
    id: row.id,
    unix_time: row.timeMs / 1000,
    time_real: row.elapsedMs / 1000,
    ip: row.ip,
    user: row.user,
    action: row.action,
    score: row.score,
    required_score: row.requiredScore,
    is_skipped: row.isSkipped,
    symbols: Object.fromEntries(
      row.symbols.map(({ name, score, metricScore, description, options }) => [
        name,
        {
          name,
          score,
          metric_score: metricScore,
          ...(description !== undefined && { description }),
          ...(options?.length && { options }),
        },
      ]),
    ),
    subject: row.subject,
    size: row.sizeBytes,
    'message-id': row.messageId,
    sender_smtp: row.senderSmtp,
    sender_mime: row.senderMime,
    rcpt_smtp: row.recipientsSmtp,
    rcpt_mime: row.recipientsMime,
    qid: row.queueId,
    sender: row.sender,
    direction: row.direction,
  };
}

const unknown = 'unknown';

/** A date cannot hold more (ECMAScript, time values). */
const maxSeconds = 8.64e12;

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === 'string' ? value : unknown;
}

function number(fields: Fields, name: string): number {
  const value = fields[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

function texts(fields: Fields, name: string): readonly string[] {
  const value = fields[name];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function symbols(value: unknown): HistoryRow['symbols'] {
  return Object.entries(fieldsOf(value) ?? {}).map(([name, detail]) => {
    const fields = fieldsOf(detail) ?? {};
    const options = texts(fields, 'options');
    return {
      name,
      score: number(fields, 'score'),
      metricScore: number(fields, 'metric_score'),
      ...(typeof fields['description'] === 'string' && { description: fields['description'] }),
      ...(options.length > 0 && { options }),
    };
  });
}

/**
 * Reads what {@link renderHistoryRow} or Rspamd wrote; what is missing is `unknown`, 0 or empty.
 *
 * @returns undefined for what is no row
 */
export function readHistoryRow(value: unknown): HistoryRow | undefined {
  const fields = fieldsOf(value);
  if (typeof fields?.['action'] !== 'string') return undefined;
  const required = fields['required_score'];
  return {
    id: text(fields, 'id'),
    timeMs: Math.round(Math.max(-maxSeconds, Math.min(maxSeconds, number(fields, 'unix_time'))) * 1000),
    ip: text(fields, 'ip'),
    user: text(fields, 'user'),
    action: fields['action'],
    score: number(fields, 'score'),
    requiredScore: typeof required === 'number' ? required : null,
    symbols: symbols(fields['symbols']),
    subject: text(fields, 'subject'),
    sizeBytes: number(fields, 'size'),
    elapsedMs: number(fields, 'time_real') * 1000,
    messageId: text(fields, 'message-id'),
    senderSmtp: text(fields, 'sender_smtp'),
    senderMime: text(fields, 'sender_mime'),
    recipientsSmtp: texts(fields, 'rcpt_smtp'),
    recipientsMime: texts(fields, 'rcpt_mime'),
    isSkipped: fields['is_skipped'] === true,
    queueId: text(fields, 'qid'),
    sender: text(fields, 'sender'),
    direction: text(fields, 'direction'),
  };
}
