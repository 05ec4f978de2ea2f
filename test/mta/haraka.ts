import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeHome, removeHome } from './home.ts';
import { freePorts, mustRun, startDaemon, waitForPorts } from './process.ts';
import { rootOf } from './setup.ts';
import { snippet } from './snippets.ts';

/** A loopback address whose clients may say by a PROXY line who they are. */
export const PROXY_ADDRESS = '127.0.0.2';

/** A running Haraka. */
export interface Haraka {
  readonly port: number;
  /** What Haraka has logged of late. */
  log(): string;
  stop(): Promise<void>;
}

export interface HarakaOptions {
  nextHopPort: number;
  /** The scanner's port; without one Haraka runs without the scanner, to compare with. */
  scanPort?: number;
  localNetworks: readonly string[];
  users: Readonly<Record<string, string>>;
}

/** Plugins of an ordinary relay, before the one that asks the scanner. */
const PLUGINS = ['fixed_rdns', 'tls', 'relay', 'auth/flat_file', 'rcpt_to.in_host_list'];

/** Answers the question for the client's name without asking a name server. */
const FIXED_RDNS = `'use strict'
exports.hook_lookup_rdns = (next) => next(OK, 'client.example')
`;

const lines = (...text: readonly string[]): string => `${text.join('\n')}\n`;

/** Starts Haraka from a private folder with the configuration of docs/integrate/haraka.md. */
export async function startHaraka(options: HarakaOptions): Promise<Haraka> {
  const modules = join(rootOf('haraka'), 'node_modules');
  const home = await makeHome('haraka');
  const config = join(home, 'config');
  const [port = 0] = await freePorts(1);
  await mkdir(join(home, 'plugins'));
  await mkdir(join(home, 'queue'));
  await symlink(modules, join(home, 'node_modules'));
  // A connection.ini of our own with only the lines that differ makes Haraka crash: start from the shipped files.
  await cp(join(modules, 'Haraka/config'), config, { recursive: true });
  const write = (name: string, text: string): Promise<void> => writeFile(join(config, name), text);
  const append = (name: string, text: string): Promise<void> =>
    writeFile(join(config, name), text, { flag: 'a' });

  await writeFile(join(home, 'plugins/fixed_rdns.js'), FIXED_RDNS);
  await write('smtp.ini', lines(`listen=127.0.0.1:${port},${PROXY_ADDRESS}:${port}`, 'public_ip=127.0.0.1'));
  await write('me', lines('mail.example.com'));
  await append('connection.ini', lines('[haproxy]', `hosts[] = ${PROXY_ADDRESS}`));
  // Mail for us is forwarded at once; mail for the world goes through Haraka's own queue, which asks for this route.
  const nextHop = ['host=127.0.0.1', `port=${options.nextHopPort}`];
  await write('smtp_forward.ini', lines(...nextHop, '[far.example]', ...nextHop));
  await write('host_list', lines('inside.example'));
  await write('relay.ini', lines('[relay]', 'acl=true', 'force_routing=false'));
  await write('relay_acl_allow', lines(...options.localNetworks.map((network) => `${network}/32`)));
  const users = Object.entries(options.users).map(([user, password]) => `${user}=${password}`);
  await write(
    'auth_flat_file.ini',
    lines('[core]', 'methods=PLAIN', 'constrain_sender=false', '[users]', ...users),
  );
  const scanning = options.scanPort === undefined ? '' : snippet('haraka', 'plugins');
  await write('plugins', `${lines(...PLUGINS)}${scanning}${lines('queue/smtp_forward')}`);
  if (options.scanPort !== undefined) {
    const replacements = { 'port = 11333': `port = ${options.scanPort}` };
    await write('rspamd.ini', snippet('haraka', 'rspamd.ini', replacements));
  }
  await makeCertificate(config);

  const daemon = startDaemon(process.execPath, [join(modules, 'Haraka/bin/haraka'), '-c', home], {
    cwd: home,
  });
  await waitForPorts(daemon, [port]);
  return {
    port,
    log: () => daemon.output(),
    async stop() {
      await daemon.stop();
      await removeHome(home);
    },
  };
}

/** Haraka offers a login under TLS only, and wants parameters for Diffie-Hellman besides a certificate. */
async function makeCertificate(folder: string): Promise<void> {
  await mustRun('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=mail.example.com'],
    ...['-keyout', join(folder, 'tls_key.pem'), '-out', join(folder, 'tls_cert.pem')],
  ]);
  await mustRun('openssl', [
    'genpkey',
    '-genparam',
    '-algorithm',
    'DH',
    '-pkeyopt',
    'group:ffdhe2048',
    '-out',
    join(folder, 'dhparams.pem'),
  ]);
}
