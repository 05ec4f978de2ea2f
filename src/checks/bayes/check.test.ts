import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  type BuiltCheck,
  buildCheck,
  type CheckOptions,
  type LogLine,
  type TestMessage,
  type Way,
} from '../../../test/helpers/check-table.ts';
import { storeDrivers } from '../../../test/helpers/store-drivers.ts';
import { type Hit, type LearningService, type Store, StoreError } from '../../core/index.ts';
import { bayes } from './check.ts';

const spamWords = 'cheap watches luxury bargain discount casino winner jackpot prize voucher bonus gamble';
const hamWords =
  'meeting agenda quarterly budget colleague schedule project review invoice committee minutes draft';

function mail(words: string, number: number): string {
  // A word of its own keeps messages apart.
  return `From: a@example.com\nSubject: hi\nContent-Type: text/plain\n\n${words} number${number}\n`;
}

interface Trained {
  readonly check: BuiltCheck;
  readonly learning: LearningService;
}

async function build(
  t: TestContext,
  block: Readonly<Record<string, unknown>>,
  options: CheckOptions,
): Promise<Trained> {
  const check = await buildCheck(bayes, { bayes: [block] }, options);
  t.after(() => check.close());
  return { check, learning: check.services.learning! };
}

async function taskOf(check: BuiltCheck, message: TestMessage) {
  return (await check.run(message)).task;
}

async function train({ check, learning }: Trained, each: number, className = 'spam', words = spamWords) {
  for (let number = 0; number < each; number++) {
    const answer = await learning.learn(await taskOf(check, { raw: mail(words, number) }), className, 'bulk');
    assert.equal(answer.kind, 'learned');
  }
}

const small = { min_learns: 3 };

for (const [name, start] of storeDrivers()) {
  const open = async (t: TestContext): Promise<Store> => {
    const driver = await start();
    t.after(driver.close);
    return driver.store;
  };

  test(`on ${name} spam and ham are told apart once both were learned, in every direction`, async (t) => {
    const trained = await build(t, small, { store: await open(t) });
    const ask = async (words: string, way: Way): Promise<readonly string[]> =>
      (await trained.check.run({ raw: mail(words, 99), way })).symbols;
    await train(trained, 4);
    assert.deepEqual(await ask(spamWords, 'inbound'), []);
    await train(trained, 4, 'ham', hamWords);
    for (const way of ['inbound', 'authenticated', 'local'] as const) {
      assert.deepEqual(await ask(spamWords, way), ['BAYES_SPAM']);
      assert.deepEqual(await ask(hamWords, way), ['BAYES_HAM']);
      assert.deepEqual(
        await ask('nothing of all this was ever seen before by anybody here or there', way),
        [],
      );
      assert.deepEqual(await ask('short', way), []);
    }
    const { hits } = await trained.check.run({ raw: mail(spamWords, 99) });
    assert.equal(hits.length, 1);
    assert.ok(hits[0]!.weight > 0.9 && hits[0]!.weight <= 1);
    assert.match(hits[0]!.options[0]!, /^\d{2,3}\.\d{2}%$/);
    assert.deepEqual(await trained.learning.statistics(), [
      { symbol: 'BAYES_HAM', className: 'ham', learned: 4, store: name === 'Redis' ? 'redis' : 'lmdb' },
      { symbol: 'BAYES_SPAM', className: 'spam', learned: 4, store: name === 'Redis' ? 'redis' : 'lmdb' },
    ]);
  });

  test(`on ${name} learning can be corrected and taken back`, async (t) => {
    const trained = await build(t, small, { store: await open(t) });
    const { check, learning } = trained;
    const task = await taskOf(check, { raw: mail(spamWords, 1) });
    const kinds = async (...classes: readonly (string | undefined)[]): Promise<readonly string[]> => {
      const found: string[] = [];
      for (const one of classes) found.push((await learning.learn(task, one, 'careful')).kind);
      return found;
    };
    assert.deepEqual(await kinds('spam', 'spam', 'ham', 'ham', undefined, undefined, 'spam'), [
      'learned',
      'known',
      'moved',
      'known',
      'forgotten',
      'unknown',
      'learned',
    ]);
    assert.deepEqual(
      (await learning.statistics()).map(({ learned }) => learned),
      [0, 1],
    );
    assert.deepEqual(
      await learning.learn(await taskOf(check, { raw: mail('one two', 1) }), 'spam', 'careful'),
      {
        kind: 'few',
        tokens: (
          (await learning.learn(await taskOf(check, { raw: mail('one two', 1) }), 'spam', 'careful')) as {
            tokens: number;
          }
        ).tokens,
        bound: 11,
      },
    );
    await assert.rejects(learning.learn(task, 'junk', 'careful'), /cannot find class with name junk/);
  });

  test(`on ${name} what it is certain of is not learned again, but in bulk`, async (t) => {
    const trained = await build(t, small, { store: await open(t) });
    await train(trained, 6);
    await train(trained, 6, 'ham', hamWords);
    const task = await taskOf(trained.check, { raw: mail(spamWords, 50) });
    assert.equal((await trained.learning.learn(task, 'spam', 'careful')).kind, 'certain');
    assert.equal((await trained.learning.learn(task, 'spam', 'bulk')).kind, 'learned');
    assert.equal((await trained.learning.learn(task, 'ham', 'careful')).kind, 'moved');
  });

  test(`on ${name} there may be other classes, and databases for each user`, async (t) => {
    const trained = await build(
      t,
      {
        min_learns: 2,
        per_user: true,
        statfile: [
          { symbol: 'BAYES_SPAM', class: 'spam' },
          { symbol: 'BAYES_HAM', class: 'ham' },
          { symbol: 'BAYES_NEWS', class: 'news' },
        ],
      },
      { store: await open(t) },
    );
    await train(trained, 3);
    await train(trained, 3, 'ham', hamWords);
    await train(
      trained,
      3,
      'news',
      'weekly digest editors subscribe issue article column headline edition press reader story',
    );
    const raw = mail(
      'weekly digest editors subscribe issue article column headline edition press reader story',
      7,
    );
    assert.deepEqual((await trained.check.run({ raw })).symbols, ['BAYES_NEWS']);
    assert.deepEqual((await trained.check.run({ raw, rcpts: ['other@example.org'] })).symbols, []);
  });
}

