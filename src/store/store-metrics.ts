import type { Metrics } from '../core/index.ts';

/** What both drivers report. */
export interface StoreMetrics {
  /** One finished call; `startedMs` from `performance.now()`. */
  done(operation: string, startedMs: number): void;
  failed(operation: string): void;
}

const buckets = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

export function storeMetrics(metrics: Metrics, driver: string): StoreMetrics {
  const seconds = metrics.histogram('postern_store_seconds', 'Time of a call to the store', buckets, [
    'driver',
    'operation',
  ]);
  const errors = metrics.counter('postern_store_errors_total', 'Calls to the store that failed', [
    'driver',
    'operation',
  ]);
  const labels = new Map<string, Readonly<Record<string, string>>>();
  const labelsOf = (operation: string): Readonly<Record<string, string>> => {
    let found = labels.get(operation);
    if (!found) labels.set(operation, (found = { driver, operation }));
    return found;
  };
  return {
    done: (operation, startedMs) =>
      seconds.observe((performance.now() - startedMs) / 1000, labelsOf(operation)),
    failed: (operation) => errors.add(1, labelsOf(operation)),
  };
}
