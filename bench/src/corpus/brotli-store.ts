import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import type { Corpus, CorpusName } from './corpus.ts';

/** Where a message lies: number of the shard, offset and length in it. */
type Pointer = readonly [shard: number, offset: number, length: number];

function isPointer(value: unknown): value is Pointer {
  return Array.isArray(value) && value.length === 3 && value.every((part) => Number.isInteger(part));
}

function pointerOf(line: string): Pointer {
  const entry: unknown = JSON.parse(line);
  if (typeof entry === 'object' && entry !== null && 'ptr' in entry && isPointer(entry.ptr)) return entry.ptr;
  throw new TypeError('an index line without ptr [shard, offset, length]');
}

/**
 * Opens a folder of `index.jsonl.br` and `store/mNNN.br` in place (brotli; each index line has `ptr`).
 * A shard is unpacked when the first message of it is read, and kept.
 *
 * @throws Error when the index is missing or not of that form.
 */
export function openBrotliStore(name: CorpusName, folder: string): Corpus {
  const unpack = (file: string): Buffer => brotliDecompressSync(readFileSync(join(folder, file)));
  const pointers = unpack('index.jsonl.br').toString('utf8').trim().split('\n').map(pointerOf);
  const shards = new Map<number, Buffer>();
  return {
    name,
    keys: pointers.map((_, index) => String(index)),
    read(key) {
      const pointer = pointers[Number(key)];
      if (!pointer) throw new RangeError(`${name} has no message ${key}`);
      const [number, offset, length] = pointer;
      let shard = shards.get(number);
      if (!shard) {
        shard = unpack(`store/m${String(number).padStart(3, '0')}.br`);
        shards.set(number, shard);
      }
      return shard.subarray(offset, offset + length);
    },
  };
}
