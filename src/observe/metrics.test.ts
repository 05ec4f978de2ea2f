import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeMetrics, ProcessMetrics } from './index.ts';

test('counters of all processes are added up, gauges as their maker says', async () => {
  const processes = [new ProcessMetrics(), new ProcessMetrics()];
  for (const [index, metrics] of processes.entries()) {
    metrics.counter('things_total', 'Things', ['kind']).add(index + 1, { kind: 'odd' });
    metrics.gauge('open_now', 'Open').set(index + 2);
    metrics.gauge('entries', 'Entries', ['map'], 'max').set(7, { map: 'a' });
    metrics.histogram('seconds', 'Time', [1, 2]).observe(index + 0.5);
  }
  const lines = (await mergeMetrics(await Promise.all(processes.map((metrics) => metrics.snapshot())))).split(
    '\n',
  );
  for (const line of [
    'things_total{kind="odd"} 3',
    'open_now 5',
    'entries{map="a"} 7',
    'seconds_bucket{le="1"} 1',
    'seconds_count 2',
  ])
    assert.ok(lines.includes(line), `${line} is missing in\n${lines.join('\n')}`);
});

test('the same name is the same metric', () => {
  const metrics = new ProcessMetrics();
  assert.equal(metrics.counter('a_total', 'A'), metrics.counter('a_total', 'A'));
});
