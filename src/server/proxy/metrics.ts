import type { Metrics } from '../../core/index.ts';

/** What a proxy counts. */
export interface ProxyMetrics {
  request(upstream: string, result: 'answered' | 'failed'): void;
  mirror(mirror: string, result: 'answered' | 'failed' | 'left out'): void;
  hostUp(upstream: string, host: string, isUp: boolean): void;
}

/** Makes the metrics of a proxy. */
export function proxyMetrics(metrics: Metrics): ProxyMetrics {
  const requests = metrics.counter('postern_proxy_requests_total', 'Messages sent to other scanners', [
    'upstream',
    'result',
  ]);
  const mirrored = metrics.counter('postern_proxy_mirrored_total', 'Messages copied to mirrors', [
    'mirror',
    'result',
  ]);
  const hosts = metrics.gauge(
    'postern_proxy_host_up',
    'Whether a scanner is in use (1) or out (0)',
    ['upstream', 'host'],
    'max',
  );
  return {
    request: (upstream, result) => requests.add(1, { upstream, result }),
    mirror: (mirror, result) => mirrored.add(1, { mirror, result }),
    hostUp: (upstream, host, isUp) => hosts.set(isUp ? 1 : 0, { upstream, host }),
  };
}
