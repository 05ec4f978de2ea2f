import type { HistoryRow, LoggedError, Totals } from '../core/index.ts';
import type { Failure } from './channel.ts';
import type { DoorKind } from './doors.ts';
import type { SavedChanges } from './shared-scores.ts';

/** What a process counted since it last told the primary. */
export interface TotalsDelta {
  readonly scanned: number;
  readonly learned: number;
  readonly connections: number;
  readonly controlConnections: number;
  readonly actions: Readonly<Record<string, number>>;
  readonly scanTimesSeconds: readonly number[];
  /** Hits, summed time in milliseconds and how often it was measured. */
  readonly symbols: Readonly<
    Record<string, { readonly hits: number; readonly timeMs: number; readonly timed: number }>
  >;
}

export interface Health {
  readonly workers: number;
  readonly notResponding: number;
  readonly readyScanners: number;
}

/** A socket a worker listens on. */
export interface OpenedSocket {
  readonly door: DoorKind;
  /** Address as bound, `127.0.0.1:11333`, or the path. */
  readonly address: string;
}

/** What workers may ask of the primary. */
export type PrimaryMethods = {
  delta(delta: TotalsDelta): void;
  logged(error: LoggedError): void;
  ready(opened: readonly OpenedSocket[]): void;
  /** The worker cannot start, and ends. */
  failed(failure: Failure): void;
  totals(params: null): Totals;
  resetTotals(params: null): void;
  errors(params: null): readonly LoggedError[];
  metrics(params: null): string;
  health(params: null): Health;
  reload(params: null): void;
  /** Tells other machines what was saved on this one. */
  share(changes: Partial<SavedChanges>): void;
  addHistory(rows: readonly HistoryRow[]): void;
  history(range: readonly [first: number, last: number]): readonly HistoryRow[];
  clearHistory(params: null): void;
  trimHistory(maxRows: number): void;
};

/** What the primary may ask of workers. */
export type WorkerMethods = {
  ping(params: null): boolean;
  metrics(params: null): object;
  reload(params: null): void;
  stop(graceMs: number): void;
  reopenLog(params: null): void;
};

/** Time that sessions get to finish what was accepted. */
export const stopGraceMs = 30_000;

export type Role = 'scanner' | 'controller' | 'fuzzy';

/** How a worker is started: everything it needs to build the same configuration as the primary. */
export interface WorkerStart {
  readonly role: Role;
  readonly index: number;
  readonly configDir: string | undefined;
  readonly stateDir: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly allowUnsupported: boolean;
}
