import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { historyRow } from '../../test/helpers/history-row.ts';
import { readHistoryRow, renderHistoryRow } from './index.ts';

test('a row survives its way through JSON', () => {
  const row = historyRow('one', {
    symbols: [
      { name: 'A', score: 1.5, metricScore: 1, description: 'what', options: ['x', 'y'] },
      { name: 'B', score: 0, metricScore: 0 },
    ],
    requiredScore: null,
    recipientsMime: ['a@example.com', 'b@example.com'],
    isSkipped: true,
  });
  assert.deepEqual(readHistoryRow(JSON.parse(JSON.stringify(renderHistoryRow(row)))), row);
});

test('whatever stands in a list is a whole row, or none', () => {
  const fields = ['action', 'score', 'symbols', 'unix_time', 'rcpt_smtp', 'required_score', 'subject', 'ip'];
  const something = fc.dictionary(fc.constantFrom(...fields), fc.jsonValue());
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), something), (value) => {
      const row = readHistoryRow(value);
      if (!row) return;
      assert.equal(typeof row.action, 'string');
      assert.ok(Array.isArray(row.recipientsSmtp) && Array.isArray(row.recipientsMime));
      assert.ok(Number.isFinite(row.score) && Number.isFinite(row.timeMs));
      renderHistoryRow(row);
    }),
    { numRuns: 300 },
  );
});
