import { chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeHome, removeHome } from './home.ts';
import { type CommandResult, freePorts, mustRun, run, startDaemon, waitForPorts } from './process.ts';
import { SIGNING_DOMAIN } from './scanner-config.ts';
import { rootOf } from './setup.ts';
import { snippet } from './snippets.ts';

/** A loopback address whose clients may say by a PROXY line who they are. */
export const PROXY_ADDRESS = '127.0.0.2';

/** A running Exim with a sendmail command. */
export interface Exim {
  readonly port: number;
  /** The same server without the scanner, to compare with. */
  readonly unscannedPort: number;
  /** Runs Exim as sendmail(1) with a message on its standard input. */
  sendmail(args: readonly string[], input: Buffer): Promise<CommandResult>;
  /** The recipients of all mail that waits in the queue. */
  queuedRecipients(): Promise<string[]>;
  /** Tries to deliver everything in the queue now. */
  runQueue(): Promise<void>;
  /** What Exim has logged so far. */
  log(): Promise<string>;
  stop(): Promise<void>;
}

export interface EximOptions {
  nextHopPort: number;
  scanPort: number;
  /**
   * Which of the page's configurations: `refuse` refuses spam in the ACL, `redirect` marks it there and has a router
   * send it elsewhere, `spamassassin` refuses it without `variant=rspamd`.
   */
  setup: 'refuse' | 'redirect' | 'spamassassin';
  localNetworks: readonly string[];
  users: Readonly<Record<string, string>>;
  /** PEM file that signs for {@link SIGNING_DOMAIN}. */
  keyFile: string;
}

const ACL_BLOCKS = { refuse: 'acl', redirect: 'acl-redirect', spamassassin: 'acl-spamassassin' } as const;

interface PageBlocks {
  main: string;
  acl: string;
  routers: string;
  transports: string;
}

/** The blocks of docs/integrate/exim.md with their addresses and paths made those of the test. */
function blocksOfPage(
  { setup, scanPort }: EximOptions,
  { keyTable, port, unscannedPort }: { keyTable: string; port: number; unscannedPort: number },
): PageBlocks {
  const scansLocalMail = setup !== 'spamassassin';
  return {
    main: snippet('exim', scansLocalMail ? 'main' : 'main-spamassassin', {
      '127.0.0.1 11333': `127.0.0.1 ${scanPort}`,
      '= acl_check_data': `= \${if eq{$received_port}{${unscannedPort}}{acl_unscanned}{acl_check_data}}`,
    }),
    acl: `${snippet('exim', ACL_BLOCKS[setup])}\n${scansLocalMail ? snippet('exim', 'acl-not-smtp') : ''}`,
    routers: [
      setup === 'redirect' ? snippet('exim', 'router-redirect') : '',
      scansLocalMail ? snippet('exim', 'router', { '127.0.0.1::25': `127.0.0.1::${port}` }) : '',
    ].join('\n'),
    transports: snippet('exim', 'transport', { '/etc/exim4/dkim-keys': keyTable }),
  };
}

/** Starts Exim from its private root. */
export async function startExim(options: EximOptions): Promise<Exim> {
  const binary = join(rootOf('exim'), 'usr/sbin/exim4');
  const home = await makeHome('exim');
  const [, , uid = '', gid = ''] = (await mustRun('getent', ['passwd', 'Debian-exim'])).stdout.split(':');
  const [port = 0, unscannedPort = 0] = await freePorts(2);
  const configuration = join(home, 'exim.conf');
  const passwords = join(home, 'passwords');
  const keyTable = join(home, 'dkim-keys');
  const logs = join(home, 'log');
  for (const folder of [join(home, 'spool'), logs]) {
    await mkdir(folder);
    await chown(folder, Number(uid), Number(gid));
  }
  await writeFile(
    passwords,
    Object.entries(options.users)
      .map(([user, password]) => `${user}: ${password}\n`)
      .join(''),
  );
  await writeFile(keyTable, `${SIGNING_DOMAIN}: ${options.keyFile}\n`);
  const { main, acl, routers, transports } = blocksOfPage(options, { keyTable, port, unscannedPort });
  await writeFile(
    configuration,
    `
exim_path = ${binary}
spool_directory = ${join(home, 'spool')}
log_file_path = ${logs}/%slog
pid_file_path = ${join(home, 'exim.pid')}
deliver_drop_privilege = true
primary_hostname = mail.example.com
local_interfaces = 127.0.0.1.${port} : ${PROXY_ADDRESS}.${port} : 127.0.0.1.${unscannedPort}
hosts_proxy = ${PROXY_ADDRESS}
tls_advertise_hosts =
rfc1413_hosts =
keep_environment =
smtp_accept_queue_per_connection = 0
acl_smtp_rcpt = acl_check_rcpt
trusted_users = root
${main}

begin acl

acl_check_rcpt:
  accept hosts = : 127.0.0.1 : ${options.localNetworks.join(' : ')}
  accept authenticated = *
  accept domains = inside.example
  deny message = relay not permitted

acl_unscanned:
  accept

${acl}

begin routers

${routers}
next_hop:
  driver = manualroute
  transport = remote_smtp
  route_list = * 127.0.0.1::${options.nextHopPort}
  self = send

begin transports

${transports}

begin retry

* * F,1h,1m

begin authenticators

plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = \${if eq{$auth3}{\${lookup{$auth2}lsearch{${passwords}}}}}
  server_set_id = $auth2
`,
  );

  const env = { PATH: process.env['PATH'] };
  const daemon = startDaemon(binary, ['-C', configuration, '-bdf'], { env });
  const log = async (): Promise<string> => {
    const files = ['mainlog', 'paniclog', 'rejectlog'].map((name) =>
      readFile(join(logs, name), 'utf8').catch(() => ''),
    );
    return (await Promise.all(files)).join('');
  };
  try {
    await waitForPorts(daemon, [port, unscannedPort]);
  } catch (error) {
    throw new Error(`Exim did not start: ${await log()}`, { cause: error });
  }
  return {
    port,
    unscannedPort,
    log,
    sendmail: (args, input) => run(binary, ['-C', configuration, ...args], { env, input }),
    async queuedRecipients() {
      const { stdout } = await mustRun(binary, ['-C', configuration, '-bp'], { env });
      return stdout.split('\n').flatMap((line) => /^ {10}(\S+)$/.exec(line)?.[1] ?? []);
    },
    async runQueue() {
      await mustRun(binary, ['-C', configuration, '-qff'], { env });
    },
    async stop() {
      await daemon.stop();
      await removeHome(home);
    },
  };
}
