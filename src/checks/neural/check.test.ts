import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type BuiltCheck,
  buildCheck,
  type CheckOptions,
  type LogLine,
  type TestMessage,
  type Way,
} from '../../../test/helpers/check-table.ts';
import { storeDrivers } from '../../../test/helpers/store-drivers.ts';
import { type CheckServices, type Hit, type Store, StoreError } from '../../core/index.ts';
import { neural } from './check.ts';

const spamWords = 'cheap watches luxury bargain discount casino winner jackpot prize voucher bonus gamble';
const hamWords =
  'meeting agenda quarterly budget colleague schedule project review invoice committee minutes draft';

function mail(words: string, number: number): string {
  // A word of its own keeps messages apart.
  return `From: a@example.com\nTo: b@example.org\nSubject: hi\nContent-Type: text/plain\n\n${words} number${number}\n`;
}

const quick = { min_learns: 4, watch_interval: 0.1 };

interface Trained {
  readonly check: BuiltCheck;
  readonly learning: NonNullable<CheckServices['secondLearning']>;
}

async function build(t: TestContext, options: CheckOptions, config: object = {}): Promise<Trained> {
  const check = await buildCheck(neural, { ...quick, ...config }, options);
  t.after(() => check.close());
  return { check, learning: check.services.secondLearning! };
}

async function taskOf(check: BuiltCheck, message: TestMessage) {
  return (await check.run(message)).task;
}

async function train({ check, learning }: Trained, each: number): Promise<void> {
  for (let number = 0; number < each; number++)
    for (const [className, words] of [
      ['spam', spamWords],
      ['ham', hamWords],
    ] as const) {
      const task = await taskOf(check, { raw: mail(words, number) });
      const { kind } = await learning.learn(task, className, 'careful');
      assert.ok(kind === 'learned' || kind === 'known', kind);
    }
}

/** Waits until what is expected happens: lessons are learned beside what is asked for. */
async function eventually(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await holds()) return;
    await sleep(50);
  }
  assert.fail('it never happened');
}

const symbolsOf = async ({ check }: Trained, words: string, way: Way = 'inbound') =>
  (await check.run({ raw: mail(words, 99), way })).symbols;

for (const [name, start] of storeDrivers()) {
  const open = async (t: TestContext): Promise<Store> => {
    const driver = await start();
    t.after(driver.close);
    return driver.store;
  };

  test(`on ${name} spam and ham are told apart once enough was learned, in every direction and process`, async (t) => {
    const store = await open(t);
    const trained = await build(t, { store });
    const other = await build(t, { store });
    await train(trained, 3);
    assert.deepEqual(await symbolsOf(trained, spamWords), []);
    await train(trained, 12);
    for (const one of [trained, other]) {
      await eventually(async () => (await symbolsOf(one, spamWords)).includes('NEURAL_SPAM'));
      for (const way of ['inbound', 'authenticated', 'local'] as const) {
        assert.deepEqual(await symbolsOf(one, spamWords, way), ['NEURAL_SPAM']);
        assert.deepEqual(await symbolsOf(one, hamWords, way), ['NEURAL_HAM']);
      }
    }
    const { hits } = await trained.check.run({ raw: mail(spamWords, 99) });
    assert.equal(hits.length, 1);
    assert.ok(hits[0]!.weight > 0 && hits[0]!.weight <= 1);
    assert.match(hits[0]!.options[0]!, /^[01]\.\d{3}$/);
    assert.ok(hits[0]!.options.some((option) => /^words \+\d\.\d$/.test(option)));
    await eventually(async () => (await other.learning.statistics()).every(({ learned }) => learned === 12));
    assert.deepEqual(
      (await other.learning.statistics()).map(({ symbol }) => symbol),
      ['NEURAL_HAM', 'NEURAL_SPAM'],
    );
  });

  test(`on ${name} lessons can be corrected and taken back, before they were learned and after`, async (t) => {
    const trained = await build(t, { store: await open(t) });
    const { check, learning } = trained;
    const task = await taskOf(check, { raw: mail(spamWords, 1) });
    const kinds = async (...classes: readonly (string | undefined)[]): Promise<readonly string[]> => {
      const found: string[] = [];
      for (const one of classes) found.push((await learning.learn(task, one, 'careful')).kind);
      return found;
    };
    const both = ['learned', 'known', 'moved', 'known', 'forgotten', 'unknown', 'learned'];
    assert.deepEqual(await kinds('spam', 'spam', 'ham', 'ham', undefined, undefined, 'spam'), both);
    await sleep(1000);
    assert.deepEqual(await kinds('ham', undefined), ['moved', 'forgotten']);
    await eventually(async () => (await learning.statistics()).every(({ learned }) => learned === 0));
    await assert.rejects(learning.learn(task, 'junk', 'careful'), /cannot find class with name junk/);
  });

  test(`on ${name} more lessons than are learned at once are all learned`, async (t) => {
    const trained = await build(t, { store: await open(t) });
    await train(trained, 150);
    await eventually(async () =>
      (await trained.learning.statistics()).every(({ learned }) => learned === 150),
    );
    await eventually(async () => (await symbolsOf(trained, hamWords)).includes('NEURAL_HAM'));
  });
}

