import { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Metrics } from '../core/index.ts';

type Labels = Readonly<Record<string, string>>;

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
      const counter = new Counter({
        name: family,
        help,
        labelNames: [...labels],
        registers: [this.registry],
      });
      metric = {
        add: (value = 1, given?: Labels) => (given ? counter.inc(given, value) : counter.inc(value)),
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
