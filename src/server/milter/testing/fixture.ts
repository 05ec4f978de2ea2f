import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { TestContext } from 'node:test';
import {
  MilterReply,
  type Options,
  type ProxyWorker,
  type Scanner,
  type ScanOutcome,
  type ScanRequest,
  type Verdict,
} from '../../../core/index.ts';
import { type Counted, countingMetrics, keepingLog } from '../../testing/observers.ts';
import { proxyWorker } from '../../testing/proxy-worker.ts';
import { MilterServer } from '../index.ts';
import type { MilterLimits } from '../limits.ts';
import { MilterClient, type Terms } from './milter-client.ts';

/** A verdict that lets the message pass, with changes. */
function verdict(changes: Partial<Verdict> = {}): Verdict {
  return {
    action: 'no action',
    score: 0,
    requiredScore: 15,
    thresholds: new Map(),
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
    messageId: 'undef',
    elapsedMs: 1,
    dkimSignatures: [],
    milter: undefined,
    rewritten: undefined,
    newline: '\r\n',
    failure: undefined,
    ...changes,
  };
}

/** What checks asked for, from its fields. */
export function milterReply(changes: Partial<MilterReply>): MilterReply {
  return Object.assign(new MilterReply(), changes);
}

type Answer = Partial<Verdict> | Error;

/** A scanner that records what it is asked and answers what a test says, at once or when told. */
class FakeScanner implements Scanner {
  readonly requests: ScanRequest[] = [];
  settled = 0;
  answer: Answer | ((request: ScanRequest) => Answer) = {};
  /** True: scans wait for {@link release}. */
  isHeld = false;
  readonly #waiting: (() => void)[] = [];
  #arrived: (() => void) | undefined;

  async scan(request: ScanRequest): Promise<ScanOutcome> {
    this.requests.push(request);
    this.#arrived?.();
    if (this.isHeld) await new Promise<void>((resolve) => this.#waiting.push(resolve));
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

const testLimits: MilterLimits = {
  maxHeaderBytes: 1024 * 1024,
  maxMessageBytes: 50 * 1024 * 1024,
  maxRecipients: 1000,
  maxConnections: 100,
  maxConnectionsPerSource: 100,
  maxFrameBytes: 1024 * 1024,
  requestTimeoutMs: 60_000,
  idleTimeoutMs: 600_000,
  uploadTimeoutMs: 3_600_000,
  progressIntervalMs: 4000,
  sweepIntervalMs: 2,
};

/** Everything a milter test needs, ended with the test. */
export interface MilterFixture {
  readonly scanner: FakeScanner;
  readonly server: MilterServer;
  readonly counted: Counted;
  /** Lines of the log: level and message. */
  readonly logged: string[];
  readonly port: number;
  /** The server's clock, which begins at 0. */
  now(): number;
  /** Moves the server's clock. */
  advance(ms: number): void;
  /** Gives the server a changed configuration. */
  reconfigure(worker: Partial<ProxyWorker>): void;
  connect(): Promise<MilterClient>;
  /** Connects, negotiates and names a client. */
  session(offer?: Terms): Promise<MilterClient>;
}

/** Starts a milter server on a free port of loopback. */
export async function startMilter(
  t: TestContext,
  change: { readonly worker?: Partial<ProxyWorker>; readonly limits?: Partial<MilterLimits> } = {},
): Promise<MilterFixture> {
  const scanner = new FakeScanner();
  const counted: Counted = new Map();
  const logged: string[] = [];
  let nowMs = 0;
  const server = new MilterServer({
    scanner,
    worker: { ...proxyWorker, ...change.worker },
    options: stockOptions,
    limits: { ...testLimits, ...change.limits },
    log: keepingLog(logged),
    metrics: countingMetrics(counted),
    clock: { now: () => nowMs },
  });
  const clients: MilterClient[] = [];
  const listener = createServer((socket) => server.handle(socket));
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  t.after(async () => {
    scanner.isHeld = false;
    scanner.release();
    for (const client of clients) client.close();
    listener.close();
    await server.close(0);
  });
  const connect = async (): Promise<MilterClient> => {
    const client = await MilterClient.connect(port);
    clients.push(client);
    return client;
  };
  return {
    scanner,
    server,
    counted,
    logged,
    port,
    now: () => nowMs,
    advance: (ms) => {
      nowMs += ms;
    },
    reconfigure: (worker) => {
      server.reconfigure({
        scanner,
        worker: { ...proxyWorker, ...worker },
        options: stockOptions,
        limits: testLimits,
      });
    },
    connect,
    session: async (offer) => {
      const client = await connect();
      await client.negotiate(offer);
      await client.connection();
      await client.event('H', 'helo.example');
      return client;
    },
  };
}

/** Stock options, as far as a milter listener looks at them. */
const stockOptions: Options = {
  localAddrs: undefined,
  checkLocal: undefined,
  checkAuthed: undefined,
  maxMessageBytes: 50 * 1024 * 1024,
  maxRecipients: 1024,
  maxUrls: 10_240,
  maxOptionsLength: 4096,
  taskTimeoutMs: 8000,
  softRejectOnTimeout: false,
  oneShot: false,
  defaultMaxShots: 100,
  checkAllFilters: false,
  gtubePatterns: 'reject',
  historyRows: 200,
  mapWatchIntervalMs: 60_000,
  mapFileWatchMultiplier: 1,
  maps: { connectTimeoutMs: 5000, readTimeoutMs: 30_000 },
  httpAuth: undefined,
  dns: {
    nameservers: [],
    rotation: 'round-robin',
    timeoutMs: 1000,
    retransmits: 5,
    fakeRecords: [],
    hosts: undefined,
  },
  disabledModules: [],
  limits: {
    maxHeaderBytes: 1024 * 1024,
    maxConnections: 0,
    maxConnectionsPerSource: 0,
    maxTasks: 0,
    idleTimeoutMs: 60_000,
    requestTimeoutMs: 60_000,
  },
};
