import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

// Compiled code is kept for the next start, which takes half the time. In a folder of the user's own: what lies there
// is run, so the machine's folder for temporary files will not do. Without such a folder nothing is kept.
if (process.env['NODE_COMPILE_CACHE'] === undefined) {
  const folder = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  enableCompileCache(join(folder, 'postern'));
}

const { start } = await import('./start.ts');
await start();
