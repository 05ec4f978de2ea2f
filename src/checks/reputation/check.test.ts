import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import {
  buildCheck,
  type CheckOptions,
  type LogLine,
  noMetrics,
  recordingLog,
  runCheck,
  type TestMessage,
  type Way,
} from '../../../test/helpers/check-table.ts';
import { startDnsServer } from '../../../test/helpers/dns-server.ts';
import { startLmdbDriver, storeDrivers } from '../../../test/helpers/store-drivers.ts';
import type { DkimOutcome, Hit, Store } from '../../core/index.ts';
import { StoreError } from '../../core/index.ts';
import { createResolver } from '../../dns/index.ts';
import { parseIp } from '../../lib/index.ts';
import { readAverage, updateAverage, weightOf } from './average.ts';
import { readListed } from './backend.ts';
import { reputation } from './check.ts';

const nowMs = 1_700_000_000_000;
const days = 86_400;

type Rule = Readonly<Record<string, unknown>>;
const redis = { redis: {} };

async function embedded(t: TestContext): Promise<Store> {
  const driver = await startLmdbDriver();
  t.after(driver.close);
  return driver.store;
}

/** What is known before the message comes: average by key. */
async function know(store: Store, averages: Readonly<Record<string, number>>, count = 20): Promise<void> {
  for (const [key, value] of Object.entries(averages))
    await store.hashSet(key, { v1m: value, l: nowMs, n: count });
}

const run = (rule: Rule, message: TestMessage, options: CheckOptions) =>
  runCheck(reputation, { rules: { mine: { backend: redis, ...rule } } }, message, options);

const bad = weightOf({ value: 15, count: 20 }, 15);
const good = weightOf({ value: -5, count: 20 }, 15);

test('without rules there is nothing to run', async () => {
  assert.deepEqual((await buildCheck(reputation, {})).units, []);
  assert.deepEqual(
    (await buildCheck(reputation, { rules: { a: { enabled: false, selector: 'ip' } } })).units,
    [],
  );
});

test('the weight is that of the formula', () => {
  assert.equal(weightOf({ value: 15, count: 1 }, 15).toFixed(4), '0.8571');
  assert.equal(weightOf({ value: 0, count: 1 }, 15).toFixed(4), '-0.5000');
  assert.ok(Math.abs(weightOf({ value: 4.49805, count: 1 }, 15)) < 0.001);
});

const all: readonly Way[] = ['inbound', 'authenticated', 'local'];
const senderKeys: Readonly<Record<Way, string>> = {
  inbound: 'RR:i:198.51.100.7',
  authenticated: 'RR:i:198.51.100.8',
  local: 'RR:i:10.1.2.3',
};
const directions: readonly (readonly [Record<string, unknown>, readonly Way[]])[] = [
  [{}, ['inbound']],
  [{ outbound: true }, all],
  [{ outbound: true, inbound: false }, ['authenticated', 'local']],
  [{ inbound: false }, []],
];
for (const [options, ways] of directions) {
  test(`the sender's address with ${JSON.stringify(options)} concerns ${ways.join(', ') || 'nothing'}`, async (t) => {
    const store = await embedded(t);
    await know(store, Object.fromEntries(Object.values(senderKeys).map((key) => [key, 15])));
    const met: Way[] = [];
    const learned: Way[] = [];
    for (const way of all) {
      const { hits } = await run({ selector: { ip: options } }, { way }, { store });
      if (hits.length > 0) met.push(way);
      if ((await store.hashGetAll(senderKeys[way]))['n'] === '21') learned.push(way);
      for (const hit of hits) assert.deepEqual([hit.symbol, hit.weight], ['SENDER_REP_SPAM', bad]);
    }
    assert.deepEqual(met, ways);
    assert.deepEqual(learned, ways);
  });
}

test('address, network and country count together, each as much as it is told to', async (t) => {
  const store = await embedded(t);
  await know(store, { 'RR:i:198.51.100.7': -5, 'RR:a:64500': 15, 'RR:c:DE': 15 });
  const variables = { asn: '64500', country: 'DE' };
  const { hits } = await run({ selector: { sender: {} } }, { variables }, { store });
  const weight = good + bad * 0.4 + bad * 0.01;
  assert.deepEqual(hits, [
    {
      symbol: 'SENDER_REP_HAM',
      weight,
      options: [
        `asn: 64500(${(bad * 0.4).toFixed(2)})`,
        `country: DE(${(bad * 0.01).toFixed(2)})`,
        `ip: 198.51.100.7(${good.toFixed(2)})`,
      ],
    },
  ]);
  const whitelist = { asn_cc_whitelist: ['DE'] };
  assert.deepEqual((await run({ selector: { ip: whitelist } }, { variables }, { store })).hits, []);
});

