import { existsSync } from 'node:fs';

/**
 * Why tests are left out for lack of Debian packages; false where all are there. In CI nothing may be left out.
 *
 * @param files a file of each package by the name of the package
 */
export function leftOutWithout(files: Readonly<Record<string, string>>): string | false {
  const missing = Object.keys(files).filter((name) => !existsSync(files[name]!));
  if (missing.length === 0) return false;
  const reason = `left out: Debian packages missing: ${missing.join(', ')}`;
  if (process.env['CI'] === 'true') throw new Error(reason);
  return reason;
}
