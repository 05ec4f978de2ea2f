import type { Clock, Log, Store, StoreProcedure, StoreTransaction } from '../core/index.ts';
import { StoreError } from '../core/index.ts';
import { isPanic, LmdbEnvironment, storeError, storePaths } from './lmdb-environment.ts';
import { LmdbReader, LmdbTransaction } from './lmdb-transaction.ts';
import { transactionFlags } from './lmdb-types.ts';
import { LmdbUpkeep } from './lmdb-upkeep.ts';
import { rankRange } from './record.ts';
import type { StoreMetrics } from './store-metrics.ts';

export interface LmdbStoreOptions {
  readonly stateDir: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: StoreMetrics;
  /** The file is not to grow beyond this. */
  readonly maxBytes: number;
}

interface Queued {
  readonly work: (tx: StoreTransaction) => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/** After a failed open the next try waits this long; calls meanwhile fail at once. */
const reopenDelayMs = 1000;

/** The size of the file is looked at once in so many transactions. */
const sizeCheckEvery = 64;

/** The store inside one file of the state folder, shared by all worker processes of this machine. */
export class LmdbStore implements Store {
  readonly driver = 'lmdb';
  readonly #options: LmdbStoreOptions;
  readonly #path: string;
  #environment: LmdbEnvironment | undefined;
  #upkeep: LmdbUpkeep | undefined;
  #openFailure: { readonly error: StoreError; readonly untilMs: number } | undefined;
  #queue: Queued[] = [];
  #transactions = 0;
  #isFull = false;
  #isClosed = false;

  constructor(options: LmdbStoreOptions) {
    this.#options = options;
    this.#path = storePaths(options.stateDir).live;
  }

  run<Args extends readonly (string | number)[], Result>(
    procedure: StoreProcedure<Args, Result>,
    keys: readonly string[],
    args: Args,
  ): Promise<Result> {
    return this.#write(procedure.name, (tx) => procedure.apply(tx, keys, args));
  }