test('a negative score of good reputation means the same as a positive one', async (t) => {
  const store = await embedded(t);
  await know(store, { 'RR:i:198.51.100.7': -5 });
  const rule = { selector: 'ip' };
  const { hits } = await run(rule, { scores: { SENDER_REP_HAM: -2 } }, { store });
  assert.deepEqual([hits[0]!.symbol, hits[0]!.weight], ['SENDER_REP_HAM', -good]);
  const positive = await run(rule, { scores: { SENDER_REP_HAM: 2 } }, { store });
  assert.ok(positive.hits[0]!.weight < 0);
});

test('few messages tell nothing, and scans by hand neither ask nor teach', async (t) => {
  const store = await embedded(t);
  await know(store, { 'RR:i:198.51.100.7': 15 }, 9);
  assert.deepEqual((await run({ selector: 'ip' }, {}, { store })).hits, []);
  const low = { selector: { ip: { lower_bound: 9 } } };
  assert.equal((await run(low, {}, { store })).hits.length, 1);
  const byHand = await run(low, { envelope: { userAgent: 'rspamc' } }, { store });
  assert.deepEqual(byHand.hits, []);
  assert.equal((await store.hashGetAll('RR:i:198.51.100.7'))['n'], '11');
});

test('addresses count by network where a mask says so, and weights keep their bounds', async (t) => {
  const store = await embedded(t);
  await know(store, { 'RR:i:198.51.0.0': 15, 'RR:i:2001:db8::': 15 });
  const selector = { ip: { ipv4_mask: 16, ipv6_mask: 32, max_score: 0.25 } };
  assert.equal((await run({ selector }, {}, { store })).hits[0]?.weight, 0.25);
  const v6 = { clientIp: parseIp('2001:db8:1::2') };
  const { hits } = await run({ selector }, { envelope: v6 }, { store });
  assert.deepEqual(hits[0]?.options, [`ip: 2001:db8::(${bad.toFixed(2)})`]);
});

const signed = (...outcomes: readonly (readonly [string, DkimOutcome['result']])[]) =>
  outcomes.map(([domain, result]): DkimOutcome => ({ domain, result, selector: 's' }));

test('valid signatures count up to one, all are learned, and R_DKIM_ALLOW gets its adjustment', async (t) => {
  const store = await embedded(t);
  await know(store, { 'RR:example.com.a': 15, 'RR:example.org.a': 15, 'RR:example.net.r': 15 });
  const built = await buildCheck(
    reputation,
    { rules: { d: { selector: 'dkim', backend: redis } } },
    { store },
  );
  t.after(() => built.close());
  assert.deepEqual(built.units[0]?.after, ['DKIM_CHECK']);
  const { task } = await built.run();
  assert.equal(task.result.has('DKIM_SCORE'), false);
  const outcomes = signed(['mail.example.com', 'pass'], ['example.org', 'pass'], ['example.net', 'fail']);
  const hits: [string, number | undefined][] = [];
  Object.assign(task.authentication, { dkim: outcomes });
  for (const unit of built.units)
    await unit.run(task, (symbol, weight) => {
      hits.push([symbol, weight]);
    });
  assert.deepEqual(hits, [
    ['DKIM_SCORE', 1],
    ['DKIM_SCORE_ADJUSTMENT', 2 * Math.tanh(1)],
  ]);
  for (const key of ['RR:example.com.a', 'RR:example.org.a', 'RR:example.net.r'])
    assert.equal((await store.hashGetAll(key))['n'], '21');
});

test('domains of links count by how often they stand there, with that of the header From', async (t) => {
  const store = await embedded(t);
  await know(store, { 'RR:example.net': 15, 'RR:example.org': -5 });
  const raw =
    'From: a@mail.example.com\nSubject: x\n\nhttp://a.example.net/1 http://b.example.net/2 http://example.org/ http://example.net/3\n';
  const { hits } = await run({ selector: 'url' }, { raw }, { store });
  assert.deepEqual(hits, [
    {
      symbol: 'URL_SCORE',
      weight: bad * 0.6 + good * 0.2,
      options: [`example.net(${(bad * 0.6).toFixed(2)})`, `example.org(${(good * 0.2).toFixed(2)})`],
    },
  ]);
  assert.equal((await store.hashGetAll('RR:example.com'))['n'], '1');
  const limited = await run({ selector: { url: { max_urls: 1, check_from: false } } }, { raw }, { store });
  assert.deepEqual(limited.hits[0]?.options, [`example.net(${bad.toFixed(2)})`]);
});

