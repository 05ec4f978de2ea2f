import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';

const magic = 0xbeefc0de;
const dataVersion = 2;
/** lmdb-js adds the transaction to the page header of LMDB. */
const pageHeaderBytes = 24;

/** Offsets within LMDB's meta page, after the page header. */
const meta = { magic: 0, version: 4, pageSize: 24, lastPage: 120, transaction: 128 } as const;

/**
 * Why LMDB must not open this file; undefined when it may. The library maps the file into memory and trusts it:
 * rubbish or a cut-off file ends the process with a signal, so it is looked at first.
 */
export function damageOf(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    if (size === 0) return undefined;
    const first = readMeta(file, 0);
    if (typeof first === 'string') return first;
    const second = readMeta(file, first.pageSize);
    if (typeof second === 'string') return second;
    const newest = first.transaction >= second.transaction ? first : second;
    return (newest.lastPage + 1) * newest.pageSize > size ? 'the file is cut off' : undefined;
  } finally {
    closeSync(file);
  }
}

interface Meta {
  readonly pageSize: number;
  readonly lastPage: number;
  readonly transaction: number;
}

function readMeta(file: number, offset: number): Meta | string {
  const bytes = Buffer.alloc(pageHeaderBytes + 136);
  const count = readSync(file, bytes, 0, bytes.length, offset);
  if (count < bytes.length) return 'the file is cut off';
  const body = bytes.subarray(pageHeaderBytes);
  if (body.readUInt32LE(meta.magic) !== magic) return 'the file is no LMDB database';
  if ((body.readUInt32LE(meta.version) & 0xffff) !== dataVersion) return 'the file has another LMDB version';
  const pageSize = body.readUInt32LE(meta.pageSize);
  if (pageSize < 512 || pageSize > 65536 || (pageSize & (pageSize - 1)) !== 0)
    return 'the page size is wrong';
  return {
    pageSize,
    lastPage: Number(body.readBigUInt64LE(meta.lastPage)),
    transaction: Number(body.readBigUInt64LE(meta.transaction)),
  };
}
