import assert from 'node:assert/strict';
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { LoggedError, LoggingConfig } from '../core/index.ts';
import { formatJson, formatText, withPriority } from './format.ts';
import { LineWriter } from './line-writer.ts';
import { openLog, type ProcessLog } from './log.ts';
import { mergeMetrics, ProcessMetrics } from './metrics.ts';

const timeMs = Date.UTC(2026, 10, 22, 10);
const defaults: LoggingConfig = {
  type: 'file',
  file: undefined,
  level: 'info',
  debugModules: [],
  json: false,
};

async function folderFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-log-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

interface Opened {
  readonly log: ProcessLog;
  readonly file: string;
  readonly metrics: ProcessMetrics;
  readonly errors: LoggedError[];
  /** What the file holds, without times. */
  lines(): Promise<string[]>;
}

async function open(t: TestContext, changes: Partial<LoggingConfig> = {}): Promise<Opened> {
  const file = join(await folderFor(t), 'log', 'postern.log');
  const metrics = new ProcessMetrics();
  const errors: LoggedError[] = [];
  const log = openLog({
    logging: { ...defaults, file, ...changes },
    clock: { now: () => timeMs },
    metrics,
    fields: { role: 'test' },
    onError: (error) => errors.push(error),
  });
  const lines = async (): Promise<string[]> => {
    await log.flush();
    return (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
  };
  return { log, file, metrics, errors, lines };
}

test('a text line has time, level, module and fields', async (t) => {
  const { log, lines } = await open(t);
  log.child({ module: 'ratelimit' }).warn('over the limit', { user: 'alice', count: 3, none: undefined });
  assert.deepEqual(await lines(), [
    '2026-11-22T10:00:00.000Z warn  ratelimit: over the limit role=test user=alice count=3',
  ]);
});

test('nothing that strangers send can end a line, fake a field or move a terminal', () => {
  const hostile = 'a\nerror forged\r\u0000\u001b[2J\u0085\u009b1m\u2028\u2029\u202e "x"=1 \\';
  for (const format of [formatText, formatJson, withPriority(formatText)]) {
    const line = format(timeMs, 'info', `message ${hostile}`, { value: hostile, list: [hostile] }, {});
    assert.equal(line.indexOf('\n'), line.length - 1);
    assert.doesNotMatch(line.slice(0, -1), /[\p{Cc}\u2028\u2029\u202a-\u202e]/u);
  }
  const value = formatText(timeMs, 'info', 'm', { value: hostile }, {}).split(' value=')[1]!;
  assert.equal(JSON.parse(value), hostile);
});

test('a value that would not read as one word is quoted', () => {
  const line = formatText(timeMs, 'info', 'm', { a: '', b: 'two words', c: 'x=y', d: 'plain', e: 'ä' }, {});
  assert.ok(line.endsWith('m a="" b="two words" c="x=y" d=plain e="ä"\n'));
});

test('fields cannot stand in for the time, level or message of a JSON line', () => {
  const fields = { time: 'never', level: 'debug', msg: 'forged', id: 7n };
  const line = formatJson(timeMs, 'error', 'real', { ...fields, id: 7 }, {});
  assert.deepEqual(JSON.parse(line), {
    time: '2026-11-22T10:00:00.000Z',
    level: 'error',
    id: 7,
    msg: 'real',
  });
  assert.match(formatJson(timeMs, 'info', 'm', fields, {}), /not shown/);
});

test('long values are cut', () => {
  for (const format of [formatText, formatJson])
    assert.ok(format(timeMs, 'info', 'm', { value: 'x'.repeat(100_000) }, {}).length < 5000);
});

test('priorities are those of syslog', () => {
  assert.ok(withPriority(formatText)(timeMs, 'error', 'm', {}, {}).startsWith('<3>2026'));
});

test('level and debug modules choose what is written, also after a reload', async (t) => {
  const { log, file, lines } = await open(t, { level: 'warning', debugModules: ['dns'] });
  const dns = log.child({ module: 'dns' });
  log.info('too quiet');
  log.warn('one');
  dns.debug('two');
  log.reconfigure({ ...defaults, file, level: 'info' });
  log.info('three');
  dns.debug('too quiet');
  const messages = (await lines()).map((line) => line.replace(/^\S+ \S+\s+/, '').split(' role=')[0]);
  assert.deepEqual(messages, ['one', 'dns: two', 'three']);
});

test('errors are told to whoever asks for them', async (t) => {
  const { log, errors } = await open(t, { level: 'silent' });
  log.child({ module: 'store' }).error('write failed', { error: 'ENOSPC', id: 'abc' });
  assert.deepEqual(
    errors.map(({ type, module, id, message }) => [type, module, id, message]),
    [['test', 'store', 'abc', 'write failed: ENOSPC']],
  );
});

test('a log that was moved away is followed by a new file', async (t) => {
  const { log, file, lines } = await open(t);
  log.info('first');
  await log.flush();
  await rename(file, `${file}.1`);
  log.info('second');
  log.reopen();
  log.info('third');
  const now = await lines();
  const before = (await readFile(`${file}.1`, 'utf8')).trim().split('\n');
  assert.equal(now.length + before.length, 3);
  assert.match(now.at(-1)!, /third/);
});

test('another file is taken from a reload on', async (t) => {
  const { log, file } = await open(t);
  log.info('first');
  log.reconfigure({ ...defaults, file: `${file}.new` });
  log.info('second');
  await log.flush();
  assert.match(await readFile(`${file}.new`, 'utf8'), /second/);
});

test('a full disk stops nothing, is counted, and takes no memory beyond the bound', async (t) => {
  const { log, metrics, errors } = await open(t, { file: '/dev/full' });
  const megabytes = 3;
  for (let i = 0; i < megabytes * 1024; i++) log.info('x'.repeat(1024));
  await log.flush();
  assert.match(String(log.failure), /ENOSPC/);
  const text = await mergeMetrics([await metrics.snapshot()]);
  const counted = (name: string): number => Number(new RegExp(`^${name}_total (\\d+)$`, 'm').exec(text)?.[1]);
  assert.ok(counted('postern_log_failures') >= 1);
  assert.ok(counted('postern_log_lost_lines') >= (megabytes - 1) * 900);
  assert.deepEqual(errors, []);
});

test('lines that waited are written when there is room again', async (t) => {
  const folder = await folderFor(t);
  const failures: string[] = [];
  const file = join(folder, 'nested');
  // A file where a folder is wanted: it cannot be opened until that is gone.
  const blocker = new LineWriter({ file });
  blocker.write('in the way\n');
  await blocker.close();
  const writer = new LineWriter({
    file: join(file, 'log'),
    retryMs: 5,
    onFailure: (error) => failures.push(error.code ?? ''),
  });
  writer.write('kept\n');
  await writer.flush();
  assert.ok(failures.length > 0);
  await rm(file);
  await new Promise((resolve) => setTimeout(resolve, 50));
  writer.write('next\n');
  for (let i = 0; writer.failure && i < 200; i++) await new Promise((resolve) => setTimeout(resolve, 10));
  await writer.close();
  assert.equal(await readFile(join(file, 'log'), 'utf8'), 'kept\nnext\n');
});

test('metrics of several processes add up, in the names of OpenMetrics', async () => {
  const processes = [new ProcessMetrics(), new ProcessMetrics()];
  for (const metrics of processes) {
    const counter = metrics.counter('postern_things_total', 'Things', ['kind']);
    counter.add(2, { kind: 'a' });
    assert.equal(metrics.counter('postern_things_total', 'Things', ['kind']), counter);
    metrics.gauge('postern_open', 'Open').set(3);
    metrics.histogram('postern_seconds', 'Seconds', [1, 5]).observe(2);
  }
  const text = await mergeMetrics(await Promise.all(processes.map((metrics) => metrics.snapshot())));
  for (const line of [
    '# TYPE postern_things counter',
    'postern_things_total{kind="a"} 4',
    'postern_open 6',
    'postern_seconds_bucket{le="5"} 2',
    'postern_seconds_sum 4',
  ])
    assert.ok(text.includes(`${line}\n`), `${line} in\n${text}`);
  assert.doesNotMatch(text, /# EOF/);
});