test('a domain whose SPF policy passed has a reputation, one that failed has none', async (t) => {
  const store = await embedded(t);
  const built = await buildCheck(
    reputation,
    { rules: { s: { selector: { spf: { lower_bound: 1 } }, backend: redis, symbol: 'SPF_REPUTATION' } } },
    { store },
  );
  t.after(() => built.close());
  const { task } = await built.run();
  const found: [string, readonly string[]][] = [];
  const scanWith = async (result: 'pass' | 'fail'): Promise<void> => {
    const spf = { result, domain: 'example.com', identity: 'mailfrom', sender: 'a@example.com' };
    Object.assign(task.authentication, { spf: { ...spf, clientIp: parseIp('192.0.2.1') } });
    for (const unit of built.units)
      await unit.run(task, (symbol, _weight, ...options) => {
        found.push([symbol, options]);
      });
  };
  await scanWith('fail');
  await scanWith('pass');
  await scanWith('fail');
  assert.deepEqual(found, []);
  await scanWith('pass');
  assert.deepEqual(found, [['SPF_REPUTATION', ['example.com(-0.50)']]]);
});

for (const [name, start] of storeDrivers()) {
  test(`a login's reputation grows with what it sends, in ${name}`, async (t) => {
    const driver = await start();
    t.after(driver.close);
    const { store } = driver;
    let clock = nowMs;
    const buckets = [
      { time: 60, name: 'short', mult: 1 },
      { time: 30 * days, name: 'long', mult: 3 },
    ];
    const built = await buildCheck(
      reputation,
      {
        rules: {
          login_rep: {
            selector: { generic: { selector: 'user.lower', inbound: false, lower_bound: 2 } },
            backend: { redis: { prefix: 'LR:', buckets } },
          },
        },
      },
      { store, now: () => clock },
    );
    t.after(() => built.close());
    const hit = (score: number): Hit => ({
      name: 'OTHER',
      score,
      metricScore: score,
      description: undefined,
      groups: [],
      options: [],
    });
    const send = (way: Way, score: number) => built.run({ way, hits: [hit(score)] });
    assert.deepEqual((await send('authenticated', 0)).hits, []);
    clock += 60_000;
    assert.deepEqual((await send('authenticated', 10)).hits, []);
    const alpha = 1 - Math.exp(-1);
    const { vshort: v, l, n } = await store.hashGetAll('LR:sender@example.com');
    assert.ok(Math.abs(Number(v) - 10 * alpha) < 1e-9);
    assert.deepEqual([l, n], [String(clock), '2']);
    const average = (10 * alpha + 3 * 10 * (1 - Math.exp(-60 / (30 * days)))) / 2;
    const { hits } = await send('authenticated', 0);
    assert.equal(hits[0]?.symbol, 'LOGIN_REP');
    assert.ok(Math.abs(hits[0].weight - weightOf({ value: average, count: 2 }, 15)) < 1e-9);
    assert.deepEqual((await send('inbound', 0)).hits, []);
    assert.deepEqual((await send('local', 0)).hits, []);
  });

  test(`an average in ${name} forgets in time, and takes a broken one for none`, async (t) => {
    const driver = await start();
    t.after(driver.close);
    const { store } = driver;
    await store.run(updateAverage, ['K'], [4, 1000, 200, '1m', 60, '1h', 60]);
    await store.run(updateAverage, ['K'], [8, 500, 200, '1m', 60, '1h', 60]);
    assert.deepEqual(await store.hashGetAll('K'), { v1m: '4', v1h: '4', l: '1000', n: '2' });
    await driver.pass(400);
    assert.deepEqual(await store.hashGetAll('K'), {});
    await store.hashSet('K', { v1m: 'x', l: '1', n: '3' });
    await store.run(updateAverage, ['K'], [5, 1000, 60_000, '1m', 60]);
    assert.deepEqual(readAverage(await store.hashGetAll('K'), '1m'), { value: 5, count: 4 });
  });
}

test('a message does not teach what its own reputation added, nor with a forced action', async (t) => {
  let clock = nowMs;
  const store = await embedded(t);
  await know(store, { 'RR:i:198.51.100.7': 15 });
  const built = await buildCheck(
    reputation,
    { rules: { r: { selector: 'ip', backend: { redis: { buckets: [{ time: 1e-9, name: '1m' }] } } } } },
    { store, now: () => (clock += 1000) },
  );
  t.after(() => built.close());
  const present = (name: string, score: number): Hit => ({
    name,
    score,
    metricScore: score,
    description: undefined,
    groups: [],
    options: [],
  });
  const { task } = await built.run({ hits: [present('OTHER', 3)] });
  assert.equal(task.result.has('SENDER_REP_SPAM'), true);
  assert.equal((await store.hashGetAll('RR:i:198.51.100.7'))['v1m'], '3');
  const [check, learn] = built.units;
  const own = await built.run({ hits: [present('SENDER_REP_SPAM', 4), present('OTHER', 7)] });
  assert.equal(own.task.result.score, 11);
  assert.equal((await store.hashGetAll('RR:i:198.51.100.7'))['v1m'], '7');
  await check!.run(own.task, () => undefined);
  own.task.setPreResult({
    action: 'reject',
    message: '',
    module: 'x',
    priority: 0,
    isLeast: false,
    processAll: false,
  });
  await learn!.run(own.task, () => undefined);
  assert.equal((await store.hashGetAll('RR:i:198.51.100.7'))['n'], '22');
});

