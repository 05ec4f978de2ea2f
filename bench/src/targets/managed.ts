import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitForRest } from '../measure.ts';
import { Daemon, firstLineOf, freePorts, pings } from './daemon.ts';
import { findProgram } from './packages.ts';
import type { LaunchOptions, Target } from './target.ts';

/** Ports of one server. */
interface Ports {
  readonly milter: number;
  readonly scan: number;
  readonly controller: number;
}

const projectFolder = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

/**
 * The `local.d` both servers are started with: private ports, the same number of scan workers, DNS from our
 * answerer, log at `info` into a file, greylisting and fuzzy network off. Everything else is stock.
 */
export function localConfiguration(
  ports: Ports,
  options: LaunchOptions,
  logFile: string,
): Map<string, string> {
  const bind = (port: number): string => `bind_socket = "127.0.0.1:${port}";`;
  const upstream =
    options.rspamdMilter === 'self-scan'
      ? 'upstream "local" { default = yes; self_scan = yes; }'
      : `upstream "local" { default = yes; hosts = "127.0.0.1:${ports.scan}"; }`;
  return new Map([
    ['worker-normal.inc', `${bind(ports.scan)}\ncount = ${options.workers};\n`],
    ['worker-controller.inc', `${bind(ports.controller)}\n`],
    ['worker-proxy.inc', `${bind(ports.milter)}\ncount = ${options.workers};\n${upstream}\n`],
    ['options.inc', `dns { nameserver = ["127.0.0.1:${options.dnsPort}"]; }\n`],
    ['logging.inc', `type = "file";\nfilename = "${logFile}";\nlevel = "info";\n`],
    ['greylist.conf', 'enabled = false;\n'],
    ['fuzzy_check.conf', 'enabled = false;\n'],
    ...(options.redisPort === undefined
      ? []
      : [['redis.conf', `servers = "127.0.0.1:${options.redisPort}";\n`] as const]),
  ]);
}

interface Ground {
  readonly folder: string;
  readonly config: string;
  readonly state: string;
  readonly ports: Ports;
}

/** Lays a private folder with configuration and state. */
async function prepare(name: string, options: LaunchOptions): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), `postern-bench-${name}-`));
  const config = join(folder, 'config');
  const state = join(folder, 'state');
  for (const path of ['local.d', 'override.d', 'maps.d']) mkdirSync(join(config, path), { recursive: true });
  mkdirSync(state);
  const [milter, scan, controller] = await freePorts(3);
  const ports: Ports = { milter: milter!, scan: scan!, controller: controller! };
  for (const [file, text] of localConfiguration(ports, options, join(folder, 'server.log'))) {
    writeFileSync(join(config, 'local.d', file), text);
  }
  return { folder, config, state, ports };
}

async function launch(
  name: string,
  description: string,
  command: readonly string[],
  ground: Ground,
  cores: string | undefined,
): Promise<Target> {
  const { folder, ports } = ground;
  const daemon = new Daemon(command, { folder, outputFile: join(folder, 'output.log'), cores });
  try {
    await daemon.ready(() => pings(ports.scan));
    // The peer goes on compiling its expressions for a while after it has begun to answer.
    if (daemon.pid !== undefined) await waitForRest(daemon.pid, 2000, 0.03, 120_000);
  } catch (error) {
    await daemon.stop();
    throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  return {
    name,
    description,
    host: '127.0.0.1',
    ports: { http: ports.scan, rspamc: ports.scan, milter: ports.milter },
    controllerPort: ports.controller,
    pid: daemon.pid,
    failure: () => daemon.failure(),
    stop: () => daemon.stop(),
  };
}

/** Starts Postern from a checkout (default: this one). @throws Error when it does not come up. */
export async function launchPostern(
  spec: { readonly name: string; readonly checkout: string | undefined },
  options: LaunchOptions,
): Promise<Target> {
  const checkout = spec.checkout === undefined ? projectFolder : resolve(spec.checkout);
  const program = join(checkout, 'bin', 'postern');
  if (!existsSync(program)) throw new Error(`${spec.name}: there is no ${program}`);
  const ground = await prepare(spec.name, options);
  const revision = firstLineOf('git', ['-C', checkout, 'describe', '--always', '--dirty']);
  const command = [program, 'serve', '--config', ground.config, '--state', ground.state];
  const description = `Postern ${revision ?? '(revision unknown)'}`;
  return launch(spec.name, description, command, ground, options.cores);
}

/**
 * Starts the installed rspamd with its stock configuration (Debian's package; installed first when we are root).
 *
 * @throws Error when it is missing or does not come up.
 */
export async function launchRspamd(spec: { readonly name: string }, options: LaunchOptions): Promise<Target> {
  const program = findProgram('rspamd');
  const ground = await prepare(spec.name, options);
  const { folder, config, state } = ground;
  // It gives up root for its own user, who then must be able to write here.
  const asRoot = process.getuid?.() === 0;
  if (asRoot) execFileSync('chown', ['-R', '_rspamd:_rspamd', folder]);
  const places = { LOCAL_CONFDIR: config, DBDIR: state, RUNDIR: folder, LOGDIR: folder };
  const command = [
    program,
    '-f',
    ...(asRoot ? ['-u', '_rspamd', '-g', '_rspamd'] : []),
    '-c',
    '/etc/rspamd/rspamd.conf',
    ...Object.entries(places).map(([name, value]) => `--var=${name}=${value}`),
  ];
  const description = firstLineOf(program, ['--version']) ?? 'rspamd (version unknown)';
  return launch(spec.name, description, command, ground, options.cores);
}
