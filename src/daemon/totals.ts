import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock, GraphSlot, Log, Totals } from '../core/index.ts';
import type { TotalsDelta } from './protocol.ts';

const maxScanTimes = 31;
const windowMs = 60_000;
/** Graph slots of one hour for a year: what `/graph` can show. */
const slotMs = 3_600_000;
const maxSlots = 366 * 24;

interface SymbolTotals {
  hits: number;
  timeMs: number;
  timed: number;
  /** Hits in the running minute, and mean and variance of past minutes (Welford). */
  windowHits: number;
  windows: number;
  mean: number;
  sumOfSquares: number;
}

interface Saved {
  readonly startedMs: number;
  readonly scanned: number;
  readonly learned: number;
  readonly actions: Record<string, number>;
  readonly connections: number;
  readonly controlConnections: number;
  readonly symbols: Record<string, SymbolTotals>;
  readonly graph: GraphSlot[];
}

function emptySaved(nowMs: number): Saved {
  return {
    startedMs: nowMs,
    scanned: 0,
    learned: 0,
    actions: {},
    connections: 0,
    controlConnections: 0,
    symbols: {},
    graph: [],
  };
}

/** Counts of the whole server, kept in the primary and, from one start to the next, in a file. */
export class TotalsKeeper {
  readonly #file: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #processStartedMs: number;
  #saved: Saved & { scanned: number; learned: number; connections: number; controlConnections: number };
  #scanTimes: number[] = [];
  #windowStartMs: number;
  #isDirty = false;

  constructor(stateDir: string, clock: Clock, log: Log) {
    this.#file = join(stateDir, 'totals.json');
    this.#clock = clock;
    this.#log = log;
    this.#processStartedMs = clock.now();
    this.#windowStartMs = clock.now();
    this.#saved = this.#read() ?? emptySaved(clock.now());
  }

  add(delta: TotalsDelta): void {
    const saved = this.#saved;
    saved.scanned += delta.scanned;
    saved.learned += delta.learned;
    saved.connections += delta.connections;
    saved.controlConnections += delta.controlConnections;
    for (const [action, count] of Object.entries(delta.actions)) {
      saved.actions[action] = (saved.actions[action] ?? 0) + count;
    }
    this.#addToGraph(delta.actions);
    this.#scanTimes = [...this.#scanTimes, ...delta.scanTimesSeconds].slice(-maxScanTimes);
    for (const [name, counted] of Object.entries(delta.symbols)) {
      const symbol = (saved.symbols[name] ??= {
        hits: 0,
        timeMs: 0,
        timed: 0,
        windowHits: 0,
        windows: 0,
        mean: 0,
        sumOfSquares: 0,
      });
      symbol.hits += counted.hits;
      symbol.windowHits += counted.hits;
      symbol.timeMs += counted.timeMs;
      symbol.timed += counted.timed;
    }
    this.#isDirty = true;
  }

