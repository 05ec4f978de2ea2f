import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, message, startServer, type TestServer } from './server.ts';

const rateLimit = 'rates { login { selector = "user.lower"; bucket { burst = 100; rate = "100 / 1h"; } } }\n';

/** Listens for all of it, until the other side ends. */
async function answer(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  // Some refusals end with a reset, after whatever was said.
  socket.on('error', () => socket.destroy());
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}

/** Sends bytes, and then perhaps the end of the stream, and gives what came back. */
async function say(port: number, bytes: string | Buffer, ending: 'end' | 'stay' = 'stay'): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  // A server that says nothing is a failed test, not one that never ends.
  socket.setTimeout(10_000, () => socket.destroy());
  const said = answer(socket);
  socket.write(bytes);
  if (ending === 'end') socket.end();
  socket.once('end', () => socket.end());
  return said;
}

/** A connection of a well-behaved client, kept open across whatever others do. */
class Neighbour {
  readonly #socket: Socket;
  #waiting: ((text: string) => void) | undefined;

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.on('data', (data) => this.#waiting?.(data.toString()));
    this.#socket.setTimeout(20_000, () => this.#socket.destroy());
    this.#socket.on('close', () => this.#waiting?.('closed'));
    this.#socket.on('error', (error) => this.#waiting?.(error.message));
  }

