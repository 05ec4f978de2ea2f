import { rmSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const homes = new Set<string>();

// After a test that failed at the start, or was interrupted, nobody else cleans up.
process.on('exit', () => {
  for (const home of homes) rmSync(home, { recursive: true, force: true });
});

/** A new folder for one server, which users without privileges may read; it lives no longer than the test. */
export async function makeHome(server: string): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), `postern-mta-${server}-`));
  homes.add(home);
  await chmod(home, 0o755);
  return home;
}

/** Deletes the folder with all that is in it. */
export async function removeHome(home: string): Promise<void> {
  await rm(home, { recursive: true, force: true });
  homes.delete(home);
}
