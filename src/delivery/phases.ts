/** Seconds of an option as milliseconds. */
export function toMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.max(1, seconds * 1000);
}

/** Text of an error for log and metrics. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '')
    return error.errors.map((inner) => reasonOf(inner)).join('; ');
  return error instanceof Error ? error.message : String(error);
}

/** A deadline that moves from phase to phase. */
export class PhaseTimer {
  readonly #expired: (error: Error) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(expired: (error: Error) => void) {
    this.#expired = expired;
  }

  /** Ends the phase before and starts this one; without a limit only the export's own deadline holds. */
  start(phase: string, limitMs: number | undefined): void {
    this.stop();
    if (limitMs === undefined) return;
    this.#timer = setTimeout(
      () => this.#expired(new Error(`${phase} took longer than ${limitMs} ms`)),
      limitMs,
    );
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
