import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { noMetrics, recordingLog } from '../../test/helpers/check-table.ts';
import { manualClock } from '../../test/helpers/clock-and-metrics.ts';
import { startDnsServer, type TestDnsServer } from '../../test/helpers/dns-server.ts';
import { ConfigError, type DnsOptions, type DnsType } from '../core/index.ts';
import { createResolver } from './index.ts';

const long = `v=DKIM1; p=${'A'.repeat(700)}`;

const zone = {
  'example.com': {
    a: ['192.0.2.1', '192.0.2.2'],
    aaaa: ['2001:db8::25'],
    mx: ['10 mx1.example.com', '20 mx2.example.com'],
    ns: ['ns1.example.com'],
    txt: ['v=spf1 -all', long],
    soa: ['ns1.example.com admin.example.com 1 2 3 4 5'],
  },
  '1.2.0.192.in-addr.arpa': { ptr: ['mail.example.com'] },
  'www.example.com': { cname: ['[30] web.example.com'] },
  'web.example.com': { a: ['[90] 192.0.2.9'] },
  'loop.example.com': { cname: ['loop2.example.com'] },
  'loop2.example.com': { cname: ['loop.example.com'] },
  'away.example.com': { cname: ['elsewhere.example.net'] },
  'brief.example.com': { a: ['[0] 192.0.2.3'] },
  'wrong.example.com': { a: ['192.0.2.4'] },
};

const defaults: DnsOptions = {
  nameservers: [],
  rotation: 'round-robin',
  timeoutMs: 1000,
  retransmits: 3,
  fakeRecords: [],
  hosts: [],
};