test('values of a selector on the white list are left alone, long ones are digests', async (t) => {
  const store = await embedded(t);
  const selector = { generic: { selector: 'header(Subject)', lower_bound: 1, whitelist: ['A test'] } };
  await run({ selector }, {}, { store });
  assert.deepEqual(await store.hashGetAll('RR:A test'), {});
  const raw = `From: a@example.com\nSubject: ${'long '.repeat(200)}\n\nx\n`;
  const second = [await run({ selector }, { raw }, { store }), await run({ selector }, { raw }, { store })];
  assert.deepEqual(second[1]!.symbols, ['MINE']);
});

test('a list in DNS is asked for addresses backwards, and learns nothing', async (t) => {
  const server = await startDnsServer({
    '7.100.51.198.rep.example': { txt: ['n=50;v=15'] },
    'a:64500.rep.example': { txt: ['nonsense'] },
  });
  t.after(() => server.close());
  const dns = createResolver({
    dns: {
      nameservers: [server.address],
      rotation: 'round-robin',
      timeoutMs: 1000,
      retransmits: 1,
      fakeRecords: [],
      hosts: [],
    },
    log: recordingLog(),
    metrics: noMetrics,
    clock: Date,
  });
  t.after(() => dns.close());
  const rule = { selector: 'ip', backend: { dns: { list: 'rep.example' } } };
  const { hits } = await run(rule, { variables: { asn: 64500 } }, { dns });
  assert.deepEqual(
    hits.map(({ symbol, weight }) => [symbol, weight]),
    [['SENDER_REP_SPAM', bad]],
  );
  const v6 = { clientIp: parseIp('2001:db8::1') };
  assert.deepEqual((await run(rule, { envelope: v6 }, { dns })).hits, []);
  const asked = server.asked.map(({ name }) => name);
  assert.ok(asked.includes(`0.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.rep.example`), asked.join(' '));
});

test('no record of a list breaks the reader', () => {
  assert.deepEqual(readListed('n=3; a=1; b=2; l=77'), { value: 1.5, count: 3 });
  assert.deepEqual(readListed('3;1.0;2'), { value: 1.5, count: 3 });
  assert.equal(readListed('n=3'), undefined);
  assert.equal(readListed('3'), undefined);
  fc.assert(
    fc.property(fc.string({ maxLength: 100 }), fc.double(), (text, number) => {
      for (const record of [text, `v=${number};n=${text}`, `${text};v=${number}`]) {
        const listed = readListed(record);
        if (listed) assert.ok(Number.isFinite(listed.value));
      }
    }),
    { numRuns: 300 },
  );
});

test('while the store is away mail goes on, with one line of log', async () => {
  const away = async (): Promise<never> => {
    throw new StoreError('no connection');
  };
  const store = { hashGetAll: away, run: away } as unknown as Store;
  const log: LogLine[] = [];
  const { hits } = await run({ selector: 'ip' }, {}, { store, log });
  assert.deepEqual(hits, []);
  assert.deepEqual(
    log.map(({ level, message }) => [level, message]),
    [['error', 'reputations cannot be read or kept']],
  );
});

const mistakes: readonly (readonly [string, Rule, RegExp])[] = [
  ['two selectors', { selector: { ip: {}, url: {} } }, /exactly one selector/],
  ['no such selector', { selector: { nobody: {} } }, /nobody/],
  ['a selector without its text', { selector: 'generic' }, /expected string/],
  [
    'a selector that does not compile',
    { selector: { generic: { selector: 'no_such_thing' } } },
    /no_such_thing/,
  ],
  ['a Lua function', { selector: { ip: { score_calc_func: 'return 1' } } }, /it is a Lua function/],
  ['a store of its own', { selector: 'ip', backend: { redis: { servers: 'x' } } }, /section `reputation`/],
  ['DNS without a list', { selector: 'ip', backend: 'dns' }, /expected string/],
];
for (const [name, rule, message] of mistakes) {
  test(`it is a mistake to give ${name}`, async () => {
    await assert.rejects(buildCheck(reputation, { rules: { r: { backend: redis, ...rule } } }), message);
  });
}
