import type { Scanner, ScanOutcome, ScanRequest } from '../core/index.ts';

interface ClosableScanner extends Scanner {
  close(): void;
}

interface Running {
  readonly scanner: ClosableScanner;
  scans: number;
  isReplaced: boolean;
}

/** A scanner built from a configuration. A replaced one is closed when its last scan is over. */
export class SwappedScanner<From> implements Scanner {
  readonly #build: (from: From) => ClosableScanner;
  #current: Running;

  constructor(from: From, build: (from: From) => ClosableScanner) {
    this.#build = build;
    this.#current = { scanner: build(from), scans: 0, isReplaced: false };
  }

  async scan(request: ScanRequest): Promise<ScanOutcome> {
    const used = this.#current;
    used.scans++;
    try {
      return await used.scanner.scan(request);
    } finally {
      used.scans--;
      if (used.isReplaced && used.scans === 0) used.scanner.close();
    }
  }

  /** Scans from now on go to a scanner built from this. When it cannot be built, the old one stays. */
  swap(from: From): void {
    const old = this.#current;
    this.#current = { scanner: this.#build(from), scans: 0, isReplaced: false };
    old.isReplaced = true;
    if (old.scans === 0) old.scanner.close();
  }

  close(): void {
    this.#current.scanner.close();
  }
}
