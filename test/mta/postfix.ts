import { chmod, chown, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeHome, removeHome } from './home.ts';
import {
  type CommandResult,
  type Daemon,
  freePorts,
  mustRun,
  run,
  startDaemon,
  waitForPorts,
} from './process.ts';
import { rootOf } from './setup.ts';
import { snippet } from './snippets.ts';

/** A running Postfix with three SMTP services and a sendmail command. */
export interface Postfix {
  /** Port 25 of the page: clients without login. */
  readonly smtpPort: number;
  /** Submission with login. */
  readonly submissionPort: number;
  /** The same server without the scanner, to compare with. */
  readonly unscannedPort: number;
  /** Runs sendmail(1) with a message on its standard input. */
  sendmail(args: readonly string[], input: Buffer): Promise<CommandResult>;
  /** Has pickup(8) look for injected mail now instead of at its next wake-up. */
  wakePickup(): Promise<void>;
  /** The recipients of all mail in the hold queue. */
  heldRecipients(): Promise<string[]>;
  /** Names of the messages in the maildrop, which pickup has not handed on yet. */
  maildrop(): Promise<string[]>;
  /** Deletes what is in the maildrop. */
  clearMaildrop(): Promise<void>;
  /** What Postfix has logged so far. */
  log(): Promise<string>;
  stop(): Promise<void>;
}

export interface PostfixOptions {
  milterPort: number;
  nextHopPort: number;
  /** Networks whose clients may relay without login. */
  localNetworks: readonly string[];
  /** Login names with their passwords. */
  users: Readonly<Record<string, string>>;
}

interface UserIds {
  uid: number;
  gid: number;
}

/** `postfix`/`postdrop` where a package made them; else two users that every Debian has. */
async function owners(): Promise<{
  mailOwner: string;
  setgidGroup: string;
  owner: UserIds;
  dropGid: number;
}> {
  const hasPostfix =
    (await run('getent', ['passwd', 'postfix'])).code === 0 &&
    (await run('getent', ['group', 'postdrop'])).code === 0;
  const [mailOwner, setgidGroup] = hasPostfix ? ['postfix', 'postdrop'] : ['news', 'uucp'];
  const [, , uid = '', gid = ''] = (await mustRun('getent', ['passwd', mailOwner])).stdout.split(':');
  const [, , dropGid = ''] = (await mustRun('getent', ['group', setgidGroup])).stdout.split(':');
  return { mailOwner, setgidGroup, owner: { uid: Number(uid), gid: Number(gid) }, dropGid: Number(dropGid) };
}

const QUEUES = [
  'active',
  'bounce',
  'corrupt',
  'defer',
  'deferred',
  'flush',
  'hold',
  'incoming',
  'private',
  'saved',
  'trace',
];

/** The queue folders as `postfix set-permissions` would make them. */
async function makeQueue(queue: string, owner: UserIds, dropGid: number): Promise<void> {
  await mkdir(join(queue, 'pid'), { recursive: true });
  for (const name of QUEUES) {
    await mkdir(join(queue, name), { mode: 0o700 });
    await chown(join(queue, name), owner.uid, owner.gid);
  }
  for (const [name, mode] of [
    ['maildrop', 0o1730],
    ['public', 0o710],
  ] as const) {
    await mkdir(join(queue, name));
    await chown(join(queue, name), owner.uid, dropGid);
    await chmod(join(queue, name), mode);
  }
}

/** The services of Postfix's own master.cf that a relay needs, none in a chroot. */
const INTERNAL_SERVICES = `
pickup    unix  n       -       n       60      1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
flush     unix  n       -       n       1000?   0       flush
proxymap  unix  -       -       n       -       -       proxymap
smtp      unix  -       -       n       -       -       smtp
relay     unix  -       -       n       -       -       smtp
showq     unix  n       -       n       -       -       showq
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
anvil     unix  -       -       n       -       1       anvil
scache    unix  -       -       n       -       1       scache
postlog   unix-dgram n  -       n       -       1       postlogd
`;

