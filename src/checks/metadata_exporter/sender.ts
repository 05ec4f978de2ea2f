import type { Attempt } from './queue.ts';

/** One export on its way; the parts a backend has no use for are empty. */
export interface ExportItem {
  readonly body: Buffer;
  readonly mimeType: string;
  /** Request headers made of metadata. */
  readonly headers: Readonly<Record<string, string>>;
  /** Channel or keys of streams. */
  readonly keys: readonly string[];
  /** Envelope recipients of mail. */
  readonly recipients: readonly string[];
}

/** Brings exports to one receiver. */
export interface Sender {
  /** Never rejects; ends soon after `signal` fires. */
  send(item: ExportItem, signal: AbortSignal): Promise<Attempt>;
  close(): void;
}

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
