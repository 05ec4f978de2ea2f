import type { Metrics } from '../../core/index.ts';

export type Protocol = 'http' | 'rspamc' | 'spamc' | 'unknown';

/** Why a connection or a request got no verdict. */
export type Trouble =
  | 'connections full'
  | 'source full'
  | 'memory full'
  | 'bad request'
  | 'truncated'
  | 'too large'
  | 'head too large'
  | 'slow sender'
  | 'slow reader'
  | 'client gone'
  | 'scan stuck'
  | 'shutdown'
  | 'internal';

/** The numbers that the scan port keeps. */
export interface PortMetrics {
  request(protocol: Protocol, result: string): void;
  trouble(protocol: Protocol, reason: Trouble): void;
  connections(count: number): void;
}

export function portMetrics(metrics: Metrics): PortMetrics {
  const requests = metrics.counter('postern_scan_requests_total', 'Requests answered on the scan port', [
    'protocol',
    'result',
  ]);
  const troubles = metrics.counter(
    'postern_scan_troubles_total',
    'Connections and requests of the scan port that went wrong',
    ['protocol', 'reason'],
  );
  const connections = metrics.gauge('postern_scan_connections', 'Open connections of the scan port');
  return {
    request: (protocol, result) => requests.add(1, { protocol, result }),
    trouble: (protocol, reason) => troubles.add(1, { protocol, reason }),
    connections: (count) => connections.set(count),
  };
}
