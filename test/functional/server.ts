import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDnsServer, type Zone } from '../helpers/dns-server.ts';
import { type Daemon, freePorts, startDaemon, waitForPorts } from '../mta/process.ts';

export const postern = fileURLToPath(new URL('../../bin/postern', import.meta.url));

/** A server that does not answer is a failed test, not one that never ends. */
const answerTimeoutMs = 20_000;

/** A server of our own with private folders and ports. */
export interface TestServer {
  readonly configDir: string;
  readonly stateDir: string;
  readonly ports: { readonly milter: number; readonly scan: number; readonly controller: number };
  readonly daemon: Daemon;
  /** Writes a file below the configuration folder. */
  write(name: string, content: string): Promise<void>;
  /** Asks the controller. */
  control(path: string, init?: RequestInit): Promise<Response>;
  /** Asks the scan port for a verdict. */
  scan(raw: string | Buffer, headers?: Readonly<Record<string, string>>): Promise<Response>;
  password(): Promise<string>;
  dispose(): Promise<void>;
}

/**
 * Starts a server and waits until all its doors are open. `files` are relative to the configuration folder. It asks a
 * DNS server of its own, which knows `zone` and nothing else: no test depends on the world outside.
 */
export async function startServer(
  files: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
  zone: Zone = {},
): Promise<TestServer> {
  const root = await mkdtemp(join(tmpdir(), 'postern-functional-'));
  const configDir = join(root, 'config');
  const stateDir = join(root, 'state');
  const [milter = 0, scan = 0, controller = 0] = await freePorts(3);
  const dns = await startDnsServer(zone);
  /** What every server here has, before what the test writes into the same file. */
  const stock: Readonly<Record<string, string>> = {
    'local.d/options.inc': `dns { nameserver = "${dns.address}"; }\n`,
    // Test mail scores a little for everything it lacks; sent twice it would be told to come back later.
    'local.d/actions.conf': 'greylist = null;\n',
    'local.d/worker-normal.inc': `bind_socket = "127.0.0.1:${scan}";\ncount = 2;\n`,
    'local.d/worker-controller.inc': `bind_socket = "127.0.0.1:${controller}";\n`,
    'local.d/worker-proxy.inc': `bind_socket = "127.0.0.1:${milter}";\n`,
  };
  const write = async (name: string, content: string): Promise<void> => {
    const file = join(configDir, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, (stock[name] ?? '') + content);
  };
  for (const name of new Set([...Object.keys(stock), ...Object.keys(files)]))
    await write(name, files[name] ?? '');
  // Every server of a test run compiles the same code.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'postern-compile-cache') };
  const daemon = startDaemon(postern, ['serve', '--config', configDir, '--state', stateDir, ...args], {
    env,
  });
  await waitForPorts(daemon, [milter, scan, controller]);
  // The first screen comes when every worker is ready, which is a little later than the first answer on each port.
  await eventually(async () => daemon.output().includes('Next:'));
  return {
    configDir,
    stateDir,
    ports: { milter, scan, controller },
    daemon,
    write,
    control: (path, init) =>
      fetch(`http://127.0.0.1:${controller}${path}`, {
        signal: AbortSignal.timeout(answerTimeoutMs),
        ...init,
      }),
    scan: (raw, headers = {}) =>
      fetch(`http://127.0.0.1:${scan}/checkv2`, {
        method: 'POST',
        body: raw,
        headers: { ...headers },
        signal: AbortSignal.timeout(answerTimeoutMs),
      }),
    password: async () => (await readFile(join(stateDir, 'controller.password'), 'utf8')).trim(),
    dispose: async () => {
      await daemon.stop();
      await dns.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** Asks again until the answer is there. */
export async function eventually<T>(ask: () => Promise<T | undefined | false>, limitMs = 15_000): Promise<T> {
  const endMs = Date.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer as T;
    if (Date.now() > endMs) throw new Error(`nothing within ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export const message = [
  'From: Alice <alice@example.com>',
  'To: Bob <bob@example.net>',
  'Subject: Greetings',
  'Date: Sun, 22 Nov 2026 10:00:00 +0000',
  'Message-ID: <greetings@example.com>',
  '',
  'Hello Bob',
  '',
].join('\r\n');

/** The test text that stands for spam. */
export const gtube = message.replace(
  'Hello Bob',
  'XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X',
);
