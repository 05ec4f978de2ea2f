import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { memoryMetrics, silentLog } from '../../test/helpers/clock-and-metrics.ts';
import { startDnsServer, type TestDnsServer, type Zone } from '../../test/helpers/dns-server.ts';
import { type StoreDriver, startLmdbDriver, storeDrivers } from '../../test/helpers/store-drivers.ts';
import { startTcpServer } from '../../test/helpers/tcp-server.ts';
import { schemaErrors, xmllintMissing } from '../../test/helpers/xmllint.ts';
import { type Delivery, startSink } from '../../test/mta/sink.ts';
import { ReportStore } from '../auth/dmarc/index.ts';
import { type Resolver, StoreError } from '../core/index.ts';
import { createResolver } from '../dns/index.ts';
import { parseMessage } from '../mime/index.ts';
import { type ReportSending, sendReports } from './send-reports.ts';

const day = '20260102';
const keys = { index_prefix: 'dmarc_idx', report_prefix: 'dmarc_rpt', join_char: ';' };
const live = { isDryRun: false, batchSize: 2 };
const row = {
  ip: '192.0.2.1',
  isSpfAligned: false,
  isDkimAligned: true,
  disposition: 'none',
  isSampledOut: false,
  fromDomain: 'example.com',
  dkim: { pass: ['example.com'], fail: [], temperror: [], permerror: [] },
  spfDomain: 'example.com',
  spfResult: 'softfail',
} as const;

const zone: Zone = {
  '_dmarc.example.com': {
    txt: ['v=DMARC1; p=reject; rua=mailto:a@example.com,mailto:b@reports.example.com'],
  },
  '_dmarc.example.org': { txt: ['v=DMARC1; p=none; rua=mailto:x@third.example'] },
  'example.org._report._dmarc.third.example': { txt: ['v=DMARC1'] },
  '_dmarc.example.net': {
    txt: ['v=DMARC1; p=none; rua=mailto:x@stranger.example,mailto:tiny@example.net!1'],
  },
};

let dnsServer: TestDnsServer;
let dns: Resolver & { close(): void };
before(async () => {
  dnsServer = await startDnsServer(zone);
  dns = createResolver({
    dns: {
      nameservers: [dnsServer.address],
      rotation: 'round-robin',
      timeoutMs: 300,
      retransmits: 1,
      fakeRecords: [],
      hosts: [],
    },
    log: silentLog,
    metrics: memoryMetrics(),
    clock: Date,
  });
});
after(async () => {
  dns.close();
  await dnsServer.close();
});

const openReports = ({ store }: StoreDriver): ReportStore =>
  new ReportStore(store, { keys, ttlSeconds: 1000, maxRows: 100 });

function sendingTo(store: ReportStore, port: number, more: Partial<ReportSending> = {}): ReportSending {
  return {
    store,
    dns,
    server: {
      host: '127.0.0.1',
      port,
      helo: 'mx.test',
      timeoutMs: 5000,
      connectMs: undefined,
      readMs: undefined,
    },
    reporter: { organization: 'Example', email: 'dmarc@reporter.example', domain: 'reporter.example' },
    fromName: 'Reports',
    messageIdDomain: 'reporter.example',
    copies: [],
    retries: 1,
    pauseMs: 1,
    isReported: async () => true,
    isExcluded: async () => false,
    now: () => Date.UTC(2026, 0, 3),
    ...more,
  };
}

const xmlOf = (mail: Delivery): string => gunzipSync(parseMessage(mail.raw).parts[2]!.decoded()).toString();

/** A mail server that answers RCPT by address, and 250 to the rest. */
async function pickyServer(replies: Readonly<Record<string, string>>) {
  const taken: string[] = [];
  const server = await startTcpServer((socket) => {
    let pending = '';
    let inData = false;
    socket.write('220 picky ESMTP\r\n');
    socket.on('data', (chunk) => {
      pending += chunk.toString('latin1');
      for (let end = pending.indexOf('\r\n'); end >= 0; end = pending.indexOf('\r\n')) {
        const line = pending.slice(0, end);
        pending = pending.slice(end + 2);
        if (inData) {
          if (line !== '.') continue;
          inData = false;
          socket.write('250 ok\r\n');
          continue;
        }
        const recipient = /^RCPT TO:<(.*)>/i.exec(line)?.[1];
        const reply = recipient === undefined ? undefined : replies[recipient];
        if (recipient !== undefined && reply === undefined) taken.push(recipient);
        inData = /^DATA/i.test(line);
        socket.write(inData ? '354 go\r\n' : `${reply ?? '250 ok'}\r\n`);
        if (/^QUIT/i.test(line)) socket.end();
      }
    });
  });
  return { taken, port: Number(server.address.split(':')[1]), close: () => server.close() };
}

