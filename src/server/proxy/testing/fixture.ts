import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type {
  Envelope,
  MirrorConfig,
  ProxyWorker,
  Scanner,
  ScanOutcome,
  ScanRequest,
  UpstreamConfig,
} from '../../../core/index.ts';
import { RequestHeaderList } from '../../../core/index.ts';
import { failureVerdict } from '../../reply/index.ts';
import { type Counted, countingMetrics, keepingLog } from '../../testing/observers.ts';
import { proxyWorker } from '../../testing/proxy-worker.ts';
import { createProxy, type ProxyInit, type ProxyScanner } from '../index.ts';

/** What a scanner was asked. */
export interface Asked {
  readonly method: string;
  readonly url: string;
  /** Name in lower case and value, in order. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
}

type Handler = (asked: Asked, response: ServerResponse) => void;

/** A scanner on loopback that answers what a test says. */
export class FakeUpstream {
  readonly asked: Asked[] = [];
  answer: Handler = (_, response) => reply(response, { action: 'no action' });
  readonly #server: Server;
  #arrived: (() => void) | undefined;
  connections = 0;

  private constructor() {
    this.#server = createServer((request, response) => void this.#take(request, response));
    this.#server.on('connection', () => void this.connections++);
  }

  static async start(t: TestContext, port = 0): Promise<FakeUpstream> {
    const upstream = new FakeUpstream();
    upstream.#server.listen(port, '127.0.0.1');
    await once(upstream.#server, 'listening');
    t.after(() => upstream.stop());
    return upstream;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Scans asked for, without health checks. */
  get scans(): readonly Asked[] {
    return this.asked.filter(({ url }) => url === '/checkv2');
  }

  async scanned(count: number): Promise<void> {
    while (this.scans.length < count) {
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
  }

  /** Closes connections that are kept but idle. */
  dropIdle(): void {
    this.#server.closeIdleConnections();
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    } catch {
      // The proxy gave the request up before its end.
      return;
    }
    const { rawHeaders, method = '', url = '' } = request;
    const headers: [string, string][] = [];
    for (let i = 0; i + 1 < rawHeaders.length; i += 2)
      headers.push([rawHeaders[i]!.toLowerCase(), rawHeaders[i + 1]!]);
    const asked = { method, url, headers, body: Buffer.concat(chunks) };
    this.asked.push(asked);
    this.#arrived?.();
    if (url === '/ping') response.end('pong\r\n');
    else this.answer(asked, response);
  }
}

/** Answers JSON. */
export function reply(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
}

/** An address where nobody listens. */
export async function deadHost(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `127.0.0.1:${port}`;
}

/** An upstream with stock values. */
export function upstreamConfig(changes: Partial<UpstreamConfig> = {}): UpstreamConfig {
  return {
    name: 'scan',
    isDefault: true,
    hosts: [],
    rotation: 'round-robin',
    selfScan: false,
    compress: false,
    tls: false,
    keepalive: false,
    timeoutMs: undefined,
    settingsId: undefined,
    settings: undefined,
    extraHeaders: {},
    ...changes,
  };
}

/** A mirror with stock values. */
export function mirrorConfig(changes: Partial<MirrorConfig> = {}): MirrorConfig {
  return { ...upstreamConfig({ name: 'copy' }), probability: 1, followMaster: false, ...changes };
}

/** An envelope of a milter message, without macros. */
export function envelope(changes: Partial<Envelope> = {}): Envelope {
  return {
    door: 'milter',
    senderEsmtp: new Map(),
    recipients: [],
    flags: new Set(),
    malformed: [],
    request: new RequestHeaderList(),
    ...changes,
  };
}

/** A scanner in place of the engine. */
class LocalScanner implements Scanner {
  readonly requests: ScanRequest[] = [];

  async scan(request: ScanRequest): Promise<ScanOutcome> {
    this.requests.push(request);
    const verdict = { ...failureVerdict(new Error() as never), action: 'local', failure: undefined };
    return { verdict, settle: () => undefined };
  }
}

export interface ProxyFixture {
  readonly proxy: ProxyScanner;
  readonly local: LocalScanner;
  readonly counted: Counted;
  readonly logged: string[];
  /** Scans a small message. */
  scan(changes?: Partial<Envelope>, signal?: AbortSignal): Promise<ScanOutcome>;
}

/** A proxy over these upstreams and mirrors. */
export function startProxy(
  t: TestContext,
  worker: Partial<ProxyWorker>,
  changes: Partial<ProxyInit> = {},
): ProxyFixture {
  const local = new LocalScanner();
  const counted = new Map() as Counted;
  const logged: string[] = [];
  const proxy = createProxy({
    worker: { ...proxyWorker, ...worker },
    scanner: local,
    isOwnAddress: () => false,
    maxMessageBytes: 1024 * 1024,
    log: keepingLog(logged),
    metrics: countingMetrics(counted),
    clock: { now: () => Date.now() },
    policy: { maxFailures: 2, windowMs: 60_000, firstPauseMs: 5, maxPauseMs: 5 },
    ...changes,
  });
  t.after(() => proxy.close());
  return {
    proxy,
    local,
    counted,
    logged,
    scan: (change, signal) =>
      proxy.scan({ envelope: envelope(change), raw: Buffer.from('Subject: x\r\n\r\nold\r\n'), signal }),
  };
}
