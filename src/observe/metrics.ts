import { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Metrics } from '../core/index.ts';

type Labels = Readonly<Record<string, string>>;

const noLabels: Labels = {};

/** What was counted since somebody looked, by values of labels. */
class Sums {
  readonly #names: readonly string[];
  readonly #sums = new Map<string, { readonly labels: Labels; value: number }>();

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  /** False for the first count of these labels, and for values that cannot be counted: the library is to check them. */
  add(value: number, labels: Labels): boolean {
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) return false;
    let key = '';
    for (const name of this.#names) key += `${labels[name]}\0`;
    const sum = this.#sums.get(key);
    if (sum === undefined) {
      this.#sums.set(key, { labels, value: 0 });
      return false;
    }
    sum.value += value;
    return true;
  }

  takeAll(take: (value: number, labels: Labels) => void): void {
    for (const sum of this.#sums.values()) {
      if (sum.value === 0) continue;
      take(sum.value, sum.labels);
      sum.value = 0;
    }
  }
}

/** Metrics of one process; the primary adds those of all processes up. */
export class ProcessMetrics implements Metrics {
  readonly registry = new Registry();
  readonly #counters = new Map<string, ReturnType<Metrics['counter']>>();
  readonly #gauges = new Map<string, ReturnType<Metrics['gauge']>>();
  readonly #histograms = new Map<string, ReturnType<Metrics['histogram']>>();

  counter(name: string, help: string, labels: readonly string[] = []): ReturnType<Metrics['counter']> {
    let metric = this.#counters.get(name);
    if (!metric) {
      // In OpenMetrics `_total` belongs to the sample, not to the name of the family; it is added when written.
      const family = name.replace(/_total$/, '');
      const sums = new Sums(labels);
      const counter = new Counter({
        name: family,
        help,
        labelNames: [...labels],
        registers: [this.registry],
        collect: () => sums.takeAll((value, given) => counter.inc(given, value)),
      });
      metric = {
        add: (value = 1, given = noLabels) => {
          // The library's own way checks and sorts the labels each time, which costs more than what is counted.
          if (!sums.add(value, given)) counter.inc(given, value);
        },
      };
      this.#counters.set(name, metric);
    }
    return metric;
  }

  gauge(
    name: string,
    help: string,
    labels: readonly string[] = [],
    combine: 'sum' | 'max' = 'sum',
  ): ReturnType<Metrics['gauge']> {
    let metric = this.#gauges.get(name);
    if (!metric) {
      const gauge = new Gauge({
        name,
        help,
        labelNames: [...labels],
        registers: [this.registry],
        aggregator: combine,
      });
      metric = { set: (value, given?: Labels) => (given ? gauge.set(given, value) : gauge.set(value)) };
      this.#gauges.set(name, metric);
    }
    return metric;
  }

  histogram(
    name: string,
    help: string,
    buckets: readonly number[],
    labels: readonly string[] = [],
  ): ReturnType<Metrics['histogram']> {
    let metric = this.#histograms.get(name);
    if (!metric) {
      const histogram = new Histogram({
        name,
        help,
        buckets: [...buckets],
        labelNames: [...labels],
        registers: [this.registry],
      });
      metric = {
        observe: (value, given?: Labels) =>
          given ? histogram.observe(given, value) : histogram.observe(value),
      };
      this.#histograms.set(name, metric);
    }
    return metric;
  }

  /** Plain data that another process can add up with {@link mergeMetrics}. */
  snapshot(): Promise<object> {
    return this.registry.getMetricsAsJSON();
  }
}

/** OpenMetrics text of several processes' snapshots added up, without a final `# EOF`. */
export async function mergeMetrics(snapshots: readonly object[]): Promise<string> {
  const merged = AggregatorRegistry.aggregate([...snapshots]);
  merged.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  const text = await merged.metrics();
  return text.replace(/# EOF\s*$/, '');
}
