import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CompositeConfig, ConfigError, type Configuration } from '../core/index.ts';
import { compileComposites } from './composites.ts';
import { Metric } from './metric.ts';
import { ScanResult } from './result.ts';

type Parts = Pick<Configuration, 'groups' | 'symbols' | 'unknownWeight' | 'options'>;

function metric(parts: {
  scores?: Record<string, number>;
  groups?: Record<string, { maxScore?: number; minScore?: number; members: string[] }>;
  oneShot?: string[];
}): Metric {
  const groups: Parts['groups'] = new Map(
    Object.entries(parts.groups ?? {}).map(([name, group]) => [
      name,
      {
        maxScore: group.maxScore,
        minScore: group.minScore,
        oneShot: false,
        enabled: true,
        description: undefined,
      },
    ]),
  );
  const options = { oneShot: false, defaultMaxShots: 100 } as Configuration['options'];
  const made = new Metric({ groups, symbols: new Map(), unknownWeight: undefined, options });
  for (const [name, score] of Object.entries(parts.scores ?? {})) {
    const memberOf = Object.entries(parts.groups ?? {}).filter(([, group]) => group.members.includes(name));
    made.declare(
      name,
      {
        score,
        description: '',
        groups: memberOf.map(([group]) => group),
        oneShot: parts.oneShot?.includes(name) ?? false,
      },
      'test',
    );
  }
  return made;
}

function result(of: Metric): ScanResult {
  return new ScanResult(of, { actions: [], disabled: new Set() }, 20);
}

test('repeats of a symbol add up and keep each option once', () => {
  const scan = result(metric({ scores: { A: 2 } }));
  scan.insert('A', 1, ['x']);
  scan.insert('A', 0.5, ['x', 'y']);
  assert.equal(scan.score, 3);
  assert.deepEqual(scan.get('A')?.options, ['x', 'y']);
});

test('a one-shot symbol keeps the stronger value of the same sign', () => {
  const scan = result(metric({ scores: { A: 2 }, oneShot: ['A'] }));
  scan.insert('A', 1, []);
  scan.insert('A', 3, []);
  scan.insert('A', 0.5, []);
  scan.insert('A', -9, []);
  assert.equal(scan.score, 6);
});

test('options end where their total length would pass the limit', () => {
  const scan = result(metric({ scores: { A: 0 } }));
  scan.insert('A', 1, ['0123456789', '01234567890', 'short']);
  assert.deepEqual(scan.get('A')?.options, ['0123456789']);
});

test('the caps of every group of a symbol cut what is added', () => {
  const scan = result(
    metric({
      scores: { A: 3, B: 3, C: -9 },
      groups: { up: { maxScore: 5, members: ['A', 'B'] }, down: { minScore: -2, members: ['C'] } },
    }),
  );
  for (const name of ['A', 'B', 'C']) scan.insert(name, 1, []);
  assert.deepEqual([scan.get('A')?.score, scan.get('B')?.score, scan.get('C')?.score], [3, 2, -2]);
  assert.equal(scan.score, 3);
});

test('the grow factor multiplies positive symbols by their common factor', () => {
  const scan = result(metric({ scores: { A: 5, B: 10, C: -1 } }));
  const reject = { name: 'reject', threshold: 10, flags: new Set<never>() };
  scan.actions = { actions: [reject], disabled: new Set() };
  for (const name of ['A', 'B', 'C']) scan.insert(name, 1, []);
  scan.grow(1.1);
  const factor = 1.1 * (1 + (0.1 * 5) / 10) * (1 + (0.1 * 10) / 10);
  assert.ok(Math.abs(scan.score - (15 * factor - 1)) < 1e-9);
  assert.equal(scan.get('C')?.score, -1);
});

test('settings replace scores and suppress symbols', () => {
  const scan = result(metric({ scores: { A: 5, B: 5 } }));
  scan.overrides = { scores: new Map([['A', 1]]), disabledSymbols: new Set(['B']) };
  scan.insert('A', 2, []);
  scan.insert('B', 1, []);
  assert.deepEqual([scan.score, scan.has('B')], [2, false]);
});

