import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { buildCheck } from '../../../test/helpers/check-table.ts';
import { memoryMetrics, silentLog } from '../../../test/helpers/clock-and-metrics.ts';
import {
  type Misbehaviour,
  startDnsServer,
  type TestDnsServer,
  type Zone,
} from '../../../test/helpers/dns-server.ts';
import { createResolver } from '../../dns/index.ts';
import { rbl } from './check.ts';

// The whole way: the check, the resolver of the server, and a DNS server that behaves or does not.

async function serve(
  t: TestContext,
  zone: Zone,
  misbehaviour: Readonly<Record<string, Misbehaviour>> = {},
): Promise<{ readonly server: TestDnsServer; readonly dns: ReturnType<typeof createResolver> }> {
  const server = await startDnsServer(zone, { misbehaviour });
  const dns = createResolver({
    dns: {
      nameservers: [server.address],
      rotation: 'round-robin',
      timeoutMs: 200,
      retransmits: 2,
      fakeRecords: [],
      hosts: [],
    },
    log: silentLog,
    metrics: memoryMetrics(),
    clock: { now: () => Date.now() },
  });
  t.after(async () => {
    dns.close();
    await server.close();
  });
  return { server, dns };
}

const lists = (rules: Readonly<Record<string, Readonly<Record<string, unknown>>>>) => ({ rbls: rules });

async function hits(
  dns: ReturnType<typeof createResolver>,
  config: Readonly<Record<string, unknown>>,
  raw?: string,
): Promise<readonly string[]> {
  const built = await buildCheck(rbl, config, { dns, global: { taskTimeoutMs: 2_000 } });
  const run = await built.run(raw === undefined ? {} : { raw });
  await built.close();
  return run.hits.map(({ symbol, options }) => `${symbol}[${options.join(' ')}]`);
}

const listed = '7.100.51.198.bl.test';

test('a listed client is found through a real DNS server, and the list is probed beside it', async (t) => {
  const { server, dns } = await serve(t, { [listed]: { a: ['127.0.0.2'] } });
  assert.deepEqual(await hits(dns, lists({ one: { rbl: 'bl.test' } })), ['ONE[198.51.100.7:from]']);
  assert.deepEqual(server.asked.map(({ name }) => name).sort(), ['1.0.0.127.bl.test', listed]);
});

test('lists of one zone ask one question, and the next message none', async (t) => {
  const { server, dns } = await serve(t, { [listed]: { a: ['127.0.0.6'] } });
  const config = lists({
    one: { rbl: 'bl.test', returnbits: { TWO: 2 } },
    other: { rbl: 'BL.test.', returnbits: { FOUR: 4 } },
  });
  for (let i = 0; i < 2; i++)
    assert.deepEqual(await hits(dns, config), ['TWO[198.51.100.7:from]', 'FOUR[198.51.100.7:from]']);
  assert.equal(server.asked.filter(({ name }) => name === listed).length, 1);
});

test('a list that lists the world gives nothing, not even for its first message', async (t) => {
  const { dns } = await serve(t, {
    [listed]: { a: ['127.0.0.2'] },
    '1.0.0.127.bl.test': { a: ['127.0.0.2'] },
  });
  assert.deepEqual(await hits(dns, lists({ one: { rbl: 'bl.test' } })), []);
  assert.deepEqual(await hits(dns, lists({ one: { rbl: 'bl.test', disable_monitoring: true } })), [
    'ONE[198.51.100.7:from]',
  ]);
});

const wrongs: readonly (readonly [how: Misbehaviour, hits: readonly string[]])[] = [
  ['truncate', ['ONE[198.51.100.7:from]']],
  ['no-edns', ['ONE[198.51.100.7:from]']],
  ['forged-first', ['ONE[198.51.100.7:from]']],
  ['drop-once', ['ONE[198.51.100.7:from]']],
  ['drop', ['ONE_FAIL[198.51.100.7:query timed out]']],
  ['servfail', ['ONE_FAIL[198.51.100.7:server fail]']],
  ['refused', ['ONE_FAIL[198.51.100.7:query refused]']],
  ['garbage', ['ONE_FAIL[198.51.100.7:server fail]']],
  ['pointer-loop', ['ONE_FAIL[198.51.100.7:server fail]']],
  ['huge-count', ['ONE_FAIL[198.51.100.7:server fail]']],
];

for (const [how, expected] of wrongs) {
  test(`a server that misbehaves (${how}) gives ${expected.join()}`, async (t) => {
    const { dns } = await serve(t, { [listed]: { a: ['127.0.0.2'] } }, { [listed]: how });
    assert.deepEqual(await hits(dns, lists({ one: { rbl: 'bl.test' } })), expected);
  });
}

test('an answer of many records is read whole, over TCP', async (t) => {
  const records = Array.from({ length: 1_000 }, (_, i) => `127.0.${Math.floor(i / 250)}.${(i % 250) + 2}`);
  const { dns } = await serve(t, { [listed]: { a: records } }, { [listed]: 'truncate' });
  const config = lists({ one: { rbl: 'bl.test', returncodes: { LAST: '127.0.3.251' } } });
  assert.deepEqual(await hits(dns, config), ['LAST[198.51.100.7:from]']);
});

test('a dead list does not keep the others from being heard, and is soon not asked any more', async (t) => {
  const links = Array.from({ length: 6 }, (_, i) => `http://d${i}.com/`);
  const raw = `From: a@example.com\n\n${links.join('\n')}\n`;
  const silent = links.map((link) => `${new URL(link).hostname}.dead.test`);
  const { server, dns } = await serve(
    t,
    { 'd3.com.live.test': { a: ['127.0.0.2'] } },
    Object.fromEntries(silent.map((name) => [name, 'drop'])),
  );
  const config = lists({
    dead: { rbl: 'dead.test', checks: ['urls'] },
    live: { rbl: 'live.test', checks: ['urls'] },
  });
  const built = await buildCheck(rbl, config, { dns, global: { taskTimeoutMs: 2_000 } });
  t.after(() => built.close());
  const first = await built.run({ raw });
  assert.deepEqual(first.symbols, ['DEAD_FAIL', 'LIVE']);
  const before = server.asked.length;
  const second = await built.run({ raw });
  assert.deepEqual(second.symbols, ['LIVE']);
  assert.equal(server.asked.length, before);
});
