import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock, Configuration, ExportedFigure, Log, Metrics, Totals } from '../core/index.ts';
import { figure } from '../core/index.ts';
import { sendOverTcp } from '../delivery/index.ts';

/** What the check `metric_exporter` reads of its section. */
interface Section {
  readonly enabled: boolean;
  readonly backend?: 'graphite' | undefined;
  readonly metrics: readonly ExportedFigure[];
  readonly host: string;
  readonly port: number;
  readonly metric_prefix: string;
  readonly interval: number;
  readonly timeout: number;
  readonly statefile?: string | undefined;
}

export interface GraphiteInit {
  readonly totals: () => Totals;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Lines of Carbon's plaintext protocol: name, value, seconds since 1970. */
export function carbonLines(
  section: Pick<Section, 'metrics' | 'metric_prefix'>,
  totals: Totals,
  nowMs: number,
): string {
  const seconds = Math.floor(nowMs / 1000);
  return section.metrics
    .map(
      (name) => `${section.metric_prefix}.${name.replaceAll(' ', '_')} ${figure(name, totals)} ${seconds}\n`,
    )
    .join('');
}

/** Pushes figures of the whole server to Graphite as the newest configuration says. */
export class GraphitePusher {
  readonly #init: GraphiteInit;
  readonly #pushes: ReturnType<Metrics['counter']>;
  #section: Section | undefined;
  #stateFile = '';
  #timer: NodeJS.Timeout | undefined;
  #isOut = false;

  constructor(init: GraphiteInit) {
    this.#init = init;
    this.#pushes = init.metrics.counter(
      'postern_metric_pushes_total',
      'Pushes of figures to Graphite, by what became of them',
      ['result'],
    );
  }

  /** Begins, or goes on, as this configuration says. */
  configure({ modules, options, stateDir }: Configuration): void {
    this.stop();
    const section = modules.get('metric_exporter') as Section | undefined;
    if (!section?.enabled || section.backend === undefined) return;
    if (options.disabledModules.includes('metric_exporter')) return;
    this.#section = section;
    this.#stateFile = section.statefile ?? join(stateDir, 'metric_exporter_last_push');
    const sinceMs = this.#init.clock.now() - this.#lastPushMs();
    const intervalMs = section.interval * 1000;
    // Neither a restart nor a clock that was set back makes a gap or a burst.
    this.#wait(sinceMs >= 0 && sinceMs < intervalMs ? intervalMs - sinceMs : 0);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#section = undefined;
  }

  #wait(delayMs: number): void {
    this.#timer = setTimeout(() => void this.#push(), delayMs).unref();
  }

  async #push(): Promise<void> {
    const section = this.#section;
    if (!section) return;
    const { clock, log, totals } = this.#init;
    const nowMs = clock.now();
    const body = Buffer.from(carbonLines(section, totals(), nowMs));
    const attempt = await sendOverTcp(section, body, AbortSignal.timeout(section.timeout * 1000));
    const isSent = attempt.outcome === 'sent';
    this.#pushes.add(1, { result: isSent ? 'sent' : 'failed' });
    if (isSent && this.#isOut) log.info('Graphite takes figures again');
    if (!isSent && !this.#isOut)
      log.error('figures were not pushed; told once until it works again', { error: attempt.reason });
    this.#isOut = !isSent;
    if (isSent) this.#remember(nowMs);
    // Another configuration may have begun meanwhile.
    if (this.#section === section) this.#wait(section.interval * 1000);
  }

  #lastPushMs(): number {
    try {
      const seconds = Number.parseFloat(readFileSync(this.#stateFile, 'utf8'));
      return Number.isFinite(seconds) ? seconds * 1000 : 0;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#init.log.warn('the time of the last push was not read', { error: String(error) });
      return 0;
    }
  }

  #remember(nowMs: number): void {
    try {
      writeFileSync(this.#stateFile, `${nowMs / 1000}\n`, { mode: 0o600 });
    } catch (error) {
      this.#init.log.warn('the time of the last push was not kept', { error: String(error) });
    }
  }
}
