import type { Database, RootDatabase, TransactionFlags } from 'lmdb';

/** A named database with bytes as keys and values. */
type ByteDatabase = Database<Buffer, Buffer>;
export type RootByteDatabase = RootDatabase<Buffer, Buffer>;

/** All databases of the embedded store's file. */
export interface StoreDatabases {
  readonly root: RootByteDatabase;
  /** Key → record. */
  readonly keys: ByteDatabase;
  /** Generation and field → value, for hashes too large to stand inside their record. */
  readonly fields: ByteDatabase;
  /** Time and key → nothing: what the sweep looks at. */
  readonly expiry: ByteDatabase;
  /** Generations whose fields wait to be removed; leases; counters of the store itself. */
  readonly internals: ByteDatabase;
}

/**
 * Abortable, committed before it returns. Promises must not come out of the callback: the library would wait for
 * them with the write lock held.
 */
export const transactionFlags = 3 as TransactionFlags;
