import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Control, GraphSlot, MapHandle, Totals } from '../../core/index.ts';
import {
  editableFile,
  graphSpans,
  renderAuth,
  renderCounters,
  renderGraph,
  renderMetrics,
  renderPie,
  renderStat,
  renderSymbols,
} from './statistics.ts';

const hourMs = 3_600_000;

const totals: Totals = {
  startedMs: Date.now() - 5000,
  scanned: 21,
  learned: 0,
  actions: {
    reject: 1,
    'soft reject': 2,
    'rewrite subject': 3,
    'add header': 4,
    greylist: 5,
    'no action': 6,
  },
  connections: 7,
  controlConnections: 8,
  scanTimesSeconds: [0.5, 1.5],
  symbols: { KNOWN: { hits: 3, timeMs: 20, frequency: 0.25, frequencyStddev: 0.5 } },
  graph: [],
};

const control = {
  version: '1',
  configId: 'abc',
  symbols: () => [
    { groups: ['g', 'h'], symbol: 'KNOWN', weight: 1, description: 'Known' },
    { groups: ['g'], symbol: 'QUIET', weight: -2, description: undefined },
    { groups: ['h'], symbol: 'OTHER', weight: 0, description: undefined },
  ],
} as unknown as Control;

type Point = { readonly x: number; readonly y: number | null };

function graph(slots: readonly GraphSlot[], type: string, nowMs: number): Point[][] {
  return renderGraph(slots, graphSpans.get(type)!, nowMs) as Point[][];
}

test('a graph has six series of one length that end now', () => {
  const nowMs = Date.UTC(2026, 10, 22, 10, 30);
  for (const [type, points] of [
    ['day', 24],
    ['week', 168],
    ['month', 372],
    ['year', 366],
  ] as const) {
    const series = graph([], type, nowMs);
    assert.deepEqual(
      series.map((each) => each.length),
      new Array(6).fill(points),
    );
    const step = graphSpans.get(type)!.pointMs / 1000;
    const last = series[0]!.at(-1)!.x;
    assert.ok(last * 1000 <= nowMs && nowMs < (last + step) * 1000, type);
    assert.ok(series[0]!.every(({ x }, i, all) => i === 0 || x - all[i - 1]!.x === step));
    assert.ok(series.flat().every(({ y }) => y === null));
  }
});

test('a point is messages per second of its span, null before the first count', () => {
  const nowMs = Date.UTC(2026, 10, 22, 10, 30);
  const startOfHour = Date.UTC(2026, 10, 22, 10);
  const slot = (hoursAgo: number, actions: Record<string, number>): GraphSlot => ({
    startMs: startOfHour - hoursAgo * hourMs,
    lengthMs: hourMs,
    actions,
  });
  const slots = [slot(3, { reject: 3600 }), slot(1, { reject: 7200, 'no action': 36 })];
  const [reject, , , , , noAction] = graph(slots, 'day', nowMs);
  assert.deepEqual(
    reject!.slice(-5).map(({ y }) => y),
    [null, 1, 0, 2, 0],
  );
  assert.deepEqual(
    noAction!.slice(-5).map(({ y }) => y),
    [null, 0, 0, 0.01, 0],
  );
  const [monthly] = graph(slots, 'month', nowMs);
  const sum = monthly!.reduce((total, { y }) => total + (y ?? 0) * 7200, 0);
  assert.equal(Math.round(sum), 10_800);
});

test('stat has all six actions, and spam and ham make up the rest', () => {
  const stat = renderStat(control, totals, false) as Record<string, unknown>;
  assert.deepEqual(stat['actions'], totals.actions);
  assert.equal(stat['spam_count'], 10);
  assert.equal(stat['ham_count'], 11);
  assert.deepEqual((stat['scan_times'] as unknown[]).slice(0, 3), [0.5, 1.5, null]);
  assert.equal((stat['scan_times'] as unknown[]).length, 31);
  assert.equal(stat['uptime'], 5);
  assert.equal(stat['read_only'], false);
});

test('auth counts add header and rewrite subject as probable spam', () => {
  const auth = renderAuth(control, totals, true) as Record<string, unknown>;
  assert.deepEqual(
    [
      auth['auth'],
      auth['clean'],
      auth['probable'],
      auth['greylist'],
      auth['reject'],
      auth['soft_reject'],
      auth['read_only'],
    ],
    ['ok', 6, 7, 5, 1, 2, true],
  );
});

test('the slices of the pie make up everything scanned', () => {
  const slices = renderPie(totals) as { value: number }[];
  assert.equal(
    slices.reduce((sum, { value }) => sum + value, 0),
    21,
  );
});

test('symbols come in all of their groups, counters with every field', () => {
  const groups = renderSymbols(control, totals) as { group: string; rules: Record<string, unknown>[] }[];
  assert.deepEqual(
    groups.map(({ group, rules }) => [group, rules.map((rule) => rule['symbol'])]),
    [
      ['g', ['KNOWN', 'QUIET']],
      ['h', ['KNOWN', 'OTHER']],
    ],
  );
  assert.deepEqual((renderCounters(control, totals) as unknown[])[0], {
    symbol: 'KNOWN',
    weight: 1,
    frequency: 0.25,
    frequency_stddev: 0.5,
    hits: 3,
    time: 0.02,
  });
  assert.deepEqual((renderCounters(control, totals) as unknown[])[1], {
    symbol: 'QUIET',
    weight: -2,
    frequency: 0,
    frequency_stddev: 0,
    hits: 0,
    time: 0,
  });
});

test('metrics are one text that ends once, whatever an action is called', () => {
  const named = { ...totals, actions: { 'say "hi"\\\n': 1 } };
  const text = renderMetrics(control, named, { own: 'postern_x 1', isReadOnly: true });
  assert.match(text, /^rspamd_actions_total\{type="say \\"hi\\"\\\\\\n"\} 1$/m);
  assert.match(text, /^rspamd_read_only 1$/m);
  assert.ok(text.endsWith('postern_x 1\n# EOF\n'));
  assert.equal(text.split('# EOF').length, 2);
});

test('only one plain local file can be edited', () => {
  const map = (changes: Partial<MapHandle>): MapHandle =>
    ({ kind: 'set', sources: ['/etc/a.map'], ...changes }) as MapHandle;
  assert.equal(editableFile(map({})), '/etc/a.map');
  assert.equal(editableFile(map({ sources: ['file:///etc/a.map'] })), '/etc/a.map');
  for (const changes of [
    { sources: ['static'] },
    { sources: ['https://example.com/a.map'] },
    { sources: ['/etc/a.map', '/etc/b.map'] },
    { sources: ['/etc/a.map.zst'] },
    { sources: [] },
    { kind: 'cdb' as const },
  ])
    assert.equal(editableFile(map(changes)), undefined, JSON.stringify(changes));
});
