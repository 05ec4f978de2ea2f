import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import {
  type BuiltCheck,
  buildCheck,
  type CheckRun,
  type LogLine,
  type TestMessage,
  type Way,
} from '../../../test/helpers/check-table.ts';
import { type StoreDriver, storeDrivers } from '../../../test/helpers/store-drivers.ts';
import { addressHash, ConfigError, replySetKeys, type Store, StoreError } from '../../core/index.ts';
import { hideText } from '../../lib/index.ts';
import { replies } from './check.ts';

const startedMs = 1_700_000_000_000;

/** A message of Alice's that goes out. */
const sent = (more: TestMessage = {}, headers: readonly string[] = []): TestMessage => ({
  way: 'authenticated',
  from: 'alice@example.com',
  rcpts: ['bob@example.net'],
  raw: ['From: Alice <Alice@Example.com>', 'Message-ID: <out-1@example.com>', ...headers, '', 'Hi', ''].join(
    '\n',
  ),
  startedMs,
  ...more,
});

/** Bob's answer to it. */
const answer = (more: TestMessage = {}, inReplyTo = 'In-Reply-To: <out-1@example.com>'): TestMessage => ({
  from: 'bob@example.net',
  rcpts: ['alice@example.com'],
  raw: ['From: Bob <bob@example.net>', 'Message-ID: <in-1@example.net>', inReplyTo, '', 'Hi', ''].join('\n'),
  startedMs,
  ...more,
});

