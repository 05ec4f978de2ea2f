import type { Log, Metrics, Task, Verdict } from '../core/index.ts';
import { isSpamAction } from '../core/index.ts';
import type { ScanObserver } from '../engine/index.ts';
import type { DeltaCounter } from './totals.ts';

const scanBucketsSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Counts every finished scan and writes its line to the log. No addresses of recipients, no subject. */
export function createScanObserver(log: Log, metrics: Metrics, counter: DeltaCounter): ScanObserver {
  const seconds = metrics.histogram(
    'postern_scan_seconds',
    'Time from the last byte of a message to its verdict',
    scanBucketsSeconds,
  );
  const verdicts = metrics.counter('postern_verdicts_total', 'Verdicts by action and direction', [
    'action',
    'direction',
  ]);
  const failures = metrics.counter('postern_scan_failures_total', 'Scans that ended in a failure verdict', [
    'code',
  ]);
  return {
    scanned(task: Task, verdict: Verdict, unitTimesMs) {
      const direction = task.direction.isOutbound ? 'outbound' : 'inbound';
      seconds.observe(verdict.elapsedMs / 1000);
      verdicts.add(1, { action: verdict.action, direction });
      if (verdict.failure) failures.add(1, { code: verdict.failure.code });
      counter.scan(verdict.action, verdict.elapsedMs);
      for (const hit of verdict.symbols) counter.symbol(hit.name, 1);
      if (unitTimesMs) for (const [name, timeMs] of unitTimesMs) counter.symbol(name, 0, timeMs);
      if (task.flags.has('no_log')) return;
      const { envelope } = task;
      let symbols = '';
      for (const hit of verdict.symbols)
        symbols += `${symbols === '' ? '' : ','}${hit.name}(${hit.score === 0 ? '0.00' : hit.score.toFixed(2)})`;
      const sender = isSpamAction(verdict.action) || task.direction.isOutbound ? task.sender : undefined;
      log.info('scanned', {
        id: task.id,
        qid: envelope.queueId,
        direction,
        ip: envelope.clientIp?.text ?? envelope.clientSocketPath,
        user: envelope.login,
        sender: sender && `${sender.kind}:${sender.value}`,
        rcpts: envelope.recipients.length,
        action: verdict.action,
        score: Number(verdict.score.toFixed(2)),
        symbols,
        size: task.raw.length,
        ms: Number(verdict.elapsedMs.toFixed(2)),
        forced: verdict.passthroughModule,
        failure: verdict.failure?.code,
      });
    },
  };
}
