import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { Log, NormalWorker, Options } from '../../../core/index.ts';
import { type Counted, countingMetrics } from '../../testing/observers.ts';
import { FakeScanner, type OptionChanges, stockOptions } from '../../testing/scanner.ts';
import { ScanServer, type ScanServerInit } from '../scan-server.ts';

const stockWorker: NormalWorker = {
  enabled: true,
  sockets: [],
  count: 1,
  tlsCertificatePath: undefined,
  tlsKeyPath: undefined,
  maxConnections: 0,
  maxConnectionsPerSource: 0,
  timeoutMs: 60_000,
  taskTimeoutMs: undefined,
  maxTasks: 0,
  allowFileInputs: false,
};

/** One line of the log: level, message and fields as text. */
function recordingLog(lines: string[]): Log {
  const at =
    (level: string) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void =>
      void lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  const log: Log = {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => log,
  };
  return log;
}

export interface Harness {
  readonly scanner: FakeScanner;
  readonly server: ScanServer;
  readonly port: number;
  readonly counted: Counted;
  readonly logged: string[];
  /** What the server was given. */
  readonly configured: readonly [worker: NormalWorker, options: Options];
  /** Makes the server's clock jump ahead. */
  skip(timeMs: number): void;
  /** Opens a connection that collects what it receives. */
  open(): Promise<Client>;
  /** Sends bytes on a connection of its own and returns all that comes back until the server closes. */
  exchange(bytes: string | Buffer): Promise<string>;
}

export interface HarnessOptions extends OptionChanges {
  readonly worker?: Partial<NormalWorker>;
  readonly learn?: ScanServerInit['learn'];
  /** Listens on this unix socket instead of a port. */
  readonly path?: string;
}

/** A scan port on the loopback address with a {@link FakeScanner} behind it, for one test. */
export async function startScanPort(t: TestContext, options: HarnessOptions = {}): Promise<Harness> {
  const scanner = new FakeScanner();
  const counted: Counted = new Map();
  const logged: string[] = [];
  let skippedMs = 0;
  const worker = { ...stockWorker, ...options.worker };
  const serverOptions = stockOptions(options);
  const server = new ScanServer({
    scanner,
    worker,
    options: serverOptions,
    log: recordingLog(logged),
    metrics: countingMetrics(counted),
    clock: { now: () => Date.now() + skippedMs },
    metricsText: () => 'postern_up 1\n',
    learn: options.learn,
  });
  const kind = options.path === undefined ? 'tcp' : 'unix';
  const listener = createServer((socket) => server.handle(socket, kind));
  listener.listen(options.path ?? { port: 0, host: '127.0.0.1' });
  await once(listener, 'listening');
  t.after(async () => {
    listener.close();
    await server.close(0);
  });
  const port = options.path === undefined ? (listener.address() as AddressInfo).port : 0;
  const open = async (): Promise<Client> => {
    const socket =
      options.path === undefined
        ? connect({ port, host: '127.0.0.1', allowHalfOpen: true })
        : connect({ path: options.path, allowHalfOpen: true });
    await once(socket, 'connect');
    return new Client(socket);
  };
  return {
    scanner,
    server,
    port,
    counted,
    logged,
    configured: [worker, serverOptions],
    skip: (timeMs) => {
      skippedMs += timeMs;
    },
    open,
    exchange: async (bytes) => {
      const client = await open();
      client.send(bytes);
      return client.rest();
    },
  };
}

/** A raw connection to the scan port. */
export class Client {
  readonly socket: Socket;
  received = '';
  readonly closed: Promise<void>;
  #changed: (() => void) | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('latin1');
      this.#changed?.();
    });
    this.closed = new Promise((resolve) => {
      socket.once('end', resolve);
      socket.once('close', resolve);
    });
    // What a broken connection means, each test says for itself through `received` and `closed`.
    socket.on('error', () => this.#changed?.());
    void this.closed.then(() => this.#changed?.());
  }

  send(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  /** Waits until the received text matches, or the server has closed. */
  async until(pattern: RegExp): Promise<string> {
    let isClosed = false;
    void this.closed.then(() => {
      isClosed = true;
    });
    while (!pattern.test(this.received) && !isClosed) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
    return this.received;
  }

  /** Everything until the server closes its side; then closes ours. */
  async rest(): Promise<string> {
    await this.closed;
    this.socket.destroy();
    return this.received;
  }
}

/** Status and body of the HTTP reply at the beginning of received text, and what stands behind it. */
export function splitReply(text: string): {
  readonly status: number;
  readonly head: string;
  readonly body: string;
  readonly rest: string;
} {
  const end = text.indexOf('\r\n\r\n') + 4;
  const head = text.slice(0, end);
  const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
  return {
    status: Number(head.slice(9, 12)),
    head,
    body: text.slice(end, end + length),
    rest: text.slice(end + length),
  };
}

/** An HTTP POST with a length. */
export function post(
  target: string,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer,
): Buffer {
  const bytes = Buffer.from(body);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([
    Buffer.from(
      `POST ${target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${bytes.length}\r\n${lines.join('')}\r\n`,
    ),
    bytes,
  ]);
}
