import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Attempt, DeliveryQueue, type QueueOptions } from './queue.ts';

interface Told {
  sent: number;
  reasons: string[];
  lost: string[];
}

/** A queue of texts, whose size is their length, with pauses too short to wait for. */
function makeQueue(
  send: QueueOptions<string>['send'],
  options: Partial<QueueOptions<string>> = {},
): { queue: DeliveryQueue<string>; told: Told } {
  const told: Told = { sent: 0, reasons: [], lost: [] };
  const queue = new DeliveryQueue<string>({
    send,
    sizeOf: (item) => item.length,
    timeoutMs: 5000,
    retries: 2,
    maxItems: 10,
    maxBytes: 1000,
    concurrency: 1,
    firstPauseMs: 1,
    longestPauseMs: 4,
    closeMs: 50,
    onSent: () => {
      told.sent += 1;
    },
    onAttemptFailed: (reason) => told.reasons.push(reason),
    onLost: (why, count) => told.lost.push(`${why} ${count}`),
    ...options,
  });
  return { queue, told };
}

const sent: Attempt = { outcome: 'sent' };
const outage: Attempt = { outcome: 'outage', reason: 'away' };

/** A receiver that holds every export until it is told to go on, or given up. */
function holding(): { send: QueueOptions<string>['send']; seen: string[]; release: () => void } {
  const seen: string[] = [];
  const { promise, resolve } = Promise.withResolvers<Attempt>();
  return {
    seen,
    release: () => resolve(sent),
    send: (item, signal) => {
      seen.push(item);
      const aborted = new Promise<Attempt>((done) => {
        signal.addEventListener('abort', () => done({ outcome: 'outage', reason: String(signal.reason) }));
      });
      return Promise.race([promise, aborted]);
    },
  };
}

test('what does not fit in number or bytes is given up at once', async () => {
  const receiver = holding();
  const { queue, told } = makeQueue(receiver.send, { maxItems: 2, maxBytes: 10 });
  for (const item of ['a', 'b', '123456789', 'c', 'd']) queue.add(item);
  assert.deepEqual(told.lost, ['dropped 1', 'dropped 1']);
  receiver.release();
  await queue.close();
  assert.deepEqual(receiver.seen, ['a', 'b', 'c']);
  assert.equal(told.sent, 3);
});

test('no more exports than allowed are under way at once', async () => {
  const receiver = holding();
  const { queue } = makeQueue(receiver.send, { concurrency: 2 });
  for (const item of ['a', 'b', 'c']) queue.add(item);
  assert.deepEqual(receiver.seen, ['a', 'b']);
  receiver.release();
  await queue.close();
  assert.deepEqual(receiver.seen, ['a', 'b', 'c']);
});

test('an outage is tried again, in order, until the attempts are used up', async () => {
  const seen: string[] = [];
  const done = Promise.withResolvers<void>();
  const { queue, told } = makeQueue(
    async (item) => {
      seen.push(item);
      return item === 'a' ? outage : sent;
    },
    {
      onSent: () => done.resolve(),
    },
  );
  queue.add('a');
  queue.add('b');
  await done.promise;
  await queue.close();
  assert.deepEqual(seen, ['a', 'a', 'a', 'b']);
  assert.deepEqual(told.lost, ['failed 1']);
});

test('a refusal is final and delays nothing', async () => {
  const { queue, told } = makeQueue(async (item) =>
    item === 'a' ? { outcome: 'refused', reason: 'no' } : sent,
  );
  queue.add('a');
  queue.add('b');
  await queue.close();
  assert.deepEqual(told, { sent: 1, reasons: ['no'], lost: ['failed 1'] });
});

test('an attempt ends with its time', async () => {
  const { queue, told } = makeQueue(holding().send, {
    timeoutMs: 5,
    retries: 0,
    onLost: () => lost.resolve(),
  });
  const lost = Promise.withResolvers<void>();
  queue.add('a');
  await lost.promise;
  assert.deepEqual(told.reasons, ['Error: no end within 5 ms']);
  await queue.close();
});

test('closing gives up what a dead receiver does not take, and takes nothing more', async () => {
  const { queue, told } = makeQueue(holding().send);
  for (const item of ['a', 'b', 'c']) queue.add(item);
  const closing = queue.close();
  queue.add('d');
  await closing;
  assert.deepEqual(told.lost, ['dropped 1', 'dropped 2', 'failed 1']);
});

test('closing during a pause tries once more', async () => {
  const outcomes = [outage, sent];
  const { queue, told } = makeQueue(async () => outcomes.shift() ?? sent, {
    firstPauseMs: 60_000,
    longestPauseMs: 60_000,
  });
  queue.add('a');
  while (told.reasons.length === 0) await new Promise(setImmediate);
  await queue.close();
  assert.equal(told.sent, 1);
});
