import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editDistance, nearest } from './nearest.ts';

test('edits are counted up to the limit', () => {
  for (const [a, b, distance] of [
    ['abc', 'abc', 0],
    ['abc', 'acb', 1],
    ['rates', 'rate', 1],
    ['timout', 'timeout', 1],
    ['kitten', 'sitting', 3],
    ['a', 'abcdefgh', 4],
  ] as const)
    assert.equal(editDistance(a, b, 3), distance, `${a} ${b}`);
});

test('the nearest word is found, and none when nothing is near', () => {
  const words = ['task_timeout', 'one_shot', 'dns', 'reject'];
  assert.equal(nearest('Task-Timout', words), 'task_timeout');
  assert.equal(nearest('rejct', words), 'reject');
  assert.equal(nearest('xyz', words), undefined);
});
