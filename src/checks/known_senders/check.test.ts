import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import {
  type BuiltCheck,
  buildCheck,
  type CheckRun,
  type LogLine,
  type TestMessage,
} from '../../../test/helpers/check-table.ts';
import { type StoreDriver, storeDrivers } from '../../../test/helpers/store-drivers.ts';
import { replySetKeys, type Store, StoreError, type StoreProcedure } from '../../core/index.ts';
import { knownSenders } from './check.ts';

const startMs = 1_700_000_000_000;
let nowMs = startMs;

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
const shown = ({ hits }: CheckRun): string[] =>
  hits.map(({ symbol, options }) => [symbol, ...options].join(' ')).sort();

const mail = (from: string, envelopeFrom = from, more: TestMessage = {}): TestMessage => ({
  from: envelopeFrom,
  rcpts: ['alice@example.com'],
  raw: `From: Somebody <${from}>\nSubject: x\n\nHi\n`,
  ...more,
});

/** Puts members into a set, as `replies` does. */
const add: StoreProcedure<readonly string[], void> = {
  name: 'test_add',
  apply: (tx, [key = ''], members) => {
    for (const member of members) tx.sortedAdd(key, member, 1);
  },
  lua: `for _, member in ipairs(ARGV) do redis.call('ZADD', KEYS[1], 1, member) end return 1`,
  parse() {},
};

test('it is off unless enabled', async () => {
  const check = await buildCheck(knownSenders, {}, { store: {} as Store });
  assert.deepEqual(check.units, []);
  await check.close();
});

test('bloom filters are refused, no bloom filters are not', () => {
  assert.equal(knownSenders.config.safeParse({ use_bloom: true }).success, false);
  assert.equal(knownSenders.config.safeParse({ use_bloom: false }).success, true);
});

