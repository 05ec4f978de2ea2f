import type { Log, Metrics } from '../core/index.ts';
import { type Attempt, DeliveryQueue } from './queue.ts';

/** Rows that go out together, each with its line break. */
export interface Batch {
  readonly rows: readonly string[];
  readonly sizeBytes: number;
}

export interface BatchSinkOptions {
  /** By which log and metrics know it. */
  readonly name: string;
  /** Never rejects; settles soon after `signal` fires. */
  readonly send: (batch: Batch, signal: AbortSignal) => Promise<Attempt>;
  /** A batch is sent when it holds so many rows; 0: their number does not matter. */
  readonly maxRows: number;
  /** A batch is sent when it holds so many bytes. */
  readonly maxBytes: number;
  /** A batch is sent when its first row is so old. */
  readonly maxAgeMs: number;
  readonly timeoutMs: number;
  /** Attempts after the first one. */
  readonly retries: number;
  readonly firstPauseMs: number;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Batches that wait for the receiver, besides the one that grows; beyond it new ones are given up, not memory. */
const maxWaitingBatches = 8;
const maxWaitingBytes = 64 * 1024 ** 2;
const longestPauseMs = 60_000;
/** How long a stop or a reload waits for what is on its way. */
const closeMs = 2000;

/** Gathers rows of messages and brings them to one receiver, many at a time. Taking a row never waits. */
export class BatchSink {
  readonly #options: BatchSinkOptions;
  readonly #queue: DeliveryQueue<Batch>;
  #rows: string[] = [];
  #sizeBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #isOut = false;
  #hasToldRefusal = false;

  constructor(options: BatchSinkOptions) {
    this.#options = options;
    const { name, log, metrics } = options;
    const counter = metrics.counter(
      'postern_sink_rows_total',
      'Rows about messages for databases, by what became of them',
      ['sink', 'result'],
    );
    this.#queue = new DeliveryQueue<Batch>({
      send: options.send,
      sizeOf: ({ sizeBytes }) => sizeBytes,
      countOf: ({ rows }) => rows.length,
      timeoutMs: options.timeoutMs,
      retries: options.retries,
      maxItems: maxWaitingBatches,
      maxBytes: maxWaitingBytes,
      // One after the other: the receiver sees rows in order, and is not asked twice to prepare itself.
      concurrency: 1,
      firstPauseMs: options.firstPauseMs,
      longestPauseMs,
      closeMs,
      onSent: ({ rows }, { refusedParts = 0, reason = '' }) => {
        counter.add(rows.length - refusedParts, { sink: name, result: 'sent' });
        if (refusedParts > 0) {
          counter.add(refusedParts, { sink: name, result: 'refused' });
          this.#tellRefused(refusedParts, reason);
        }
        if (this.#isOut) log.info('rows are taken again', { sink: name });
        this.#isOut = false;
      },
      onAttemptFailed: (reason) => {
        if (!this.#isOut)
          log.error('rows could not be sent; told once until it works again', { sink: name, error: reason });
        this.#isOut = true;
      },
      onLost: (why, count) => counter.add(count, { sink: name, result: why }),
    });
  }

  /** Takes a row: one line or several, without the last line break. */
  add(row: string): void {
    const { maxRows, maxBytes, maxAgeMs } = this.#options;
    this.#rows.push(`${row}\n`);
    this.#sizeBytes += Buffer.byteLength(row) + 1;
    if ((maxRows > 0 && this.#rows.length >= maxRows) || this.#sizeBytes >= maxBytes) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), maxAgeMs);
  }

  /** Sends what there is for a short time, gives up the rest. */
  async close(): Promise<void> {
    this.#flush();
    await this.#queue.close();
  }

  #tellRefused(rows: number, reason: string): void {
    if (this.#hasToldRefusal) return;
    this.#hasToldRefusal = true;
    const { log, name } = this.#options;
    log.error('rows were refused; told once, see the metric', { sink: name, rows, error: reason });
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#rows.length === 0) return;
    const batch: Batch = { rows: this.#rows, sizeBytes: this.#sizeBytes };
    this.#rows = [];
    this.#sizeBytes = 0;
    this.#queue.add(batch);
  }
}
