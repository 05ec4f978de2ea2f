import { readFileSync } from 'node:fs';
import { type ConnectionOptions, getCACertificates } from 'node:tls';
import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis';
import { type Log, StoreError } from '../core/index.ts';
import type { RedisSettings } from './redis-settings.ts';
import { masterName } from './sentinel.ts';
import { formatServer, type ServerAddress, type ServerList } from './server-list.ts';

/** Buffers go as they are, without passing through UTF-8. */
export type RedisArgument = string | number | Buffer;

/** One connection (or one cluster of them) that says at once when it cannot serve. */
export interface RedisClient {
  /** For messages. */
  readonly name: string;
  readonly isReady: boolean;
  /** A connection was lost or could not be made, and there is no new one yet. */
  readonly isDown: boolean;
  /** @throws StoreError; never waits longer than the timeout */
  call(command: string, ...args: RedisArgument[]): Promise<unknown>;
  /** Like {@link call}, with texts of the reply as bytes. */
  callBytes(command: string, ...args: RedisArgument[]): Promise<unknown>;
  close(): void;
}

const firstRetryMs = 50;
const longestRetryMs = 5000;

/** Pause before a new try to connect: doubles, with a random quarter against stampedes. */
function retryDelayMs(attempt: number): number {
  const delay = Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(attempt, 10));
  return delay * (0.75 + Math.random() / 4);
}

function tlsOptions(tls: RedisSettings['tls']): ConnectionOptions | undefined {
  if (!tls) return undefined;
  // Node trusts its own list only; operators add theirs to the system's.
  const ca = tls.caPath
    ? [readCa(tls.caPath)]
    : [...getCACertificates('default'), ...getCACertificates('system')];
  return {
    ca,
    rejectUnauthorized: tls.verify,
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
  };
}

function readCa(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new StoreError(`cannot read ssl_ca ${path}`, { cause: error });
  }
}

/** The constructor's types want the shape of replies named. */
type PlainRedisOptions = RedisOptions & { replyMapping: 'legacy' };

function commonOptions(settings: RedisSettings): PlainRedisOptions {
  const tls = tlsOptions(settings.tls);
  return {
    protocol: 2,
    replyMapping: 'legacy',
    disableClientInfo: true,
    lazyConnect: true,
    connectTimeout: settings.timeoutMs,
    // A server that takes commands and does not answer: the connection is given up, and with it what waits.
    socketTimeout: settings.timeoutMs,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    ...(settings.username === undefined ? {} : { username: settings.username }),
    ...(settings.password === undefined ? {} : { password: settings.password }),
    ...(tls ? { tls } : {}),
  };
}

/** A single server. */
export function connectServer(settings: RedisSettings, server: ServerAddress, log: Log): RedisClient {
  const redis = new Redis({
    ...commonOptions(settings),
    ...('path' in server ? { path: server.path } : { host: server.host, port: server.port }),
    db: settings.db,
    enableOfflineQueue: false,
    retryStrategy: retryDelayMs,
    // The server became a replica: somebody else is the master now, perhaps under the same name.
    reconnectOnError: isReadOnly,
  });
  return new GuardedClient(redis, formatServer(server), settings.timeoutMs, log);
}

/** The master that the sentinels name; follows a failover. */
export async function connectSentinel(
  settings: RedisSettings,
  topology: Extract<RedisSettings['topology'], { kind: 'sentinel' }>,
  log: Log,
): Promise<RedisClient> {
  const tls = tlsOptions(settings.tls);
  const { sentinels } = topology;
  const sentinelOptions: RedisOptions = {
    connectTimeout: settings.timeoutMs,
    ...(topology.username === undefined ? {} : { username: topology.username }),
    ...(topology.password === undefined ? {} : { password: topology.password }),
    ...(tls ? { tls } : {}),
  };
  const name = await masterName(sentinels, topology.mastersPattern, sentinelOptions, log);
  const redis = new Redis({
    ...commonOptions(settings),
    sentinels: sentinels.servers.flatMap((server) =>
      'path' in server ? [] : [{ host: server.host, port: server.port }],
    ),
    name,
    db: settings.db,
    enableOfflineQueue: false,
    retryStrategy: retryDelayMs,
    sentinelRetryStrategy: retryDelayMs,
    sentinelCommandTimeout: settings.timeoutMs,
    failoverDetector: true,
    reconnectOnError: isReadOnly,
    ...(topology.username === undefined ? {} : { sentinelUsername: topology.username }),
    ...(topology.password === undefined ? {} : { sentinelPassword: topology.password }),
    ...(tls ? { enableTLSForSentinelMode: true, sentinelTLS: tls } : {}),
  });
  const watch = setInterval(() => {
    if (redis.status !== 'ready') return;
    redis.role().then(
      ([role]) => role === 'master' || redis.disconnect(true),
      (error: unknown) => log.warn('cannot ask Redis for its role', { error: String(error) }),
    );
  }, topology.watchIntervalMs).unref();
  return new GuardedClient(redis, `sentinel ${name}`, settings.timeoutMs, log, () => clearInterval(watch));
}

