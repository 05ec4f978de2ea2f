import type { Metrics } from '../../core/index.ts';

/** What a milter listener counts. */
export interface MilterMetrics {
  connection(): void;
  sessions(count: number): void;
  /** How a message ended: accept, refuse, discard, quarantine, failure, tooLarge, aborted. */
  message(ending: string): void;
  protocolError(): void;
  refused(reason: string): void;
  timeout(phase: string): void;
}

/** Makes the metrics of milter listeners. */
export function milterMetrics(metrics: Metrics): MilterMetrics {
  const connections = metrics.counter('postern_milter_connections_total', 'Milter connections taken');
  const sessions = metrics.gauge('postern_milter_sessions', 'Milter connections open now');
  const messages = metrics.counter('postern_milter_messages_total', 'Messages by milter, by how they ended', [
    'ending',
  ]);
  const protocolErrors = metrics.counter(
    'postern_milter_protocol_errors_total',
    'Milter connections closed because of bytes the protocol does not allow',
  );
  const refused = metrics.counter(
    'postern_milter_refused_total',
    'Milter connections told to come back later',
    ['reason'],
  );
  const timeouts = metrics.counter('postern_milter_timeouts_total', 'Milter connections closed for silence', [
    'phase',
  ]);
  return {
    connection: () => connections.add(),
    sessions: (count) => sessions.set(count),
    message: (ending) => messages.add(1, { ending }),
    protocolError: () => protocolErrors.add(),
    refused: (reason) => refused.add(1, { reason }),
    timeout: (phase) => timeouts.add(1, { phase }),
  };
}
