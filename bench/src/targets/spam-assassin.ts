import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Daemon, firstLineOf, freePorts } from './daemon.ts';
import { findProgram } from './packages.ts';
import type { LaunchOptions, Target } from './target.ts';

const user = 'debian-spamd';

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1', () => socket.write('PING SPAMC/1.5\r\n\r\n'));
    socket.setTimeout(5000, () => socket.destroy());
    socket.once('data', (chunk) => {
      socket.destroy();
      resolve(chunk.toString('latin1').includes('PONG'));
    });
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
  });
}

/**
 * Starts spamd of Debian's package with its own rules, without network tests (`--local`), with a Bayes database of its
 * own that learns only what it is taught.
 *
 * @throws Error when it is missing or does not come up
 */
export async function launchSpamAssassin(
  spec: { readonly name: string },
  options: LaunchOptions,
): Promise<Target> {
  const program = findProgram('spamd');
  const folder = mkdtempSync(join(tmpdir(), `postern-bench-${spec.name}-`));
  const site = join(folder, 'site');
  const state = join(folder, 'state');
  cpSync('/etc/spamassassin', site, { recursive: true });
  mkdirSync(state);
  const local = [`bayes_path ${join(state, 'bayes')}`, 'bayes_auto_learn 0', 'lock_method flock'];
  writeFileSync(join(site, 'zz-bench.cf'), `${local.join('\n')}\n`);
  const asRoot = process.getuid?.() === 0;
  if (asRoot) execFileSync('chown', ['-R', `${user}:`, folder]);
  const [port] = await freePorts(1);
  const command = [
    program,
    ...['--local', '--allow-tell', '--nouser-config', `--siteconfigpath=${site}`],
    ...['--listen=127.0.0.1', `--port=${port}`, '--syslog=stderr'],
    ...[
      `--max-children=${options.workers}`,
      `--min-children=${options.workers}`,
      '--max-conn-per-child=100000',
    ],
    ...(asRoot ? [`--username=${user}`, `--helper-home-dir=${state}`] : []),
  ];
  const daemon = new Daemon(command, {
    folder,
    outputFile: join(folder, 'output.log'),
    cores: options.cores,
  });
  try {
    await daemon.ready(() => answers(port!));
  } catch (error) {
    await daemon.stop();
    throw new Error(`${spec.name}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  return {
    name: spec.name,
    description: firstLineOf(program, ['--version']) ?? 'SpamAssassin (version unknown)',
    host: '127.0.0.1',
    ports: {},
    spamcPort: port,
    pid: daemon.pid,
    failure: () => daemon.failure(),
    stop: () => daemon.stop(),
  };
}
