import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock, Log } from '../core/index.ts';
import type { LmdbEnvironment } from './lmdb-environment.ts';
import { sweepStep } from './lmdb-transaction.ts';
import { transactionFlags } from './lmdb-types.ts';

const sweepIntervalMs = 10_000;
/** Most entries one sweep looks at; the rest waits for the next. */
const sweepBudget = 10_000;
/** Longer than the sweep interval, so that a living holder keeps it. */
const leaseMs = 30_000;
const snapshotIntervalMs = 300_000;
/** Pause after a snapshot as a multiple of the time it took. */
const snapshotPause = 50;

const leaseKey = Buffer.from('lease');
const snapshotKey = Buffer.from('snapshot');

interface Lease {
  readonly pid: number;
  readonly untilMs: number;
}

interface SnapshotNote {
  readonly transaction: number;
  readonly atMs: number;
  readonly tookMs: number;
}

/** Background work of the embedded store. Of all processes that share the file, the one with the lease does it. */
export class LmdbUpkeep {
  readonly #environment: LmdbEnvironment;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #freed: () => void;
  readonly #timer: NodeJS.Timeout;
  #running: Promise<void> = Promise.resolve();
  #isBusy = false;
  #isStopped = false;
  /** Transactions of the upkeep itself since its last snapshot: they are no reason for another one. */
  #ownTransactions = 0;
  #ownSnapshot = -1;

  /** @param freed called when the sweep removed something */
  constructor(environment: LmdbEnvironment, clock: Clock, log: Log, freed: () => void) {
    this.#environment = environment;
    this.#clock = clock;
    this.#log = log;
    this.#freed = freed;
    this.#timer = setInterval(() => this.tick(), sweepIntervalMs * (0.75 + Math.random() / 2)).unref();
  }

  /** Starts a round unless one is running. Resolves when it is over; never rejects. */
  tick(): Promise<void> {
    if (this.#isBusy || this.#isStopped) return this.#running;
    this.#isBusy = true;
    this.#running = this.#round()
      .catch((error: unknown) =>
        this.#log.warn('the upkeep of the store failed', {
          error: error instanceof Error ? error.message : String(error),
        }),
      )
      .finally(() => {
        this.#isBusy = false;
      });
    return this.#running;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    await this.#running;
  }

  async #round(): Promise<void> {
    if (!this.#takeLease()) return;
    const { root } = this.#environment.databases;
    root.readerCheck();
    for (let seen = 0; seen < sweepBudget && !this.#isStopped; ) {
      const step = this.#transact(() => sweepStep(this.#environment.databases, this.#clock.now()));
      seen += step.seen;
      if (step.seen > 0) this.#freed();
      if (step.isDone) break;
      await nextTurn();
    }
    if (!this.#isStopped) await this.#snapshotWhenDue();
  }

  #takeLease(): boolean {
    const { internals } = this.#environment.databases;
    const nowMs = this.#clock.now();
    const isHeld = (bytes: Buffer | undefined): boolean => {
      if (!bytes) return false;
      const lease = JSON.parse(bytes.toString()) as Lease;
      return lease.pid !== process.pid && lease.untilMs > nowMs;
    };
    if (isHeld(internals.get(leaseKey))) return false;
    return this.#transact(() => {
      if (isHeld(internals.get(leaseKey))) return false;
      const lease: Lease = { pid: process.pid, untilMs: nowMs + leaseMs };
      internals.put(leaseKey, Buffer.from(JSON.stringify(lease)));
      return true;
    });
  }

  async #snapshotWhenDue(): Promise<void> {
    const { root, internals } = this.#environment.databases;
    const stored = internals.get(snapshotKey);
    const last = stored && (JSON.parse(stored.toString()) as SnapshotNote);
    const nowMs = this.#clock.now();
    if (last && nowMs < last.atMs + Math.max(snapshotIntervalMs, last.tookMs * snapshotPause)) return;
    const transaction = lastTransaction(root.getStats());
    if (
      last &&
      last.transaction === this.#ownSnapshot &&
      transaction <= last.transaction + this.#ownTransactions
    )
      return;
    const started = performance.now();
    await this.#environment.snapshot();
    const note: SnapshotNote = { transaction, atMs: nowMs, tookMs: performance.now() - started };
    this.#ownSnapshot = transaction;
    this.#ownTransactions = 0;
    this.#transact(() => {
      internals.put(snapshotKey, Buffer.from(JSON.stringify(note)));
      return undefined;
    });
  }

  #transact<Result>(work: () => Result): Result {
    const { root } = this.#environment.databases;
    const before = lastTransaction(root.getStats());
    const result = root.transactionSync(work, transactionFlags);
    // A transaction that changed nothing leaves no trace. Another process may commit in between: then there is one
    // snapshot too few, which the next change makes up for.
    if (lastTransaction(root.getStats()) > before) this.#ownTransactions++;
    return result;
  }
}

function lastTransaction(stats: object): number {
  return (stats as { lastTxnId: number }).lastTxnId;
}