  async scan(): Promise<void> {
    assert.equal(this.#socket.destroyed, false, 'the connection was closed');
    const reply = new Promise<string>((resolve) => {
      this.#waiting = resolve;
    });
    this.#socket.write(`POST /checkv2 HTTP/1.1\r\nContent-Length: ${message.length}\r\n\r\n${message}`);
    assert.match(await reply, /^HTTP\/1\.1 200 [\s\S]*"action":"no action"/);
  }

  close(): void {
    this.#socket.destroy();
  }
}

async function metric(server: TestServer, pattern: RegExp): Promise<void> {
  await eventually(async () => pattern.test(await (await server.control('/metrics')).text()));
}

async function logged(server: TestServer, pattern: RegExp): Promise<void> {
  await eventually(async () => pattern.test(server.daemon.output()));
}

async function action(response: Response): Promise<unknown> {
  return ((await response.json()) as Record<string, unknown>)['action'];
}

suite('clients that misbehave', () => {
  let server: TestServer;
  let neighbour: Neighbour;
  before(async () => {
    server = await startServer({
      'local.d/options.inc': [
        'max_message = 100kb; max_recipients = 5;',
        'limits { max_header_size = 20kb; request_timeout = 2s; idle_timeout = 60s; max_connections_per_source = 12; }',
      ].join('\n'),
      'local.d/worker-normal.inc': 'timeout = 60s;\n',
    });
    neighbour = new Neighbour(server.ports.scan);
  });
  after(async () => {
    neighbour.close();
    await server.dispose();
  });

  test('bytes of another protocol end the connection with an answer, the log says why, others go on', async () => {
    const garbage = [
      Buffer.alloc(64),
      Buffer.alloc(64, 0xff),
      Buffer.from('EHLO mail.example\r\nMAIL FROM:<a@example>\r\n'),
      Buffer.from('16030102000100', 'hex'),
    ];
    for (const bytes of garbage) {
      await neighbour.scan();
      const scan = await say(server.ports.scan, bytes, 'end');
      assert.match(scan, /^HTTP\/1\.1 400 [\s\S]*\r\n\r\n\{"error":"[^"]+"\}$/);
      assert.match(await say(server.ports.controller, bytes, 'end'), /^HTTP\/1\.1 400 /);
      // Milter has no answer to what is no milter: the MTA takes a closed connection as "try later".
      assert.equal(await say(server.ports.milter, bytes, 'end'), '');
    }
    await neighbour.scan();
    await logged(server, /scan request refused .*reason="bad request"/);
    await logged(server, /milter connection closed .*error=/);
    await metric(server, /postern_scan_troubles_total\{[^}]*\} [1-9]/);
    await metric(server, /postern_milter_protocol_errors_total\S* [1-9]/);
  });

  test('a request cut by the end of the stream is refused, a whole one is answered', async () => {
    const cut = 'POST /checkv2 HTTP/1.1\r\nContent-Length: 100\r\n\r\nonly this';
    assert.match(await say(server.ports.scan, cut, 'end'), /^HTTP\/1\.1 400 .*ended early/);
    const whole = `POST /checkv2 HTTP/1.1\r\nContent-Length: ${message.length}\r\n\r\n${message}`;
    assert.match(await say(server.ports.scan, whole, 'end'), /^HTTP\/1\.1 200 [\s\S]*"action":"no action"/);
    const legacy = `SYMBOLS RSPAMC/1.3\r\nContent-Length: 1000\r\n\r\ncut`;
    assert.match(await say(server.ports.scan, legacy, 'end'), /^RSPAMD\/1\.3 |^SPAMD\/1\.1 76 /);
    await neighbour.scan();
    await logged(server, /scan request refused .*reason=truncated/);
  });

  test('a sender that takes too long is cut off while others are served', async () => {
    const socket = connect(server.ports.scan, '127.0.0.1');
    const said = answer(socket);
    socket.write('POST /checkv2 HTTP/1.1\r\n');
    const dripping = setInterval(() => socket.writable && socket.write('X: y\r\n'), 250);
    const silent = say(server.ports.milter, Buffer.from([0, 0]));
    await neighbour.scan();
    assert.match(await said, /^HTTP\/1\.1 408 /);
    clearInterval(dripping);
    assert.equal(await silent, '');
    await logged(server, /reason="slow sender"/);
    await logged(server, /milter connection timed out/);
    await metric(server, /postern_milter_timeouts_total\S* [1-9]/);
  });

  test('what is over a limit is answered in the words of each protocol', async () => {
    const large = Buffer.alloc(200_000, 'x\n');
    const tooLarge = await server.scan(large);
    assert.equal(tooLarge.status, 413);
    assert.equal(await action(tooLarge), 'soft reject');
    const announced = `Content-Length: ${large.length}\r\n\r\n`;
    assert.match(await say(server.ports.scan, `SYMBOLS RSPAMC/1.3\r\n${announced}`, 'end'), /soft reject/);
    assert.match(
      await say(server.ports.scan, `CHECK SPAMC/1.5\r\n${announced}`, 'end'),
      /^SPAMD\/1\.\d 75 EX_/,
    );
    const rcpts = 'Rcpt: a@example.com\r\n'.repeat(6);
    const many = `POST /checkv2 HTTP/1.1\r\n${rcpts}Connection: close\r\nContent-Length: 2\r\n\r\nhi`;
    assert.match(await say(server.ports.scan, many), /"action":"soft reject"/);
    const heads = `GET /ping HTTP/1.1\r\n${'X: y\r\n'.repeat(10_000)}\r\n`;
    assert.match(await say(server.ports.scan, heads), /^HTTP\/1\.1 431 /);
    await neighbour.scan();
    await logged(server, /reason="too large"/);
  });

  test('a source with too many connections hears "try later", and is served again when they are gone', async () => {
    const idle = Array.from({ length: 20 }, () => connect(server.ports.scan, '127.0.0.1'));
    for (const socket of idle) socket.on('error', () => socket.destroy());
    await Promise.all(idle.map((socket) => once(socket, 'connect')));
    await eventually(async () => {
      const reply = await say(
        server.ports.scan,
        `POST /checkv2 HTTP/1.1\r\nConnection: close\r\nContent-Length: ${message.length}\r\n\r\n${message}`,
      );
      return /^HTTP\/1\.1 503 [\s\S]*"action":"soft reject"/.test(reply);
    });
    await neighbour.scan();
    for (const socket of idle) socket.destroy();
    await eventually(async () => (await server.scan(message).catch(() => undefined))?.status === 200);
    await logged(server, /reason="source full"/);
  });
});

suite('a machine that misbehaves', () => {
  test('a map that cannot be read is named in log and metrics; the rest works, also after a reload', async () => {
    const server = await startServer({
      'local.d/multimap.conf': [
        'BROKEN { type = "from"; map = "$LOCAL_CONFDIR/folder.map"; symbol = "BROKEN_MAP"; }',
        'GOOD { type = "from"; filter = "email:domain"; map = "$LOCAL_CONFDIR/good.map"; symbol = "GOOD_MAP"; }',
      ].join('\n'),
      'good.map': 'example.com\n',
      'folder.map/inside': '',
    });
    try {
      const symbols = async (): Promise<string[]> => {
        const response = await server.scan(message, { From: 'alice@example.com' });
        return Object.keys(((await response.json()) as { symbols: object }).symbols);
      };
      await eventually(async () => (await symbols()).includes('GOOD_MAP'));
      await logged(server, /error .*map not loaded .*multimap BROKEN/);
      await metric(server, /postern_map_loads_total\{[^}]*result="failed"[^}]*\} [1-9]/);
      process.kill(server.daemon.pid, 'SIGHUP');
      await logged(server, /configuration loaded/);
      assert.ok((await symbols()).includes('GOOD_MAP'));
    } finally {
      await server.dispose();
    }
  });