for (const [name, start] of storeDrivers()) {
  describe(`on ${name}`, () => {
    test('each domain gets its report once, with everything that was counted', async () => {
      const driver = await start();
      const sink = await startSink();
      const reports = openReports(driver);
      await reports.add('example.com', 'mailto:a@example.com', day, row);
      await reports.add('example.com', 'mailto:a@example.com', day, row);
      await reports.add('example.com', 'mailto:old@example.com', day, row);
      await reports.add('example.com', 'mailto:a@example.com', day, { ...row, ip: '192.0.2.2' });
      await reports.add('example.org', 'mailto:x@third.example', day, { ...row, fromDomain: 'example.org' });
      const sending = sendingTo(reports, sink.port, { copies: ['copy@reporter.example'] });
      const results = await sendReports([day], live, sending);
      assert.deepEqual(results, [
        {
          day,
          domain: 'example.com',
          outcome: 'sent',
          messages: 4,
          rows: 2,
          recipients: ['a@example.com', 'b@reports.example.com'],
          notes: [],
        },
        {
          day,
          domain: 'example.org',
          outcome: 'sent',
          messages: 1,
          rows: 1,
          recipients: ['x@third.example'],
          notes: [],
        },
      ]);
      const [first] = sink.to('a@example.com');
      assert.deepEqual(
        [first?.from, first?.recipients],
        ['dmarc@reporter.example', ['a@example.com', 'b@reports.example.com', 'copy@reporter.example']],
      );
      const xml = xmlOf(first!);
      assert.match(xml, /<source_ip>192\.0\.2\.1<\/source_ip>\s*<count>3<\/count>/);
      assert.match(xml, /<p>reject<\/p>/);
      if (xmllintMissing() === undefined) assert.equal(schemaErrors(xml), '');
      assert.deepEqual(await reports.reports(day), []);
      assert.deepEqual(await sendReports([day], live, sending), []);
      assert.equal(sink.deliveries.length, 2);
      await sink.stop();
      await driver.close();
    });
  });
}

