import { constants, existsSync, mkdirSync } from 'node:fs';
import { access, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mustRun, run } from './process.ts';

/** Where unpacked mail servers are kept between runs; git ignores it. */
const CACHE = fileURLToPath(new URL('../.cache/mta/', import.meta.url));

/** The mail servers of the suite, each unpacked into a folder of its own under the cache. */
export const MAIL_SERVERS = ['postfix', 'exim', 'haraka', 'sendmail'] as const;
export type MailServer = (typeof MAIL_SERVERS)[number];

/** The folder in which the files of a mail server lie, as if it were the root of the file system. */
export const rootOf = (server: MailServer): string => join(CACHE, server);

const DEBIAN_PACKAGES: Readonly<Record<Exclude<MailServer, 'haraka'>, readonly string[]>> = {
  postfix: ['postfix', 'sasl2-bin'],
  exim: ['exim4-daemon-heavy'],
  sendmail: ['sendmail-bin', 'sendmail-cf', 'sasl2-bin'],
};

/** Loaded at run time, so no package names them among its libraries. */
const RUNTIME_PACKAGES = ['netbase', 'openssl', 'libsasl2-modules', 'libsasl2-modules-db', 'm4'];

const HARAKA_PACKAGES = ['Haraka@3.3.4', 'haraka-plugin-rspamd@1.6.1', 'haraka-plugin-relay@1.0.2'];

/** Exim looks its compiled-in user up before it reads a line of configuration. */
const EXIM_USER = 'Debian-exim';

const apt = (args: readonly string[]): Promise<unknown> =>
  mustRun('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=120', ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });

/** The package indices of a fresh machine are empty or old; fetch them only when something is not found. */
async function withFreshIndex(step: () => Promise<unknown>): Promise<void> {
  try {
    await step();
  } catch {
    await apt(['update']);
    await step();
  }
}

/** The libraries a package file depends on, as apt writes dependencies. */
async function librariesOf(packageFile: string): Promise<string[]> {
  const { stdout } = await mustRun('dpkg-deb', ['-f', packageFile, 'Depends']);
  return stdout
    .split(',')
    .map((dependency) => dependency.trim())
    .filter((dependency) => dependency.startsWith('lib'));
}

async function unpackDebian(server: Exclude<MailServer, 'haraka'>, target: string): Promise<void> {
  const downloads = join(target, 'downloads');
  await mkdir(downloads, { recursive: true });
  // As root, apt fetches as the user _apt, which cannot write here; saying so avoids a warning.
  await withFreshIndex(() =>
    mustRun('apt-get', ['-qq', '-o', 'APT::Sandbox::User=root', 'download', ...DEBIAN_PACKAGES[server]], {
      cwd: downloads,
    }),
  );
  const files = (await readdir(downloads)).map((name) => join(downloads, name));
  const libraries = (await Promise.all(files.map(librariesOf))).flat();
  await withFreshIndex(() =>
    apt(['satisfy', '--yes', '--no-install-recommends', [...libraries, ...RUNTIME_PACKAGES].join(', ')]),
  );
  for (const file of files) await mustRun('dpkg-deb', ['-x', file, target]);
  if (server === 'exim' && (await run('getent', ['passwd', EXIM_USER])).code !== 0) {
    await mustRun('useradd', [
      '--system',
      '--user-group',
      '--no-create-home',
      '--shell',
      '/usr/sbin/nologin',
      EXIM_USER,
    ]);
  }
}

async function installHaraka(target: string): Promise<void> {
  if (!(await onPath('openssl'))) await withFreshIndex(() => apt(['install', '--yes', 'openssl']));
  await mkdir(target, { recursive: true });
  await writeFile(join(target, 'package.json'), '{ "private": true }\n');
  await mustRun(
    'npm',
    [
      'install',
      '--omit=optional',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      ...HARAKA_PACKAGES,
    ],
    { cwd: target },
  );
}

const isReady = (server: MailServer): boolean => existsSync(join(rootOf(server), '.ready'));

async function onPath(program: string): Promise<boolean> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    try {
      await access(join(folder, program), constants.X_OK);
      return true;
    } catch {
      // Not in this folder; the next one may have it.
    }
  }
  return false;
}

/** Why a mail server cannot be run here; nothing when it can. */
async function obstacle(server: MailServer): Promise<string | undefined> {
  const isRoot = process.getuid?.() === 0;
  const canInstall = isRoot && (await onPath('apt-get'));
  if (server === 'haraka') {
    if (!isReady(server) && !(await onPath('npm'))) return 'npm is not here to fetch it';
    return canInstall || (await onPath('openssl'))
      ? undefined
      : 'openssl is not here to make its certificate';
  }
  if (!isRoot) return 'it needs root, to give its processes their own users';
  return isReady(server) || canInstall ? undefined : 'apt-get is not here to fetch it';
}

/** Fetches and unpacks a mail server unless that has been done; only one process at a time may do so. */
async function install(server: MailServer): Promise<void> {
  if (isReady(server)) return;
  const target = `${rootOf(server)}.partial`;
  await rm(target, { recursive: true, force: true });
  await (server === 'haraka' ? installHaraka(target) : unpackDebian(server, target));
  await writeFile(join(target, '.ready'), '');
  await rm(rootOf(server), { recursive: true, force: true });
  await rename(target, rootOf(server));
}

/** Why a mail server cannot be run here, after all was done to make it run; nothing when it can. */
async function makeReady(server: MailServer): Promise<string | undefined> {
  const reason = await obstacle(server);
  if (reason !== undefined || isReady(server)) return reason;
  mkdirSync(CACHE, { recursive: true });
  const self = fileURLToPath(import.meta.url);
  const result = await run('flock', [join(CACHE, '.lock'), process.execPath, self, 'install', server]);
  return result.code === 0 ? undefined : `it could not be fetched: ${result.stderr.trim()}`;
}

/**
 * Makes a mail server ready to run: fetches it on first use, with everything it needs.
 *
 * @returns why its tests must be left out on this machine, or nothing.
 * @throws Error with `CI=true`, where nothing may be left out.
 */
export async function prepare(server: MailServer): Promise<string | undefined> {
  const reason = await makeReady(server);
  if (reason === undefined) return undefined;
  if (process.env['CI'] === 'true')
    throw new Error(`${server} cannot run, and CI leaves nothing out: ${reason}`);
  return `${server} cannot run here: ${reason}`;
}

// On its own: fetches all mail servers ahead of the tests and says which tests will be left out, and why.
if (import.meta.main) {
  const [command, only] = process.argv.slice(2);
  for (const server of MAIL_SERVERS) {
    if (command !== 'install') console.log((await prepare(server)) ?? `${server} is ready`);
    else if (server === only) await install(server);
  }
}
