import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { noMetrics, recordingLog, runCheck } from '../../../test/helpers/check-table.ts';
import { type Misbehaviour, startDnsServer, type TestDnsServer } from '../../../test/helpers/dns-server.ts';
import { createResolver } from '../../dns/index.ts';
import { spf } from './check.ts';

/** Three kilobytes of networks before the one that counts. */
const long = `v=spf1 ${Array.from({ length: 150 }, (_, i) => `ip4:203.0.113.${i}/32`).join(' ')}`;

describe('SPF over a real DNS server', () => {
  let server: TestDnsServer;
  let dns: ReturnType<typeof createResolver>;

  before(async () => {
    const broken: readonly Misbehaviour[] = [
      'servfail',
      'refused',
      'garbage',
      'pointer-loop',
      'huge-count',
      'drop',
    ];
    server = await startDnsServer(
      {
        'long.example': { txt: [`${long} ip4:198.51.100.0/24 -all`] },
        'names.example': { txt: ['v=spf1 a mx ptr -all'], a: ['192.0.2.1'], mx: ['10 mx.names.example'] },
        'mx.names.example': { a: ['192.0.2.2'] },
        '7.100.51.198.in-addr.arpa': { ptr: ['out.names.example'] },
        'out.names.example': { a: ['198.51.100.7'] },
        'alias.example': { cname: ['long.example'] },
        'ring.example': { txt: ['v=spf1 include:ring2.example -all'] },
        'ring2.example': { txt: ['v=spf1 include:ring.example -all'] },
        ...Object.fromEntries(broken.map((how) => [`${how}.example`, { txt: ['v=spf1 -all'] }])),
      },
      { misbehaviour: Object.fromEntries(broken.map((how) => [`${how}.example`, how])) },
    );
    dns = createResolver({
      dns: {
        nameservers: [server.address],
        rotation: 'round-robin',
        timeoutMs: 200,
        retransmits: 2,
        fakeRecords: [],
        hosts: [],
      },
      log: recordingLog(),
      metrics: noMetrics,
      clock: { now: () => 0 },
    });
  });
  after(async () => {
    dns.close();
    await server.close();
  });

  const table: readonly (readonly [domain: string, symbol: string, option: string])[] = [
    ['long.example', 'R_SPF_ALLOW', '+ip4:198.51.100.0/24'],
    ['alias.example', 'R_SPF_ALLOW', '+ip4:198.51.100.0/24'],
    ['names.example', 'R_SPF_ALLOW', '+ptr'],
    ['ring.example', 'R_SPF_PERMFAIL', 'too many terms that ask DNS'],
    ['servfail.example', 'R_SPF_DNSFAIL', 'temporary DNS error'],
    ['refused.example', 'R_SPF_DNSFAIL', 'temporary DNS error'],
    ['garbage.example', 'R_SPF_DNSFAIL', 'temporary DNS error'],
    ['pointer-loop.example', 'R_SPF_DNSFAIL', 'temporary DNS error'],
    ['huge-count.example', 'R_SPF_DNSFAIL', 'temporary DNS error'],
    ['drop.example', 'R_SPF_DNSFAIL', 'temporary DNS error'],
    ['absent.example', 'R_SPF_NA', 'no SPF record'],
  ];
  for (const [domain, symbol, option] of table) {
    test(`${domain}: ${symbol}`, async () => {
      const { hits } = await runCheck(spf, {}, { from: `joe@${domain}` }, { dns });
      assert.deepEqual(
        hits.map((hit) => [hit.symbol, ...hit.options]),
        [[symbol, option]],
      );
    });
  }
});
