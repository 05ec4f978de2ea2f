import type { Log, Metrics } from '../../core/index.ts';

/** Numbers by metric name and label values, such as `postern_milter_messages_total accept`. */
export type Counted = Map<string, number>;

/** Metrics that a test can read. */
export function countingMetrics(counted: Counted): Metrics {
  const key = (name: string, labels: Readonly<Record<string, string>> = {}): string =>
    [name, ...Object.values(labels)].join(' ');
  return {
    counter: (name) => ({
      add: (value = 1, labels) => {
        const counter = key(name, labels);
        counted.set(counter, (counted.get(counter) ?? 0) + value);
      },
    }),
    gauge: (name) => ({ set: (value, labels) => void counted.set(key(name, labels), value) }),
    histogram: () => ({ observe: () => undefined }),
  };
}

/** A log that keeps level and message of every line. */
export function keepingLog(lines: string[]): Log {
  const write =
    (level: string) =>
    (message: string): void =>
      void lines.push(`${level} ${message}`);
  const log: Log = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => log,
  };
  return log;
}
