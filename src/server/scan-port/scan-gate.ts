import { LimitError, type Scanner, type ScanOutcome, type ScanRequest } from '../../core/index.ts';

/** Limits that a message must pass before the engine sees it. 0: none. */
export interface GateLimits {
  readonly maxMessageBytes: number;
  readonly maxRecipients: number;
  readonly maxTasks: number;
}

/** Stands before the scanner and keeps out what is over a limit. */
export class ScanGate {
  readonly #scanner: Scanner;
  readonly #limits: () => GateLimits;
  #running = 0;

  constructor(scanner: Scanner, limits: () => GateLimits) {
    this.#scanner = scanner;
    this.#limits = limits;
  }

  /** Scans that have not been answered yet. */
  get running(): number {
    return this.#running;
  }

  /**
   * Judges a message. Rejects with LimitError: `tooLarge` for a message or a recipient list over its limit,
   * `overload` when too many scans run; and with what the scanner rejects with.
   */
  async scan(request: ScanRequest): Promise<ScanOutcome> {
    const limits = this.#limits();
    if (limits.maxMessageBytes > 0 && request.raw.length > limits.maxMessageBytes) {
      throw new LimitError('tooLarge', `message is larger than ${limits.maxMessageBytes} bytes`);
    }
    if (limits.maxRecipients > 0 && request.envelope.recipients.length > limits.maxRecipients) {
      throw new LimitError('tooLarge', `message has more than ${limits.maxRecipients} recipients`);
    }
    if (limits.maxTasks > 0 && this.#running >= limits.maxTasks) {
      throw new LimitError('overload', 'too many messages at once');
    }
    this.#running++;
    try {
      return await this.#scanner.scan(request);
    } finally {
      this.#running--;
    }
  }
}
