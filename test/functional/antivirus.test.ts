import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { leftOutWithout } from '../helpers/left-out.ts';
import { type Daemon, freePorts, startDaemon, waitForPorts } from '../mta/process.ts';
import { eventually, startServer, type TestServer } from './server.ts';

/** Programs of Debian that these tests drive, by package. */
const programs: Readonly<Record<string, string>> = {
  'clamav-daemon': '/usr/sbin/clamd',
  'c-icap': '/usr/bin/c-icap',
  'libc-icap-mod-virus-scan': '/etc/c-icap/virus_scan.conf',
};

/** The one thing that the test database knows. */
const virus = 'POSTERN-VIRUS-TEST-STRING';
const threat = 'POSTERN.TEST.UNOFFICIAL';
const streamLimitBytes = 1_048_576;

function mail(attachment: string | Buffer): string {
  return [
    'From: Alice <alice@example.com>',
    'To: Bob <bob@example.net>',
    'Subject: Files',
    'Date: Sun, 22 Nov 2026 10:00:00 +0000',
    'Message-ID: <files@example.com>',
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    'Content-Type: text/plain',
    '',
    'Hello Bob',
    '--b',
    'Content-Type: application/octet-stream',
    'Content-Disposition: attachment; filename="file.bin"',
    'Content-Transfer-Encoding: base64',
    '',
    Buffer.from(attachment).toString('base64').replace(/.{76}/g, '$&\r\n'),
    '--b--',
    '',
  ].join('\r\n');
}

interface Verdict {
  readonly action: string;
  readonly symbols: Readonly<
    Record<string, { readonly options?: readonly string[]; readonly score: number }>
  >;
  readonly messages: Readonly<Record<string, string>>;
}

