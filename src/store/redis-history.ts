import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import {
  type HistoryRow,
  type Log,
  type Metrics,
  type Records,
  readHistoryRow,
  renderHistoryRow,
} from '../core/index.ts';
import { type HidingHash, hideText } from '../lib/index.ts';
import type { RedisSettings } from './redis-settings.ts';
import { RedisStore } from './redis-store.ts';
import { storeMetrics } from './store-metrics.ts';

/** The section `history_redis`. */
export interface RedisHistoryOptions {
  readonly key_prefix: string;
  readonly nrows: number;
  readonly compress: boolean;
  /** Seconds. */
  readonly expire?: number | undefined;
  readonly subject_privacy: boolean;
  readonly subject_privacy_alg: HidingHash;
  readonly subject_privacy_prefix: string;
  readonly subject_privacy_length: number;
}

/** First bytes of a zstd frame (RFC 8878 3.1.1). */
const zstdMagic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
/** A row is not to unfold to more. */
const maxRowBytes = 4 * 1024 * 1024;
/** The name that Rspamd's files gave up to 3.x, when host and compression were put behind any name. */
const bareName = 'rs_history';

/** Name of the list: `{{HOSTNAME}}` and `{{COMPRESS}}` are filled in. */
export function historyKey(keyPrefix: string, hostName: string, compress: boolean): string {
  const template = keyPrefix === bareName ? `${bareName}{{HOSTNAME}}{{COMPRESS}}` : keyPrefix;
  return template.replaceAll('{{HOSTNAME}}', hostName).replaceAll('{{COMPRESS}}', compress ? '_zst' : '');
}

/** Rows in a Redis list, newest first, as Rspamd keeps them: each shows the other's. */
export function createRedisHistory(init: {
  readonly options: RedisHistoryOptions;
  readonly settings: RedisSettings;
  readonly hostName: string;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Keeps what is no history. */
  readonly file: Records;
}): Records {
  const { options, settings, log, metrics, file } = init;
  const store = new RedisStore({ settings, log, metrics: storeMetrics(metrics, 'redis') });
  const { lists } = store;
  const key = historyKey(options.key_prefix, init.hostName, options.compress);
  const ttlMs = options.expire ? options.expire * 1000 : undefined;
  const encode = (row: HistoryRow): Buffer => {
    const isHidden = options.subject_privacy && row.subject !== 'unknown';
    const subject = isHidden
      ? hideText(row.subject, {
          hash: options.subject_privacy_alg,
          prefix: options.subject_privacy_prefix,
          length: options.subject_privacy_length,
        })
      : row.subject;
    const bytes = Buffer.from(JSON.stringify(renderHistoryRow({ ...row, subject })));
    return options.compress ? zstdCompressSync(bytes) : bytes;
  };
  return {
    addAudit: (entry) => file.addAudit(entry),
    audit: (query) => file.audit(query),
    async addHistory(rows) {
      const newest = rows.slice(-options.nrows);
      if (newest.length > 0) await lists.push(key, newest.map(encode), options.nrows, ttlMs);
    },
    async history(first, last) {
      const rows = await lists.range(key, first, last);
      return rows.flatMap((bytes) => decode(bytes) ?? []);
    },
    clearHistory: () => lists.clear(key),
    // The list is cut whenever rows are added.
    trimHistory: async () => undefined,
    async close() {
      await store.close();
      await file.close();
    },
  };
}

/** Undefined for what is no row: anybody may write to the list. */
function decode(bytes: Buffer): HistoryRow | undefined {
  try {
    const isPacked = bytes.subarray(0, zstdMagic.length).equals(zstdMagic);
    const json = isPacked ? zstdDecompressSync(bytes, { maxOutputLength: maxRowBytes }) : bytes;
    return readHistoryRow(JSON.parse(json.toString()));
  } catch {
    return undefined; // neither zstd nor JSON
  }
}
