import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import {
  buildCheck,
  type CheckOptions,
  runCheck,
  type TestMessage,
  tableResolver,
} from '../../../test/helpers/check-table.ts';
import { mmdb } from '../../../test/helpers/mmdb-writer.ts';
import { ConfigError } from '../../core/index.ts';
import { parseIp } from '../../lib/index.ts';
import { asn } from './check.ts';
import { parseTxtInfo } from './network-info.ts';

const dns = tableResolver({
  'txt 7.100.51.198.asn.rspamd.com': ['64500|198.51.100.0/24|DE|ripencc|2001-01-01|'],
  'txt 8.100.51.198.asn.rspamd.com': ['64501 | 198.51.100.8/32 | fr | ripencc |'],
  'txt 9.100.51.198.asn.rspamd.com': ['nonsense|more nonsense|Atlantis'],
  'txt 10.100.51.198.asn.rspamd.com': ['64500 64501|198.51.100.0/24||'],
  'txt 11.100.51.198.asn.rspamd.com': 'servfail',
  'txt 3.2.1.10.asn.rspamd.com': ['0|10.0.0.0/8|ZZ'],
  'txt 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.asn6.rspamd.com': [
    '64502|2001:db8::/32|NL|ripencc|',
  ],
  'txt 7.100.51.198.own.example': ['64999|198.51.100.0/25|AT'],
});
const from = (ip: string): TestMessage => ({ envelope: { clientIp: parseIp(ip) } });

const table: readonly [
  what: string,
  config: Record<string, unknown>,
  message: TestMessage,
  hits: readonly string[],
  variables: Record<string, string>,
][] = [
  [
    'a known network',
    {},
    {},
    ['ASN asn:64500, ipnet:198.51.100.0/24, country:DE'],
    { asn: '64500', ipnet: '198.51.100.0/24', country: 'DE' },
  ],
  [
    'a client with a login, and blanks in the answer',
    {},
    { way: 'authenticated' },
    ['ASN asn:64501, ipnet:198.51.100.8/32, country:FR'],
    { asn: '64501', ipnet: '198.51.100.8/32', country: 'FR' },
  ],
  [
    'IPv6',
    {},
    from('2001:db8::1'),
    ['ASN asn:64502, ipnet:2001:db8::/32, country:NL'],
    { asn: '64502', ipnet: '2001:db8::/32', country: 'NL' },
  ],
  [
    'several origins and no country',
    {},
    from('198.51.100.10'),
    ['ASN asn:64500, ipnet:198.51.100.0/24'],
    { asn: '64500', ipnet: '198.51.100.0/24' },
  ],
  ['nonsense', {}, from('198.51.100.9'), [], {}],
  ['an unknown network', {}, from('203.0.113.1'), [], {}],
  ['no client', {}, { envelope: { clientIp: undefined } }, [], {}],
  ['DNS that fails', {}, from('198.51.100.11'), ['ASN_FAIL 11.100.51.198.asn.rspamd.com:servfail'], {}],
  [
    'DNS that fails, with a symbol of another name',
    { symbol: 'WHOSE' },
    from('198.51.100.11'),
    ['WHOSE_FAIL 11.100.51.198.asn.rspamd.com:servfail'],
    {},
  ],
  ['no symbol', { symbol: false }, {}, [], { asn: '64500', ipnet: '198.51.100.0/24', country: 'DE' }],
  ['a local address', {}, { way: 'local' }, [], {}],
  [
    'a local address with check_local',
    { check_local: true },
    { way: 'local' },
    ['ASN asn:0, ipnet:10.0.0.0/8, country:ZZ'],
    { asn: '0', ipnet: '10.0.0.0/8', country: 'ZZ' },
  ],
  ['a login with check_authed = false', { check_authed: false }, { way: 'authenticated' }, [], {}],
  [
    'an own zone',
    { provider_info: { ip4: 'own.example' } },
    {},
    ['ASN asn:64999, ipnet:198.51.100.0/25, country:AT'],
    { asn: '64999', ipnet: '198.51.100.0/25', country: 'AT' },
  ],
];

for (const [what, config, message, hits, variables] of table) {
  test(`${what}: ${hits.join(' ') || 'no symbol'}`, async () => {
    const run = await runCheck(asn, config, message, { dns });
    assert.deepEqual(
      run.hits.map(({ symbol, options }) => [symbol, ...options].join(' ')),
      hits,
    );
    assert.deepEqual(Object.fromEntries(run.task.variables), variables);
    for (const { weight } of run.hits) assert.equal(weight, 0);
  });
}

const globals: readonly [own: Record<string, boolean>, checkLocal: boolean, isLookedUp: boolean][] = [
  [{}, true, true],
  [{ check_local: false }, true, false],
  [{ check_authed: true }, true, false],
];
for (const [own, checkLocal, isLookedUp] of globals) {
  test(`check_local = ${checkLocal} in options and ${JSON.stringify(own)} here: local mail is ${isLookedUp ? '' : 'not '}looked up`, async () => {
    const options: CheckOptions = { dns, global: { checkLocal } };
    const { symbols } = await runCheck(asn, own, { way: 'local' }, options);
    assert.equal(symbols.includes('ASN'), isLookedUp);
  });
}

test('it runs before those who read its variables', async () => {
  const built = await buildCheck(asn, {}, { dns });
  assert.equal(asn.stage, 'prefilter');
  assert.equal(asn.priority, 9);
  assert.deepEqual(
    built.units.map(({ name, waits }) => [name, waits]),
    [['ASN_CHECK', true]],
  );
});

