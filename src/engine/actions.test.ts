import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActionDef, PreResult } from '../core/index.ts';
import { type ActionTable, chooseAction, requiredScore, thresholds } from './actions.ts';

function action(
  name: string,
  threshold: number | undefined,
  flags: readonly ('no_threshold' | 'ham')[] = [],
): ActionDef {
  return { name, threshold, flags: new Set(flags) };
}

const table: ActionTable = {
  actions: [
    action('reject', 15),
    action('add header', 6),
    action('greylist', 4),
    action('soft reject', undefined, ['no_threshold', 'ham']),
    action('discard', undefined, ['no_threshold']),
    action('no action', undefined, ['ham']),
  ],
  disabled: new Set(),
};

function preResult(name: string, more: Partial<PreResult> = {}): PreResult {
  return {
    action: name,
    message: '',
    module: 'test',
    priority: 0,
    isLeast: false,
    processAll: false,
    ...more,
  };
}

test('the highest threshold that the score reaches decides', () => {
  for (const [score, expected] of [
    [-3, 'no action'],
    [3.99, 'no action'],
    [4, 'greylist'],
    [6, 'add header'],
    [14.99, 'add header'],
    [15, 'reject'],
    [100, 'reject'],
  ] as const)
    assert.equal(chooseAction(table, score, []).action, expected, String(score));
});

test('an action that settings switched off is passed over', () => {
  const without = { ...table, disabled: new Set(['reject']) };
  assert.equal(chooseAction(without, 20, []).action, 'add header');
  assert.equal(requiredScore(without), 6);
});

test('a forced action wins whatever the score', () => {
  const chosen = chooseAction(table, 20, [preResult('no action', { score: 3 })]);
  assert.deepEqual([chosen.action, chosen.score], ['no action', 3]);
  assert.equal(chooseAction(table, 0, [preResult('reject', { score: 15 })]).score, 15);
  assert.equal(chooseAction(table, 0, [preResult('soft reject')]).score, 0);
});

test('a forced action that is switched off does not count', () => {
  assert.equal(
    chooseAction({ ...table, disabled: new Set(['discard']) }, 0, [preResult('discard')]).action,
    'no action',
  );
});

test('a least action without threshold yields only to reject and discard', () => {
  const least = [preResult('soft reject', { isLeast: true })];
  for (const [score, expected] of [
    [0, 'soft reject'],
    [7, 'soft reject'],
    [16, 'reject'],
  ] as const)
    assert.equal(chooseAction(table, score, least).action, expected, String(score));
});

test('a least action with a threshold raises a lower score to it', () => {
  const least = [preResult('add header', { isLeast: true })];
  for (const [score, expected, reported] of [
    [0, 'add header', 6],
    [5, 'add header', 6],
    [8, 'add header', 8],
    [16, 'reject', 16],
  ] as const) {
    const chosen = chooseAction(table, score, least);
    assert.deepEqual([chosen.action, chosen.score], [expected, reported], String(score));
  }
});

test('the required score is the threshold of reject', () => {
  assert.equal(requiredScore(table), 15);
  assert.equal(requiredScore({ ...table, actions: [action('reject', 5), action('add header', 6)] }), 5);
  assert.deepEqual([...thresholds(table).keys()], ['reject', 'add header', 'greylist']);
});