describe('clamd and c-icap', { skip: leftOutWithout(programs) }, () => {
  let root: string;
  let clamd: Daemon;
  let cicap: Daemon;
  let server: TestServer;

  async function startClamd(port: number): Promise<void> {
    const config = [
      `DatabaseDirectory ${root}/db`,
      `LocalSocket ${root}/clamd.sock`,
      `TCPSocket ${port}`,
      'TCPAddr 127.0.0.1',
      `StreamMaxLength ${streamLimitBytes}`,
      'MaxThreads 4',
      ...(process.getuid?.() === 0 ? ['User root'] : []),
    ];
    await mkdir(join(root, 'db'));
    const signature = `POSTERN.TEST:0:*:${Buffer.from(virus).toString('hex')}\n`;
    await writeFile(join(root, 'db/test.ndb'), signature);
    await writeFile(join(root, 'clamd.conf'), `${config.join('\n')}\n`);
    clamd = startDaemon(programs['clamav-daemon']!, ['--foreground', '-c', join(root, 'clamd.conf')]);
    await waitForPorts(clamd, [port]);
  }

  async function startCicap(port: number): Promise<void> {
    const modules = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/c_icap`;
    const config = [
      `PidFile ${root}/c-icap.pid`,
      `CommandsSocket ${root}/c-icap.ctl`,
      `Port 127.0.0.1:${port}`,
      'StartServers 1',
      'MaxServers 1',
      'MinSpareThreads 2',
      'MaxSpareThreads 4',
      'ThreadsPerChild 4',
      `TmpDir ${root}`,
      `ModulesDir ${modules}`,
      `ServicesDir ${modules}`,
      'TemplateDir /usr/share/c_icap/templates/',
      'TemplateDefaultLanguage en',
      'LoadMagicFile /etc/c-icap/c-icap.magic',
      `ServerLog ${root}/server.log`,
      `AccessLog ${root}/access.log`,
      'Service echo srv_echo.so',
      'Service antivirus_module virus_scan.so',
      'ServiceAlias avscan virus_scan?allow204=on&sizelimit=off&mode=simple',
      'virus_scan.ScanFileTypes TEXT DATA EXECUTABLE ARCHIVE GIF JPEG MSOFFICE',
      'virus_scan.DefaultEngine clamd',
      'Module common clamd_mod.so',
      `clamd_mod.ClamdSocket ${root}/clamd.sock`,
    ];
    await writeFile(join(root, 'c-icap.conf'), `${config.join('\n')}\n`);
    cicap = startDaemon(programs['c-icap']!, ['-N', '-f', join(root, 'c-icap.conf')]);
    await waitForPorts(cicap, [port]);
  }

  async function scan(raw: string, headers: Readonly<Record<string, string>> = {}): Promise<Verdict> {
    const response = await server.scan(raw, { From: 'alice@example.com', ...headers });
    assert.equal(response.status, 200);
    return (await response.json()) as Verdict;
  }

  /** Symbols of the rules with their options. */
  const found = ({ symbols }: Verdict): Readonly<Record<string, readonly string[] | undefined>> =>
    Object.fromEntries(
      Object.entries(symbols)
        .filter(([name]) => name.startsWith('AV_'))
        .map(([name, { options }]) => [name, options]),
    );

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'postern-antivirus-'));
    const [clamdPort = 0, icapPort = 0] = await freePorts(2);
    await startClamd(clamdPort);
    await startCicap(icapPort);
    const rules = `
      clam_tcp { type = "clamav"; servers = "127.0.0.1:${clamdPort}"; symbol = "AV_TCP"; score = 3; no_cache = true }
      clam_unix { type = "clamav"; servers = "${root}/clamd.sock"; symbol = "AV_UNIX"; action = "reject"; }
      scanner { type = "icap"; servers = "127.0.0.1:${icapPort}"; symbol = "AV_ICAP"; scheme = "avscan"; no_cache = true; timeout = 5 }
      echo { type = "icap"; servers = "127.0.0.1:${icapPort}"; symbol = "AV_ECHO"; scheme = "echo"; no_cache = true; timeout = 5 }
    `;
    server = await startServer({ 'local.d/antivirus.conf': rules });
  });

  after(async () => {
    await server?.dispose();
    await cicap?.stop();
    await clamd?.stop();
    await rm(root, { recursive: true, force: true });
  });

  const ways: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ['inbound', { IP: '198.51.100.7' }],
    ['authenticated', { IP: '198.51.100.7', User: 'alice@example.com' }],
    ['local', { IP: '10.1.2.3' }],
  ];
  for (const [way, headers] of ways) {
    test(`a virus in ${way} mail is found by every scanner and refused`, async () => {
      const verdict = await scan(mail(`x ${virus} ${way}`), headers);
      assert.deepEqual(found(verdict), { AV_TCP: [threat], AV_UNIX: [threat], AV_ICAP: [threat] });
      assert.equal(verdict.symbols['AV_TCP']?.score, 3);
      assert.equal(verdict.action, 'reject');
      assert.equal(verdict.messages['smtp_message'], `clam_unix: virus found: "${threat}"`);
    });
  }

  test('harmless mail gets no symbol, small or larger than a preview', async () => {
    for (const attachment of ['x', Buffer.alloc(300_000, 'harmless ')]) {
      assert.deepEqual(found(await scan(mail(attachment))), {});
    }
  });

  test("content over clamd's own limit is told as a failure", async () => {
    const symbols = found(await scan(mail(Buffer.alloc(3 * streamLimitBytes, 'large '))));
    assert.deepEqual(
      Object.keys(symbols)
        .filter((name) => name.startsWith('AV_TCP') || name.startsWith('AV_UNIX'))
        .sort(),
      ['AV_TCP_FAIL', 'AV_UNIX_FAIL'],
    );
  });

  test('without clamd mail passes with the symbols of failures, and known content keeps its result', async () => {
    await clamd.stop();
    const symbols = found(await scan(mail('something new')));
    assert.deepEqual(symbols['AV_TCP_FAIL'], ['failed to scan and retransmits exceed']);
    assert.deepEqual(symbols['AV_UNIX_FAIL'], ['failed to scan and retransmits exceed']);
    const known = found(await scan(mail(`x ${virus} local`)));
    assert.deepEqual(known['AV_UNIX'], [threat]);
    await eventually(async () => server.daemon.output().includes('scanner failed'));
  });
});