test('listeners hear of what is learned, and of nothing else', async (t) => {
  const driver = await storeDrivers()[0]![1]();
  t.after(driver.close);
  const { check, learning } = await build(t, small, { store: driver.store });
  let heard = 0;
  learning.onLearned(() => heard++);
  const task = await taskOf(check, { raw: mail(spamWords, 1) });
  for (const one of ['spam', 'spam', 'ham', undefined]) await learning.learn(task, one, 'careful');
  assert.equal(heard, 2);
});

test('what was learned is remembered as the version of Rspamd has it that shares the database', async (t) => {
  const remembered = async (block: Readonly<Record<string, unknown>>) => {
    const driver = await storeDrivers()[0]![1]();
    t.after(driver.close);
    const { check, learning } = await build(t, { ...small, ...block }, { store: driver.store });
    const task = await taskOf(check, { raw: mail(spamWords, 1) });
    assert.equal((await learning.learn(task, 'ham', 'careful')).kind, 'learned');
    const prefix = 'cache_prefix' in block ? String(block['cache_prefix']) : 'learned_ids';
    const [[id = '', code] = []] = Object.entries(await driver.store.hashGetAll(prefix));
    // The other form of its name is known as well.
    await driver.store.delete(prefix);
    const other = await build(
      t,
      { ...small, cache_elt_len: id.length > 32 ? 32 : 0 },
      { store: driver.store },
    );
    assert.equal((await other.learning.learn(task, 'ham', 'careful')).kind, 'learned');
    return [id.length, code];
  };
  assert.deepEqual(await remembered({}), [32, 'ham']);
  assert.deepEqual(await remembered({ cache_elt_len: 0 }), [103, '-1']);
  assert.deepEqual(await remembered({ cache_prefix: 'mine', cache_elt_len: 20 }), [20, 'ham']);
});

test('which fields of the header count is configured', async (t) => {
  const driver = await storeDrivers()[0]![1]();
  t.after(driver.close);
  const of = async (headers: readonly string[], mailer: string): Promise<number> => {
    const { check, learning } = await build(t, small, {
      store: driver.store,
      global: {
        statistics: { headers, hasImages: true, hasMimeInfo: true, hasUrls: true, hasMeta: true },
      },
    });
    const raw = `X-Mailer: ${mailer}\n${mail(spamWords, 1)}`;
    return (await learning.learn(await taskOf(check, { raw }), 'spam', 'bulk')).kind === 'known' ? 0 : 1;
  };
  assert.deepEqual(
    [await of(['X-Mailer'], 'a'), await of(['X-Mailer'], 'b'), await of(['X-Mailer'], 'b')],
    [1, 1, 0],
  );
  assert.deepEqual([await of([], 'c'), await of([], 'd')], [1, 0]);
});

test('in a Redis Cluster it is refused where it is asked for, and else off', async () => {
  const store = { driver: 'redis', isCluster: true } as unknown as Store;
  await assert.rejects(buildCheck(bayes, { bayes: [{}] }, { store }), /Redis Cluster: the pairs of words/);
  const check = await buildCheck(bayes, {}, { store });
  assert.equal(check.services.learning, undefined);
  await check.close();
});

