import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import {
  type BuiltCheck,
  buildCheck,
  type CheckOptions,
  type CheckRun,
  type LogLine,
  type TestMessage,
  testTask,
} from '../../../test/helpers/check-table.ts';
import { type StoreDriver, storeDrivers } from '../../../test/helpers/store-drivers.ts';
import { ConfigError, type Hit, type Store, StoreError } from '../../core/index.ts';
import { parseIp } from '../../lib/index.ts';
import { greylist } from './check.ts';
import { greylistKeys } from './keys.ts';
import { greylistOptions } from './options.ts';

const startMs = 1_700_000_000_000;
let nowMs = startMs;

/** A symbol that brings this score. */
function scored(score: number, name = 'BAD'): Hit {
  return { name, score, metricScore: score, description: undefined, groups: [], options: [] };
}

let serial = 0;
/** A suspicious message that nobody saw before; `body` is the same for equal serials. */
const mail = (score: number, more: TestMessage = {}, number = ++serial): TestMessage => ({
  from: `stranger${number}@example.net`,
  raw: `From: Stranger <s@example.net>\nSubject: x\n\nOffer ${number}\n`,
  hits: [scored(score)],
  ...more,
});

const until = (ms: number): string => new Date(ms).toUTCString();
const outcome = ({ hits, preResults, task }: CheckRun) => ({
  hits: hits.map(({ symbol, options }) => [symbol, ...options].join(' ')),
  forced: preResults.map(({ action, message }) => `${action}: ${message}`),
  action: task.result.currentAction(),
});
const wait = (why: string, endMs: number) => ({
  hits: [`GREYLIST greylisted ${until(endMs)} ${why}`],
  forced: ['soft reject: Try again later'],
  action: 'soft reject',
});
const untouched = (action: string) => ({ hits: [], forced: [], action });

