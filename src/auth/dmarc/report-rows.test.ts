import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { storeDrivers } from '../../../test/helpers/store-drivers.ts';
import { dayOf, formatRow, parseRow, type ReportRow, ReportStore } from './report-rows.ts';

const row: ReportRow = {
  ip: '192.0.2.1',
  isSpfAligned: true,
  isDkimAligned: false,
  disposition: 'quarantine',
  isSampledOut: true,
  fromDomain: 'example.com',
  dkim: { pass: ['example.org'], fail: ['a.example', 'b.example'], temperror: [], permerror: ['c.example'] },
  spfDomain: 'bounce.example.com',
  spfResult: 'softfail',
};
const keys = { index_prefix: 'dmarc_idx', report_prefix: 'dmarc_rpt', join_char: ';' };

test('a row is the element that Rspamd writes', () => {
  const text =
    '192.0.2.1,pass,fail,quarantine,sampled_out,example.com,example.org,a.example|b.example,,c.example,bounce.example.com,softfail';
  assert.equal(formatRow(row), text);
  assert.deepEqual(parseRow(text), row);
});

test('names that are none cannot tear a row apart', () => {
  const text = formatRow({
    ...row,
    dkim: { ...row.dkim, pass: ['a,b', 'x|y', 'Good.Example', 'good.example'] },
    spfDomain: 'a b,c',
  });
  assert.deepEqual(parseRow(text)?.dkim.pass, ['good.example']);
  assert.equal(parseRow(text)?.spfDomain, '');
});

test('any text is a row or none, and rows come back as they were', () => {
  const domain = fc.stringMatching(/^[a-z][a-z0-9]{0,8}\.(com|example)$/);
  const domains = fc.uniqueArray(domain, { maxLength: 4 });
  const rows = fc.record({
    ip: fc.oneof(fc.ipV4(), fc.constant('2001:db8::1')),
    isSpfAligned: fc.boolean(),
    isDkimAligned: fc.boolean(),
    disposition: fc.constantFrom('none', 'quarantine', 'reject'),
    isSampledOut: fc.boolean(),
    fromDomain: domain,
    dkim: fc.record({ pass: domains, fail: domains, temperror: domains, permerror: domains }),
    spfDomain: fc.oneof(domain, fc.constant('')),
    spfResult: fc.constantFrom('none', 'pass', 'fail', 'temperror'),
  });
  fc.assert(
    fc.property(rows, (made) => {
      const text = formatRow(made as ReportRow);
      const read = parseRow(text);
      assert.ok(read);
      assert.equal(formatRow(read), text);
    }),
    { numRuns: 200 },
  );
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.array(fc.string(), { minLength: 12, maxLength: 12 }).map(String)),
      (text) => {
        parseRow(text);
      },
    ),
    { numRuns: 300 },
  );
});

for (const [name, start] of storeDrivers()) {
  describe(`on ${name}`, () => {
    test('messages that look the same are counted, reports are listed, and what was sent is gone', async () => {
      const driver = await start();
      const reports = new ReportStore(driver.store, { keys, ttlSeconds: 100, maxRows: 1000 });
      const rua = 'mailto:a@example.com,mailto:b@example.com';
      await reports.add('example.com', rua, '20260102', row);
      await reports.add('example.com', rua, '20260102', row);
      await reports.add('example.com', rua, '20260102', { ...row, ip: '192.0.2.2' });
      await reports.add('example.org', 'mailto:x@example.org', '20260102', row);
      await reports.add('example.org', 'mailto:x@example.org', '20260103', row);
      const key = `dmarc_rpt;example.com;${rua};20260102`;
      const other = 'dmarc_rpt;example.org;mailto:x@example.org;20260102';
      assert.deepEqual(await reports.reports('20260102'), [
        { key, domain: 'example.com' },
        { key: other, domain: 'example.org' },
      ]);
      assert.deepEqual(await driver.store.sortedRange(key, 0, -1), [
        { member: formatRow({ ...row, ip: '192.0.2.2' }), score: 1 },
        { member: formatRow(row), score: 2 },
      ]);
      assert.deepEqual(
        (await reports.rows([key])).map(({ row: { ip }, count }) => [ip, count]),
        [
          ['192.0.2.2', 1],
          ['192.0.2.1', 2],
        ],
      );
      await reports.remove('20260102', key);
      assert.deepEqual(await reports.reports('20260102'), [{ key: other, domain: 'example.org' }]);
      assert.deepEqual(await reports.rows([key]), []);
      assert.equal((await reports.reports('20260103')).length, 1);
      await driver.close();
    });

    test('of more rows than allowed the rarest are dropped', async () => {
      const driver = await start();
      const reports = new ReportStore(driver.store, { keys, ttlSeconds: 100, maxRows: 2 });
      for (const ip of ['192.0.2.1', '192.0.2.1', '192.0.2.2', '192.0.2.2', '192.0.2.3'])
        await reports.add('example.com', '', '20260102', { ...row, ip });
      const [report] = await reports.reports('20260102');
      assert.deepEqual(
        (await reports.rows([report!.key])).map(({ row: { ip }, count }) => [ip, count]),
        [
          ['192.0.2.1', 2],
          ['192.0.2.2', 2],
        ],
      );
      await driver.close();
    });

    test('a report is claimed by one at a time, and receivers are remembered', async () => {
      const driver = await start();
      const reports = new ReportStore(driver.store, { keys, ttlSeconds: 100, maxRows: 2 });
      const taken = await Promise.all([1, 2, 3].map(() => reports.claim('example.com', '20260102', 10_000)));
      assert.deepEqual(taken.toSorted(), [false, false, true]);
      await reports.release('example.com', '20260102');
      assert.equal(await reports.claim('example.com', '20260102', 10_000), true);
      assert.equal(await reports.wasSent('example.com', '20260102', 'a@example.com'), false);
      await reports.noteSent('example.com', '20260102', 'a@example.com');
      assert.equal(await reports.wasSent('example.com', '20260102', 'a@example.com'), true);
      assert.equal(await reports.wasSent('example.com', '20260103', 'a@example.com'), false);
      await driver.close();
    });

    test('rows expire', async () => {
      const driver = await start();
      const reports = new ReportStore(driver.store, { keys, ttlSeconds: 1, maxRows: 2 });
      await reports.add('example.com', '', '20260102', row);
      await driver.pass(1100);
      assert.deepEqual(await reports.reports('20260102'), []);
      await driver.close();
    });
  });
}

test('a day is a date in UTC', () => {
  assert.equal(dayOf(Date.UTC(2026, 0, 2, 23, 59, 59, 999)), '20260102');
});
