import { readFile, realpath, stat } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.gif': 'image/gif',
  '.jpg': 'image/jpeg',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
  '.ttf': 'font/ttf',
  '.txt': 'text/plain; charset=utf-8',
  '.map': 'application/json',
};

/** A file below `static_dir`; undefined when there is none. Links that lead outside are not followed. */
export async function readStaticFile(
  root: string,
  urlPath: string,
): Promise<{ readonly body: Buffer; readonly contentType: string } | undefined> {
  let name: string;
  try {
    name = decodeURIComponent(urlPath);
  } catch {
    return undefined;
  }
  if (name.includes('\0')) return undefined;
  const path = join(root, name.endsWith('/') ? `${name}index.html` : name);
  try {
    const [base, real] = await Promise.all([realpath(root), realpath(path)]);
    if (real !== base && !real.startsWith(base + sep)) return undefined;
    // Reading a pipe or a device would never end.
    if (!(await stat(real)).isFile()) return undefined;
    return { body: await readFile(real), contentType: types[extname(real)] ?? 'application/octet-stream' };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return undefined;
    throw error;
  }
}
