import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type BuiltCheck, buildCheck, type LogLine, type Way } from '../../../test/helpers/check-table.ts';
import { type StoreDriver, storeDrivers } from '../../../test/helpers/store-drivers.ts';
import { type FuzzyService, type Store, StoreError } from '../../core/index.ts';
import { fuzzyCheck } from './check.ts';

const words =
  'Dear friend we have found a wonderful opportunity for you and your family which will change everything about how you earn money at home every single day of the week without leaving your comfortable chair because our secret system was developed by experienced traders who want to share their fortune with honest people like you so please answer before midnight and send us the number of your account together with a copy of your passport and a small fee';

function mail(body: string, type = 'text/plain', subject = 'Hello'): string {
  return `From: a@example.com\nSubject: ${subject}\nMIME-Version: 1.0\nContent-Type: ${type}; charset=utf-8\n\n${body}\n`;
}

const spam = mail(words);
const likeSpam = mail(`Good evening Tom, ${words.replace('wonderful', 'great')}`, 'text/plain', 'Other');
const other = mail(words.split(' ').toSorted().join(' '));

const stockMap = {
  FUZZY_DENIED: { flag: 1, hits_limit: 20 },
  FUZZY_PROB: { flag: 2, hits_limit: 10 },
  FUZZY_WHITE: { flag: 3, hits_limit: 2 },
};
const own = (options: Readonly<Record<string, unknown>> = {}) => ({
  rule: { own: { fuzzy_map: stockMap, skip_unknown: true, mime_types: ['*'], ...options } },
});

const ways = ['inbound', 'authenticated', 'local'] as const;

interface Built {
  readonly check: BuiltCheck;
  readonly fuzzy: FuzzyService;
  symbols(raw: string, way?: Way): Promise<readonly string[]>;
  teach(
    raw: string,
    flag: number,
    weight: number,
    verb?: 'add' | 'delete',
  ): ReturnType<FuzzyService['teach']>;
}

async function build(
  t: TestContext,
  config: Readonly<Record<string, unknown>>,
  store: Store,
  log?: LogLine[],
): Promise<Built> {
  const check = await buildCheck(fuzzyCheck, config, { store, ...(log && { log }) });
  t.after(() => check.close());
  const fuzzy = check.services.fuzzy!;
  return {
    check,
    fuzzy,
    symbols: async (raw, way) => (await check.run({ raw, way })).symbols,
    teach: async (raw, flag, weight, verb = 'add') =>
      fuzzy.teach((await check.run({ raw })).task, { verb, flag, weight, skip: new Set() }),
  };
}

for (const [name, start] of storeDrivers()) {
  const open = async (t: TestContext): Promise<StoreDriver> => {
    const driver = await start();
    t.after(driver.close);
    return driver;
  };

  test(`on ${name} what is like reported content is recognised, in every direction`, async (t) => {
    const { store } = await open(t);
    const { symbols, teach, fuzzy } = await build(t, own(), store);
    for (const raw of [spam, likeSpam, other]) assert.deepEqual(await symbols(raw), []);
    assert.equal((await teach(spam, 1, 10)).kind, 'done');
    for (const way of ways) {
      assert.deepEqual(await symbols(spam, way), ['FUZZY_DENIED']);
      assert.deepEqual(await symbols(likeSpam, way), ['FUZZY_DENIED']);
      assert.deepEqual(await symbols(other, way), []);
      assert.deepEqual(await symbols(mail('Hi.'), way), []);
    }
    assert.deepEqual(await fuzzy.counts(), { own: 1 });
    assert.equal((await teach(likeSpam, 1, 0, 'delete')).kind, 'unknown');
    assert.equal((await teach(spam, 1, 0, 'delete')).kind, 'done');
    assert.deepEqual(await symbols(likeSpam), []);
  });

  test(`on ${name} each flag has its symbol, and a hash may have several`, async (t) => {
    const { store } = await open(t);
    const { symbols, teach, check } = await build(t, own(), store);
    for (const flag of [2, 3]) await teach(spam, flag, 5);
    assert.deepEqual(await symbols(spam), ['FUZZY_PROB', 'FUZZY_WHITE']);
    const { hits, task } = await check.run({ raw: spam });
    const digest = String(task.variables.get('fuzzy_hashes'));
    assert.match(digest, /^[0-9a-f]{128}$/);
    assert.deepEqual(
      hits.map(({ symbol, weight, options }) => [symbol, weight, options]),
      [
        ['FUZZY_PROB', Math.tanh((Math.E * 5) / 10), [`2:${digest.slice(0, 10)}:1.00:txt`]],
        ['FUZZY_WHITE', Math.tanh((Math.E * 5) / 2), [`3:${digest.slice(0, 10)}:1.00:txt`]],
      ],
    );
  });

  test(`on ${name} a hash can be deleted by its digest`, async (t) => {
    const { store } = await open(t);
    const { symbols, teach, fuzzy } = await build(t, own(), store);
    const answer = await teach(spam, 1, 10);
    assert.ok(answer.kind === 'done');
    assert.equal((await fuzzy.forget(2, answer.hashes)).kind, 'unknown');
    assert.deepEqual(await fuzzy.forget(1, answer.hashes), answer);
    assert.deepEqual(await symbols(spam), []);
    await assert.rejects(fuzzy.forget(1, ['abc']), { code: 'protocol' });
  });
}

const [[, startFirst]] = storeDrivers() as readonly [ReturnType<typeof storeDrivers>[number]];

