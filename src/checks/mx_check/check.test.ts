import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { buildCheck, runCheck, type TestMessage, tableResolver } from '../../../test/helpers/check-table.ts';
import { type StoreDriver, storeDrivers } from '../../../test/helpers/store-drivers.ts';
import { mxCheck } from './check.ts';

type Table = Parameters<typeof tableResolver>[0];

const from = (domain: string, ...headers: readonly string[]): TestMessage => ({
  from: `a@${domain}`,
  raw: [`From: a@${domain}`, ...headers, '', 'Hi', ''].join('\n'),
});

/** Nothing here is connected to. */
const table: readonly {
  name: string;
  message?: TestMessage;
  dns?: Table;
  options?: Readonly<Record<string, unknown>>;
  symbols: readonly string[];
  greylists?: boolean;
}[] = [
  { name: 'of an unknown domain', message: from('none.example'), symbols: ['MX_NONE'], greylists: true },
  {
    name: 'of an unknown domain while greylisting for that is off',
    message: from('none.example'),
    options: { greylist_none: false },
    symbols: ['MX_NONE'],
  },
  {
    name: 'of a domain that takes no mail',
    message: from('null.example'),
    dns: { 'mx null.example': ['0 .'] },
    symbols: ['MX_NULL'],
    greylists: true,
  },
  {
    name: 'of a domain with exchangers without address',
    message: from('broken.example'),
    dns: { 'mx broken.example': ['10 gone.example'] },
    symbols: ['MX_BROKEN'],
    greylists: true,
  },
  {
    name: 'of a domain DNS is silent about',
    message: from('fail.example'),
    dns: { 'mx fail.example': 'servfail' },
    symbols: ['MX_DNS_FAIL'],
  },
  {
    name: 'of a domain whose exchanger DNS is silent about',
    message: from('fail.example'),
    dns: { 'mx fail.example': ['10 mx.example'], 'a mx.example': 'timeout' },
    symbols: ['MX_DNS_FAIL'],
  },
  {
    name: 'of a domain at home',
    message: from('local.example'),
    dns: { 'mx local.example': ['10 mx.example'], 'a mx.example': ['10.0.0.1', '127.0.0.1'] },
    symbols: ['MX_LOCAL_ONLY'],
  },
  {
    name: 'of a domain nowhere',
    message: from('bogon.example'),
    dns: { 'mx bogon.example': ['10 mx.example'], 'a mx.example': ['192.0.2.1'] },
    symbols: ['MX_BOGON_ONLY'],
  },
  {
    name: 'of a domain partly at home, while IPv4 is not tried',
    message: from('mixed.example'),
    dns: { 'mx mixed.example': ['10 mx.example'], 'a mx.example': ['10.0.0.1', '192.0.2.1', '8.8.8.8'] },
    options: { probe_ipv4: false },
    symbols: ['MX_BOGON_MIX', 'MX_LOCAL_MIX', 'MX_SKIP'],
  },
  {
    name: 'of a domain whose exchanger is not to be tried',
    message: from('x.example'),
    dns: { 'mx x.example': ['10 mx.example'], 'a mx.example': ['8.8.8.8'] },
    options: { exclude_ips: ['8.8.0.0/16'] },
    symbols: ['MX_SKIP'],
  },
  {
    name: 'of a bad exchanger',
    message: from('x.example'),
    dns: { 'mx x.example': ['10 MX.example'], 'a mx.example': ['8.8.8.8'] },
    options: { bad_mxs: ['mx.example'] },
    symbols: ['MX_BAD'],
  },
  {
    name: 'of an exchanger at a bad address',
    message: from('x.example'),
    dns: { 'mx x.example': ['10 mx.example'], 'a mx.example': ['8.8.8.8'] },
    options: { bad_ips: ['8.8.8.8'] },
    symbols: ['MX_IP_BAD'],
  },
  {
    name: 'of a domain on the whitelist',
    message: from('x.example'),
    options: { whitelist: ['x.example'] },
    symbols: ['MX_WHITE'],
  },
  {
    name: 'of an excluded domain',
    message: from('x.example'),
    options: { exclude_domains: ['x.example'] },
    symbols: ['MX_SKIP'],
  },
  {
    name: 'of three domains',
    message: { from: 'a@a.example', raw: 'From: b@b.example\nReply-To: c@c.example\n\nHi\n' },
    symbols: ['MIME_FROM_MX_NONE', 'MX_NONE', 'REPLYTO_MX_NONE'],
    greylists: true,
  },
  {
    name: 'of three domains of which only Reply-To is looked at',
    message: { from: 'a@a.example', raw: 'From: b@b.example\nReply-To: c@c.example\n\nHi\n' },
    options: { check_from: false, check_mime_from: false },
    symbols: ['REPLYTO_MX_NONE'],
    greylists: true,
  },
  { name: 'of nobody', message: { from: '', raw: 'Subject: x\n\nHi\n' }, symbols: [] },
  { name: 'of an address literal', message: { from: 'a@[192.0.2.1]', raw: '' }, symbols: [] },
];

