import type { HistoryRow, Records } from '../core/index.ts';
import type { Channel } from './channel.ts';
import type { PrimaryMethods, WorkerMethods } from './protocol.ts';

/** History kept in the primary's memory, reached from its workers. */
export class PrimaryRecords implements Records {
  readonly #channel: Channel<WorkerMethods, PrimaryMethods>;

  constructor(channel: Channel<WorkerMethods, PrimaryMethods>) {
    this.#channel = channel;
  }

  async addHistory(rows: readonly HistoryRow[]): Promise<void> {
    this.#channel.notify('addHistory', rows);
  }

  history(first: number, last: number): Promise<readonly HistoryRow[]> {
    return this.#channel.call('history', [first, last]);
  }

  clearHistory(): Promise<void> {
    return this.#channel.call('clearHistory', null);
  }

  trimHistory(maxRows: number): Promise<void> {
    return this.#channel.call('trimHistory', maxRows);
  }

  async close(): Promise<void> {
    // Nothing of its own to close: the rows live in the primary.
  }
}

/** The rows themselves, newest first. */
export class HistoryRing {
  #rows: HistoryRow[] = [];

  add(rows: readonly HistoryRow[]): void {
    this.#rows = [...rows.toReversed(), ...this.#rows];
  }

  /** Both ends included; a negative end counts from the last row. */
  range(first: number, last: number): readonly HistoryRow[] {
    const { length } = this.#rows;
    const start = first < 0 ? Math.max(0, length + first) : first;
    return this.#rows.slice(start, (last < 0 ? length + last : last) + 1);
  }

  trim(maxRows: number): void {
    this.#rows.length = Math.min(this.#rows.length, maxRows);
  }

  clear(): void {
    this.#rows = [];
  }
}
