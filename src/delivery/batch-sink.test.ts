import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LogLine, recordingLog } from '../../test/helpers/check-table.ts';
import { ProcessMetrics } from '../observe/index.ts';
import { type Batch, BatchSink, type BatchSinkOptions } from './batch-sink.ts';
import type { Attempt } from './queue.ts';

/** A sink whose receiver answers with these attempts in turn, then takes everything. */
function makeSink(answers: Attempt[], options: Partial<BatchSinkOptions> = {}) {
  const received: (readonly string[])[] = [];
  const lines: LogLine[] = [];
  const metrics = new ProcessMetrics();
  const sink = new BatchSink({
    name: 'test',
    send: async ({ rows }: Batch) => {
      const answer = answers.shift() ?? { outcome: 'sent' };
      if (answer.outcome === 'sent') received.push(rows);
      return answer;
    },
    maxRows: 3,
    maxBytes: 1000,
    maxAgeMs: 600_000,
    timeoutMs: 5000,
    retries: 2,
    firstPauseMs: 1,
    log: recordingLog(lines),
    metrics,
    ...options,
  });
  const counted = async (): Promise<readonly string[]> =>
    JSON.stringify(await metrics.snapshot()).match(
      /"labels":\{"sink":"test","result":"\w+"\},"value":\d+|"value":\d+,"labels":\{"sink":"test","result":"\w+"\}/g,
    ) ?? [];
  return { sink, received, lines, counted };
}

test('rows go out together when there are enough of them, and the rest at the end', async () => {
  const { sink, received } = makeSink([]);
  for (const row of ['1', '2', '3', '4']) sink.add(row);
  await sink.close();
  assert.deepEqual(received, [['1\n', '2\n', '3\n'], ['4\n']]);
});

test('rows go out when they are large', async () => {
  const { sink, received } = makeSink([], { maxRows: 0, maxBytes: 10 });
  for (const row of ['aaaaaaaaaa', 'b', 'cccccccccc']) sink.add(row);
  await sink.close();
  assert.deepEqual(
    received.map((rows) => rows.length),
    [1, 2],
  );
});

test('rows go out when the first of them is old enough', async () => {
  const gone = Promise.withResolvers<readonly string[]>();
  const { sink } = makeSink([], {
    maxAgeMs: 5,
    send: async ({ rows }) => {
      gone.resolve(rows);
      return { outcome: 'sent' };
    },
  });
  sink.add('1');
  assert.deepEqual(await gone.promise, ['1\n']);
  await sink.close();
});

test('an outage is told once, and the end of it; nothing is lost meanwhile', async () => {
  const done = Promise.withResolvers<void>();
  let attempts = 0;
  const { sink, lines, counted } = makeSink([], {
    maxRows: 1,
    send: async () => {
      attempts += 1;
      if (attempts < 3) return { outcome: 'outage', reason: 'away' };
      done.resolve();
      return { outcome: 'sent' };
    },
  });
  sink.add('1');
  await done.promise;
  await sink.close();
  assert.deepEqual(
    lines.map(({ level }) => level),
    ['error', 'info'],
  );
  assert.match((await counted()).join(), /"result":"sent"/);
});

test('what is given up is counted by row', async () => {
  const { sink, received, counted } = makeSink([{ outcome: 'refused', reason: 'no' }], { maxRows: 2 });
  for (const row of ['1', '2', '3']) sink.add(row);
  await sink.close();
  assert.deepEqual(received, [['3\n']]);
  const text = (await counted()).join();
  assert.match(text, /"value":2,"labels":\{"sink":"test","result":"failed"\}|"failed"\},"value":2/);
});

test('rows that the receiver refuses one by one are counted and told once', async () => {
  const some: Attempt = { outcome: 'sent', refusedParts: 1, reason: 'mapper_parsing_exception' };
  const { sink, lines, counted } = makeSink([some, some], { maxRows: 2 });
  for (const row of ['1', '2', '3', '4']) sink.add(row);
  await sink.close();
  assert.equal(lines.length, 1);
  assert.match((await counted()).join(), /"refused"/);
});