describe('what does not go smoothly', () => {
  let driver: StoreDriver;
  let reports: ReportStore;
  before(async () => {
    driver = await startLmdbDriver();
    reports = openReports(driver);
  });
  after(() => driver.close());

  test('a dry run says what would be sent, and changes nothing', async () => {
    await reports.add('example.com', '', day, row);
    const [result] = await sendReports([day], { ...live, isDryRun: true }, sendingTo(reports, 1));
    assert.deepEqual(
      [result?.outcome, result?.recipients],
      ['dry', ['a@example.com', 'b@reports.example.com']],
    );
    assert.equal((await reports.reports(day)).length, 1);
  });

  test('a mail server that is away keeps the report, and the next run sends it', async () => {
    const [failed] = await sendReports([day], live, sendingTo(reports, 1));
    assert.equal(failed?.outcome, 'failed');
    assert.match(failed?.notes[0] ?? '', /ECONNREFUSED/);
    const sink = await startSink();
    const [sent] = await sendReports([day], live, sendingTo(reports, sink.port));
    assert.equal(sent?.outcome, 'sent');
    assert.equal(sink.deliveries.length, 1);
    await sink.stop();
  });

  test('who has it already does not get it again when another receiver failed', async () => {
    await reports.add('example.com', '', day, row);
    const picky = await pickyServer({ 'b@reports.example.com': '451 later' });
    const [failed] = await sendReports([day], live, sendingTo(reports, picky.port));
    assert.deepEqual(
      [failed?.outcome, failed?.recipients, failed?.notes],
      ['failed', ['a@example.com'], ['b@reports.example.com: the mail server answered 451']],
    );
    await picky.close();
    const sink = await startSink();
    const [sent] = await sendReports([day], live, sendingTo(reports, sink.port));
    assert.deepEqual([sent?.outcome, sent?.recipients], ['sent', ['b@reports.example.com']]);
    assert.deepEqual(sink.deliveries[0]?.recipients, ['b@reports.example.com']);
    await sink.stop();
  });

  test('a server that asks for patience is asked again, one that refuses is not', async () => {
    await reports.add('example.org', '', '20260103', row);
    for (const [reply, connections] of [
      ['450 later', 2],
      ['550 never', 1],
    ] as const) {
      let asked = 0;
      const server = await startTcpServer((socket) => {
        asked++;
        socket.end(`${reply}\r\n`);
      });
      const sending = sendingTo(reports, Number(server.address.split(':')[1]));
      const [failed] = await sendReports(['20260103'], live, sending);
      assert.equal(failed?.outcome, 'failed');
      assert.equal(asked, connections);
      await server.close();
    }
    assert.equal((await reports.reports('20260103')).length, 1);
    await reports.remove('20260103', (await reports.reports('20260103'))[0]!.key);
  });

  test('strangers who did not agree and receivers of smaller reports are left out', async () => {
    await reports.add('example.net', '', '20260104', row);
    const [result] = await sendReports(['20260104'], live, sendingTo(reports, 1));
    assert.equal(result?.outcome, 'skipped');
    assert.match(
      result?.notes.join('; ') ?? '',
      /x@stranger\.example: did not agree.*tiny@example\.net: takes 1 bytes/,
    );
    assert.deepEqual(await reports.reports('20260104'), []);
  });

  test('a domain that asks no longer, or that the operator excludes, gets nothing', async () => {
    for (const [domain, more, note] of [
      ['gone.example', {}, /asks for no reports/],
      ['example.com', { isReported: async () => false }, /configuration excludes/],
      ['example.com', { isExcluded: async () => true }, /configuration excludes/],
    ] as const) {
      await reports.add(domain, '', '20260105', row);
      const [result] = await sendReports(['20260105'], live, sendingTo(reports, 1, more));
      assert.equal(result?.outcome, 'skipped');
      assert.match(result?.notes.join() ?? '', note);
      assert.deepEqual(await reports.reports('20260105'), []);
    }
  });

  test('DNS that does not answer keeps the report', async () => {
    dnsServer.misbehave('_dmarc.broken.example', 'servfail');
    dnsServer.misbehave('half.example._report._dmarc.slow.example', 'servfail');
    dnsServer.setZone({
      ...zone,
      '_dmarc.half.example': { txt: ['v=DMARC1; p=none; rua=mailto:a@half.example,mailto:b@slow.example'] },
    });
    await reports.add('broken.example', '', '20260106', row);
    await reports.add('half.example', '', '20260106', row);
    const sink = await startSink();
    const results = await sendReports(['20260106'], live, sendingTo(reports, sink.port));
    assert.deepEqual(
      results.map(({ outcome, notes, recipients }) => [outcome, notes[0], recipients]),
      [
        ['failed', 'DNS: servfail', []],
        ['failed', 'b@slow.example: DNS does not say whether it wants reports', ['a@half.example']],
      ],
    );
    assert.equal((await reports.reports('20260106')).length, 2);
    await sink.stop();
  });

  test('two runs at once send a report once', async () => {
    await reports.add('example.org', '', '20260107', row);
    const sink = await startSink();
    const run = () => sendReports(['20260107'], live, sendingTo(reports, sink.port));
    const [[one], [two]] = (await Promise.all([run(), run()])) as [
      Awaited<ReturnType<typeof run>>,
      Awaited<ReturnType<typeof run>>,
    ];
    assert.deepEqual([one?.outcome, two?.outcome].toSorted(), ['sent', 'skipped']);
    assert.equal(sink.deliveries.length, 1);
    await sink.stop();
  });

  test('rows that other programs wrote badly are left out', async () => {
    await reports.add('example.org', '', '20260108', { ...row, ip: 'nonsense' });
    const [result] = await sendReports(['20260108'], live, sendingTo(reports, 1));
    assert.deepEqual([result?.outcome, result?.notes], ['skipped', ['there is nothing to report']]);
  });

  test('a store that fails in between is a failure of that domain', async () => {
    await reports.add('example.org', '', '20260109', row);
    const broken = Object.assign(Object.create(reports) as ReportStore, {
      reports: (wanted: string) => reports.reports(wanted),
      claim: () => Promise.reject(new StoreError('away')),
    });
    const [result] = await sendReports(['20260109'], live, sendingTo(broken, 1));
    assert.deepEqual([result?.outcome, result?.notes], ['failed', ['away']]);
  });
});
