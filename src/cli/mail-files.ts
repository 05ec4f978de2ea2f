import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PosternError } from '../core/index.ts';

/** What arguments that name messages may be. */
export const mailFilesText =
  'messages, folders of messages (a Maildir), or - for standard input, which is the default';

function unreadable(path: string, error: unknown): PosternError {
  const reason = error instanceof Error ? error.message : String(error);
  return new PosternError('notFound', `cannot read ${path}: ${reason}`, { cause: error });
}

/** Files below a folder, so that a Maildir can be named as it is; a file is itself. */
function* filesOf(path: string): Iterable<string> {
  let isFolder: boolean;
  try {
    isFolder = path !== '-' && statSync(path).isDirectory();
  } catch (error) {
    throw unreadable(path, error);
  }
  if (!isFolder) {
    yield path;
    return;
  }
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  for (const entry of entries) if (entry.isFile()) yield join(entry.parentPath, entry.name);
}

function read(path: string): Buffer {
  try {
    return readFileSync(path === '-' ? 0 : path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

/**
 * The messages that arguments name, one by one.
 *
 * @throws PosternError `notFound` for what cannot be read
 */
export function* mailFiles(names: readonly string[]): Iterable<Buffer> {
  for (const named of names.length > 0 ? names : ['-'])
    for (const file of filesOf(named)) {
      const payload = read(file);
      // An empty file in a Maildir is no message.
      if (payload.length > 0) yield payload;
    }
}
