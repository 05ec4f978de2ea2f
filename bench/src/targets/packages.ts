import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Debian's packages by program. */
const packages = {
  rspamd: 'rspamd',
  spamd: 'spamassassin',
  'redis-server': 'redis-server',
} as const;

/**
 * Path of an installed program; its Debian package is installed first when we are root.
 *
 * @throws Error when it is missing
 */
export function findProgram(program: keyof typeof packages): string {
  const places = ['/usr/bin', '/usr/sbin', '/usr/local/bin'].map((folder) => join(folder, program));
  const find = (): string | undefined => places.find((path) => existsSync(path));
  const found = find();
  if (found !== undefined) return found;
  const name = packages[program];
  if (process.getuid?.() !== 0) throw new Error(`${program} is not installed: apt-get install ${name}`);
  process.stderr.write(`installing the package ${name}\n`);
  const args = ['-o', 'DPkg::Lock::Timeout=300', 'install', '-y', '--no-install-recommends', name];
  execFileSync('apt-get', args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  const installed = find();
  if (installed === undefined) throw new Error(`${name} brought no ${program}`);
  return installed;
}