for (const [name, start] of storeDrivers())
  describe(`replies over ${name}`, () => {
    let driver: StoreDriver;
    const open: BuiltCheck[] = [];
    let round = 0;
    const build = async (config: object = {}, log: LogLine[] = []): Promise<BuiltCheck> => {
      const whole = { key_prefix: `T${round}`, sender_prefix: `S${round}`, ...config };
      const check = await buildCheck(replies, whole, { store: driver.store, log });
      open.push(check);
      return check;
    };
    before(async () => {
      driver = await start();
    });
    beforeEach(() => {
      round++;
    });
    after(async () => {
      for (const check of open) await check.close();
      await driver.close();
    });

    const table: readonly {
      readonly what: string;
      readonly first: TestMessage | undefined;
      readonly reply: TestMessage;
      readonly config?: object;
      readonly symbols: readonly string[];
    }[] = [
      { what: 'an answer to mail with a login', first: sent(), reply: answer(), symbols: ['REPLY'] },
      { what: 'an answer to local mail', first: sent({ way: 'local' }), reply: answer(), symbols: ['REPLY'] },
      {
        what: 'an answer to mail that came in',
        first: sent({ way: 'inbound' }),
        reply: answer(),
        symbols: [],
      },
      { what: 'an answer to nothing', first: undefined, reply: answer(), symbols: [] },
      {
        what: 'an answer with a login itself',
        first: sent(),
        reply: answer({ way: 'authenticated' }),
        symbols: ['REPLY'],
      },
      {
        what: 'an answer from a local address',
        first: sent(),
        reply: answer({ way: 'local' }),
        symbols: ['REPLY'],
      },
      {
        what: 'mail with a login, with use_auth = false,',
        first: sent(),
        reply: answer(),
        config: { use_auth: false },
        symbols: [],
      },
      {
        what: 'local mail, with use_local = false,',
        first: sent({ way: 'local' }),
        reply: answer(),
        config: { use_local: false },
        symbols: [],
      },
      {
        what: 'an answer to somebody else',
        first: sent(),
        reply: answer({ rcpts: ['carol@example.com'] }),
        symbols: [],
      },
      {
        what: 'an answer to Alice and somebody else',
        first: sent(),
        reply: answer({ rcpts: ['alice@example.com', 'carol@example.com'] }),
        symbols: [],
      },
      { what: 'an answer without recipients', first: sent(), reply: answer({ rcpts: [] }), symbols: [] },
      {
        what: 'an answer to the address in capitals',
        first: sent(),
        reply: answer({ rcpts: ['ALICE@EXAMPLE.COM'] }),
        symbols: ['REPLY'],
      },
      {
        what: 'an answer to the Reply-To',
        first: sent({}, ['Reply-To: Team <team@example.com>, other@example.com']),
        reply: answer({ rcpts: ['team@example.com'] }),
        symbols: ['REPLY'],
      },
      {
        what: 'an answer to a message with an empty Reply-To',
        first: sent({}, ['Reply-To: ']),
        reply: answer(),
        symbols: [],
      },
      {
        what: 'an answer to an envelope sender, where there is no From,',
        first: { ...sent(), raw: 'Message-ID: <out-1@example.com>\n\nHi\n' },
        reply: answer(),
        symbols: ['REPLY'],
      },
      {
        what: 'an answer with a folded In-Reply-To',
        first: sent(),
        reply: answer({}, 'In-Reply-To:\n  <out-1@example.com>'),
        symbols: ['REPLY'],
      },
      {
        what: 'an answer with an empty In-Reply-To',
        first: sent(),
        reply: answer({}, 'In-Reply-To: '),
        symbols: [],
      },
      {
        what: 'an answer to a Message-ID that is too short',
        first: sent(),
        reply: answer(),
        config: { min_message_id: 19 },
        symbols: [],
      },
      {
        what: 'an answer under a name and a score of the operator',
        first: sent(),
        reply: answer(),
        config: { symbol: 'ANSWERED', score: -1 },
        symbols: ['ANSWERED'],
      },
    ];
    for (const { what, first, reply, config, symbols } of table)
      test(`${what} gives ${symbols.join() || 'no symbol'}`, async () => {
        const check = await build(config);
        if (first) assert.deepEqual((await check.run(first)).symbols, []);
        const run = await check.run(reply);
        assert.deepEqual(run.symbols, symbols);
        for (const hit of run.hits) assert.deepEqual([hit.weight, hit.options], [1, []]);
        assert.deepEqual(run.preResults, []);
      });

    const forced = async (way: Way): Promise<CheckRun> => {
      const check = await build({ action: 'no action' });
      await check.run(sent());
      return await check.run(answer({ way }));
    };
    test('an action is forced on replies from outside', async () => {
      assert.deepEqual((await forced('inbound')).preResults, [
        {
          action: 'no action',
          message: 'Message is reply to one we originated',
          module: 'replies',
          priority: 0,
          isLeast: false,
          processAll: false,
        },
      ]);
    });
    for (const way of ['authenticated', 'local'] as const)
      test(`no action is forced on replies of ours (${way})`, async () => {
        const run = await forced(way);
        assert.deepEqual([run.symbols, run.preResults], [['REPLY'], []]);
      });

    test('a message can be answered until it expires', async () => {
      const check = await build({ expire: 0.2 });
      await check.run(sent());
      assert.deepEqual((await check.run(answer())).symbols, ['REPLY']);
      await driver.pass(250);
      assert.deepEqual((await check.run(answer())).symbols, []);
    });

    test('the keys are those of Rspamd', async () => {
      const check = await build({ key_prefix: 'rr', sender_prefix: 'rsrk' });
      await check.run(sent({}, []));
      const raw = 'From: Alice <Alice@Example.com>\nMessage-ID: <abc-123@example.com>\n\nHi\n';
      await check.run(sent({ raw }));
      assert.equal(await driver.store.get('rr1559jg891owahpwb6uc8'), 'jgdqy6no');
      await check.run(answer({ rcpts: ['Alice@example.com'] }, 'In-Reply-To: <abc-123@example.com>'));
      assert.deepEqual(await driver.store.sortedRange(addressHash('bob@example.net'), 0, -1), [
        { member: 'Alice@example.com', score: startedMs / 1000 },
      ]);
    });

    test('full sets lose the oldest and the least answered, never the newest', async () => {
      const check = await build({ max_local_size: 2, max_global_size: 2, sender_key_size: 4 });
      const exchange = async (address: string, seconds: number): Promise<void> => {
        const raw = `From: ${address}\nMessage-ID: <${address}>\n\nHi\n`;
        await check.run(sent({ raw, from: address }));
        const reply = answer(
          { rcpts: [address], startedMs: startedMs + seconds * 1000 },
          `In-Reply-To: <${address}>`,
        );
        const from = `From: robot${round}@example.net`;
        assert.deepEqual(
          (await check.run({ ...reply, raw: String(reply.raw).replace(/^From: .*/, from) })).symbols,
          ['REPLY'],
        );
      };
      for (const [seconds, user] of ['a', 'b', 'a', 'c'].entries())
        await exchange(`${user}${round}@example.com`, seconds);
      const keys = replySetKeys(
        replies.config.parse({ sender_prefix: `S${round}`, sender_key_size: 4 }) as Parameters<
          typeof replySetKeys
        >[0],
      );
      const members = async (key: string) => await driver.store.sortedRange(key, 0, -1);
      assert.deepEqual(await members(addressHash(`robot${round}@example.net`)), [
        { member: `a${round}@example.com`, score: startedMs / 1000 + 2 },
        { member: `c${round}@example.com`, score: startedMs / 1000 + 3 },
      ]);
      assert.deepEqual(await members(keys.global), [
        { member: `c${round}@example.com`, score: 1 },
        { member: `a${round}@example.com`, score: 2 },
      ]);
    });

    test('with privacy a digest of the sender makes the key of its set', async () => {
      const check = await build({ reply_sender_privacy: true, reply_sender_privacy_length: 12 });
      await check.run(sent({ from: `p${round}@example.com` }));
      const reply = answer();
      const sender = `private${round}@example.net`;
      await check.run({ ...reply, raw: String(reply.raw).replace('bob@example.net', sender) });
      const hidden = hideText(sender, { hash: 'blake2', prefix: 'obf', length: 12 });
      assert.equal((await driver.store.sortedRange(addressHash(hidden), 0, -1)).length, 1);
      assert.equal((await driver.store.sortedRange(addressHash(sender), 0, -1)).length, 0);
    });
  });