  test('without its Redis the server starts, says so, and defers what needs it', async () => {
    const server = await startServer({
      // Nobody listens on the discard port of a test machine.
      'local.d/redis.conf': 'servers = "127.0.0.1:9"; timeout = 1s;\n',
      'local.d/ratelimit.conf': rateLimit,
    });
    try {
      const limited = await server.scan(message, { User: 'alice', IP: '203.0.113.9' });
      assert.equal(limited.status, 503);
      assert.equal(await action(limited), 'soft reject');
      assert.equal(await action(await server.scan(message, { IP: '203.0.113.9' })), 'no action');
      const rspamc = `SYMBOLS RSPAMC/1.3\r\nUser: alice\r\nContent-Length: ${message.length}\r\n\r\n${message}`;
      assert.match(await say(server.ports.scan, rspamc, 'end'), /Action: soft reject/);
      await logged(server, /error .*Redis 127\.0\.0\.1:9: /);
      await metric(server, /postern_store_errors_total\{[^}]*driver="redis"[^}]*\} [1-9]/);
      await metric(server, /postern_scan_failures_total\{code="store"\} [1-9]/);
    } finally {
      await server.dispose();
    }
  });

  test('a state folder on a full disk costs no process: what must be counted is deferred until there is room', async () => {
    const stateDir = mkdtempSync(join(tmpdir(), 'postern-full-'));
    // One page: nothing more than the folder itself. Without the right to mount, a folder that cannot be.
    const mount = (options: string): boolean =>
      spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'none', stateDir]).status === 0;
    const isMounted = mount('size=1m');
    if (isMounted) spawnSync('dd', ['if=/dev/zero', `of=${join(stateDir, 'ballast')}`, 'bs=4k', 'count=253']);
    else await mkdir(join(stateDir, 'store.mdb'));
    const files = { 'local.d/ratelimit.conf': rateLimit };
    const server = await startServer(files, ['--state', stateDir]);
    try {
      const limited = await server.scan(message, { User: 'alice', IP: '203.0.113.9' });
      assert.equal(limited.status, 503);
      assert.equal(await action(limited), 'soft reject');
      assert.equal(await action(await server.scan(message, { IP: '203.0.113.9' })), 'no action');
      await logged(server, /error .*cannot use .*store\.mdb/);
      await metric(server, /postern_store_errors_total\{[^}]*driver="lmdb"[^}]*\} [1-9]/);
      assert.doesNotMatch(server.daemon.output(), /worker ended/);
      if (isMounted) spawnSync('mount', ['-o', 'remount,size=64m', stateDir]);
      else rmSync(join(stateDir, 'store.mdb'), { recursive: true });
      await eventually(async () => (await server.scan(message, { User: 'alice' })).status === 200);
    } finally {
      await server.dispose();
      if (isMounted) spawnSync('umount', ['-l', stateDir]);
      rmSync(stateDir, { recursive: true, force: true });
    }
  });

  test('a flood of connections that say nothing leaves memory and others alone', async () => {
    const server = await startServer({
      'local.d/options.inc': 'limits { max_connections = 40; idle_timeout = 4s; request_timeout = 2s; }\n',
    });
    const neighbour = new Neighbour(server.ports.scan);
    try {
      await neighbour.scan();
      const flood = [server.ports.milter, server.ports.scan].flatMap((port) =>
        Array.from({ length: 300 }, () => connect(port, '127.0.0.1')),
      );
      for (const socket of flood) socket.on('error', () => socket.destroy());
      await neighbour.scan();
      await sleep(200);
      await neighbour.scan();
      // Those who were let in are sent away when their time is over, and there is room again.
      await eventually(async () => (await server.scan(message).catch(() => undefined))?.status === 200);
      for (const socket of flood) socket.destroy();
    } finally {
      neighbour.close();
      await server.dispose();
    }
  });
});