const hits: readonly Hit[] = ['A', 'B', 'C'].map((name) => ({
  name,
  score: 10,
  weight: 1,
  options: [],
  groups: [],
})) as unknown as readonly Hit[];

type Autolearning = readonly [
  title: string,
  block: Readonly<Record<string, unknown>>,
  score: number,
  ways: Readonly<Record<Way, string>>,
];

const none: Readonly<Record<Way, string>> = { inbound: '', authenticated: '', local: '' };
const inbound = (what: string): Readonly<Record<Way, string>> => ({ ...none, inbound: what });
const all = (what: string): Readonly<Record<Way, string>> => ({
  inbound: what,
  authenticated: what,
  local: what,
});

const autolearnings: readonly Autolearning[] = [
  ['is off by default', {}, 30, none],
  ['true learns spam above the threshold to reject, not outbound', { autolearn: true }, 30, inbound('spam')],
  ['true learns ham below zero', { autolearn: true }, -1, inbound('ham')],
  ['true learns nothing between', { autolearn: true }, 10, none],
  ['outbound mail is learned when told so', { autolearn: true, autolearn_outbound: true }, 30, all('spam')],
  ['two scores are limits, ham', { autolearn: [2, 8] }, 1, inbound('ham')],
  ['two scores are limits, spam', { autolearn: [8, 2] }, 9, inbound('spam')],
  ['two scores are limits, between', { autolearn: [2, 8] }, 5, none],
  [
    'classes have ranges',
    { autolearn: { multiclass: { thresholds: { ham: [-9, 0], spam: [8, 99] } } } },
    20,
    inbound('spam'),
  ],
  ['conditions ask for a queue', { autolearn: { learn_verdict: true, require_queue_id: true } }, 30, none],
  [
    'conditions may name local mail',
    { autolearn: { learn_verdict: true, require_queue_id: false, check_local: true } },
    30,
    { inbound: 'spam', authenticated: '', local: 'spam' },
  ],
  [
    'thresholds hold besides the verdict',
    { autolearn: { spam_threshold: 40, ham_threshold: -5, require_queue_id: false } },
    30,
    none,
  ],
  [
    'one class may not outgrow the other',
    { autolearn: { learn_verdict: true, require_queue_id: false, check_balance: true, min_balance: 1 } },
    30,
    inbound('spam'),
  ],
];

const [[, startFirst]] = storeDrivers() as readonly [ReturnType<typeof storeDrivers>[number]];

for (const [title, block, score, ways] of autolearnings) {
  test(`autolearn: ${title}`, async (t) => {
    for (const way of ['inbound', 'authenticated', 'local'] as const) {
      const driver = await startFirst();
      t.after(driver.close);
      const { check } = await build(t, { ...small, ...block }, { store: driver.store });
      const share = score / hits.length;
      await check.run({
        raw: mail(spamWords, 1),
        way,
        envelope: { queueId: undefined },
        hits: hits.map((hit) => ({ ...hit, score: share })),
      });
      const { version: _, ...learned } = await driver.store.hashGetAll('RS');
      assert.deepEqual(learned, ways[way] === '' ? {} : { [`learns_${ways[way]}`]: '1' }, way);
    }
  });
}

test('without a store mail goes on, and the log says so', async (t) => {
  const failing = new Proxy({} as Store, {
    get: () => async () => {
      throw new StoreError('no answer');
    },
  });
  const log: LogLine[] = [];
  const { check } = await build(t, { autolearn: true }, { store: failing, log });
  const run = await check.run({
    raw: mail(spamWords, 1),
    hits: hits.map((hit) => ({ ...hit, score: 10 })),
  });
  assert.deepEqual(run.hits, []);
  assert.deepEqual(
    log.filter(({ level }) => level === 'warn').map(({ message }) => message),
    ['cannot judge by words', 'cannot learn by itself'],
  );
});

test('what is not supported is refused', async () => {
  const wrong = [
    { new_schema: false },
    { backend: 'sqlite3' },
    { store_tokens: true },
    { per_language: true },
    { languages_enabled: true },
    { cache_max_elt: 0 },
    { tokenizer: { window: 9 } },
    { learn_condition: 'other' },
    { autolearn: { unknown: 1 } },
    {
      statfile: [
        { symbol: 'A', spam: true },
        { symbol: 'B', spam: true },
      ],
    },
  ];
  for (const block of wrong)
    await assert.rejects(buildCheck(bayes, { bayes: [block] }), JSON.stringify(block));
  await assert.rejects(buildCheck(bayes, { bayes: [{}, {}] }), /one classifier only/);
});