test('whatever the zone says, the answer is well-formed or left out', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 100, unit: 'binary' }), (text) => {
      const { asn: number = '0', network = '::/0', country = 'ZZ' } = parseTxtInfo(text);
      assert.match(number, /^\d{1,10}$/);
      assert.match(network, /^[0-9a-fA-F:.[\]%a-z]+(?:\/\d+)?$/);
      assert.match(country, /^[A-Z]{2}$/);
    }),
    { numRuns: 300 },
  );
});

// ------------------------------------------------------------------------------------------------ files

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'postern-asn-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const asnFile = mmdb({
  '198.51.100.0/24': {
    autonomous_system_number: 64_500,
    autonomous_system_organization: 'An Example',
  },
  '2001:db8::/32': { autonomous_system_number: 64_502 },
});
const countryFile = mmdb({
  '198.51.0.0/16': { country: { iso_code: 'DE', geoname_id: 2_921_044 } },
  '203.0.113.0/24': { country: { iso_code: 'AU' } },
});
const oneFile = mmdb({ '198.51.100.0/24': { asn: 'AS64500', country_code: 'DE' } });

test('files say what they know, one after the other, and nobody is asked', async (t) => {
  const dir = folder(t);
  const database = [join(dir, 'asn.mmdb'), join(dir, 'country.mmdb')];
  writeFileSync(database[0]!, asnFile);
  writeFileSync(database[1]!, countryFile);
  const asked: string[] = [];
  const built = await buildCheck(
    asn,
    { provider_type: 'maxmind', database },
    { dns: tableResolver({}, asked) },
  );
  const optionsOf = async (message: TestMessage): Promise<readonly string[]> =>
    (await built.run(message)).hits.flatMap(({ options }) => options);
  assert.deepEqual(await optionsOf({}), ['asn:64500, ipnet:198.51.100.0/24, country:DE']);
  assert.deepEqual(await optionsOf(from('2001:db8::1')), ['asn:64502, ipnet:2001:db8::/32']);
  assert.deepEqual(await optionsOf(from('203.0.113.9')), ['ipnet:203.0.113.0/24, country:AU']);
  assert.deepEqual(await optionsOf(from('192.0.2.1')), []);
  assert.deepEqual(asked, []);
  assert.equal(built.units[0]?.waits, false);
  await built.close();
});

test('files that name number and country by a single word are understood', async (t) => {
  const database = join(folder(t), 'one.mmdb');
  writeFileSync(database, oneFile);
  const { hits } = await runCheck(asn, { provider_type: 'maxmind', database });
  assert.deepEqual(hits[0]?.options, ['asn:64500, ipnet:198.51.100.0/24, country:DE']);
});

test('a new version of a file is taken over, a broken one is not', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const database = join(folder(t), 'asn.mmdb');
  const log: { message: string }[] = [];
  const built = await buildCheck(asn, { provider_type: 'maxmind', database }, { log: log as never });
  assert.match(built.warnings[0] ?? '', /asn\.mmdb is not read: ENOENT/);
  const country = async (): Promise<string | number | undefined> =>
    (await built.run()).task.variables.get('country');
  const settled = async (message: RegExp): Promise<void> => {
    t.mock.timers.tick(60_000);
    while (!log.some((line) => message.test(line.message))) await new Promise(setImmediate);
    log.length = 0;
  };
  assert.equal(await country(), undefined);
  writeFileSync(database, oneFile);
  await settled(/read again/);
  assert.equal(await country(), 'DE');
  writeFileSync(database, 'no database');
  await settled(/last good one/);
  assert.equal(await country(), 'DE');
  writeFileSync(database, mmdb({ '198.51.100.0/24': { country_code: 'NL' } }));
  await settled(/read again/);
  assert.equal(await country(), 'NL');
  await built.close();
});

test('a file whose records are damaged gives ASN_FAIL', async (t) => {
  const database = join(folder(t), 'damaged.mmdb');
  const bytes = Buffer.from(oneFile);
  const at = bytes.indexOf('asn') - 2;
  bytes.fill(0x3f, at, at + 12);
  writeFileSync(database, bytes);
  const { hits } = await runCheck(asn, { provider_type: 'maxmind', database });
  assert.deepEqual(
    hits.map(({ symbol, options }) => [symbol, ...options]),
    [['ASN_FAIL', 'damaged database']],
  );
});

test('options that do not belong together are errors', async () => {
  await assert.rejects(buildCheck(asn, { provider_type: 'maxmind' }), ConfigError);
  await assert.rejects(buildCheck(asn, { database: '/x.mmdb' }), ConfigError);
});

test('a zone that does not answer is left alone for a minute', async () => {
  const asked: string[] = [];
  let now = 1_700_000_000_000;
  const built = await buildCheck(
    asn,
    {},
    { dns: tableResolver({ 'txt 7.100.51.198.asn.rspamd.com': 'timeout' }, asked), now: () => now },
  );
  for (let i = 0; i < 5; i++) assert.deepEqual((await built.run()).symbols, ['ASN_FAIL']);
  assert.equal(asked.length, 3);
  now += 60_000;
  for (let i = 0; i < 5; i++) await built.run();
  assert.equal(asked.length, 4, 'one question tells that it still does not answer');
  await built.close();
});
