import type { Metrics, StoreError, Task } from '../core/index.ts';
import type { ScannerContext } from './scanner.ts';

const quietMs = 60_000;

/** Tells of scanners that do not work: counts each time, writes a line of log once a minute for each cause. */
export class Troubles {
  readonly #context: ScannerContext;
  readonly #rule: string;
  readonly #failures: ReturnType<Metrics['counter']>;
  /** By cause: when the last line was written, and how many were not since. */
  readonly #told = new Map<string, { atMs: number; unsaid: number }>();

  constructor(context: ScannerContext, rule: string, metric: string) {
    this.#context = context;
    this.#rule = rule;
    this.#failures = context.metrics.counter(metric, 'Attempts at scanners that failed', ['rule', 'server']);
  }

  /** An attempt failed. */
  failed(task: Task, server: string, reason: string): void {
    this.#failures.add(1, { rule: this.#rule, server });
    this.#write(`server ${server}`, 'scanner failed', { id: task.id, server, reason });
  }

  /** The scanner answered that it does not judge this. */
  tell(task: Task, server: string, reason: string): void {
    this.#write(`refusal ${server}`, 'scanner did not judge', { id: task.id, server, reason });
  }

  /** Results cannot be kept or found again. */
  store(error: StoreError): void {
    this.#write('store', 'results cannot be kept', { reason: error.message });
  }

  #write(cause: string, message: string, fields: Readonly<Record<string, unknown>>): void {
    const nowMs = this.#context.clock.now();
    const told = this.#told.get(cause);
    if (told && nowMs - told.atMs < quietMs) {
      told.unsaid++;
      return;
    }
    const unsaid = told?.unsaid ?? 0;
    this.#told.set(cause, { atMs: nowMs, unsaid: 0 });
    this.#context.log.error(message, {
      rule: this.#rule,
      ...fields,
      ...(unsaid > 0 && { notLoggedSince: unsaid }),
    });
  }
}
