import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runtimeFlags } from './runtime-flags.ts';

test('a scanner has room for young objects, beside the flags that its primary has', () => {
  assert.deepEqual(runtimeFlags('scanner', ['--cpu-prof'], ''), ['--cpu-prof', '--max-semi-space-size=64']);
});

test('the controller keeps the bounds of the runtime', () => {
  assert.deepEqual(runtimeFlags('controller', [], ''), []);
});

test('what the operator says counts, as a flag or in the environment', () => {
  assert.deepEqual(runtimeFlags('scanner', ['--max_semi_space_size=8'], ''), ['--max_semi_space_size=8']);
  assert.deepEqual(runtimeFlags('scanner', [], '--trace-warnings --max-semi-space-size=16'), []);
});