/** Starts Postfix from its private root with the configuration of docs/integrate/postfix.md. */
export async function startPostfix(options: PostfixOptions): Promise<Postfix> {
  const root = rootOf('postfix');
  const home = await makeHome('postfix');
  const { mailOwner, setgidGroup, owner, dropGid } = await owners();
  const [smtpPort = 0, submissionPort = 0, unscannedPort = 0] = await freePorts(3);
  const etc = join(home, 'etc');
  const queue = join(home, 'queue');
  const data = join(home, 'data');
  const logFile = join(home, 'maillog');
  await mkdir(etc);
  await mkdir(data, { mode: 0o700 });
  await chown(data, owner.uid, owner.gid);
  await makeQueue(queue, owner, dropGid);

  const env = { PATH: process.env['PATH'], LD_LIBRARY_PATH: join(root, 'usr/lib/postfix'), MAIL_CONFIG: etc };
  const libexec = join(root, 'usr/lib/postfix/sbin');
  const sbin = join(root, 'usr/sbin');

  const environment = 'MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ XAUTHORITY DISPLAY LANG=C LD_LIBRARY_PATH';
  await writeFile(
    join(etc, 'main.cf'),
    `
compatibility_level = 3.6
daemon_directory = ${libexec}
command_directory = ${sbin}
shlib_directory = ${join(root, 'usr/lib/postfix')}
sendmail_path = ${join(sbin, 'sendmail')}
meta_directory = ${etc}
queue_directory = ${queue}
data_directory = ${data}
mail_owner = ${mailOwner}
setgid_group = ${setgidGroup}
import_environment = ${environment}
export_environment = ${environment}
maillog_file = ${logFile}
maillog_file_prefixes = ${home}
inet_interfaces = loopback-only
inet_protocols = ipv4
myhostname = mail.example.com
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
mynetworks = 127.0.0.0/8 ${options.localNetworks.join(' ')}
relay_domains = inside.example
relayhost = [127.0.0.1]:${options.nextHopPort}
smtp_dns_support_level = disabled
smtp_tls_security_level = none
smtpd_tls_security_level = none
smtpd_authorized_xclient_hosts = 127.0.0.0/8
smtpd_sasl_path = smtpd
smtpd_sasl_local_domain =
message_size_limit = 52428800
mailbox_size_limit = 0
in_flow_delay = 0
${snippet('postfix', 'main.cf', { 'inet:127.0.0.1:11332': `inet:127.0.0.1:${options.milterPort}` })}`,
  );
  const submission = snippet('postfix', 'master.cf', {
    'submission inet': `127.0.0.1:${submissionPort} inet`,
  });
  const unscanned = snippet('postfix', 'master.cf-unscanned', {
    '127.0.0.1:10025': `127.0.0.1:${unscannedPort}`,
  });
  await writeFile(
    join(etc, 'master.cf'),
    `127.0.0.1:${smtpPort} inet n - n - - smtpd
${unscanned}${submission}${INTERNAL_SERVICES}`,
  );
  const userDatabase = join(etc, 'sasldb2');
  // Debian's build looks for SASL's configuration here, whatever cyrus_sasl_config_path says.
  await mkdir(join(etc, 'sasl'));
  await writeFile(
    join(etc, 'sasl', 'smtpd.conf'),
    `pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN\nsasldb_path: ${userDatabase}\n`,
  );
  for (const [address, password] of Object.entries(options.users)) {
    const [user = '', realm = ''] = address.split('@');
    await mustRun(join(sbin, 'saslpasswd2'), ['-p', '-c', '-f', userDatabase, '-u', realm, user], {
      env,
      input: password,
    });
  }
  await chown(userDatabase, owner.uid, owner.gid);

  const daemon: Daemon = startDaemon(join(libexec, 'master'), ['-c', etc, '-d'], { env });
  const log = (): Promise<string> => readFile(logFile, 'utf8').catch(() => '');
  const maildrop = (): Promise<string[]> => readdir(join(queue, 'maildrop'));
  try {
    await waitForPorts(daemon, [smtpPort, submissionPort, unscannedPort]);
  } catch (error) {
    throw new Error(`Postfix did not start: ${await log()}`, { cause: error });
  }
  return {
    smtpPort,
    submissionPort,
    unscannedPort,
    log,
    sendmail: (args, input) => run(join(sbin, 'sendmail'), args, { env, input }),
    async wakePickup() {
      // It fails while pickup(8) is between two lives; whoever waits for mail asks again.
      await run(join(sbin, 'postkick'), ['-c', etc, 'public', 'pickup', 'W'], { env });
    },
    maildrop,
    async clearMaildrop() {
      for (const name of await maildrop()) await rm(join(queue, 'maildrop', name));
    },
    async heldRecipients() {
      const { stdout } = await mustRun(join(sbin, 'postqueue'), ['-j'], { env });
      return stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as { queue_name: string; recipients: { address: string }[] })
        .filter((entry) => entry.queue_name === 'hold')
        .flatMap((entry) => entry.recipients.map(({ address }) => address));
    },
    async stop() {
      await daemon.stop();
      await removeHome(home);
    },
  };
}
