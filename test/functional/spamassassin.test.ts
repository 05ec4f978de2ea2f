import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Daemon, freePorts, startDaemon, waitForPorts } from '../mta/process.ts';
import { eventually, startServer, type TestServer } from './server.ts';

const program = '/usr/sbin/spamd';

/** Why the tests are left out, if they are; in CI nothing may be. */
function leftOut(): string | false {
  if (existsSync(program)) return false;
  const reason = 'left out: Debian package spamd is missing';
  if (process.env['CI'] === 'true') throw new Error(reason);
  return reason;
}

const mail = (text: string): string =>
  [
    'From: Alice <alice@example.com>',
    'To: Bob <bob@example.net>',
    'Subject: A message',
    'Date: Sun, 22 Nov 2026 10:00:00 +0000',
    'Message-ID: <spamd@example.com>',
    '',
    text,
    '',
  ].join('\r\n');

interface Verdict {
  readonly action: string;
  readonly symbols: Readonly<
    Record<string, { readonly options?: readonly string[]; readonly score: number }>
  >;
}

describe('spamd of SpamAssassin', { skip: leftOut() }, () => {
  let root: string;
  let spamd: Daemon;
  let server: TestServer;

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'postern-spamd-'));
    // As root spamd becomes nobody, who has to read this.
    await chmod(root, 0o755);
    const [port = 0] = await freePorts(1);
    for (const folder of ['rules', 'site']) await mkdir(join(root, folder));
    await writeFile(
      join(root, 'rules/10.cf'),
      [
        'body POSTERN_FIRST /first-word/',
        'score POSTERN_FIRST 3.5',
        'body POSTERN_SECOND /second-word/',
        'score POSTERN_SECOND 4.5',
        'body POSTERN_GOOD /good-word/',
        'score POSTERN_GOOD -5',
        '',
      ].join('\n'),
    );
    await writeFile(join(root, 'site/init.pre'), 'loadplugin Mail::SpamAssassin::Plugin::Check\n');
    // Only the rules above, no network (-L), no files of users (-x).
    const own = ['-C', join(root, 'rules'), '--siteconfigpath', join(root, 'site')];
    const listen = ['-i', '127.0.0.1', '--port', String(port), '--min-children', '1', '--max-children', '2'];
    spamd = startDaemon(program, ['-L', '-x', '-s', 'stderr', ...listen, ...own]);
    await waitForPorts(spamd, [port]);
    server = await startServer({
      'local.d/external_services.conf': `
        spamassassin { servers = "127.0.0.1:${port}"; no_cache = true; }
        each { type = "spamassassin"; servers = "127.0.0.1:${port}"; symbol = "EACH"; extended = true; }
      `,
    });
  });

  after(async () => {
    await server?.dispose();
    await spamd?.stop();
    await rm(root, { recursive: true, force: true });
  });

  async function scan(text: string, headers: Readonly<Record<string, string>> = {}): Promise<Verdict> {
    const response = await server.scan(mail(text), { From: 'alice@example.com', ...headers });
    assert.equal(response.status, 200);
    return (await response.json()) as Verdict;
  }

  for (const [way, headers] of [
    ['inbound', { IP: '198.51.100.7' }],
    ['authenticated', { IP: '198.51.100.7', User: 'alice@example.com' }],
    ['local', { IP: '10.1.2.3' }],
  ] as const) {
    test(`its score for ${way} mail becomes ours, its rules the options`, async () => {
      const { symbols } = await scan(`first-word and second-word for ${way} mail`, headers);
      assert.equal(symbols['SPAMD']?.score, 8);
      assert.deepEqual(symbols['SPAMD']?.options, ['POSTERN_FIRST, POSTERN_SECOND']);
      assert.equal(symbols['EACH']?.score, 8);
      assert.deepEqual(symbols['EACH']?.options, ['POSTERN_FIRST', 'POSTERN_SECOND']);
    });
  }

  test('what it finds harmless or good gets no symbol', async () => {
    for (const text of ['harmless', 'a good-word', 'first-word and a good-word']) {
      const { symbols } = await scan(text);
      assert.deepEqual(
        Object.keys(symbols).filter((name) => /^(?:SPAMD|EACH)/.test(name)),
        [],
      );
    }
  });

  test('settings know a rule by its anchor', async () => {
    const settings = JSON.stringify({ symbols_disabled: ['SPAMASSASSIN_CHECK'] });
    const { symbols } = await scan('first-word', { Settings: settings });
    assert.equal(symbols['SPAMD'], undefined);
    assert.equal(symbols['EACH']?.score, 3.5);
  });

  test('without spamd mail passes with the symbols of failures, and a known message keeps its result', async () => {
    await scan('first-word once more');
    await spamd.stop();
    const { symbols } = await scan('first-word once more');
    assert.match(symbols['SPAMD_FAIL']?.options?.[0] ?? '', /^failed to scan: ECONNREFUSED$/);
    assert.equal(symbols['SPAMD_FAIL']?.score, 0);
    assert.equal(symbols['EACH']?.score, 3.5);
    await eventually(async () => server.daemon.output().includes('scanner failed'));
  });
});