const hits: readonly Hit[] = ['A', 'B', 'C'].map((name) => ({
  name,
  score: 10,
  weight: 1,
  options: [],
  groups: [],
})) as unknown as readonly Hit[];

type Lesson = readonly [
  title: string,
  config: object,
  score: number,
  ways: Readonly<Record<Way, string>>,
  header?: string,
];

const none: Readonly<Record<Way, string>> = { inbound: '', authenticated: '', local: '' };
const all = (what: string): Readonly<Record<Way, string>> => ({
  inbound: what,
  authenticated: what,
  local: what,
});
const on = { train: { autotrain: true } };

const lessons: readonly Lesson[] = [
  ['are not learned by default', {}, 30, none],
  ['of strangers are learned as spam when they were refused', on, 30, { ...none, inbound: 'spam' }],
  ['of strangers are learned as ham below zero', on, -3, { ...none, inbound: 'ham' }],
  ['between are not learned', on, 3, none],
  [
    'of local mail are learned when told so',
    { ...on, allow_local: true },
    30,
    { ...none, inbound: 'spam', local: 'spam' },
  ],
  [
    'of users are learned when told so',
    { autolearn: { enabled: true, exclude_users: false } },
    30,
    { inbound: 'spam', authenticated: 'spam', local: '' },
  ],
  [
    'have thresholds of their own',
    { train: { autotrain: true, spam_score: 40, ham_score: 31 } },
    30,
    { ...none, inbound: 'ham' },
  ],
  ['may all be left out', { train: { autotrain: true, train_prob: 0 } }, 30, none],
  ['of one class may be left out', { train: { autotrain: true, spam_skip_prob: 1 } }, 30, none],
  ['do not count where the client says what it is', {}, 30, all('ham'), 'ham'],
  ['are not learned by a frozen learner', { train: { autotrain: true, frozen: true } }, 30, none, 'ham'],
];

const [[, startFirst]] = storeDrivers() as readonly [ReturnType<typeof storeDrivers>[number]];

for (const [title, config, score, ways, header] of lessons) {
  test(`verdicts ${title}`, async (t) => {
    for (const way of ['inbound', 'authenticated', 'local'] as const) {
      const driver = await startFirst();
      t.after(driver.close);
      const { check, learning } = await build(t, { store: driver.store }, config);
      await check.run({
        raw: mail(spamWords, 1),
        way,
        ...(header !== undefined && { request: { 'ANN-Train': header } }),
        hits: hits.map((hit) => ({ ...hit, score: score / hits.length })),
      });
      const { spam = '0', ham = '0' } = await driver.store.hashGetAll('rn{online}1');
      const learned = [spam === '1' ? 'spam' : '', ham === '1' ? 'ham' : ''].join('');
      assert.equal(learned, ways[way], way);
      assert.equal(learning.classes.length, config === lessons.at(-1)![1] ? 0 : 2);
    }
  });
}

test('what Bayes has counted counts half', async (t) => {
  const driver = await startFirst();
  t.after(driver.close);
  const trained = await build(t, { store: driver.store });
  await train(trained, 20);
  await eventually(async () => (await symbolsOf(trained, spamWords)).includes('NEURAL_SPAM'));
  const weightWith = async (given: readonly Hit[]): Promise<number> => {
    const { hits: found } = await trained.check.run({ raw: mail(spamWords, 99), hits: given });
    return found.find(({ symbol }) => symbol === 'NEURAL_SPAM')!.weight;
  };
  const alone = await weightWith([]);
  const counted = { name: 'BAYES_SPAM', score: 0.2, weight: 1, options: [], groups: [] } as unknown as Hit;
  const together = await weightWith([counted]);
  assert.ok(together < alone, `${together} ${alone}`);
});

test('without a store mail goes on, and the log says so once', async (t) => {
  const failing = new Proxy({} as Store, {
    get: (_, property) =>
      property === 'driver'
        ? 'redis'
        : async () => {
            throw new StoreError('no answer');
          },
  });
  const log: LogLine[] = [];
  const { check } = await build(t, { store: failing, log });
  await sleep(400);
  assert.deepEqual((await check.run({ raw: mail(spamWords, 1) })).hits, []);
  assert.deepEqual(
    log.filter(({ level }) => level === 'warn').map(({ message }) => message),
    ['cannot fetch what was learned'],
  );
});

test('what is not supported is refused, and so are probabilities in the wrong order', async (t) => {
  const driver = await startFirst();
  t.after(driver.close);
  const wrong = [
    { train: { max_trains: 1000 } },
    { train: { learning_rate: 0.01 } },
    { train: { store_pool_only: true } },
    { spam_probability: 0.4 },
    { ham_probability: 0.6 },
    { spam_probability: 0.9, sure_spam_probability: 0.8 },
    { ham_probability: 0.1, sure_ham_probability: 0.2 },
  ];
  for (const config of wrong)
    await assert.rejects(buildCheck(neural, config, { store: driver.store }), JSON.stringify(config));
});
