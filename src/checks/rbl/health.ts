import { randomInt } from 'node:crypto';
import type { Clock, DnsAnswer, DnsStatus, Log, Resolver } from '../../core/index.ts';
import { isListed } from './answers.ts';

/** A list that is in use is looked at this often. */
const probeIntervalMs = 60_000;
const firstRetryMs = 10_000;
const maxRetryMs = 600_000;
/** Failures in a row, of whatever question, after which a list is not asked any more. */
const maxFailures = 5;
const probeTimeoutMs = 5_000;

export interface HealthInit {
  readonly zone: string;
  /** Name below the zone that must not be listed; undefined: a random one each time. */
  readonly probeName: string | undefined;
  readonly dns: Resolver;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of every change. */
  readonly onChange: (state: 'up' | 'down') => void;
}

/**
 * Knows whether a list is worth asking. It is switched off when it lists what must not be listed (RFC 5782 5: the whole
 * world, as dead lists and rewriting resolvers do), or does not answer, and comes back when a probe says so.
 *
 * Only lists that mail asks are probed: an idle server asks nothing, and a start waits for nothing.
 */
export class ListHealth {
  readonly #init: HealthInit;
  #isDown = false;
  #failures = 0;
  #nextProbeMs = 0;
  #retryMs = firstRetryMs;
  #isKnown = false;
  #probe: Promise<void> | undefined;

  constructor(init: HealthInit) {
    this.#init = init;
  }

  /** May it be asked? Starts a probe in the background when one is due. */
  mayAsk(): boolean {
    if (!this.#probe && this.#init.clock.now() >= this.#nextProbeMs) this.#probe = this.#look();
    return !this.#isDown;
  }

  /** Does it look dead now? Starts nothing. */
  get isDown(): boolean {
    return this.#isDown;
  }

  /** The very first probe while it is on its way: what a list says before nobody knows it counts for nothing. */
  get firstProbe(): Promise<void> | undefined {
    return this.#isKnown ? undefined : this.#probe;
  }

  /** Counts how a question ended. */
  report(status: DnsStatus): void {
    if (status === 'ok' || status === 'nxdomain' || status === 'nodata') {
      this.#failures = 0;
      return;
    }
    if (++this.#failures >= maxFailures && !this.#isDown) this.#switchOff('it does not answer', { status });
  }

  async #look(): Promise<void> {
    const { zone, probeName = randomName(), dns, clock } = this.#init;
    const answer = await dns.resolve(`${probeName}.${zone}`, 'a', { timeoutMs: probeTimeoutMs });
    this.#isKnown = true;
    this.#probe = undefined;
    this.#judge(answer);
    this.#nextProbeMs = clock.now() + (this.#isDown || this.#failures > 0 ? this.#retryMs : probeIntervalMs);
    if (this.#isDown) this.#retryMs = Math.min(maxRetryMs, this.#retryMs * 2);
  }

  #judge({ status, records }: DnsAnswer): void {
    if (status === 'ok') {
      const reason = isListed(records)
        ? 'it lists what must not be listed; resolvers that many people share are answered so'
        : 'its answers are rewritten on the way';
      if (!this.#isDown) this.#switchOff(reason, { answer: records[0] });
      return;
    }
    this.report(status);
    if (status !== 'nxdomain' && status !== 'nodata') return;
    this.#retryMs = firstRetryMs;
    if (!this.#isDown) return;
    this.#isDown = false;
    this.#init.log.info('DNS list is asked again', { zone: this.#init.zone });
    this.#init.onChange('up');
  }

  #switchOff(reason: string, fields: Readonly<Record<string, unknown>>): void {
    const { zone, log, clock, onChange } = this.#init;
    this.#isDown = true;
    this.#nextProbeMs = Math.max(this.#nextProbeMs, clock.now() + this.#retryMs);
    log.warn(`DNS list is not asked: ${reason}`, { zone, ...fields });
    onChange('down');
  }
}

function randomName(): string {
  let name = '';
  for (let i = 0; i < 20; i++) name += String.fromCharCode(0x61 + randomInt(26));
  return name;
}
