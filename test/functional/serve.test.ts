import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rename, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually, gtube, message, postern, startServer, type TestServer } from './server.ts';

let server: TestServer;
before(async () => {
  server = await startServer({
    'local.d/settings.conf':
      'outbound { authenticated = yes; apply { symbols = ["OUTBOUND_MAIL"]; } }\nlocals { local = yes; authenticated = no; apply { symbols = ["LOCAL_MAIL"]; } }\n',
  });
});
after(() => server.dispose());

async function symbols(headers: Readonly<Record<string, string>>): Promise<string[]> {
  const reply = (await (await server.scan(message, headers)).json()) as { symbols: Record<string, unknown> };
  return Object.keys(reply.symbols).sort();
}

/** What the stock checks say of the message when it leaves. */
const stockOutbound = [
  'ARC_NA',
  'FROM_HAS_DN',
  'LOCAL_OUTBOUND',
  'MID_RHS_MATCH_FROM',
  'MIME_GOOD',
  'MISSING_XM_UA',
  'RCPT_COUNT_ONE',
  'RCVD_COUNT_ZERO',
  'SINGLE_SHORT_PART',
  'TO_DN_ALL',
];

test('the first screen names every listener, the configuration and the password file', async () => {
  const screen = await eventually(
    async () => server.daemon.output().includes('Next:') && server.daemon.output(),
  );
  for (const port of Object.values(server.ports)) assert.match(screen, new RegExp(`127\\.0\\.0\\.1:${port}`));
  assert.ok(screen.includes(server.configDir));
  assert.ok(screen.includes(join(server.stateDir, 'controller.password')));
});

test('the generated password can be read by its owner only', async () => {
  assert.equal((await stat(join(server.stateDir, 'controller.password'))).mode & 0o777, 0o600);
  assert.ok((await server.password()).length >= 16);
});

test('login, local address and outside client are told apart', async () => {
  assert.deepEqual(
    await symbols({ User: 'alice', IP: '203.0.113.9' }),
    [...stockOutbound, 'OUTBOUND_MAIL'].sort(),
  );
  assert.deepEqual(await symbols({ IP: '10.1.2.3' }), [...stockOutbound, 'LOCAL_MAIL'].sort());
  const inbound = await symbols({
    IP: '203.0.113.9',
    Hostname: 'mail.example.com',
    Helo: 'mail.example.com',
    From: 'alice@example.com',
    Rcpt: 'bob@example.net',
  });
  assert.deepEqual(inbound, [
    'ARC_NA',
    'AUTH_NA',
    'DMARC_NA',
    'FROM_EQ_ENVFROM',
    'FROM_HAS_DN',
    'HFILTER_FROMHOST_NORES_A_OR_MX',
    'MID_RHS_MATCH_FROM',
    'MIME_GOOD',
    'MISSING_XM_UA',
    'RCPT_COUNT_ONE',
    'RCVD_COUNT_ZERO',
    'R_DKIM_NA',
    'R_SPF_NA',
    'SINGLE_SHORT_PART',
    'TO_DN_ALL',
    'TO_MATCH_ENVRCPT_ALL',
  ]);
});

test('the test text is rejected', async () => {
  const reply = (await (await server.scan(gtube)).json()) as Record<string, unknown>;
  assert.equal(reply['action'], 'reject');
  assert.deepEqual(reply['messages'], { smtp_message: 'Gtube pattern' });
  assert.equal(reply['is_skipped'], true);
});

test('a reload changes verdicts and keeps an open connection', async () => {
  const socket = connect(server.ports.scan, '127.0.0.1');
  const ask = (): Promise<string> =>
    new Promise((resolve, reject) => {
      socket.once('data', (data) => resolve(data.toString()));
      socket.once('close', () => reject(new Error('the connection was closed')));
      socket.setTimeout(15_000, () => socket.destroy());
      socket.write(
        `POST /checkv2 HTTP/1.1\r\nUser: alice\r\nContent-Length: ${message.length}\r\n\r\n${message}`,
      );
    });
  assert.match(await ask(), /OUTBOUND_MAIL/);
  await server.write(
    'local.d/settings.conf',
    'outbound { authenticated = yes; apply { symbols = ["RENAMED"]; } }\n',
  );
  const reloaded = await server.control('/reload', { method: 'POST' });
  assert.equal(reloaded.status, 200);
  assert.match(await ask(), /RENAMED/);
  socket.destroy();
});

test('a bad new configuration keeps the old one and says why', async () => {
  await server.write('local.d/actions.conf', 'reject = "plenty";\n');
  const reloaded = await server.control('/reload', { method: 'POST' });
  assert.notEqual(reloaded.status, 200);
  assert.match(((await reloaded.json()) as { error: string }).error, /actions\.conf:2/);
  assert.deepEqual(await symbols({ User: 'alice' }), [...stockOutbound, 'RENAMED'].sort());
  await server.write('local.d/actions.conf', '');
});

test('a worker that dies is replaced, and scanning goes on', async () => {
  const listed = await readFile(`/proc/${server.daemon.pid}/task/${server.daemon.pid}/children`, 'utf8');
  const [first] = listed.trim().split(' ').map(Number);
  process.kill(first!, 'SIGKILL');
  await eventually(async () => {
    const now = await readFile(`/proc/${server.daemon.pid}/task/${server.daemon.pid}/children`, 'utf8');
    return now.trim().split(' ').length === listed.trim().split(' ').length && !now.includes(String(first));
  });
  assert.equal((await server.scan(message)).status, 200);
  assert.equal((await server.control('/ready')).status, 200);
});

test('the log file is opened again after it was moved away', async () => {
  const file = join(server.stateDir, 'postern.log');
  await server.write('local.d/logging.inc', `type = "file"; filename = "${file}";\n`);
  assert.equal((await server.control('/reload', { method: 'POST' })).status, 200);
  const logged = async (qid: string): Promise<void> => {
    await server.scan(message, { 'Queue-Id': qid });
    await eventually(async () => (await readFile(file, 'utf8').catch(() => '')).includes(`qid=${qid} `));
  };
  await logged('before');
  await rename(file, `${file}.1`);
  process.kill(server.daemon.pid, 'SIGUSR1');
  await eventually(async () => existsSync(file));
  await logged('after');
  assert.doesNotMatch(await readFile(`${file}.1`, 'utf8'), /qid=after/);
});

test('a port that is taken ends the start with a reason', async () => {
  const { status, stderr } = spawnSync(
    postern,
    ['serve', '--config', server.configDir, '--state', join(server.stateDir, 'other')],
    { encoding: 'utf8', timeout: 30_000 },
  );
  assert.notEqual(status, 0);
  assert.match(stderr, /cannot listen on .*EADDRINUSE/);
});

test('a configuration that cannot be used ends the start with every mistake', () => {
  const { status, stderr } = spawnSync(
    postern,
    ['serve', '--config', '/nonexistent', '--state', server.stateDir],
    {
      encoding: 'utf8',
      timeout: 30_000,
    },
  );
  assert.equal(status, 78);
  assert.match(stderr, /no such folder/);
});

test('SIGTERM ends the server with exit code 0', async () => {
  const other = await startServer();
  await other.daemon.stop({ signal: 'SIGTERM', graceMs: 20_000 });
  assert.equal(other.daemon.isRunning(), false);
  await other.dispose();
});
