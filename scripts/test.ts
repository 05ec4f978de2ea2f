/**
 * Runs everything that must hold, one step after another: format and lint, types, dead code, generated files, unit
 * tests, functional tests with real daemons, the three MTAs, the benchmark's own tests. Installs the Debian packages
 * that the tests need when it may (root and apt); otherwise the tests that need them say that they are left out.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const isCi = process.env['CI'] === 'true';

/** Debian packages of the functional tests; the MTAs fetch their own (test/mta). */
const packages: Readonly<Record<string, string>> = {
  'redis-server': '/usr/bin/redis-server',
  spamc: '/usr/bin/spamc',
  rspamd: '/usr/bin/rspamc',
  chromium: '/usr/bin/chromium',
  openssl: '/usr/bin/openssl',
  'clamav-daemon': '/usr/sbin/clamd',
  'c-icap': '/usr/bin/c-icap',
  postgresql: '/usr/lib/postgresql',
  'mariadb-server': '/usr/sbin/mariadbd',
  slapd: '/usr/sbin/slapd',
  'libxml2-utils': '/usr/bin/xmllint',
  'libc-icap-mod-virus-scan': '/etc/c-icap/virus_scan.conf',
  spamd: '/usr/sbin/spamd',
  spamassassin: '/usr/share/spamassassin/72_active.cf',
  p0f: '/usr/sbin/p0f',
  qpdf: '/usr/bin/qpdf',
  qrencode: '/usr/bin/qrencode',
  imagemagick: '/usr/bin/convert',
  zip: '/usr/bin/zip',
  'p7zip-full': '/usr/bin/7z',
  genisoimage: '/usr/bin/genisoimage',
  arj: '/usr/bin/arj',
  'xz-utils': '/usr/bin/xz',
  'python3-dkim': '/usr/bin/dkimverify',
  'python3-nacl': '/usr/lib/python3/dist-packages/nacl/__init__.py',
  'python3-authres': '/usr/lib/python3/dist-packages/authres/__init__.py',
};

interface Step {
  readonly name: string;
  readonly command: readonly string[];
}

// A test that hangs must fail by itself, long before the whole run is cut off.
const testRunner = ['node', '--test', '--test-reporter=spec', '--test-timeout=240000'];
const steps: readonly Step[] = [
  { name: 'lint', command: ['biome', 'check', '.'] },
  { name: 'types', command: ['tsc', '--noEmit'] },
  { name: 'dead code', command: ['knip'] },
  { name: 'generated files', command: ['node', 'scripts/generate.ts', '--check'] },
  { name: 'unit', command: [...testRunner, '--test-concurrency=2', 'src/**/*.test.ts', 'test/*.test.ts'] },
  { name: 'bench', command: [...testRunner, 'bench/src/**/*.test.ts'] },
  { name: 'functional', command: [...testRunner, '--test-concurrency=1', 'test/functional/*.test.ts'] },
  { name: 'mta', command: [...testRunner, '--test-concurrency=1', 'test/mta/*.test.ts'] },
];

function run(command: readonly string[], environment: NodeJS.ProcessEnv): number {
  const [program, ...rest] = command;
  const { status, error } = spawnSync(program!, rest, { cwd: root, stdio: 'inherit', env: environment });
  if (error) console.error(`${program}: ${error.message}`);
  return status ?? 1;
}

/** Installs what is missing. Says what it could not install; the tests that need it then say so too. */
function installPackages(environment: NodeJS.ProcessEnv): boolean {
  const missing = Object.entries(packages).flatMap(([name, file]) => (existsSync(file) ? [] : [name]));
  if (missing.length === 0) return true;
  const mayInstall = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
  if (!mayInstall) {
    console.log(`left out: tests that need ${missing.join(', ')} (install them, or run as root with apt)`);
    return !isCi;
  }
  console.log(`installing ${missing.join(', ')}`);
  // A daemon that starts itself would take the ports the tests use.
  const quiet = { ...environment, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const apt = ['-q', '-y', '-o', 'Dpkg::Use-Pty=0'];
  if (run(['apt-get', ...apt, 'update'], quiet) !== 0 && isCi) return false;
  const status = run(['apt-get', ...apt, 'install', '--no-install-recommends', ...missing], quiet);
  return status === 0 || !isCi;
}

function main(): number {
  const wanted = process.argv.slice(2);
  const unknown = wanted.filter((name) => !steps.some((step) => step.name === name));
  if (unknown.length > 0) {
    console.error(`no step ${unknown.join(', ')}; there are: ${steps.map((step) => step.name).join(', ')}`);
    return 64;
  }
  const bin = join(root, 'node_modules/.bin');
  const environment = {
    ...process.env,
    PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`,
    npm_config_loglevel: 'error',
  };
  const needsPackages =
    wanted.length === 0 || wanted.some((name) => ['unit', 'functional', 'mta'].includes(name));
  if (needsPackages && !installPackages(environment)) return 1;
  const failed: string[] = [];
  for (const { name, command } of steps) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const startedAt = performance.now();
    console.log(`\n== ${name}`);
    const status = run(command, environment);
    if (status !== 0) failed.push(name);
    console.log(
      `== ${name} ${status === 0 ? 'passed' : 'FAILED'} in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`,
    );
  }
  console.log(failed.length === 0 ? '\nall steps passed' : `\nfailed: ${failed.join(', ')}`);
  return failed.length === 0 ? 0 : 1;
}

process.exit(main());
