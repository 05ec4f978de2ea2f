import { chmod, chown, cp, mkdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { makeHome, removeHome } from './home.ts';
import { type CommandResult, freePorts, mustRun, run, startDaemon, waitForPorts } from './process.ts';
import { rootOf } from './setup.ts';
import { snippet } from './snippets.ts';

/** A running Sendmail with its mail submission program. */
export interface Sendmail {
  readonly port: number;
  /** The same server without the scanner, to compare with. */
  readonly unscannedPort: number;
  /** Runs sendmail(1) with a message on its standard input; it hands the message to the server over SMTP. */
  submit(args: readonly string[], input: Buffer): Promise<CommandResult>;
  /** Has the submission program try again with what it could not hand over. */
  runSubmissionQueue(): Promise<void>;
  /** The recipients of all mail that the submission program could not hand over yet. */
  waitingRecipients(): Promise<string[]>;
  /** The recipients of all mail in quarantine. */
  heldRecipients(): Promise<string[]>;
  stop(): Promise<void>;
}

export interface SendmailOptions {
  milterPort: number;
  nextHopPort: number;
  users: Readonly<Record<string, string>>;
}

const BINARY = '/usr/libexec/sendmail/sendmail';

/** The submission program refuses to be root; this user exists in its root directory only. */
const SUBMITTER = { name: 'smmsp', id: 25 };

/** Paths of the shared libraries a program or plugin loads. */
async function librariesOf(program: string): Promise<string[]> {
  const { stdout } = await mustRun('ldd', [program]);
  return Array.from(stdout.matchAll(/(\/\S+) \(0x/g), ([, path = '']) => path);
}

/**
 * Sendmail looks up its own host name, SASL's configuration and the users in fixed places under `/etc`, before
 * it reads a line of ours; so it gets a root directory of its own.
 */
async function makeRoot(home: string): Promise<void> {
  const source = rootOf('sendmail');
  const { stdout: folders } = await run('sh', ['-c', 'ls -d /usr/lib/*/sasl2']);
  const plugins = folders.trim();
  const loaded = [
    ...(await librariesOf(join(source, BINARY))),
    ...(await librariesOf(join(plugins, 'libsasldb.so'))),
  ];
  for (const library of new Set(loaded)) {
    await mkdir(join(home, dirname(library)), { recursive: true });
    await cp(library, join(home, library), { dereference: true });
  }
  await cp(plugins, join(home, plugins), { recursive: true, dereference: true });
  await mkdir(join(home, dirname(BINARY)), { recursive: true });
  await cp(join(source, BINARY), join(home, BINARY));
  for (const folder of ['etc/mail', 'etc/sasl2', 'dev', 'tmp', 'var/run', 'var/mqueue', 'var/msp']) {
    await mkdir(join(home, folder), { recursive: true });
  }
  await writeFile(join(home, 'dev/null'), '');
  await writeFile(join(home, 'etc/hosts'), `127.0.0.1 localhost\n127.0.0.1 mail.example.com ${hostname()}\n`);
  await writeFile(join(home, 'etc/mail/service.switch'), 'hosts files\npasswd files\n');
  await writeFile(join(home, 'etc/nsswitch.conf'), 'hosts: files\npasswd: files\n');
  await writeFile(
    join(home, 'etc/passwd'),
    `root:x:0:0::/:/bin/sh\nmailnull:x:8:8::/:/bin/sh\n${SUBMITTER.name}:x:${SUBMITTER.id}:${SUBMITTER.id}::/:/bin/sh\n`,
  );
  await writeFile(join(home, 'etc/group'), `root:x:0:\nmail:x:8:\n${SUBMITTER.name}:x:${SUBMITTER.id}:\n`);
  await cp('/etc/services', join(home, 'etc/services'));
  await chmod(join(home, 'var/mqueue'), 0o700);
  await chmod(join(home, 'var/msp'), 0o770);
  await chown(join(home, 'var/msp'), SUBMITTER.id, SUBMITTER.id);
}

/** Builds a cf file from m4 source, as Sendmail's own Makefile does. */
async function compile(source: string, target: string): Promise<void> {
  const macros = join(rootOf('sendmail'), 'usr/share/sendmail/cf/');
  const { stdout } = await mustRun('m4', [`-D_CF_DIR_=${macros}`, join(macros, 'm4/cf.m4'), '-'], {
    input: source,
  });
  await writeFile(target, stdout);
}

const COMMON = `divert(0)dnl
OSTYPE(\`linux')dnl
define(\`confDOMAIN_NAME', \`mail.example.com')dnl
define(\`confDONT_PROBE_INTERFACES', \`True')dnl
define(\`confDEF_USER_ID', \`8:8')dnl
`;

const serverSource = (
  { milterPort, nextHopPort }: SendmailOptions,
  port: number,
  unscannedPort: number,
): string =>
  `${COMMON}
define(\`QUEUE_DIR', \`/var/mqueue')dnl
define(\`STATUS_FILE', \`')dnl
define(\`ALIAS_FILE', \`')dnl
define(\`confPID_FILE', \`/var/run/sendmail.pid')dnl
define(\`SMART_HOST', \`relay:[127.0.0.1]')dnl
define(\`RELAY_MAILER_ARGS', \`TCP $h ${nextHopPort}')dnl
define(\`confAUTH_MECHANISMS', \`PLAIN')dnl
define(\`confBAD_RCPT_THROTTLE', \`0')dnl
TRUST_AUTH_MECH(\`PLAIN')dnl
FEATURE(\`no_default_msa')dnl
FEATURE(\`accept_unresolvable_domains')dnl
FEATURE(\`nocanonify')dnl
DAEMON_OPTIONS(\`Port=${port}, Addr=127.0.0.1, Name=MTA')dnl
${snippet('sendmail', 'sendmail.mc-unscanned', { 'Port=10025': `Port=${unscannedPort}` })}
${snippet('sendmail', 'sendmail.mc', { 'inet:11332@127.0.0.1': `inet:${milterPort}@127.0.0.1` })}
MAILER(\`smtp')dnl
`;

/** The submission program of every Sendmail: it hands local mail to the server over SMTP. */
const submitSource = (port: number): string => `${COMMON}
define(\`confPID_FILE', \`/var/run/sm-client.pid')dnl
define(\`RELAY_MAILER_ARGS', \`TCP $h ${port}')dnl
define(\`MSP_QUEUE_DIR', \`/var/msp')dnl
define(\`MSP_STATUS_FILE', \`')dnl
define(\`confDONT_INIT_GROUPS', \`True')dnl
FEATURE(\`nocanonify')dnl
FEATURE(\`msp', \`[127.0.0.1]')dnl
${snippet('sendmail', 'submit.mc')}`;

/** Starts Sendmail in a root directory of its own with the line of docs/integrate/sendmail.md. */
export async function startSendmail(options: SendmailOptions): Promise<Sendmail> {
  const home = await makeHome('sendmail');
  await makeRoot(home);
  const [port = 0, unscannedPort = 0] = await freePorts(2);
  await compile(serverSource(options, port, unscannedPort), join(home, 'etc/mail/sendmail.cf'));
  await compile(submitSource(port), join(home, 'etc/mail/submit.cf'));
  await writeFile(
    join(home, 'etc/sasl2/Sendmail.conf'),
    'pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN\nsasldb_path: /etc/sasldb2\n',
  );
  const saslpasswd = join(rootOf('sendmail'), 'usr/sbin/saslpasswd2');
  for (const [address, password] of Object.entries(options.users)) {
    const [user = '', realm = ''] = address.split('@');
    const args = ['-p', '-c', '-f', join(home, 'etc/sasldb2'), '-u', realm, user];
    await mustRun(saslpasswd, args, { input: password });
  }
  await chmod(join(home, 'etc/sasldb2'), 0o600);
  await chown(join(home, 'etc/sasldb2'), 0, 0);

  const chroot = [home, BINARY];
  const daemon = startDaemon('chroot', [...chroot, '-C', '/etc/mail/sendmail.cf', '-bD']);
  await waitForPorts(daemon, [port, unscannedPort]);
  const submission = [
    `--userspec=${SUBMITTER.id}:${SUBMITTER.id}`,
    ...chroot,
    '-C',
    '/etc/mail/submit.cf',
    '-Ac',
  ];
  const recipientsIn = async (mailq: readonly string[]): Promise<string[]> => {
    const { stdout } = await mustRun('chroot', mailq);

    return Array.from(stdout.matchAll(/^\t+ *<?([^\s<>]+@[^\s<>]+)>?$/gm), ([, recipient = '']) => recipient);
  };
  return {
    port,
    unscannedPort,
    submit: (args, input) => run('chroot', [...submission, ...args], { input }),
    async runSubmissionQueue() {
      await mustRun('chroot', [...submission, '-q']);
    },
    waitingRecipients: () => recipientsIn([...submission, '-bp']),
    heldRecipients: () => recipientsIn([...chroot, '-C', '/etc/mail/sendmail.cf', '-bp', '-qQ']),
    async stop() {
      await daemon.stop();
      await removeHome(home);
    },
  };
}
