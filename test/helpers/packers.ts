import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Programs that pack files, from Debian's packages. */
export type Packer = 'zip' | '7z' | 'genisoimage' | 'arj' | 'tar' | 'gzip' | 'xz';

/** Are these programs here? Says so where not; in CI that is an error. */
export function hasPackers(...packers: readonly Packer[]): boolean {
  const missing = packers.filter(
    (packer) => !existsSync(`/usr/bin/${packer}`) && !existsSync(`/bin/${packer}`),
  );
  if (missing.length === 0) return true;
  const reason = `left out: tests with ${missing.join(', ')}`;
  if (process.env['CI'] === 'true') throw new Error(reason);
  console.warn(reason);
  return false;
}

/**
 * What a packer makes of files.
 *
 * @param files content by name, with folders
 * @param script shell commands that write `out` from what lies in the current folder
 */
export function pack(files: Readonly<Record<string, string | Buffer>>, script: string): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'postern-pack-'));
  try {
    const input = join(folder, 'in');
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(input, name)), { recursive: true });
      writeFileSync(join(input, name), content);
    }
    execFileSync('/bin/sh', ['-ec', script], {
      cwd: input,
      env: { ...process.env, LC_ALL: 'C.UTF-8', out: join(folder, 'out') },
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: 30_000,
    });
    return readFileSync(join(folder, 'out'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
