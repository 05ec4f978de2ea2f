import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { buildCheck, tableResolver } from '../../test/helpers/check-table.ts';
import { startDnsServer, type TestDnsServer } from '../../test/helpers/dns-server.ts';
import { type StoreDriver, storeDrivers } from '../../test/helpers/store-drivers.ts';
import { schemaErrors, xmllintMissing } from '../../test/helpers/xmllint.ts';
import { type Sink, startSink } from '../../test/mta/sink.ts';
import { dmarc } from '../checks/dmarc/check.ts';
import { parseIp } from '../lib/index.ts';
import { parseMessage } from '../mime/index.ts';

const command = join(import.meta.dirname, '../../bin/postern');
const policy = 'v=DMARC1; p=quarantine; rua=mailto:reports@example.com';
const reporting = {
  enabled: true,
  email: 'dmarc@example.net',
  domain: 'example.net',
  org_name: 'Example Net',
};

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

for (const [name, start] of storeDrivers()) {
  describe(`postern dmarc report, on ${name}`, () => {
    let driver: StoreDriver;
    let dns: TestDnsServer;
    let sink: Sink;

    before(async () => {
      driver = await start();
      dns = await startDnsServer({ '_dmarc.example.com': { txt: [policy] } });
      sink = await startSink();
      mkdirSync(join(driver.stateDir, 'config/local.d'), { recursive: true });
    });
    after(async () => {
      await sink.stop();
      await dns.close();
      await driver.close();
    });

    const configure = (more: string, port = sink.port): void => {
      const redis = driver.redis ? `servers = "${String(driver.redis['servers'])}";` : '';
      const folder = join(driver.stateDir, 'config/local.d');
      writeFileSync(
        join(folder, 'dmarc.conf'),
        `${redis} reporting { smtp_port = ${port}; keys_expire = 2d; ${more} }`,
      );
    };
    const sendable =
      'enabled = true; email = "dmarc@example.net"; domain = "example.net"; org_name = "Example Net";';
    const report = (...words: readonly string[]): Promise<Ran> =>
      new Promise((resolve) => {
        const all = [
          'dmarc',
          'report',
          '--config',
          'config',
          '--state',
          '.',
          '--nameserver',
          dns.address,
          ...words,
        ];
        execFile(command, all, { cwd: driver.stateDir, timeout: 60_000 }, (error, out, err) => {
          resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err });
        });
      });

    /** Has a message judged, yesterday. */
    async function judge(): Promise<void> {
      const startedMs = Date.now() - 86_400_000;
      const built = await buildCheck(
        dmarc,
        { reporting },
        { dns: tableResolver({ 'txt _dmarc.example.com': [policy] }), store: driver.store },
      );
      await built.run({
        raw: 'From: Ann <ann@example.com>\n\nHello.\n',
        startedMs,
        authentication: {
          spf: {
            result: 'pass',
            domain: 'bulk.example.org',
            identity: 'mailfrom',
            sender: 'x@bulk.example.org',
            clientIp: parseIp('198.51.100.7')!,
          },
          dkim: [],
        },
      });
      await built.close();
    }

    test('what the check counted is sent once, and what was sent is gone', async () => {
      configure(sendable);
      await judge();
      await judge();
      const dry = await report('--dry-run');
      assert.equal(dry.code, 0, dry.err);
      assert.match(
        dry.out,
        /^due +\d{8} example\.com: 2 messages in 1 row to reports@example\.com\n1 due\n$/,
      );
      assert.equal(sink.deliveries.length, 0);

      const sent = await report();
      assert.equal(sent.code, 0, sent.err);
      assert.match(
        sent.out,
        /^sent +\d{8} example\.com: 2 messages in 1 row to reports@example\.com\n1 sent\n$/,
      );
      const [mail] = sink.deliveries;
      assert.deepEqual([mail?.from, mail?.recipients], ['dmarc@example.net', ['reports@example.com']]);
      const attachment = parseMessage(mail!.raw).parts[2]!;
      assert.match(attachment.fileName ?? '', /^example\.net!example\.com!\d+!\d+\.xml\.gz$/);
      const xml = gunzipSync(attachment.decoded()).toString();
      assert.match(xml, /<source_ip>198\.51\.100\.7<\/source_ip>\s*<count>2<\/count>/);
      if (xmllintMissing() === undefined) assert.equal(schemaErrors(xml), '');

      const again = await report('--json');
      assert.deepEqual([again.code, JSON.parse(again.out), sink.deliveries.length], [0, [], 1]);
    });

    test('what fails is named, kept, and told by the exit code', async () => {
      await judge();
      configure(`${sendable} retries = 0;`, 1);
      const failed = await report();
      assert.equal(failed.code, 1);
      assert.match(
        failed.out,
        /^FAILED +\d{8} example\.com: 1 message in 1 row \(.*ECONNREFUSED.*\)\n1 failed\n$/,
      );
      configure(sendable);
      assert.match((await report()).out, /^sent/);
    });

    test('days that are not over, and settings that cannot work, are refused', async () => {
      const today = new Date().toISOString().slice(0, 10).replaceAll('-', '');
      configure(sendable);
      const early = await report('--date', today);
      assert.deepEqual([early.code, early.out], [78, '']);
      assert.match(early.err, /is not over yet/);
      assert.match((await report('--date', '20260230')).err, /expected a date/);
      assert.equal((await report('--date', '20260101')).out, 'no report is due\n');
      configure('enabled = true;');
      assert.match((await report()).err, /needs email, domain and org_name/);
      configure('enabled = false;');
      assert.match((await report()).err, /reports are off/);
    });
  });
}