export function connectCluster(settings: RedisSettings, seeds: ServerList, log: Log): RedisClient {
  const options = {
    redisOptions: commonOptions(settings),
    enableOfflineQueue: false,
    lazyConnect: true,
    clusterRetryStrategy: retryDelayMs,
    clusterNodeRetryStrategy: retryDelayMs,
    slotsRefreshTimeout: settings.timeoutMs,
    slotsRefreshInterval: 5000,
    maxRedirections: 8,
  } satisfies ClusterOptions;
  const nodes = seeds.servers.flatMap((server) =>
    'path' in server ? [] : [{ host: server.host, port: server.port }],
  );
  const name = `cluster ${seeds.servers.map(formatServer).join(',')}`;
  return new GuardedClient(new Cluster(nodes, options), name, settings.timeoutMs, log);
}

function isReadOnly(error: Error): boolean {
  return error.message.startsWith('READONLY');
}

/** Bounds every call in time and turns every failure into a StoreError. */
class GuardedClient implements RedisClient {
  readonly name: string;
  readonly #client: Redis | Cluster;
  readonly #timeoutMs: number;
  readonly #onClose: (() => void) | undefined;
  /** Of the present outage; undefined while connected or before the first try failed. */
  #lastError: Error | undefined;
  #connecting: Promise<void> | undefined;
  /** Attempts since the last working connection to bring back what ended. */
  #revivals = 0;
  #isClosed = false;

  constructor(client: Redis | Cluster, name: string, timeoutMs: number, log: Log, onClose?: () => void) {
    this.name = name;
    this.#client = client;
    this.#timeoutMs = timeoutMs;
    this.#onClose = onClose;
    const failed = (error: Error): void => {
      // One line for an outage, not one for every try.
      if (!this.#lastError && !this.#isClosed) log.error(`Redis ${name}: ${describe(error)}`);
      this.#lastError = error;
    };
    client.on('error', failed);
    client.on('close', () => {
      if (!this.#lastError) failed(new Error('the connection was closed'));
    });
    // The library gives up for good when a failover is noticed while it is connecting; nobody but us would try again.
    client.on('end', () => this.#revive());
    client.on('ready', () => {
      this.#revivals = 0;
      if (this.#lastError) log.info(`Redis ${name}: connected again`);
      this.#lastError = undefined;
    });
  }

  get isReady(): boolean {
    return this.#client.status === 'ready';
  }

  get isDown(): boolean {
    return this.#lastError !== undefined;
  }

  call(command: string, ...args: RedisArgument[]): Promise<unknown> {
    const send = (): Promise<unknown> => this.#client.call(command, ...args);
    return this.#within(this.isReady ? send() : this.#whenReady(send));
  }

  callBytes(command: string, ...args: RedisArgument[]): Promise<unknown> {
    const send = (): Promise<unknown> => this.#client.callBuffer(command, ...args);
    return this.#within(this.isReady ? send() : this.#whenReady(send));
  }

  close(): void {
    this.#isClosed = true;
    this.#onClose?.();
    this.#client.disconnect();
  }

  #revive(): void {
    if (this.#isClosed) return;
    setTimeout(
      () => {
        if (this.#isClosed || this.#client.status !== 'end') return;
        // What goes wrong is told by the events `error` and `end`.
        this.#client.connect().catch(() => undefined);
      },
      retryDelayMs(this.#revivals++),
    ).unref();
  }

  async #whenReady(send: () => Promise<unknown>): Promise<unknown> {
    if (this.#lastError && !this.#connecting) throw this.#lastError;
    this.#connecting ??= this.#client.connect().finally(() => {
      this.#connecting = undefined;
    });
    try {
      await this.#connecting;
    } catch (error) {
      // The library only says that the connection was closed; what it reported before says why.
      throw this.#lastError ?? error;
    }
    return send();
  }

  #within(answer: Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new StoreError(`Redis ${this.name}: no answer within ${this.#timeoutMs} ms`)),
        this.#timeoutMs,
      );
      answer.then(
        (reply) => {
          clearTimeout(timer);
          resolve(reply);
        },
        (error: unknown) => {
          clearTimeout(timer);
          reject(new StoreError(`Redis ${this.name}: ${describe(error)}`, { cause: error }));
        },
      );
    });
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // An error of several addresses (localhost as ::1 and 127.0.0.1) has no text of its own.
  if (error instanceof AggregateError && error.message === '')
    return error.errors.map((inner) => describe(inner)).join('; ');
  const last = (error as { lastNodeError?: Error }).lastNodeError;
  return last ? `${error.message} (${describe(last)})` : error.message;
}
