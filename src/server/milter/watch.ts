import type { MilterLimits } from './limits.ts';

/** Measures the silence of one session, from looks at the clock that are a second apart. */
export class Watch {
  #packets = -1;
  #activeMs = 0;
  #pending: string | undefined;
  #pendingMs = 0;
  #progressMs: number | undefined;

  /** Looked at during a scan: true when the MTA should hear that it goes on. No silence counts meanwhile. */
  scanning(nowMs: number, { progressIntervalMs }: MilterLimits): boolean {
    this.#activeMs = nowMs;
    this.#pending = undefined;
    this.#progressMs ??= nowMs;
    if (nowMs - this.#progressMs < progressIntervalMs) return false;
    this.#progressMs = nowMs;
    return true;
  }

  /**
   * Looked at while the MTA is to act: what has taken too long, or `idle`, or undefined.
   *
   * @param pending what has been begun and not ended, with a name of its own for each
   * @param packets count of packets received so far
   * @param silenceMs how long the MTA may say nothing when nothing is pending
   * @param requestMs how long something may be pending
   */
  waiting(
    nowMs: number,
    pending: string | undefined,
    packets: number,
    silenceMs: number,
    requestMs: number,
  ): string | undefined {
    this.#progressMs = undefined;
    if (packets !== this.#packets) {
      this.#packets = packets;
      this.#activeMs = nowMs;
    }
    if (pending !== this.#pending) {
      this.#pending = pending;
      this.#pendingMs = nowMs;
    }
    if (pending !== undefined && nowMs - this.#pendingMs >= requestMs) return pending;
    return nowMs - this.#activeMs >= silenceMs ? 'idle' : undefined;
  }
}