for (const [name, start] of storeDrivers())
  describe(`known_senders over ${name}`, () => {
    let driver: StoreDriver;
    const open: BuiltCheck[] = [];
    let round = 0;
    const build = async (config: object = {}): Promise<BuiltCheck> => {
      const whole = {
        enabled: true,
        domains: ['freemail.example'],
        redis_key: `known${round}`,
        sender_prefix: `S${round}`,
        ...config,
      };
      const check = await buildCheck(knownSenders, whole, { store: driver.store, now: () => nowMs });
      open.push(check);
      return check;
    };
    before(async () => {
      driver = await start();
    });
    beforeEach(() => {
      round++;
      nowMs = startMs;
    });
    after(async () => {
      for (const check of open) await check.close();
      await driver.close();
    });

    const bob = 'bob@freemail.example';
    const table: readonly {
      readonly what: string;
      readonly message: TestMessage;
      readonly first: readonly string[];
      readonly second: readonly string[];
      readonly config?: object;
    }[] = [
      ...(['inbound', 'authenticated', 'local'] as const).map((way) => ({
        what: `${way} mail of a freemail sender`,
        message: mail(bob, bob, { way }),
        first: [`UNKNOWN_SENDER mime:${md5(bob)}`],
        second: [`KNOWN_SENDER mime:${md5(bob)}`],
      })),
      { what: 'mail of another domain', message: mail('bob@example.net'), first: [], second: [] },
      {
        what: 'mail whose two senders differ',
        message: mail(bob, 'list@freemail.example'),
        first: [`UNKNOWN_SENDER mime:${md5(bob)}`, `UNKNOWN_SENDER smtp:${md5('list@freemail.example')}`],
        second: [`KNOWN_SENDER mime:${md5(bob)}`, `KNOWN_SENDER smtp:${md5('list@freemail.example')}`],
      },
      {
        what: 'mail with a freemail envelope sender',
        message: mail('bob@example.net', bob),
        first: [`UNKNOWN_SENDER smtp:${md5(bob)}`],
        second: [`KNOWN_SENDER smtp:${md5(bob)}`],
      },
      {
        what: 'a bounce',
        message: mail(bob, ''),
        first: [`UNKNOWN_SENDER mime:${md5(bob)}`],
        second: [`KNOWN_SENDER mime:${md5(bob)}`],
      },
      {
        what: 'with names of the operator mail',
        message: mail(bob),
        config: { symbol: 'SEEN', symbol_unknown: '' },
        first: [],
        second: [`SEEN mime:${md5(bob)}`],
      },
    ];
    for (const { what, message, first, second, config } of table)
      test(`${what} gives ${first.join() || 'nothing'}, then ${second.join() || 'nothing'}`, async () => {
        const check = await build(config);
        assert.deepEqual(shown(await check.run(message)), first);
        assert.deepEqual(shown(await check.run(message)), second);
      });

    test('a sender is forgotten when it was not seen for max_ttl, counted from its last message', async () => {
      const check = await build({ max_ttl: 100, symbol_unknown: '' });
      const isKnown = async (): Promise<boolean> => (await check.run(mail(bob))).symbols.length > 0;
      assert.equal(await isKnown(), false);
      nowMs += 90_000;
      assert.equal(await isKnown(), true);
      nowMs += 90_000;
      assert.equal(await isKnown(), true);
      nowMs += 101_000;
      assert.equal(await isKnown(), false);
    });

    test('beyond max_senders those go that were not seen for longest', async () => {
      const check = await build({ max_senders: 2, symbol_unknown: '' });
      const see = async (user: string): Promise<boolean> => {
        nowMs += 1000;
        return (await check.run(mail(`${user}@freemail.example`))).symbols.length > 0;
      };
      for (const user of ['a', 'b', 'a', 'c']) await see(user);
      assert.deepEqual([await see('a'), await see('b')], [true, false]);
    });

    test('very many senders are remembered all the same', async () => {
      const check = await build({ symbol_unknown: '' });
      const users = Array.from({ length: 50 }, (_, index) => mail(`user${index}@freemail.example`));
      for (const message of users) assert.deepEqual((await check.run(message)).symbols, []);
      for (const message of users) assert.deepEqual((await check.run(message)).symbols, ['KNOWN_SENDER']);
    });

    const keysOfRound = () =>
      replySetKeys(
        knownSenders.config.parse({ sender_prefix: `S${round}` }) as Parameters<typeof replySetKeys>[0],
      );

    test('a sender whom somebody answered is known globally', async () => {
      const check = await build();
      await driver.store.run(add, [keysOfRound().global], ['Alice@example.com']);
      assert.deepEqual(shown(await check.run(mail('alice@example.com'))), [
        'INC_MAIL_KNOWN_GLOBALLY alice@example.com',
      ]);
      assert.deepEqual(shown(await check.run(mail('carol@example.com'))), []);
    });

    test('a sender who answered one of the recipients is known locally', async () => {
      const check = await build({ max_recipients: 2 });
      const sender = `friend${round}@example.net`;
      const key = keysOfRound().ofSender(sender);
      await driver.store.run(add, [key], ['alice@example.com']);
      const to = (...rcpts: string[]): TestMessage => mail(sender, sender, { rcpts });
      const local = [`INC_MAIL_KNOWN_LOCALLY ${key}`];
      assert.deepEqual(shown(await check.run(to('alice@example.com'))), local);
      assert.deepEqual(shown(await check.run(to('x@example.com', 'Alice@Example.com'))), local);
      assert.deepEqual(shown(await check.run(to('x@example.com', 'y@example.com', 'alice@example.com'))), []);
      assert.deepEqual(shown(await check.run(to())), []);
    });

    test('without domains only the sets of replies are asked', async () => {
      const check = await build({ domains: undefined });
      assert.equal(check.units.length, 1);
      assert.deepEqual(shown(await check.run(mail(bob))), []);
    });

    if (name === 'Redis')
      test('the set is the one of Rspamd: MD5 and seconds under one key', async () => {
        const check = await build();
        await check.run(mail(bob));
        assert.deepEqual(await driver.store.sortedRange(`known${round}`, 0, -1), [
          { member: md5(bob), score: startMs / 1000 },
        ]);
      });
  });

test('a store that fails gives no symbol and no error', async () => {
  const fail = () => Promise.reject(new StoreError('gone'));
  const store = { driver: 'redis', sortedRange: fail, run: fail } as unknown as Store;
  const log: LogLine[] = [];
  const config = { enabled: true, domains: ['freemail.example'] };
  const check = await buildCheck(knownSenders, config, { store, log });
  assert.deepEqual((await check.run(mail('bob@freemail.example'))).symbols, []);
  assert.deepEqual(
    log.filter(({ level }) => level === 'warn').map(({ message }) => message),
    ['known senders cannot be looked up', 'known senders cannot be looked up'],
  );
  await check.close();
});