describe('replies with cookies', () => {
  const key = '0123456789abcdef0123456789abcdef';
  const madeAt = 1_795_365_565;
  const cookie = '6cor7qgRCYaUcDlovRoDa5ifctET6+GVez7IHAGdyDo=';
  const nothingStored = { get: async () => undefined, set: async () => undefined } as unknown as Store;
  const run = async (config: object, ageSeconds: number, more: TestMessage = {}): Promise<CheckRun> => {
    const check = await buildCheck(
      replies,
      { cookie: 'mycookie1234567', cookie_key: key, ...config },
      { store: nothingStored },
    );
    try {
      const message = answer(
        { startedMs: (madeAt + ageSeconds) * 1000, ...more },
        `In-Reply-To: <${cookie}@example.com>`,
      );
      return await check.run(message);
    } finally {
      await check.close();
    }
  };
  const table = [
    { config: {}, age: 10, options: [`cookie:${madeAt}`] },
    {
      config: { cookie_is_pattern: true, cookie: '^mycookie(%d+)$' },
      age: 10,
      options: [`cookie:1234567:${madeAt}`],
    },
    { config: { cookie_is_pattern: true, cookie: '%a+' }, age: 10, options: [`cookie:mycookie:${madeAt}`] },
    { config: { cookie_is_pattern: true, cookie: '^%d+$' }, age: 10, options: undefined },
    { config: { cookie: 'other' }, age: 10, options: undefined },
    { config: {}, age: -10, options: undefined },
    { config: { cookie_valid_time: 100 }, age: 101, options: undefined },
    { config: {}, age: 1_209_000, options: [`cookie:${madeAt}`] },
    { config: {}, age: 1_210_000, options: undefined },
  ];
  for (const { config, age, options } of table)
    test(`with ${JSON.stringify(config)} after ${age} s a cookie gives ${options?.join() ?? 'nothing'}`, async () => {
      const { hits } = await run(config, age);
      assert.deepEqual(hits, options ? [{ symbol: 'REPLY', weight: 1, options }] : []);
    });

  test('an action is forced for a cookie too, but not on outbound mail', async () => {
    assert.equal((await run({ action: 'accept' }, 10)).preResults[0]?.action, 'no action');
    assert.deepEqual((await run({ action: 'accept' }, 10, { way: 'local' })).preResults, []);
  });
});

test('a store that fails gives no symbol, and a line of log for each message', async () => {
  const broken = {
    get: () => Promise.reject(new StoreError('gone')),
    set: () => Promise.reject(new StoreError('gone')),
  } as unknown as Store;
  const log: LogLine[] = [];
  const check = await buildCheck(replies, {}, { store: broken, log });
  assert.deepEqual((await check.run(sent())).symbols, []);
  assert.deepEqual((await check.run(answer())).symbols, []);
  assert.deepEqual(
    log.map(({ level, message }) => [level, message]),
    [
      ['warn', 'cannot note a Message-ID'],
      ['warn', 'cannot look for the message that is answered'],
    ],
  );
  await check.close();
});

for (const [config, message] of [
  [{ cookie: 'x' }, /cookie_key: there is a cookie, but no key/],
  [{ cookie_key: '0123456789abcdef0123456789abcdef' }, /cookie: there is a cookie_key, but no cookie/],
  [
    { cookie: '%b()', cookie_is_pattern: true, cookie_key: '0123456789abcdef0123456789abcdef' },
    /cookie: the pattern cannot be used: %b/,
  ],
  [{ action: 'shred' }, /action: there is no action "shred"/],
] as const)
  test(`${JSON.stringify(config)} is refused`, async () => {
    await assert.rejects(buildCheck(replies, config, { store: {} as Store }), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, message);
      return true;
    });
  });
