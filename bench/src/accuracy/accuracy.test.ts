import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { brotliCompressSync } from 'node:zlib';
import { areaUnderCurve, bootstrap, countFrom, detectionAt, thresholdAt, wilson } from './curve.ts';
import { evaluate, type Scored } from './evaluate.ts';
import { openLabelled } from './labelled.ts';
import { renderAccuracy } from './report.ts';
import { parseSpamcReply } from './spamc.ts';

const scores = (...values: number[]): Float64Array => Float64Array.from(values);

it('gives the area under the curve, ties counting half', () => {
  assert.equal(areaUnderCurve(scores(1, 2), scores(3, 4)), 1);
  assert.equal(areaUnderCurve(scores(3, 4), scores(1, 2)), 0);
  assert.equal(areaUnderCurve(scores(1, 1, 1), scores(1, 1)), 0.5);
  assert.equal(areaUnderCurve(scores(1, 3), scores(2, 3)), (0.5 + 0.75) / 2);
});

it('puts the threshold above the ham that must stay below, and does not count spam that ties', () => {
  const ham = scores(...Array.from({ length: 100 }, (_, index) => index));
  const limit = thresholdAt(ham, 0.01);
  assert.equal(countFrom(ham, limit), 1);
  assert.equal(detectionAt(ham, scores(98, 98.5, 99, 200), 0.01), 3 / 4);
  assert.equal(detectionAt(ham, scores(98, 98.5, 99, 200), 0.001), 1 / 4);
});

it('gives Wilson intervals', () => {
  const { low, high } = wilson(8, 10);
  assert.deepEqual([low.toFixed(4), high.toFixed(4)], ['0.4902', '0.9433']);
  assert.equal(wilson(0, 0).high, 1);
  assert.equal(wilson(0, 100).low, 0);
});

it('gives intervals around the figure, the same in every run', () => {
  const ham = scores(...Array.from({ length: 200 }, (_, index) => index));
  const spam = scores(...Array.from({ length: 200 }, (_, index) => index + 100));
  const area = bootstrap(ham, spam, areaUnderCurve);
  assert.deepEqual(area, bootstrap(ham, spam, areaUnderCurve));
  assert.ok(area.low < area.value && area.value < area.high);
});

it('tells ham and spam of every kind apart', () => {
  const facets = { category: '–', language: 'en', year: '2020' };
  const rows: Scored[] = Array.from({ length: 200 }, (_, index) => ({
    label: index % 2 === 0 ? 'ham' : 'spam',
    facets: { ...facets, source: index % 4 < 2 ? 'a' : 'b' },
    score: index % 2 === 0 ? index / 100 : 5 + (index % 4),
    action: index % 2 === 0 ? 'no action' : 'add header',
  }));
  const accuracy = evaluate(rows);
  assert.equal(accuracy.areaUnderCurve.value, 1);
  assert.deepEqual(
    accuracy.groups.source.map(({ label, name, flagged }) => [
      label,
      name,
      flagged[0]!.of,
      flagged[0]!.count,
    ]),
    [
      ['ham', 'a', 50, 0],
      ['ham', 'b', 50, 1],
      ['spam', 'a', 50, 50],
      ['spam', 'b', 50, 50],
    ],
  );
  assert.deepEqual(accuracy.actions, { ham: { 'no action': 100 }, spam: { 'add header': 100 } });
  assert.match(renderAccuracy('x', accuracy), /spam b +50 +50: 100\.0 %/);
  assert.throws(() => evaluate(rows.filter(({ label }) => label === 'ham')), RangeError);
});

it('reads labelled mail in place', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-bench-labelled-'));
  context.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'store'));
  const line = JSON.stringify({ label: 'spam', source: 'here', lang: 'de', year: 2020, ptr: [0, 1, 2] });
  writeFileSync(join(folder, 'index.jsonl.br'), brotliCompressSync(line));
  writeFileSync(join(folder, 'store', 'm000.br'), brotliCompressSync('abcd'));
  const [first] = openLabelled(folder);
  assert.equal(first!.read().toString(), 'bc');
  assert.deepEqual(first!.facets, { source: 'here', category: '–', language: 'de', year: '2020' });
});

it('reads replies of spamd', () => {
  const reply = 'SPAMD/1.1 0 EX_OK\r\nContent-length: 5\r\nSpam: True ; 12.3 / 5.0\r\n\r\nA,B';
  assert.deepEqual(parseSpamcReply(reply), { kind: 'verdict', action: 'spam', symbols: 2, score: 12.3 });
  assert.equal(parseSpamcReply('SPAMD/1.1 76 EX_PROTOCOL\r\n\r\n').kind, 'error');
  assert.equal(parseSpamcReply('HTTP/1.1 400').kind, 'error');
});