  get(key: string): Promise<string | undefined> {
    return this.#read('get', (reader, nowMs) => {
      const value = reader.read(key, nowMs);
      if (!value) return undefined;
      if (value.type !== 'string') throw wrongType(value.type);
      return value.text;
    });
  }

  set(key: string, value: string, ttlMs?: number): Promise<void> {
    return this.#write('set', (tx) => tx.set(key, value, ttlMs));
  }

  delete(key: string): Promise<void> {
    return this.#write('delete', (tx) => tx.delete(key));
  }

  hashGet(key: string, field: string): Promise<string | undefined> {
    return this.#read('hashGet', (reader, nowMs) => {
      const value = reader.read(key, nowMs);
      if (!value) return undefined;
      if (value.type === 'hash') return value.fields.get(field);
      if (value.type === 'bigHash') return reader.field(value.generation, field);
      throw wrongType(value.type);
    });
  }

  hashGetAll(key: string): Promise<Readonly<Record<string, string>>> {
    return this.#read('hashGetAll', (reader, nowMs) => {
      const value = reader.read(key, nowMs);
      if (!value) return {};
      if (value.type === 'hash') return Object.fromEntries(value.fields);
      if (value.type === 'bigHash') return reader.fields(value.generation);
      throw wrongType(value.type);
    });
  }

  hashSet(key: string, fields: Readonly<Record<string, string | number>>): Promise<void> {
    return this.#write('hashSet', (tx) => tx.hashSet(key, fields));
  }

  hashDelete(key: string, field: string): Promise<void> {
    return this.#write('hashDelete', (tx) => tx.hashDelete(key, field));
  }

  sortedRange(
    key: string,
    first: number,
    last: number,
  ): Promise<readonly { readonly member: string; readonly score: number }[]> {
    return this.#read('sortedRange', (reader, nowMs) => {
      const value = reader.read(key, nowMs);
      if (!value) return [];
      if (value.type !== 'sorted') throw wrongType(value.type);
      return value.members.slice(...rankRange(value.members.length, first, last));
    });
  }

  async check(): Promise<void> {
    await this.#write('check', (tx) => tx.set('postern:check', String(this.#options.clock.now()), 60_000));
  }

  /** A round of what goes on in the background anyway: expired keys, snapshot. */
  async upkeep(): Promise<void> {
    this.#open();
    await this.#upkeep?.tick();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#commitQueue();
    this.#isClosed = true;
    await this.#upkeep?.stop();
    const environment = this.#environment;
    this.#environment = undefined;
    await environment?.close();
  }

  #read<Result>(operation: string, read: (reader: LmdbReader, nowMs: number) => Result): Promise<Result> {
    const started = performance.now();
    try {
      const result = read(new LmdbReader(this.#open().databases), this.#options.clock.now());
      this.#options.metrics.done(operation, started);
      return Promise.resolve(result);
    } catch (error) {
      this.#options.metrics.failed(operation);
      return Promise.reject(this.#failure(error));
    }
  }

  #write<Result>(operation: string, work: (tx: StoreTransaction) => Result): Promise<Result> {
    const started = performance.now();
    return new Promise<Result>((resolve, reject) => {
      if (this.#queue.length === 0) queueMicrotask(() => this.#commitQueue());
      this.#queue.push({
        work,
        resolve: (value) => {
          this.#options.metrics.done(operation, started);
          resolve(value);
        },
        reject: (error) => {
          this.#options.metrics.failed(operation);
          reject(this.#failure(error));
        },
      });
    });
  }

  /** Everything asked for in one turn goes into one transaction. */
  #commitQueue(): void {
    const queue = this.#queue;
    if (queue.length === 0) return;
    this.#queue = [];
    let results: unknown[];
    try {
      results = this.#transact(queue);
    } catch (error) {
      // One of them failed and took the others with it: each gets a transaction of its own.
      if (queue.length > 1) for (const item of queue) this.#commitOne(item);
      else queue[0]!.reject(error);
      return;
    }
    for (let i = 0; i < queue.length; i++) queue[i]!.resolve(results[i] as never);
  }

  #commitOne(item: Queued): void {
    let result: unknown;
    try {
      [result] = this.#transact([item]);
    } catch (error) {
      item.reject(error);
      return;
    }
    item.resolve(result as never);
  }

  #transact(queue: readonly Queued[]): unknown[] {
    const environment = this.#open();
    this.#checkSize(environment);
    const { databases } = environment;
    const nowMs = this.#options.clock.now();
    const results = databases.root.transactionSync(() => {
      const tx = new LmdbTransaction(databases, nowMs);
      const values: unknown[] = [];
      for (const { work } of queue) values.push(work(tx));
      tx.flush();
      return values;
    }, transactionFlags);
    return results;
  }

  #checkSize(environment: LmdbEnvironment): void {
    if (this.#transactions++ % sizeCheckEvery === 0 && environment.sizeBytes() > this.#options.maxBytes)
      this.#isFull = true;
    if (this.#isFull)
      throw new StoreError(`${this.#path} has reached its limit of ${this.#options.maxBytes} bytes`);
  }

  #open(): LmdbEnvironment {
    if (this.#environment?.isOpen) return this.#environment;
    if (this.#isClosed) throw new StoreError('the store is closed');
    const { clock, log, stateDir } = this.#options;
    if (this.#openFailure && clock.now() < this.#openFailure.untilMs) throw this.#openFailure.error;
    try {
      this.#environment = LmdbEnvironment.open(stateDir, log);
    } catch (error) {
      const failure = storeError(this.#path, error);
      this.#openFailure = { error: failure, untilMs: clock.now() + reopenDelayMs };
      log.error(failure.message);
      throw failure;
    }
    this.#openFailure = undefined;
    this.#upkeep = new LmdbUpkeep(this.#environment, clock, log, () => {
      this.#isFull = false;
    });
    return this.#environment;
  }

  #failure(error: unknown): StoreError {
    if (isPanic(error) && this.#environment) {
      const upkeep = this.#upkeep;
      const broken = this.#environment;
      this.#environment = undefined;
      Promise.resolve(upkeep?.stop())
        .then(() => broken.abandon())
        .catch((closing: unknown) =>
          this.#options.log.warn('cannot close the store', { error: String(closing) }),
        );
    }
    return storeError(this.#path, error);
  }
}

function wrongType(type: string): StoreError {
  return new StoreError(`a key of the store holds a ${type}, which this call cannot read`);
}
