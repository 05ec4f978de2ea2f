import type { Hit, Options, Scanner, ScanOutcome, ScanRequest, Verdict } from '../../core/index.ts';

/** A verdict that lets the message pass, with changes. */
export function verdict(changes: Partial<Verdict> = {}): Verdict {
  return {
    action: 'no action',
    score: 0,
    requiredScore: 15,
    thresholds: new Map([
      ['reject', 15],
      ['add header', 6],
      ['greylist', 4],
    ]),
    isSkipped: false,
    passthroughModule: undefined,
    subject: undefined,
    milterAction: undefined,
    symbols: [],
    groups: [],
    messages: {},
    urls: undefined,
    emails: undefined,
    profile: undefined,
    messageId: 'a1@example.com',
    elapsedMs: 0.5,
    dkimSignatures: [],
    milter: undefined,
    rewritten: undefined,
    newline: '\r\n',
    failure: undefined,
    ...changes,
  };
}

export function hit(name: string, score: number, changes: Partial<Hit> = {}): Hit {
  return { name, score, metricScore: score, description: undefined, groups: [], options: [], ...changes };
}

type Answer = Partial<Verdict> | Error;

/** A scanner that records what it is asked and answers what a test says, at once or when told. */
export class FakeScanner implements Scanner {
  readonly requests: ScanRequest[] = [];
  settled = 0;
  answer: Answer | ((request: ScanRequest) => Answer) = {};
  /** True: scans wait for {@link release}, or for their signal. */
  isHeld = false;
  readonly #waiting: (() => void)[] = [];
  #arrived: (() => void) | undefined;

  async scan(request: ScanRequest): Promise<ScanOutcome> {
    this.requests.push(request);
    this.#arrived?.();
    if (this.isHeld) {
      await new Promise<void>((resolve, reject) => {
        this.#waiting.push(resolve);
        request.signal?.addEventListener('abort', () => reject(request.signal?.reason), { once: true });
      });
    }
    const answer = typeof this.answer === 'function' ? this.answer(request) : this.answer;
    if (answer instanceof Error) throw answer;
    return { verdict: verdict(answer), settle: () => void this.settled++ };
  }

  get last(): ScanRequest {
    return this.requests.at(-1)!;
  }

  /** Resolves when that many scans have begun. */
  async begun(count: number): Promise<void> {
    while (this.requests.length < count) {
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
  }

  release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

const stockLimits: Options['limits'] = {
  maxHeaderBytes: 80 * 1024,
  maxConnections: 100,
  maxConnectionsPerSource: 100,
  maxTasks: 100,
  idleTimeoutMs: 60_000,
  requestTimeoutMs: 60_000,
};

/** Stock options, with changes. */
export function stockOptions(changes: OptionChanges = {}): Options {
  return {
    localAddrs: undefined,
    checkLocal: undefined,
    checkAuthed: undefined,
    maxMessageBytes: changes.maxMessageBytes ?? 1024 * 1024,
    maxRecipients: changes.maxRecipients ?? 1024,
    maxUrls: 100,
    maxOptionsLength: 100,
    taskTimeoutMs: changes.taskTimeoutMs ?? 8000,
    softRejectOnTimeout: false,
    oneShot: false,
    defaultMaxShots: 1,
    checkAllFilters: false,
    gtubePatterns: 'reject',
    historyRows: 0,
    mapWatchIntervalMs: 60_000,
    mapFileWatchMultiplier: 1,
    maps: { connectTimeoutMs: 1000, readTimeoutMs: 1000 },
    httpAuth: undefined,
    dns: {
      nameservers: [],
      rotation: 'round-robin',
      timeoutMs: 1000,
      retransmits: 1,
      fakeRecords: [],
      hosts: [],
    },
    disabledModules: [],
    limits: { ...stockLimits, ...changes.limits },
  };
}

/** What tests change of them. */
export interface OptionChanges {
  readonly maxMessageBytes?: number;
  readonly maxRecipients?: number;
  readonly taskTimeoutMs?: number;
  readonly limits?: Partial<Options['limits']>;
}
