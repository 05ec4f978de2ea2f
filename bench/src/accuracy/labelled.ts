import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { openBrotliStore } from '../corpus/brotli-store.ts';

/** By what figures are told apart. */
export const facetNames = ['source', 'category', 'language', 'year'] as const;
export type FacetName = (typeof facetNames)[number];

/** A message that somebody has judged. */
export interface Labelled {
  readonly label: 'ham' | 'spam';
  readonly facets: Readonly<Record<FacetName, string>>;
  read(): Buffer;
}

const unknown = '–';

/** What stands under a facet in an index line; the index says `lang` for the language. */
function facetOf(entry: object, name: string): string {
  const value: unknown = Reflect.get(entry, name);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : unknown;
}

/**
 * Opens a folder of labelled mail (`index.jsonl.br` with `label`, `ptr` and, where known, `source`, `category`, `lang`
 * and `year`; `store/mNNN.br`) in place.
 *
 * @throws Error when it is missing or not of that form.
 */
export function openLabelled(folder: string): readonly Labelled[] {
  const store = openBrotliStore('content-dev', folder);
  const index = brotliDecompressSync(readFileSync(join(folder, 'index.jsonl.br')))
    .toString('utf8')
    .trim()
    .split('\n');
  return index.map((line, number) => {
    const entry: unknown = JSON.parse(line);
    if (typeof entry !== 'object' || entry === null || !('label' in entry)) {
      throw new TypeError('an index line without label');
    }
    if (entry.label !== 'ham' && entry.label !== 'spam') {
      throw new TypeError(`a label that is neither ham nor spam: ${String(entry.label)}`);
    }
    return {
      label: entry.label,
      facets: {
        source: facetOf(entry, 'source'),
        category: facetOf(entry, 'category'),
        language: facetOf(entry, 'lang'),
        year: facetOf(entry, 'year'),
      },
      read: () => store.read(String(number)),
    };
  });
}