function composite(name: string, expression: string, more: Partial<CompositeConfig> = {}): CompositeConfig {
  return {
    name,
    expression,
    score: 10,
    policy: 'remove_all',
    groups: [],
    description: undefined,
    enabled: true,
    ...more,
  };
}

function runComposites(
  composites: CompositeConfig[],
  inserted: string[],
): { shown: string[]; score: number } {
  const of = metric({
    scores: { A: 1, B: 2, C: -1, Z: 0 },
    groups: { g: { members: ['A', 'B', 'C'] } },
  });
  const compiled = compileComposites({ composites, position: () => undefined }, of, new Set(['LATE']));
  const scan = result(of);
  for (const text of inserted) {
    const [name, ...options] = text.split(':');
    scan.insert(name!, 1, options);
  }
  compiled.run(scan, 'first', () => true);
  compiled.run(scan, 'second', () => true);
  return { shown: [...scan.hits].filter((hit) => !hit.isHidden).map((hit) => hit.name), score: scan.score };
}

test('a composite takes away what its policy and its prefixes say', () => {
  for (const [expression, policy, shown, score] of [
    ['A & B', 'remove_all', ['K'], 10],
    ['A & B', 'remove_symbol', ['K'], 13],
    ['A & B', 'remove_weight', ['A', 'B', 'K'], 10],
    ['A & B', 'leave', ['A', 'B', 'K'], 13],
    ['~A & B', 'remove_all', ['A', 'K'], 10],
    ['-A & B', 'remove_all', ['A', 'K'], 11],
    ['^A & B', 'leave', ['B', 'K'], 12],
    ['A & !C', 'remove_all', ['B', 'K'], 12],
  ] as const)
    assert.deepEqual(
      runComposites([composite('K', expression, { policy })], ['A', 'B']),
      { shown, score },
      `${expression} ${policy}`,
    );
});

test('a symbol with score 0 counts as present', () => {
  assert.deepEqual(runComposites([composite('K', 'Z')], ['Z']).shown, ['K']);
});

test('options of a symbol must all match', () => {
  assert.deepEqual(runComposites([composite('K', 'A[x,/^y/]')], ['A:x:yes']).shown, ['K']);
  assert.deepEqual(runComposites([composite('K', 'A[x,/^y/]')], ['A:x']).shown, ['A']);
});

test('group operands match by membership and sign', () => {
  assert.deepEqual(runComposites([composite('K', 'g+:g', { policy: 'leave' })], ['C']).shown, ['C']);
  assert.deepEqual(runComposites([composite('K', 'g-:g', { policy: 'leave' })], ['C']).shown, ['C', 'K']);
  assert.deepEqual(runComposites([composite('K', 'g:g', { policy: 'leave' })], ['B']).shown, ['B', 'K']);
});

test('a symbol stays when one of several composites wants to keep it', () => {
  const both = [composite('K', 'A & B'), composite('L', 'A & B', { policy: 'leave' })];
  assert.deepEqual(runComposites(both, ['A', 'B']), { shown: ['A', 'B', 'K', 'L'], score: 23 });
});

test('composites may read composites, and those of late symbols run in the second pass', () => {
  assert.deepEqual(
    runComposites([composite('L', 'K & B'), composite('K', 'A', { policy: 'leave' })], ['A', 'B']).shown,
    ['A', 'L'],
  );
  assert.deepEqual(runComposites([composite('K', 'LATE | A', { policy: 'leave' })], ['A']).shown, ['A', 'K']);
});

test('composites that need themselves or do not parse are configuration errors', () => {
  for (const composites of [[composite('K', 'L'), composite('L', 'K')], [composite('K', 'A &')]])
    assert.throws(() => runComposites(composites, []), ConfigError);
});