describe('a resolver', () => {
  let server: TestDnsServer;
  const clock = manualClock();
  const open: { close(): void }[] = [];
  const make = (options: Partial<DnsOptions> = {}) => {
    const dns = { ...defaults, nameservers: [server.address], ...options };
    const resolver = createResolver({ dns, log: recordingLog(), metrics: noMetrics, clock });
    open.push(resolver);
    return resolver;
  };
  const askedFor = (name: string): number => server.asked.filter((question) => question.name === name).length;

  before(async () => {
    server = await startDnsServer(zone);
  });
  after(async () => {
    for (const resolver of open) resolver.close();
    await server.close();
  });

  const table: readonly (readonly [DnsType, string, string, readonly string[]])[] = [
    ['a', 'example.com', 'ok', ['192.0.2.1', '192.0.2.2']],
    ['a', 'EXAMPLE.com.', 'ok', ['192.0.2.1', '192.0.2.2']],
    ['aaaa', 'example.com', 'ok', ['2001:db8::25']],
    ['mx', 'example.com', 'ok', ['10 mx1.example.com', '20 mx2.example.com']],
    ['ns', 'example.com', 'ok', ['ns1.example.com']],
    ['txt', 'example.com', 'ok', ['v=spf1 -all', long]],
    ['soa', 'example.com', 'ok', ['ns1.example.com admin.example.com 1 2 3 4 5']],
    ['ptr', '1.2.0.192.in-addr.arpa', 'ok', ['mail.example.com']],
    ['a', 'www.example.com', 'ok', ['192.0.2.9']],
    ['mx', 'web.example.com', 'nodata', []],
    ['mx', 'www.example.com', 'nodata', []],
    ['a', 'nowhere.example.com', 'nxdomain', []],
    ['a', 'loop.example.com', 'servfail', []],
    ['a', 'away.example.com', 'nxdomain', []],
    ['a', 'a..b', 'formerr', []],
  ];
  for (const [type, name, status, records] of table)
    test(`answers ${type} of ${name} with ${status}`, async () => {
      const answer = await make().resolve(name, type);
      assert.deepEqual([answer.status, answer.records], [status, records]);
    });

  test('an alias is good for no longer than its own TTL', async () => {
    assert.equal((await make().resolve('www.example.com', 'a')).ttlSeconds, 30);
  });

  test('an answer is kept for its TTL and then asked again', async () => {
    const resolver = make();
    const before = askedFor('web.example.com');
    assert.equal((await resolver.resolve('web.example.com', 'a')).ttlSeconds, 90);
    clock.advance(60_000);
    assert.equal((await resolver.resolve('web.example.com', 'a')).ttlSeconds, 30);
    assert.equal(askedFor('web.example.com') - before, 1);
    clock.advance(30_000);
    await resolver.resolve('web.example.com', 'a');
    assert.equal(askedFor('web.example.com') - before, 2);
  });

  test('a negative answer is kept for the time its SOA names', async () => {
    const resolver = make();
    assert.equal((await resolver.resolve('gone.example.com', 'a')).ttlSeconds, 60);
    await resolver.resolve('gone.example.com', 'a');
    assert.equal(askedFor('gone.example.com'), 1);
    clock.advance(61_000);
    await resolver.resolve('gone.example.com', 'a');
    assert.equal(askedFor('gone.example.com'), 2);
  });

  test('an answer with TTL 0 is not kept', async () => {
    const resolver = make();
    await resolver.resolve('brief.example.com', 'a');
    await resolver.resolve('brief.example.com', 'a');
    assert.equal(askedFor('brief.example.com'), 2);
  });

  test('equal questions at the same time are asked once', async () => {
    server.misbehave('many.example.com', 'slow');
    const resolver = make();
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => resolver.resolve('many.example.com', 'txt')),
    );
    assert.equal(askedFor('many.example.com'), 1);
    assert.ok(answers.every(({ status }) => status === 'nxdomain'));
  });

  test('a truncated answer is fetched over TCP', async () => {
    server.setZone({ ...zone, 'big.example.com': { txt: [long] } });
    server.misbehave('big.example.com', 'truncate');
    assert.deepEqual((await make().resolve('big.example.com', 'txt')).records, [long]);
    const transports = server.asked.filter(({ name }) => name === 'big.example.com');
    assert.deepEqual(
      transports.map(({ transport }) => transport),
      ['udp', 'tcp'],
    );
  });

  test('a lost packet is sent again', async () => {
    server.setZone({ ...zone, 'lost.example.com': { a: ['192.0.2.5'] } });
    server.misbehave('lost.example.com', 'drop-once');
    assert.deepEqual((await make({ timeoutMs: 50 }).resolve('lost.example.com', 'a')).records, ['192.0.2.5']);
  });

  test('silence ends as timeout after all retransmits', async () => {
    server.misbehave('silent.example.com', 'drop');
    const answer = await make({ timeoutMs: 20, retransmits: 3 }).resolve('silent.example.com', 'a');
    assert.equal(answer.status, 'timeout');
    assert.equal(askedFor('silent.example.com'), 3);
  });

  test('the caller may be shorter of time than the question', async () => {
    server.misbehave('slow.example.com', 'slow');
    const resolver = make();
    assert.equal((await resolver.resolve('slow.example.com', 'a', { timeoutMs: 1 })).status, 'timeout');
    const aborted = resolver.resolve('slow.example.com', 'a', { signal: AbortSignal.abort() });
    assert.equal((await aborted).status, 'timeout');
    assert.equal((await resolver.resolve('slow.example.com', 'a')).status, 'nxdomain');
    assert.equal(askedFor('slow.example.com'), 1);
  });

  for (const [how, status] of [
    ['garbage', 'servfail'],
    ['pointer-loop', 'servfail'],
    ['huge-count', 'servfail'],
    ['servfail', 'servfail'],
    ['refused', 'refused'],
  ] as const)
    test(`a server that answers with ${how} gives ${status}`, async () => {
      const name = `${how}.example.com`;
      server.misbehave(name, how);
      assert.equal((await make().resolve(name, 'a')).status, status);
    });

  test('a server without EDNS is asked plainly from then on', async () => {
    server.misbehave('old.example.com', 'no-edns');
    const resolver = make();
    assert.equal((await resolver.resolve('old.example.com', 'a')).status, 'nxdomain');
    assert.equal((await resolver.resolve('example.com', 'a')).status, 'ok');
    assert.equal(server.asked.at(-1)?.hasEdns, false);
  });

  test('answers to another question or with another id are ignored', async () => {
    server.misbehave('wrong.example.com', 'forged-first');
    assert.deepEqual((await make().resolve('wrong.example.com', 'a')).records, ['192.0.2.4']);
  });

  test('a dead server is passed over for one that lives', async () => {
    const dead = await startDnsServer({});
    await dead.close();
    const nameservers = [dead.address, server.address];
    for (const rotation of ['round-robin', 'master-slave', 'hash', 'random'] as const) {
      const resolver = make({ nameservers, rotation });
      for (let i = 0; i < 4; i++) {
        const answer = await resolver.resolve(`${i}.${rotation}.example.com`, 'a');
        assert.equal(answer.status, 'nxdomain', rotation);
      }
    }
  });

  test('with nobody listening the status is network', async () => {
    const dead = await startDnsServer({});
    await dead.close();
    const answer = await make({ nameservers: [dead.address] }).resolve('example.com', 'a');
    assert.equal(answer.status, 'network');
  });

  test('a server that fails is asked for its better neighbour', async () => {
    const bad = await startDnsServer({}, { misbehaviour: { 'example.com': 'servfail' } });
    const resolver = make({ nameservers: [bad.address, server.address], rotation: 'master-slave' });
    assert.equal((await resolver.resolve('example.com', 'a')).status, 'ok');
    assert.equal(bad.asked.length, 1);
    await bad.close();
  });

  test('questions are spread by weight', async () => {
    const other = await startDnsServer({});
    const resolver = make({ nameservers: [`${other.address}:3`, server.address] });
    for (let i = 0; i < 8; i++) await resolver.resolve(`${i}.weights.example.com`, 'a');
    assert.equal(other.asked.length, 6);
    await other.close();
  });

  test('a name without any name server configured is asked from those of the system', () => {
    assert.doesNotThrow(() => make({ nameservers: [] }));
  });

  test('name servers that are none are refused by name', () => {
    for (const text of ['example.com', '1.2.3', '192.0.2.1:0', '192.0.2.1:99999', ''])
      assert.throws(
        () => make({ nameservers: [text] }),
        (error) => error instanceof ConfigError && error.message.includes('options.dns.nameserver[0]'),
        text,
      );
  });

  describe('with fake records', () => {
    const fake = (name: string, type: string, replies: readonly string[], rcode = 'noerror') => ({
      name,
      type,
      rcode,
      replies,
    });
    const fakeRecords = [
      fake('fake.example', 'txt', ['v=spf1 -all']),
      fake('Fake.Example', 'txt', ['second']),
      fake('fake.example', 'mx', ['10 mx.fake.example', '20:mx2.fake.example', '0 .']),
      fake('fake.example', 'a', ['192.0.2.77']),
      fake('fake.example', 'soa', ['ns.fake.example admin.fake.example 1 2 3 4 5']),
      fake('late.example', 'a', ['192.0.2.1']),
      fake('late.example', 'a', ['192.0.2.2'], 'nxdomain'),
      fake('empty.example', 'txt', []),
      fake('slow.example', 'a', [], 'timeout'),
      fake('net.example', 'a', [], 'neterr'),
      fake('norec.example', 'a', [], 'norec'),
      fake('fail.example', 'a', ['192.0.2.3'], 'servfail'),
    ];
    for (const [type, name, status, records] of [
      ['txt', 'fake.example', 'ok', ['v=spf1 -all', 'second']],
      ['mx', 'fake.example', 'ok', ['10 mx.fake.example', '20 mx2.fake.example', '0 ']],
      ['a', 'fake.example', 'ok', ['192.0.2.77']],
      ['soa', 'fake.example', 'ok', ['ns.fake.example admin.fake.example 1 2 3 4 5']],
      ['a', 'late.example', 'nxdomain', []],
      ['txt', 'empty.example', 'nodata', []],
      ['a', 'slow.example', 'timeout', []],
      ['a', 'net.example', 'network', []],
      ['a', 'norec.example', 'nodata', []],
      ['a', 'fail.example', 'servfail', []],
      ['aaaa', 'fake.example', 'nxdomain', []],
      ['a', 'example.com', 'ok', ['192.0.2.1', '192.0.2.2']],
    ] as const)
      test(`${type} of ${name} is ${status}`, async () => {
        const answer = await make({ fakeRecords }).resolve(name, type);
        assert.deepEqual([answer.status, answer.records], [status, records]);
      });

    for (const [record, path] of [
      [fake('x.example', 'srv', []), 'fake_records[0].type'],
      [fake('x.example', 'a', [], 'nonsense'), 'fake_records[0].rcode'],
      [fake('x.example', 'a', ['2001:db8::1']), 'fake_records[0].replies'],
      [fake('x.example', 'mx', ['mx.example']), 'fake_records[0].replies'],
      [fake('x.example', 'soa', ['a b 1 2']), 'fake_records[0].replies'],
      [fake('x..example', 'a', []), 'fake_records[0].name'],
    ] as const)
      test(`refuses ${JSON.stringify(record)}`, () => {
        assert.throws(
          () => make({ fakeRecords: [record] }),
          (error) => error instanceof ConfigError && error.message.includes(path),
        );
      });
  });

  test('hosts files answer first and are read again when they change', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hosts-'));
    const path = join(folder, 'hosts');
    writeFileSync(
      path,
      '# comment\n192.0.2.50 Host.example alias # more\n2001:db8::50 host.example\nrubbish\n',
    );
    const resolver = make({ hosts: [path, join(folder, 'missing')] });
    assert.deepEqual((await resolver.resolve('host.example', 'a')).records, ['192.0.2.50']);
    assert.deepEqual((await resolver.resolve('alias', 'a')).records, ['192.0.2.50']);
    assert.deepEqual((await resolver.resolve('host.example', 'aaaa')).records, ['2001:db8::50']);
    assert.equal((await resolver.resolve('alias', 'aaaa')).status, 'nxdomain');
    writeFileSync(path, '192.0.2.51 host.example other\n');
    clock.advance(6_000);
    assert.deepEqual((await resolver.resolve('host.example', 'a')).records, ['192.0.2.51']);
    rmSync(folder, { recursive: true });
  });
});
