import type { Clock, Log, Metrics } from '../../src/core/index.ts';

/** A log that says nothing. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
};

/** Metrics that count: values by name and labels. */
export function memoryMetrics(): Metrics & { readonly values: ReadonlyMap<string, number> } {
  const values = new Map<string, number>();
  const keyOf = (name: string, labels: Readonly<Record<string, string>> = {}): string =>
    [name, ...Object.values(labels)].join(' ');
  return {
    values,
    counter: (name) => ({
      add: (value = 1, labels) => {
        values.set(keyOf(name, labels), (values.get(keyOf(name, labels)) ?? 0) + value);
      },
    }),
    gauge: (name) => ({
      set: (value, labels) => {
        values.set(keyOf(name, labels), value);
      },
    }),
    histogram: (name) => ({
      observe: (_value, labels) => {
        values.set(keyOf(name, labels), (values.get(keyOf(name, labels)) ?? 0) + 1);
      },
    }),
  };
}

/** A clock that the test moves. */
export function manualClock(startMs = 1_700_000_000_000): Clock & { advance(ms: number): void } {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    advance: (ms) => {
      nowMs += ms;
    },
  };
}