for (const [name, start] of storeDrivers())
  describe(`greylist over ${name}`, () => {
    let driver: StoreDriver;
    const open: BuiltCheck[] = [];
    const folder = mkdtempSync(join(tmpdir(), 'postern-greylist-'));
    const build = async (config: object = {}, options: CheckOptions = {}): Promise<BuiltCheck> => {
      const check = await buildCheck(greylist, config as Readonly<Record<string, unknown>>, {
        store: driver.store,
        now: () => nowMs,
        ...options,
      });
      open.push(check);
      return check;
    };
    before(async () => {
      driver = await start();
    });
    beforeEach(() => {
      nowMs = startMs;
    });
    after(async () => {
      for (const check of open) await check.close();
      await driver.close();
      rmSync(folder, { recursive: true });
    });

    const hosts = join(folder, 'hosts.inc');
    writeFileSync(hosts, 'example.com\nmail.example.net\n');
    const fresh: readonly {
      readonly what: string;
      readonly score: number;
      readonly message?: TestMessage;
      readonly config?: object;
      readonly gives: object;
    }[] = [
      { what: 'mail below the threshold', score: 3.9, gives: untouched('no action') },
      { what: 'mail at the threshold', score: 4, gives: wait('new record', startMs + 300_000) },
      { what: 'mail that would be marked', score: 7, gives: wait('new record', startMs + 300_000) },
      { what: 'mail that is rejected', score: 15, gives: untouched('reject') },
      {
        what: 'mail with a login',
        score: 5,
        message: { way: 'authenticated' },
        gives: untouched('no action'),
      },
      {
        what: 'marked mail with a login',
        score: 7,
        message: { way: 'authenticated' },
        gives: untouched('add header'),
      },
      { what: 'local mail', score: 5, message: { way: 'local' }, gives: untouched('no action') },
      {
        what: 'mail with a login, with check_authed = true,',
        score: 5,
        message: { way: 'authenticated' },
        config: { check_authed: true },
        gives: wait('new record', startMs + 300_000),
      },
      {
        what: 'local mail, with check_local = true,',
        score: 5,
        message: { way: 'local' },
        config: { check_local: true },
        gives: wait('new record', startMs + 300_000),
      },
      {
        what: 'mail with a symbol of whitelist_symbols',
        score: 5,
        message: { hits: [scored(5), scored(0, 'GOOD')] },
        config: { whitelist_symbols: ['GOOD'] },
        gives: untouched('no action'),
      },
      {
        what: 'mail below greylist_min_score',
        score: 5,
        config: { greylist_min_score: 5.5 },
        gives: untouched('no action'),
      },
      {
        what: 'mail from whitelisted_ip',
        score: 5,
        config: { whitelisted_ip: ['198.51.100.0/24'] },
        gives: untouched('no action'),
      },
      {
        what: 'mail from a host whose domain is listed',
        score: 5,
        config: { whitelist_domains_url: [hosts] },
        gives: { hits: ['GREYLIST pass meta'], forced: [], action: 'no action' },
      },
      {
        what: 'mail from a host that is listed',
        score: 7,
        message: { envelope: { hostName: 'Mail.Example.NET' } },
        config: { whitelist_domains_url: [hosts] },
        gives: { hits: ['GREYLIST pass meta'], forced: [], action: 'add header' },
      },
      {
        what: 'mail from a host that is not listed',
        score: 5,
        message: { envelope: { hostName: 'mx.example.net' } },
        config: { whitelist_domains_url: [hosts] },
        gives: wait('new record', startMs + 300_000),
      },
      {
        what: 'mail without a threshold for greylist',
        score: 5,
        message: { thresholds: { 'add header': 6, reject: 15 } },
        gives: untouched('no action'),
      },
      {
        what: 'marked mail without a threshold for greylist',
        score: 6,
        message: { thresholds: { 'add header': 6, reject: 15 } },
        gives: wait('new record', startMs + 300_000),
      },
      {
        what: 'good mail for which another check demands it',
        score: 5,
        message: { thresholds: { reject: 15 }, variables: { grey_greylisted_required: 1 } },
        gives: wait('new record', startMs + 300_000),
      },
      {
        what: 'mail that rspamc scans',
        score: 5,
        message: { envelope: { userAgent: 'rspamc' } },
        gives: untouched('greylist'),
      },
      {
        what: 'with words of the operator it',
        score: 5,
        config: { message: 'Later', report_time: true, action: 'greylist', symbol: 'GREY', timeout: 60 },
        gives: {
          hits: [`GREY greylisted ${until(startMs + 60_000)} new record`],
          forced: [`greylist: Later: ${until(startMs + 60_000)}`],
          action: 'greylist',
        },
      },
    ];
    for (const { what, score, message, config, gives } of fresh)
      test(`${what} gives ${JSON.stringify(gives)}`, async () => {
        const check = await build(config);
        assert.deepEqual(outcome(await check.run(mail(score, message))), gives);
      });

    test('mail that comes back too early waits at once, whatever its score, and passes later', async () => {
      const check = await build();
      const first = mail(5);
      await check.run(first);
      nowMs += 299_999;
      const again: TestMessage = { ...first, hits: [scored(-5)] };
      const early = outcome(await check.run(again));
      assert.deepEqual(early, wait('too early', startMs + 300_000));
      nowMs += 1;
      assert.deepEqual(outcome(await check.run(first)), {
        hits: ['GREYLIST pass body'],
        forced: [],
        action: 'no action',
      });
      assert.deepEqual(outcome(await check.run({ ...first, hits: [scored(7)] })), {
        hits: ['GREYLIST pass body'],
        forced: [],
        action: 'add header',
      });
      assert.deepEqual(outcome(await check.run({ ...first, hits: [scored(0)] })), untouched('no action'));
    });

    test('the same sender may come back with another body, the same body with another sender', async () => {
      const check = await build();
      const first = mail(5);
      await check.run(first);
      nowMs += 300_000;
      const otherBody = { ...first, raw: 'From: s@example.net\n\nSomething else\n' };
      assert.deepEqual(outcome(await check.run(otherBody)).hits, ['GREYLIST pass meta']);
      const otherSender = { ...first, from: 'other@example.net', rcpts: ['x@example.org'] };
      assert.deepEqual(outcome(await check.run(otherSender)).hits, ['GREYLIST pass body']);
    });

    test('neighbours of the client within the mask are the client', async () => {
      const check = await build();
      const first = mail(5);
      await check.run(first);
      nowMs += 300_000;
      const from = (ip: string): TestMessage => ({
        ...first,
        raw: `From: s@example.net\n\nFrom ${ip} ${serial}\n`,
        envelope: { clientIp: parseIp(ip) },
      });
      assert.deepEqual(outcome(await check.run(from('198.51.127.9'))).hits, ['GREYLIST pass meta']);
      assert.deepEqual(outcome(await check.run(from('198.51.128.9'))).action, 'soft reject');
    });

    test('a record of another body that is young makes the body wait, though the sender has waited', async () => {
      const check = await build();
      const first = mail(5);
      const second = mail(5);
      await check.run(first);
      nowMs += 200_000;
      await check.run(second);
      nowMs += 100_000;
      const mixed = { ...first, raw: second.raw };
      assert.deepEqual(outcome(await check.run(mixed)), wait('too early', startMs + 500_000));
    });

    test('what passed is remembered from its last time on', async () => {
      const check = await build({ expire: 1, timeout: 0 });
      const first = mail(5);
      await check.run(first);
      await driver.pass(700);
      assert.deepEqual(outcome(await check.run(first)).hits, ['GREYLIST pass body']);
      await driver.pass(700);
      assert.deepEqual(outcome(await check.run(first)).hits, ['GREYLIST pass body']);
      await driver.pass(1100);
      assert.deepEqual(outcome(await check.run(first)).action, 'soft reject');
    });

    test('records are those of Rspamd: seconds as text, under its keys', async () => {
      const check = await build();
      const message: TestMessage = {
        raw: Buffer.from('From: Bob <bob@example.net>\r\nSubject: t\r\n\r\nLine1\r\nLine2\r\n'),
        from: 'Bob@EXAMPLE.net',
        rcpts: ['zed@Example.com', 'Alice@example.com'],
        hits: [scored(5)],
      };
      const { task } = testTask(message);
      const envelope = {
        ...task.envelope,
        sender: { text: 'Bob@EXAMPLE.net', local: 'Bob', domain: 'example.net' },
      };
      await check.run({ ...message, envelope });
      assert.equal(await driver.store.get('rgb85ddb6qbgrncwkxmmupg'), '1700000000');
      assert.equal(await driver.store.get('rgmeei6bd31quunsucc14hi'), '1700000000');
    });

    test('a record that is no time counts as none', async () => {
      const check = await build();
      const message = mail(5);
      const { body } = greylistKeys(testTask(message).task, greylistOptions.parse({}));
      await driver.store.set(body, 'rubbish');
      assert.deepEqual(outcome(await check.run(message)), wait('new record', startMs + 300_000));
    });
  });

