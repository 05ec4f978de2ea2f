import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCheck } from '../../../test/helpers/check-table.ts';
import { ConfigError, type Hit } from '../../core/index.ts';
import { forceActions } from './check.ts';

function hit(name: string, score: number): Hit {
  return { name, score, metricScore: score, description: undefined, groups: [], options: [] };
}

async function run(
  rule: Readonly<Record<string, unknown>>,
  hits: readonly Hit[] = [hit('A', 2), hit('ZERO', 0), hit('NEGATIVE', -7)],
) {
  return runCheck(forceActions, { rules: { RULE: rule } }, { hits });
}

test('a rule fires when the value of its expression is above the limit', async () => {
  for (const [rule, fires] of [
    [{ action: 'reject', expression: 'A' }, true],
    [{ action: 'reject', expression: 'MISSING' }, false],
    [{ action: 'reject', expression: 'ZERO' }, true],
    [{ action: 'reject', expression: 'A & !MISSING' }, true],
    [{ action: 'reject', expression: 'A + NEGATIVE', limit: 8.5 }, true],
    [{ action: 'reject', expression: 'A + NEGATIVE', limit: 9 }, false],
    [{ action: 'reject', expression: 'A', enabled: false }, false],
  ] as const) {
    const { symbols } = await run(rule);
    assert.deepEqual(symbols, fires ? ['FORCE_ACTION_RULE'] : [], JSON.stringify(rule));
  }
});

test('conditions on the action so far are honoured', async () => {
  for (const [rule, fires] of [
    [{ action: 'reject', expression: 'A', require_action: ['no_action'] }, true],
    [{ action: 'reject', expression: 'A', require_action: 'greylist' }, false],
    [{ action: 'reject', expression: 'A', honor_action: ['no action', 'reject'] }, false],
    [{ action: 'reject', expression: 'A', honor_action: ['reject'] }, true],
    [{ action: 'no action', expression: 'A' }, false],
    [{ action: 'no action', expression: 'A', message: 'kept' }, true],
  ] as const) {
    const { symbols } = await run(rule, [hit('A', 2)]);
    assert.deepEqual(symbols, fires ? ['FORCE_ACTION_RULE'] : [], JSON.stringify(rule));
  }
});

test('action, text, subject and strength reach the result', async () => {
  const full = await run({
    action: 'soft_reject',
    expression: 'A',
    message: 'Sorry ${from("smtp"):domain.lower}, later',
    subject: 'Marked: %s',
    least: true,
    process_all: true,
  });
  const [preResult] = full.preResults;
  assert.deepEqual(
    [
      preResult?.action,
      preResult?.message,
      preResult?.isLeast,
      preResult?.processAll,
      full.preResults.length,
    ],
    ['soft reject', 'Sorry example.com, later', true, true, 1],
  );
  assert.equal(full.task.subject, 'Marked: %s');
  const text = await run({ expression: 'A', message: 'only a text' });
  assert.deepEqual([text.preResults.length, text.task.messages['smtp_message']], [0, 'only a text']);
});

test('the older form gives every expression its text', async () => {
  const config = { actions: { reject: ['A & B', 'A'] }, messages: { A: 'because of A' } };
  const { symbols, preResults } = await runCheck(forceActions, config, { hits: [hit('A', 1)] });
  assert.deepEqual(symbols, ['FORCE_ACTION_REJECT_1']);
  assert.equal(preResults[0]?.message, 'because of A');
});

test('rules that cannot work are configuration errors', async () => {
  for (const rule of [
    { action: 'reject', expression: 'A &' },
    { expression: 'A' },
    { action: 'reject', expression: 'A', message: '${nosuch}' },
    { action: 'rejct', expression: 'A' },
    { action: 'reject', expression: 'A', honor_action: ['nothing'] },
  ])
    await assert.rejects(run(rule), ConfigError, JSON.stringify(rule));
});

test('every rule that cannot work is named', async () => {
  const rules = { A: { action: 'rejct', expression: 'X' }, B: { action: 'reject', expression: 'X &' } };
  await assert.rejects(runCheck(forceActions, { rules }), (error) => {
    return error instanceof ConfigError && error.problems.length === 2;
  });
});
