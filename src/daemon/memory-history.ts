import type { AuditEntry, AuditQuery, HistoryRow, Records } from '../core/index.ts';
import type { Channel } from './channel.ts';
import type { PrimaryMethods, WorkerMethods } from './protocol.ts';

/** History kept in the primary's memory, reached from its workers. The audit trail is a file all the same. */
export class PrimaryRecords implements Records {
  readonly #channel: Channel<WorkerMethods, PrimaryMethods>;
  readonly #file: Records;

  constructor(channel: Channel<WorkerMethods, PrimaryMethods>, file: Records) {
    this.#channel = channel;
    this.#file = file;
  }

  addAudit(entry: AuditEntry): Promise<void> {
    return this.#file.addAudit(entry);
  }

  audit(query: AuditQuery): Promise<readonly AuditEntry[]> {
    return this.#file.audit(query);
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

  close(): Promise<void> {
    return this.#file.close();
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
