import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { buildCheck, type CheckRun, type LogLine, runCheck } from '../../../test/helpers/check-table.ts';
import { type StoreDriver, storeDrivers } from '../../../test/helpers/store-drivers.ts';
import {
  type CheckServices,
  ConfigError,
  type FuzzyAnswer,
  type FuzzyLesson,
  type FuzzyService,
  type LearningService,
  type Store,
  StoreError,
  type Task,
} from '../../core/index.ts';
import { spamtrap } from './check.ts';

const shown = ({ hits, preResults }: CheckRun): string[] => [
  ...hits.map(({ symbol, options }) => `${symbol} ${options.join(' ')}`),
  ...preResults.map(({ action, message }) => `${action}: ${message}`),
];
const trap = 'trap@example.org';

for (const [name, start] of storeDrivers())
  describe(`spamtrap over ${name}`, () => {
    let driver: StoreDriver;
    before(async () => {
      driver = await start();
      await driver.store.set(`sptr_${trap}`, '1');
      await driver.store.set('sptr_@traps.example', '');
      await driver.store.set('own:a@example.org', 'x');
    });
    after(() => driver.close());

    const inMap = { map: ['/^trap-.*@example\\.org$/'] };
    const table: readonly {
      readonly way?: 'inbound' | 'authenticated' | 'local';
      readonly rcpts?: readonly string[];
      readonly config?: object;
      readonly gives: readonly string[];
    }[] = [
      { gives: [`SPAMTRAP ${trap}`] },
      { rcpts: ['Trap@Example.ORG'], gives: [`SPAMTRAP ${trap}`] },
      { rcpts: ['anybody@traps.example'], gives: ['SPAMTRAP traps.example'] },
      { rcpts: ['rcpt@example.org'], gives: [] },
      { rcpts: [], gives: [] },
      { way: 'authenticated', gives: [] },
      { way: 'local', gives: [] },
      { way: 'authenticated', config: { check_authed: true }, gives: [`SPAMTRAP ${trap}`] },
      { way: 'local', config: { check_local: true }, gives: [`SPAMTRAP ${trap}`] },
      { rcpts: [trap, 'rcpt@example.org'], gives: [] },
      {
        rcpts: ['rcpt@example.org', 'x@traps.example', trap],
        config: { allow_multiple_rcpts: true, action: 'reject' },
        gives: ['SPAMTRAP traps.example', `SPAMTRAP ${trap}`, 'reject: message rejected'],
      },
      { config: { action: 'accept' }, gives: [`SPAMTRAP ${trap}`, 'no action: message accepted'] },
      { config: { action: 'soft reject' }, gives: [`SPAMTRAP ${trap}`, 'soft reject: message not accepted'] },
      {
        config: { action: 'discard', message: 'trap ${rcpt}!' },
        gives: [`SPAMTRAP ${trap}`, `discard: trap ${trap}!`],
      },
      {
        rcpts: ['a@example.org'],
        config: { key_prefix: 'own:', symbol: 'TRAP' },
        gives: ['TRAP a@example.org'],
      },
      { rcpts: ['trap-1@example.org'], config: inMap, gives: ['SPAMTRAP trap-1@example.org'] },
      { config: inMap, gives: [] },
    ];
    for (const { way = 'inbound', rcpts = [trap], config = {}, gives } of table)
      test(`${way} mail to ${rcpts.join() || 'nobody'} with ${JSON.stringify(config)} gives ${gives.join() || 'nothing'}`, async () => {
        const run = await runCheck(
          spamtrap,
          { enabled: true, ...config },
          { way, rcpts },
          { store: driver.store },
        );
        assert.deepEqual(shown(run), gives);
      });
  });

test('it is off unless enabled', async () => {
  const check = await buildCheck(spamtrap, {}, { store: {} as Store });
  assert.deepEqual(check.units, []);
  await check.close();
});

test('a store that fails gives no symbol and a line of log', async () => {
  const store = { get: () => Promise.reject(new StoreError('gone')) } as unknown as Store;
  const log: LogLine[] = [];
  const run = await runCheck(
    spamtrap,
    { enabled: true, action: 'reject' },
    { rcpts: [trap] },
    { store, log },
  );
  assert.deepEqual(shown(run), []);
  assert.deepEqual(
    log.map(({ message }) => message),
    ['spam traps cannot be looked up'],
  );
});

/** Lessons that a trap gives, and what the log says of them. */
async function lessons(
  options: object,
  rcpt: string,
  services: CheckServices = {},
): Promise<{ readonly taught: readonly string[]; readonly log: readonly string[] }> {
  const taught: string[] = [];
  const log: LogLine[] = [];
  const learning = {
    learn: async (_task: Task, className: string | undefined, manner: string) => {
      taught.push(`${className} ${manner}`);
      return { kind: 'learned' };
    },
  } as unknown as LearningService;
  const fuzzy = {
    teach: async (_task: Task, { verb, flag, weight }: FuzzyLesson): Promise<FuzzyAnswer> => {
      taught.push(`${verb} ${flag} ${weight}`);
      return { kind: flag === 99 ? 'noRule' : 'noHashes' };
    },
  } as unknown as FuzzyService;
  const config = { enabled: true, map: [`/^${trap}$/`], ...options };
  await runCheck(spamtrap, config, { rcpts: [rcpt] }, { log, services: { learning, fuzzy, ...services } });
  return { taught, log: log.map(({ message }) => message) };
}

test('what a trap catches is learned if it is to be', async () => {
  const both = { learn_spam: true, learn_fuzzy: true };
  assert.deepEqual(await lessons(both, trap), { taught: ['spam bulk', 'add 1 10'], log: [] });
  assert.deepEqual(await lessons(both, 'rcpt@example.org'), { taught: [], log: [] });
  assert.deepEqual(await lessons({}, trap), { taught: [], log: [] });
  const own = { learn_fuzzy: true, fuzzy_flag: 99, fuzzy_weight: 3 };
  assert.deepEqual(await lessons(own, trap), { taught: ['add 99 3'], log: ['spam traps report nothing'] });
});

test('a trap without a teacher, or with one whose store is away, says so and goes on', async () => {
  const away = {
    teach: async () => {
      throw new StoreError('no answer');
    },
  } as unknown as FuzzyService;
  assert.deepEqual((await lessons({ learn_fuzzy: true }, trap, { fuzzy: away })).log, [
    'spam traps cannot teach',
  ]);
});

test('an action that does not exist is refused', async () => {
  const build = buildCheck(spamtrap, { enabled: true, action: 'shred' }, { store: {} as Store });
  await assert.rejects(build, ConfigError);
});
