import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const cache = fileURLToPath(new URL('../.cache/redis/', import.meta.url));

/** Authority and certificate for TLS in tests. */
export const certificates = {
  authority: fileURLToPath(new URL('./certificates/authority.pem', import.meta.url)),
  certificate: fileURLToPath(new URL('./certificates/server.pem', import.meta.url)),
  key: fileURLToPath(new URL('./certificates/server-key.pem', import.meta.url)),
};

/**
 * Path of `redis-server`: the machine's, else Debian's package unpacked into the tests' cache, as root with apt.
 *
 * @returns undefined where neither is possible, after saying so; in CI that is an error instead
 */
export function findRedisServer(): string | undefined {
  const found = installed() ?? unpacked() ?? unpack();
  if (found !== undefined) return found;
  const reason = 'left out: tests with a real Redis (no redis-server, and no apt as root to fetch it)';
  if (process.env['CI'] === 'true') throw new Error(reason);
  console.warn(reason);
  return undefined;
}

function installed(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/usr/local/bin'];
  return folders.map((folder) => join(folder, 'redis-server')).find((path) => existsSync(path));
}

function unpacked(): string | undefined {
  const path = join(cache, 'usr/bin/redis-server');
  return existsSync(path) ? path : undefined;
}

/** Unpacked, not installed: a package would start its own server. */
function unpack(): string | undefined {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return undefined;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const shell = (script: string): void => {
    execFileSync('/bin/sh', ['-ec', script], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  };
  shell(`mkdir -p '${cache}' && cd '${cache}'
    get() { apt-get -qq -o APT::Sandbox::User=root download redis-server redis-tools; }
    get || { apt-get -qq update && get; }
    for file in *.deb; do dpkg-deb -x "$file" .; done
    depends=$(for file in *.deb; do dpkg-deb -f "$file" Depends | tr ',' '\\n'; done | grep '^ *lib' | paste -sd,)
    apt-get -qq -o DPkg::Lock::Timeout=120 satisfy --yes --no-install-recommends "$depends"`);
  return unpacked();
}

export interface RedisOptions {
  /** Listens on loopback, else on a unix socket only. */
  readonly tcp?: 'plain' | 'tls';
  /** Lines for the configuration file, such as `requirepass secret`. */
  readonly lines?: readonly string[];
  /** Runs as Sentinel. */
  readonly sentinel?: boolean;
  /** Fixed port, to come back on after a stop. */
  readonly port?: number;
}

export interface RedisServer {
  /** For a `servers` option. */
  readonly address: string;
  readonly port: number;
  /** Sends a line to the plain port or socket and returns what comes back first. */
  command(...words: readonly string[]): Promise<string>;
  /** Stops and starts the process where it stands (SIGSTOP, SIGCONT). */
  freeze(): void;
  thaw(): void;
  /** Ends it at once (SIGKILL). */
  kill(): Promise<void>;
}

/** Servers not to outlive the tests. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts a server of its own in a temporary folder, and waits until it answers. */
export async function startRedis(binary: string, options: RedisOptions = {}): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'redis-'));
  const socket = join(folder, 'redis.sock');
  const port = options.port ?? (options.tcp || options.sentinel ? await freePort() : 0);
  const config = join(folder, 'redis.conf');
  const persistence = options.sentinel ? [] : ['save ""', 'appendonly no', 'repl-diskless-sync-delay 0'];
  const listen =
    options.tcp === 'tls'
      ? [
          'port 0',
          `tls-port ${port}`,
          'tls-auth-clients no',
          `tls-cert-file ${certificates.certificate}`,
          `tls-key-file ${certificates.key}`,
          `tls-ca-cert-file ${certificates.authority}`,
        ]
      : [`port ${port}`];
  const lines = [
    'bind 127.0.0.1',
    'daemonize no',
    `dir ${folder}`,
    `unixsocket ${socket}`,
    ...listen,
    ...persistence,
    ...(options.lines ?? []),
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  const child = spawn(binary, [config, ...(options.sentinel ? ['--sentinel'] : [])], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => output.push(chunk.toString()));
  running.add(child);
  const ask = (words: readonly string[]): Promise<string> => askSocket(socket, words);
  await waitUntil(() => answers(ask), child, output);
  return {
    address: port === 0 ? socket : `127.0.0.1:${port}`,
    port,
    command: (...words) => ask(words),
    freeze: () => child.kill('SIGSTOP'),
    thaw: () => child.kill('SIGCONT'),
    async kill() {
      running.delete(child);
      if (child.exitCode === null && child.signalCode === null) {
        const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
        child.kill('SIGKILL');
        await ended;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Three masters with all slots between them. */
export async function startRedisCluster(binary: string): Promise<readonly RedisServer[]> {
  const nodes = await Promise.all(
    [0, 1, 2].map(async () =>
      startRedis(binary, {
        tcp: 'plain',
        lines: [
          'cluster-enabled yes',
          'cluster-config-file nodes.conf',
          'cluster-node-timeout 2000',
          `cluster-port ${await freePort()}`,
        ],
      }),
    ),
  );
  const busPorts = await Promise.all(
    nodes.map(async (node) => /@(\d+)/.exec(await node.command('CLUSTER', 'NODES'))?.[1] ?? ''),
  );
  const slots = ['0 5460', '5461 10922', '10923 16383'];
  await Promise.all(
    nodes.map((node, index) => node.command('CLUSTER', 'ADDSLOTSRANGE', ...slots[index]!.split(' '))),
  );
  for (const [index, other] of nodes.entries())
    if (index > 0)
      await nodes[0]!.command('CLUSTER', 'MEET', '127.0.0.1', String(other.port), busPorts[index]!);
  for (const node of nodes)
    while (!(await node.command('CLUSTER', 'INFO')).includes('cluster_state:ok')) await sleep(20);
  return nodes;
}

/** A master, a replica of it, and a sentinel that fails over after 300 ms of silence. */
export async function startRedisSentinel(
  binary: string,
  name: string,
): Promise<{ master: RedisServer; replica: RedisServer; sentinel: RedisServer }> {
  const master = await startRedis(binary, { tcp: 'plain' });
  const replica = await startRedis(binary, {
    tcp: 'plain',
    lines: [`replicaof 127.0.0.1 ${master.port}`, 'repl-timeout 2'],
  });
  while (!(await replica.command('INFO', 'replication')).includes('master_link_status:up')) await sleep(20);
  const sentinel = await startRedis(binary, {
    sentinel: true,
    lines: [
      `sentinel monitor ${name} 127.0.0.1 ${master.port} 1`,
      `sentinel down-after-milliseconds ${name} 300`,
      `sentinel failover-timeout ${name} 2000`,
    ],
  });
  while (!(await sentinel.command('SENTINEL', 'REPLICAS', name)).includes(String(replica.port)))
    await sleep(50);
  return { master, replica, sentinel };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return typeof address === 'object' && address ? address.port : 0;
}

async function answers(ask: (words: readonly string[]) => Promise<string>): Promise<boolean> {
  try {
    return /^[+-]/.test(await ask(['PING']));
  } catch {
    return false; // not listening yet
  }
}

async function waitUntil(
  isReady: () => Promise<boolean>,
  child: ChildProcess,
  output: readonly string[],
): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await isReady())) {
    if (child.exitCode !== null || Date.now() > deadline)
      throw new Error(`redis-server did not start: ${output.join('')}`);
    await sleep(10);
  }
}

/** One request over the unix socket; the reply is complete when nothing more comes for a moment. */
function askSocket(path: string, words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    let reply = '';
    let quiet: NodeJS.Timeout | undefined;
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      reply += chunk.toString();
      clearTimeout(quiet);
      quiet = setTimeout(() => {
        socket.destroy();
        resolve(reply);
      }, 15);
    });
    const encoded = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('');
    socket.write(`*${words.length}\r\n${encoded}`);
  });
}
