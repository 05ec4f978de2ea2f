import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { TestContext } from 'node:test';
import { MilterReply, type ProxyWorker } from '../../../core/index.ts';
import { type Counted, countingMetrics, keepingLog } from '../../testing/observers.ts';
import { proxyWorker } from '../../testing/proxy-worker.ts';
import { FakeScanner, stockOptions } from '../../testing/scanner.ts';
import { MilterServer } from '../index.ts';
import type { MilterLimits } from '../limits.ts';
import { MilterClient, type Terms } from './milter-client.ts';

/** What checks asked for, from its fields. */
export function milterReply(changes: Partial<MilterReply>): MilterReply {
  return Object.assign(new MilterReply(), changes);
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
  const options = stockOptions({ maxMessageBytes: 50 * 1024 * 1024 });
  const counted: Counted = new Map();
  const logged: string[] = [];
  let nowMs = 0;
  const server = new MilterServer({
    scanner,
    worker: { ...proxyWorker, ...change.worker },
    options,
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
        options,
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
