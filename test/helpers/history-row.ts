import type { HistoryRow } from '../../src/core/index.ts';

/** A row of history with plain values. */
export function historyRow(id: string, overrides: Partial<HistoryRow> = {}): HistoryRow {
  return {
    id,
    timeMs: 1_700_000_000_000,
    ip: '192.0.2.1',
    user: 'user',
    action: 'no action',
    score: 1.25,
    requiredScore: 15,
    symbols: [],
    subject: 'subject',
    sizeBytes: 1234,
    elapsedMs: 1.5,
    messageId: `${id}@example.com`,
    senderSmtp: 'sender@example.com',
    senderMime: 'sender@example.com',
    recipientsSmtp: ['rcpt@example.org'],
    recipientsMime: [],
    isSkipped: false,
    queueId: 'QUEUE1',
    sender: 'login:user',
    direction: 'outbound',
    ...overrides,
  };
}
