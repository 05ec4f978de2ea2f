import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildCheck, type CheckOptions } from '../../../test/helpers/check-table.ts';
import type { HistoryRow, Hit, Records } from '../../core/index.ts';
import { history } from './check.ts';

function memory(): Records & { readonly rows: HistoryRow[]; trimmed: number } {
  const rows: HistoryRow[] = [];
  return {
    rows,
    trimmed: 0,
    addAudit: () => Promise.reject(new Error('history writes no audit trail')),
    audit: async () => [],
    async addHistory(added) {
      rows.push(...added);
    },
    history: async () => rows,
    async clearHistory() {
      rows.length = 0;
    },
    async trimHistory(maxRows) {
      this.trimmed = maxRows;
    },
    async close() {
      // Nothing is open.
    },
  };
}

async function rowsOf(
  config: Readonly<Record<string, unknown>>,
  message: Parameters<Awaited<ReturnType<typeof buildCheck>>['run']>[0],
  options: CheckOptions = {},
): Promise<HistoryRow[]> {
  const records = memory();
  const built = await buildCheck(history, config, { records, ...options });
  await built.run(message);
  await built.close();
  return records.rows;
}

const hit: Hit = { name: 'A', score: 7, metricScore: 7, description: 'why', groups: [], options: ['x'] };

test('a row tells who sent what and what became of it', async () => {
  const [row] = await rowsOf({}, { way: 'authenticated', hits: [hit], startedMs: 1_700_000_000_000 });
  assert.deepEqual(row, {
    id: row?.id,
    timeMs: 1_700_000_000_000,
    ip: '198.51.100.8',
    user: 'sender@example.com',
    action: 'add header',
    score: 7,
    requiredScore: 15,
    symbols: [{ name: 'A', score: 7, metricScore: 7, description: 'why', options: ['x'] }],
    subject: 'A test',
    sizeBytes: row?.sizeBytes,
    elapsedMs: 0,
    messageId: '1@example.com',
    senderSmtp: 'sender@example.com',
    senderMime: 'sender@example.com',
    recipientsSmtp: ['rcpt@example.org'],
    recipientsMime: ['rcpt@example.org'],
    isSkipped: false,
    queueId: 'QUEUE1',
    sender: 'login:sender@example.com',
    direction: 'outbound',
  });
});

test('what is missing is called unknown, as the web page expects', async () => {
  const [row] = await rowsOf({}, { raw: '', from: '', rcpts: [], way: 'inbound' });
  assert.deepEqual(
    [row?.user, row?.subject, row?.messageId, row?.senderSmtp, row?.senderMime, row?.recipientsMime],
    ['unknown', 'unknown', 'unknown', 'unknown', 'unknown', []],
  );
});

test('subjects can be kept as hashes only', async () => {
  const [row] = await rowsOf({ subject_privacy: true, subject_privacy_length: 8 }, {});
  assert.match(row?.subject ?? '', /^obf:[0-9a-f]{8}$/);
});

test('a message that asks for no log leaves no row', async () => {
  assert.deepEqual(await rowsOf({}, { envelope: { flags: new Set(['no_log']) } }), []);
});

test('rows that cannot be written are logged, and nothing else happens', async () => {
  const log: Parameters<typeof buildCheck>[2] extends infer O
    ? NonNullable<(O & CheckOptions)['log']>
    : never = [];
  const records = {
    ...memory(),
    addHistory: async () => {
      throw new Error('disk full');
    },
  };
  await rowsOf({}, {}, { records, log });
  assert.deepEqual(
    log.map(({ level, fields }) => [level, fields['error']]),
    [['error', 'disk full']],
  );
});
