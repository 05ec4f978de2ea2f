import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { lstat, mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { eventually, message, postern, startServer, type TestServer } from './server.ts';

const answerTimeoutMs = 15_000;

let folder: string;
let server: TestServer;

/** Makes a certificate for localhost as `NAME.pem` and `NAME.key`. */
function makeCertificate(name: string): void {
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const files = ['-keyout', join(folder, 'tls.key'), '-out', join(folder, 'tls.pem')];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      ...subject,
      ...files,
    ],
    { stdio: 'ignore', timeout: 20_000 },
  );
}

let tlsPort: number;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-sockets-'));
  makeCertificate('first');
  // What a crash leaves behind: a socket file that nobody answers on.
  const leftover = `require('net').createServer().listen('${folder}/scan.sock', () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', leftover], { timeout: 20_000 });
  assert.ok((await lstat(join(folder, 'scan.sock'))).isSocket());
  const free = createServer().listen(0, '127.0.0.1');
  await eventually(async () => free.listening);
  tlsPort = (free.address() as { port: number }).port;
  free.close();
  server = await startServer({
    'local.d/worker-normal.inc': [
      `bind_socket = "${folder}/scan.sock mode=0600";`,
      `bind_socket = "127.0.0.1:${tlsPort} ssl";`,
      `ssl_cert = "${folder}/tls.pem"; ssl_key = "${folder}/tls.key";`,
    ].join('\n'),
    'local.d/worker-controller.inc': `bind_socket = "${folder}/control.sock";\npassword = "secret";\n`,
    'local.d/worker-proxy.inc': `bind_socket = "${folder}/milter.sock mode=0666 owner=root group=root";\n`,
  });
});
after(async () => {
  await server?.dispose();
  await rm(folder, { recursive: true, force: true });
});

/** Asks over a unix socket; resolves with status and body. */
function ask(socketPath: string, path: string, body?: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        socketPath,
        path,
        method: body === undefined ? 'GET' : 'POST',
        timeout: answerTimeoutMs,
        agent: false,
      },
      (reply) => {
        let text = '';
        reply.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        reply.on('end', () => resolve({ status: reply.statusCode ?? 0, body: text }));
      },
    );
    asked.on('timeout', () => asked.destroy(new Error('no answer')));
    asked.on('error', reject);
    asked.end(body);
  });
}

/** What a socket says until it stops, or until `pattern` was seen. */
function read(socket: Socket, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    socket.setTimeout(answerTimeoutMs, () => socket.destroy(new Error(`only got ${JSON.stringify(text)}`)));
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (pattern.test(text)) resolve(text);
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`closed after ${JSON.stringify(text)}`)));
  });
}

async function tlsPing(): Promise<{ readonly name: string; readonly reply: string }> {
  const ca = await readFile(join(folder, 'tls.pem'));
  const socket: TLSSocket = connectTls({ port: tlsPort, host: '127.0.0.1', ca, servername: 'localhost' });
  const reply = read(socket, /pong/);
  socket.write('GET /ping HTTP/1.1\r\n\r\n');
  const found = { reply: await reply, name: socket.getPeerCertificate().subject.CN as string };
  socket.destroy();
  return found;
}

test('unix sockets answer, with the permissions they are configured with', async () => {
  const scanned = await ask(`${folder}/scan.sock`, '/checkv2', message);
  assert.equal(JSON.parse(scanned.body).action, 'no action');
  assert.equal((await ask(`${folder}/control.sock`, '/stat')).status, 200);
  const modes = await Promise.all(
    ['scan.sock', 'control.sock', 'milter.sock'].map(
      async (name) => (await lstat(join(folder, name))).mode & 0o777,
    ),
  );
  assert.deepEqual(modes, [0o600, 0o660, 0o666]);
});

test('a replaced worker opens its unix socket with the same permissions', async () => {
  const children = await readFile(`/proc/${server.daemon.pid}/task/${server.daemon.pid}/children`, 'utf8');
  for (const pid of children.trim().split(' ')) {
    const commandLine = await readFile(`/proc/${pid}/environ`, 'utf8');
    if (commandLine.includes('"role":"controller"')) process.kill(Number(pid), 'SIGKILL');
  }
  const socket = join(folder, 'control.sock');
  await eventually(async () => {
    const status = await lstat(socket).catch(() => undefined);
    return (
      status !== undefined &&
      (status.mode & 0o777) === 0o660 &&
      (await ask(socket, '/ping').catch(() => undefined))
    );
  });
});

test('a TLS listener answers, and a reload renews its certificate', async () => {
  const first = await tlsPing();
  assert.match(first.reply, /pong/);
  assert.equal(first.name, 'first');
  makeCertificate('second');
  assert.equal(
    (await server.control('/reload', { method: 'POST', headers: { Password: 'secret' } })).status,
    200,
  );
  assert.equal((await tlsPing()).name, 'second');
});

test('plain bytes on a TLS listener end that connection only', async () => {
  const socket = connect(tlsPort, '127.0.0.1');
  await assert.rejects(async () => {
    const reply = read(socket, /HTTP/);
    socket.write('GET /ping HTTP/1.1\r\n\r\n');
    await reply;
  });
  assert.match((await tlsPing()).reply, /pong/);
});

test('a certificate that cannot be used keeps the old configuration', async () => {
  await server.write(
    'local.d/worker-normal.inc',
    `bind_socket = "127.0.0.1:${tlsPort} ssl"; ssl_cert = "/nonexistent"; ssl_key = "/nonexistent";\n`,
  );
  const reply = await server.control('/reload', { method: 'POST', headers: { Password: 'secret' } });
  assert.equal(reply.status, 500);
  assert.match(await reply.text(), /ssl_cert/);
  assert.match((await tlsPing()).reply, /pong/);
});

test('sockets that systemd opened are taken over', async () => {
  const listening = createServer().listen(0, '127.0.0.1');
  await eventually(async () => listening.listening);
  const { port } = listening.address() as { port: number };
  const { fd } = (listening as unknown as { readonly _handle: { readonly fd: number } })._handle;
  const other = join(folder, 'systemd');
  execFileSync('mkdir', ['-p', join(other, 'local.d')]);
  execFileSync('sh', [
    '-c',
    `cd ${other}/local.d
    echo 'bind_socket = "systemd:0"; count = 2;' > worker-normal.inc
    echo 'enabled = false;' | tee worker-proxy.inc > worker-controller.inc`,
  ]);
  const child = spawn(postern, ['serve', '--config', other, '--state', join(other, 'state')], {
    stdio: ['ignore', 'pipe', 'inherit', fd],
    env: { ...process.env, LISTEN_FDS: '1' },
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  try {
    await eventually(
      () => new Promise<string>((resolve) => child.stdout?.once('data', () => resolve('started'))),
    );
    listening.close();
    const reply = await fetch(`http://127.0.0.1:${port}/ping`, {
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
    assert.equal(await reply.text(), 'pong\r\n');
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
});

test('a request that is under way when the server stops gets its answer', async () => {
  const other = await startServer();
  try {
    const socket = connect(other.ports.scan, '127.0.0.1');
    const reply = read(socket, /"action":"no action"/);
    socket.write(
      `POST /checkv2 HTTP/1.1\r\nContent-Length: ${message.length}\r\n\r\n${message.slice(0, 20)}`,
    );
    await eventually(async () => socket.bytesWritten > 0);
    // The half request must have arrived before the signal does.
    await other.scan(message);
    await other.write('local.d/options.inc', 'max_message = 1M;\n');
    assert.equal((await other.control('/reload', { method: 'POST' })).status, 200);
    const stopped = other.daemon.stop({ graceMs: 15_000 });
    await eventually(async () => other.daemon.output().includes('stopping'));
    socket.write(message.slice(20));
    await reply;
    await stopped;
  } finally {
    await other.dispose();
  }
});