// Seen in the commands that Rspamd 3.4 sent to Redis.
for (const { raw, more, body, meta } of [
  {
    raw: 'From: Bob <bob@example.net>\nSubject: t\n\nLine1\nLine2\n',
    more: { from: '', rcpts: ['zed@Example.com'], envelope: { clientIp: parseIp('2001:db8:1:2:3::4') } },
    body: 'rgbyx3nbhhccahx8sxde543',
    meta: 'rgmdqn6sef9kkgkuots4gxb',
  },
  {
    raw: 'From: Bob <bob@example.net>\nSubject: t\n',
    more: { envelope: { sender: undefined, clientIp: undefined }, rcpts: ['zed@Example.com'] },
    body: 'rgbau4ro5mebesgyd5a7xbm',
    meta: 'rgmh4rrhunqyu7bnwq8gyp4',
  },
])
  test(`a message of ${raw.length} bytes has the keys ${body} and ${meta}`, () => {
    const { task } = testTask({ raw: Buffer.from(raw), ...more });
    assert.deepEqual(greylistKeys(task, greylistOptions.parse({})), { body, meta });
  });

test('a store that fails, or is too slow, lets mail pass and turns greylist into no action', async () => {
  const gone = { get: () => Promise.reject(new StoreError('gone')) } as unknown as Store;
  const silent = { get: () => new Promise<never>(() => undefined) } as unknown as Store;
  for (const store of [gone, silent]) {
    const log: LogLine[] = [];
    const check = await buildCheck(greylist, { redis_timeout: 0.01 }, { store, log });
    assert.deepEqual(outcome(await check.run(mail(5))), untouched('no action'));
    assert.deepEqual(
      log.map(({ message }) => message),
      ['greylisting is left out'],
    );
    await check.close();
  }
});

test('mail that cannot be noted does not wait', async () => {
  const store = {
    get: async () => undefined,
    set: () => Promise.reject(new StoreError('full')),
  } as unknown as Store;
  const check = await buildCheck(greylist, {}, { store });
  assert.deepEqual(outcome(await check.run(mail(5))), untouched('no action'));
  await check.close();
});

test('an action that does not exist is refused', async () => {
  await assert.rejects(buildCheck(greylist, { action: 'shred' }, { store: {} as Store }), ConfigError);
});
