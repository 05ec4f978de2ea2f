import type { HistoryRow } from '../../core/index.ts';

/** A row in the shape of Rspamd's Redis history, which its web page expects of every backend (addenda). */
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