test('without `enabled` nothing runs', async () => {
  const check = await buildCheck(mxCheck, {});
  assert.deepEqual(check.units, []);
  await check.close();
});

for (const [driverName, start] of storeDrivers())
  describe(`mx_check over ${driverName}`, () => {
    let driver: StoreDriver;
    let number = 0;
    /** Options with keys of their own. */
    const fresh = (options: Readonly<Record<string, unknown>> = {}) => ({
      enabled: true,
      key_prefix: `rmx${number++}`,
      ...options,
    });
    before(async () => {
      driver = await start();
    });
    after(() => driver.close());

    for (const { name, message = {}, dns = {}, options, symbols, greylists = false } of table) {
      test(`inbound mail ${name} gives exactly ${symbols.join(', ') || 'nothing'}`, async () => {
        const run = await runCheck(mxCheck, fresh(options), message, {
          dns: tableResolver(dns),
          store: driver.store,
        });
        assert.deepEqual(run.symbols, symbols);
        assert.equal(run.task.variables.has('grey_greylisted_required'), greylists);
        assert.deepEqual(run.preResults, []);
      });
    }

    for (const [way, option, more] of [
      ['authenticated', 'check_authorized', 'authorized'],
      ['local', 'check_local', 'local'],
    ] as const) {
      test(`${way} mail is left alone unless ${option} is set, and then neither rejected nor greylisted`, async () => {
        const message = { ...from('null.example'), way };
        const ports = { dns: tableResolver({ 'mx null.example': ['0 .'] }), store: driver.store };
        assert.deepEqual((await runCheck(mxCheck, fresh(), message, ports)).symbols, []);
        const options = { [option]: true, reject_null_mx: true };
        const run = await runCheck(mxCheck, fresh(options), message, ports);
        assert.deepEqual(run.symbols, ['MX_NULL']);
        assert.deepEqual([run.preResults.length, run.task.variables.size], [0, 0]);
        const acting = { ...options, [`reject_${more}`]: true, [`greylist_${more}`]: true };
        const acted = await runCheck(mxCheck, fresh(acting), message, ports);
        assert.deepEqual([acted.preResults[0]?.action, acted.task.variables.size], ['reject', 1]);
      });
    }

    test('a result is kept for its time, and asked of DNS again after it', async () => {
      const asked: string[] = [];
      const check = await buildCheck(mxCheck, fresh({ expire_novalid: 0.3 }), {
        dns: tableResolver({}, asked),
        store: driver.store,
      });
      const message = from('none.example');
      assert.deepEqual((await check.run(message)).symbols, ['MX_NONE']);
      assert.deepEqual((await check.run(message)).symbols, ['MX_NONE']);
      assert.equal(asked.length, 1);
      await driver.pass(400);
      assert.deepEqual((await check.run(message)).symbols, ['MX_NONE']);
      assert.equal(asked.length, 2);
      await check.close();
    });

    test('while a domain is being tried, other messages do not try it', async () => {
      const gate = Promise.withResolvers<void>();
      const check = await buildCheck(mxCheck, fresh(), {
        dns: {
          async resolve() {
            await gate.promise;
            return { status: 'nxdomain', records: [], ttlSeconds: 0 };
          },
        },
        store: driver.store,
      });
      const first = check.run(from('slow.example'));
      const second = await check.run(from('slow.example'));
      assert.deepEqual(second.symbols, ['MX_INFLIGHT']);
      gate.resolve();
      assert.deepEqual((await first).symbols, ['MX_NONE']);
      await check.close();
    });

    test('what something else wrote is no result', async () => {
      const options = fresh();
      await driver.store.set(`${options.key_prefix}:none.example`, '1;mx.none.example');
      const run = await runCheck(mxCheck, options, from('none.example'), {
        dns: tableResolver({}),
        store: driver.store,
      });
      assert.deepEqual(run.symbols, ['MX_NONE']);
    });
  });

test('without a store nothing is tried', async () => {
  const [, start] = storeDrivers()[0]!;
  const driver = await start();
  await driver.store.close();
  const asked: string[] = [];
  const run = await runCheck(mxCheck, { enabled: true }, from('x.example'), {
    dns: tableResolver({}, asked),
    store: driver.store,
  });
  assert.deepEqual([run.symbols, asked], [['MX_REDIS_ERROR'], []]);
  await driver.close();
});