  /** Closes minutes that are over; call it now and then. */
  tick(): void {
    while (this.#clock.now() - this.#windowStartMs >= windowMs) {
      this.#windowStartMs += windowMs;
      for (const symbol of Object.values(this.#saved.symbols)) {
        const rate = symbol.windowHits / (windowMs / 1000);
        symbol.windowHits = 0;
        symbol.windows++;
        const difference = rate - symbol.mean;
        symbol.mean += difference / symbol.windows;
        symbol.sumOfSquares += difference * (rate - symbol.mean);
      }
    }
  }

  totals(): Totals {
    this.tick();
    const { symbols, ...rest } = this.#saved;
    return {
      ...rest,
      startedMs: this.#processStartedMs,
      scanTimesSeconds: this.#scanTimes,
      symbols: Object.fromEntries(
        Object.entries(symbols).map(([name, symbol]) => [
          name,
          {
            hits: symbol.hits,
            timeMs: symbol.timed > 0 ? symbol.timeMs / symbol.timed : 0,
            frequency: symbol.mean,
            frequencyStddev: symbol.windows > 1 ? Math.sqrt(symbol.sumOfSquares / (symbol.windows - 1)) : 0,
          },
        ]),
      ),
    };
  }

  reset(): void {
    this.#saved = emptySaved(this.#clock.now());
    this.#scanTimes = [];
    this.#isDirty = true;
    this.save();
  }

  /** Writes the file when something changed; a failure is logged and tried again next time. */
  save(): void {
    if (!this.#isDirty) return;
    try {
      mkdirSync(join(this.#file, '..'), { recursive: true });
      writeFileSync(`${this.#file}.new`, JSON.stringify(this.#saved), { mode: 0o600 });
      renameSync(`${this.#file}.new`, this.#file);
      this.#isDirty = false;
    } catch (error) {
      this.#log.error('totals were not saved', { file: this.#file, error: String(error) });
    }
  }

  #addToGraph(actions: Readonly<Record<string, number>>): void {
    if (Object.keys(actions).length === 0) return;
    const startMs = Math.floor(this.#clock.now() / slotMs) * slotMs;
    const { graph } = this.#saved;
    let slot = graph.at(-1);
    if (!slot || slot.startMs !== startMs) {
      slot = { startMs, lengthMs: slotMs, actions: {} };
      graph.push(slot);
      if (graph.length > maxSlots) graph.shift();
    }
    const counts = slot.actions as Record<string, number>;
    for (const [action, count] of Object.entries(actions)) counts[action] = (counts[action] ?? 0) + count;
  }

  #read(): Saved | undefined {
    let text: string;
    try {
      text = readFileSync(this.#file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        this.#log.error('totals were not read', { file: this.#file, error: String(error) });
      }
      return undefined;
    }
    try {
      const saved = JSON.parse(text) as Saved;
      if (typeof saved.scanned !== 'number' || !Array.isArray(saved.graph))
        throw new Error('not a totals file');
      return { ...emptySaved(saved.startedMs), ...saved };
    } catch (error) {
      this.#log.error('totals were not read; counting starts anew', {
        file: this.#file,
        error: String(error),
      });
      return undefined;
    }
  }
}

/** Gathers what one process counts until it is sent. */
export class DeltaCounter {
  /** Told when there is something to send again. */
  readonly #onFirst: () => void;
  #scanned = 0;
  #learned = 0;
  #connections = 0;
  #controlConnections = 0;
  #actions: Record<string, number> = {};
  #scanTimes: number[] = [];
  #symbols: Record<string, { hits: number; timeMs: number; timed: number }> = {};
  #isEmpty = true;

  constructor(onFirst: () => void) {
    this.#onFirst = onFirst;
  }

  scan(action: string, elapsedMs: number): void {
    this.#touch();
    this.#scanned++;
    this.#actions[action] = (this.#actions[action] ?? 0) + 1;
    if (this.#scanTimes.length < maxScanTimes) this.#scanTimes.push(elapsedMs / 1000);
  }

  symbol(name: string, hits: number, timeMs?: number): void {
    const symbol = (this.#symbols[name] ??= { hits: 0, timeMs: 0, timed: 0 });
    symbol.hits += hits;
    if (timeMs === undefined) return;
    symbol.timeMs += timeMs;
    symbol.timed++;
  }

  learned(): void {
    this.#touch();
    this.#learned++;
  }

  connection(kind: 'scan' | 'control'): void {
    this.#touch();
    if (kind === 'scan') this.#connections++;
    else this.#controlConnections++;
  }

  #touch(): void {
    if (!this.#isEmpty) return;
    this.#isEmpty = false;
    this.#onFirst();
  }

  /** What was counted since the last call; undefined: nothing. */
  take(): TotalsDelta | undefined {
    if (this.#isEmpty) return undefined;
    const delta: TotalsDelta = {
      scanned: this.#scanned,
      learned: this.#learned,
      connections: this.#connections,
      controlConnections: this.#controlConnections,
      actions: this.#actions,
      scanTimesSeconds: this.#scanTimes,
      symbols: this.#symbols,
    };
    this.#scanned = this.#learned = this.#connections = this.#controlConnections = 0;
    this.#actions = {};
    this.#scanTimes = [];
    this.#symbols = {};
    this.#isEmpty = true;
    return delta;
  }
}