async function openStore(t: TestContext): Promise<Store> {
  const driver = await startFirst();
  t.after(driver.close);
  return driver.store;
}

test('other flags have a symbol of their own, unless they are skipped', async (t) => {
  const store = await openStore(t);
  const taught = await build(t, own({ fuzzy_map: { LOCAL_SPAM: { flag: 11 } } }), store);
  await taught.teach(spam, 11, 10);
  assert.deepEqual(await taught.symbols(spam), ['LOCAL_SPAM']);
  const another = await build(t, own({ skip_unknown: false }), store);
  assert.deepEqual(await another.symbols(spam), ['FUZZY_UNKNOWN']);
  const named = await build(t, own({ skip_unknown: false, symbol: 'LOCAL_UNKNOWN' }), store);
  assert.deepEqual(await named.symbols(spam), ['LOCAL_UNKNOWN']);
  assert.deepEqual(await (await build(t, own(), store)).symbols(spam), []);
});

test('weights that were taken back count nothing', async (t) => {
  const { symbols, teach } = await build(t, own(), await openStore(t));
  await teach(spam, 1, 5);
  await teach(spam, 1, -5);
  assert.deepEqual(await symbols(spam), []);
});

test('what must not be taught is not, and what cannot be says so', async (t) => {
  const store = await openStore(t);
  const { teach } = await build(t, own({ read_only: true }), store);
  assert.deepEqual(await teach(spam, 1, 5), { kind: 'noRule' });
  const writable = await build(t, own(), store);
  assert.deepEqual(await writable.teach(spam, 77, 5), { kind: 'noRule' });
  assert.deepEqual(await writable.teach(mail('Hi.'), 1, 5), { kind: 'noHashes' });
  const { task } = await writable.check.run({ raw: spam });
  assert.deepEqual(
    await writable.fuzzy.teach(task, { verb: 'add', flag: 1, weight: 1, skip: new Set(['text']) }),
    { kind: 'noHashes' },
  );
});

test('the white list of addresses and the list of hashes leave mail alone', async (t) => {
  const store = await openStore(t);
  const { teach, check } = await build(t, { ...own(), whitelist: ['198.51.100.0/24'] }, store);
  const answer = await teach(spam, 1, 10);
  assert.ok(answer.kind === 'done');
  assert.deepEqual((await check.run({ raw: spam })).symbols, []);
  assert.deepEqual((await check.run({ raw: spam, way: 'local' })).symbols, ['FUZZY_DENIED']);
  const skipping = await build(t, own({ skip_hashes: answer.hashes }), store);
  assert.deepEqual(await skipping.symbols(spam), []);
});

const page = (site: string, text: string): string =>
  mail(
    `<html><body><div class="header"><a class="logo" href="https://${site}/">x</a></div><table><tr><td><p>${text}</p><p><a class="button" href="https://${site}/pay">Go</a></p></td></tr></table><div><p>bye</p></div></body></html>`,
    'text/html',
  );

test('HTML that is built like a known one is recognised, and a copy that leads elsewhere', async (t) => {
  const { symbols, teach, check } = await build(t, own({ html_shingles: true }), await openStore(t));
  await teach(page('shop.example', words), 1, 20);
  assert.deepEqual(await symbols(page('shop.example', words)), ['FUZZY_DENIED']);
  const text = words.split(' ').toSorted().join(' ');
  assert.deepEqual(await symbols(page('shop.example', text)), ['FUZZY_DENIED', 'FUZZY_HTML_WITHOUT_TEXT']);
  assert.deepEqual(await symbols(page('evil.example', text)), [
    'FUZZY_DENIED',
    'FUZZY_HTML_PHISHING',
    'FUZZY_HTML_WITHOUT_TEXT',
  ]);
  const { hits } = await check.run({ raw: page('evil.example', text) });
  assert.equal(hits[0]?.weight, Math.tanh(Math.E) * 0.3);
  const rows = '<tr><th><i>a</i></th></tr>'.repeat(9);
  const elsewhere = page('shop.example', words).replace('<table>', `<ul><li><table>${rows}`);
  assert.deepEqual(await symbols(elsewhere), ['FUZZY_DENIED', 'FUZZY_TEXT_WITHOUT_HTML']);
});

test('without a store mail goes on, and the log says so once a minute', async (t) => {
  const failing = new Proxy({} as Store, {
    get: () => async () => {
      throw new StoreError('no answer');
    },
  });
  const log: LogLine[] = [];
  const { symbols } = await build(t, own(), failing, log);
  for (let i = 0; i < 3; i++) assert.deepEqual(await symbols(spam), []);
  assert.deepEqual(
    log.filter(({ level }) => level === 'warn').map(({ message }) => message),
    ['the store with the hashes cannot be reached'],
  );
});

test('what is not supported or makes no sense is refused', async () => {
  const wrong = [
    { algorithm: 'siphash' },
    { algorithm: 'fasthash' },
    { learn_condition: 'return true' },
    { headers: ['Subject'] },
    { extensions: true },
    { servers: 'not a server' },
    { servers: 'localhost', encryption_key: 'short' },
    { encryption_key: 'icy63itbhhni8bq15ntp5n5symuixf73s1kpjh6skaq4e7nx5fiy' },
    { fuzzy_map: { A: { flag: 1 }, B: { flag: 1 } } },
    { fuzzy_map: { A: { flag: 256 } } },
    { typo: 1 },
  ];
  for (const options of wrong)
    await assert.rejects(
      buildCheck(fuzzyCheck, own(options), { store: {} as Store }),
      JSON.stringify(options),
    );
});
