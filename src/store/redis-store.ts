import { createHash } from 'node:crypto';
import { type Log, type Store, StoreError, type StoreFeeds, type StoreProcedure } from '../core/index.ts';
import {
  connectCluster,
  connectSentinel,
  connectServer,
  type RedisArgument,
  type RedisClient,
} from './redis-client.ts';
import type { RedisSettings } from './redis-settings.ts';
import { ServerPool } from './server-pool.ts';
import type { StoreMetrics } from './store-metrics.ts';

export interface RedisStoreOptions {
  readonly settings: RedisSettings;
  readonly log: Log;
  readonly metrics: StoreMetrics;
}

/** Finds the client for a key. */
interface Clients {
  write(key: string): RedisClient | Promise<RedisClient>;
  read(key: string): RedisClient | Promise<RedisClient>;
  close(): void;
}

/** Lists of bytes, newest first. */
export interface RedisLists {
  /** Adds items, the last of them becoming the first of the list, and cuts the list to `maxLength`. */
  push(key: string, items: readonly Buffer[], maxLength: number, ttlMs?: number): Promise<void>;
  /** Both ends included; negative ends count from the last item. */
  range(key: string, first: number, last: number): Promise<readonly Buffer[]>;
  clear(key: string): Promise<void>;
}

/** The store inside Redis (or what speaks its protocol), shared by all machines. */
export class RedisStore implements Store {
  readonly driver = 'redis';
  readonly isCluster: boolean;
  readonly feeds: StoreFeeds = {
    publish: async (channel, payload) => {
      await this.#measured('publish', async () => {
        const client = await this.#clients.write(channel);
        return client.call('PUBLISH', channel, bytes(payload));
      });
    },
    append: async (stream, field, payload, maxLength) => {
      const trim = maxLength === undefined ? [] : ['MAXLEN', '~', maxLength];
      await this.#write('append', stream, 'XADD', ...trim, '*', field, bytes(payload));
    },
  };
  readonly lists: RedisLists = {
    push: async (key, items, maxLength, ttlMs) => {
      // One connection keeps the order.
      await Promise.all([
        this.#write('push', key, 'LPUSH', ...items),
        this.#write('push', key, 'LTRIM', 0, maxLength - 1),
        ttlMs === undefined ? undefined : this.#write('push', key, 'PEXPIRE', Math.max(1, Math.ceil(ttlMs))),
      ]);
    },
    range: async (key, first, last) => {
      const name = this.#prefix + key;
      const reply = await this.#measured('range', async () => {
        const client = await this.#clients.read(name);
        return client.callBytes('LRANGE', name, first, last);
      });
      return Array.isArray(reply) ? reply.filter((item) => Buffer.isBuffer(item)) : [];
    },
    clear: (key) => this.delete(key),
  };
  readonly #metrics: StoreMetrics;
  readonly #prefix: string;
  readonly #clients: Clients;
  readonly #digests = new WeakMap<object, string>();

  constructor({ settings, log, metrics }: RedisStoreOptions) {
    this.#metrics = metrics;
    this.#prefix = settings.prefix;
    this.isCluster = settings.topology.kind === 'cluster';
    this.#clients = clientsFor(settings, log);
  }

  async run<Args extends readonly (string | number)[], Result>(
    procedure: StoreProcedure<Args, Result>,
    keys: readonly string[],
    args: Args,
  ): Promise<Result> {
    const names = keys.map((key) => this.#prefix + key);
    const rest = [names.length, ...names, ...args];
    const reply = await this.#measured(procedure.name, async () => {
      const client = await this.#clients.write(names[0] ?? '');
      try {
        return await client.call('EVALSHA', this.#digest(procedure), ...rest);
      } catch (error) {
        // The server was restarted or is new to this script.
        if (!isMissingScript(error)) throw error;
        return await client.call('EVAL', procedure.lua, ...rest);
      }
    });
    return procedure.parse(reply);
  }

  async get(key: string): Promise<string | undefined> {
    return optionalText(await this.#read('get', key, 'GET'));
  }

  async set(key: string, value: string, ttlMs?: number): Promise<void> {
    if (ttlMs === undefined) await this.#write('set', key, 'SET', value);
    else await this.#write('set', key, 'SET', value, 'PX', Math.max(1, Math.ceil(ttlMs)));
  }

  async delete(key: string): Promise<void> {
    await this.#write('delete', key, 'DEL');
  }

  async hashGet(key: string, field: string): Promise<string | undefined> {
    return optionalText(await this.#read('hashGet', key, 'HGET', field));
  }

  async hashGetAll(key: string): Promise<Readonly<Record<string, string>>> {
    const flat = textList(await this.#read('hashGetAll', key, 'HGETALL'));
    const pairs: [string, string][] = [];
    for (let i = 0; i + 1 < flat.length; i += 2) pairs.push([flat[i]!, flat[i + 1]!]);
    return Object.fromEntries(pairs);
  }

  async hashSet(key: string, fields: Readonly<Record<string, string | number>>): Promise<void> {
    const flat = Object.entries(fields).flat();
    if (flat.length > 0) await this.#write('hashSet', key, 'HSET', ...flat);
  }

  async hashDelete(key: string, field: string): Promise<void> {
    await this.#write('hashDelete', key, 'HDEL', field);
  }

  async sortedRange(
    key: string,
    first: number,
    last: number,
  ): Promise<readonly { readonly member: string; readonly score: number }[]> {
    const flat = textList(await this.#read('sortedRange', key, 'ZRANGE', first, last, 'WITHSCORES'));
    const members: { member: string; score: number }[] = [];
    for (let i = 0; i + 1 < flat.length; i += 2)
      members.push({ member: flat[i]!, score: Number(flat[i + 1]) });
    return members;
  }

  async check(): Promise<void> {
    // PING answers on a replica and on a server that has no memory left; a write does not.
    await this.set('postern:check', '1', 60_000);
  }

  async close(): Promise<void> {
    this.#clients.close();
  }

  #write(operation: string, key: string, command: string, ...args: RedisArgument[]): Promise<unknown> {
    const name = this.#prefix + key;
    return this.#measured(operation, async () => {
      const client = await this.#clients.write(name);
      return client.call(command, name, ...args);
    });
  }

  #read(operation: string, key: string, command: string, ...args: (string | number)[]): Promise<unknown> {
    const name = this.#prefix + key;
    return this.#measured(operation, async () => {
      const client = await this.#clients.read(name);
      return client.call(command, name, ...args);
    });
  }

  async #measured(operation: string, work: () => Promise<unknown>): Promise<unknown> {
    const started = performance.now();
    try {
      const reply = await work();
      this.#metrics.done(operation, started);
      return reply;
    } catch (error) {
      this.#metrics.failed(operation);
      throw error;
    }
  }

  #digest(procedure: { readonly lua: string }): string {
    let digest = this.#digests.get(procedure);
    if (digest === undefined) {
      digest = createHash('sha1').update(procedure.lua).digest('hex');
      this.#digests.set(procedure, digest);
    }
    return digest;
  }
}

function clientsFor(settings: RedisSettings, log: Log): Clients {
  const { topology } = settings;
  switch (topology.kind) {
    case 'cluster': {
      const cluster = connectCluster(settings, topology.seeds, log);
      return { write: () => cluster, read: () => cluster, close: () => cluster.close() };
    }
    case 'sentinel':
      return sentinelClients(settings, topology, log);
    case 'servers': {
      const connect = (server: Parameters<typeof connectServer>[1]) => connectServer(settings, server, log);
      const write = new ServerPool(topology.write, 'master-slave', connect);
      const read = topology.read ? new ServerPool(topology.read, 'hash', connect) : write;
      return {
        write: (key) => write.pick(key),
        read: (key) => read.pick(key),
        close: () => {
          write.close();
          if (read !== write) read.close();
        },
      };
    }
  }
}

/** Pause between two searches for the master while no sentinel can name it. */
const searchPauseMs = 1000;

function sentinelClients(
  settings: RedisSettings,
  topology: Extract<RedisSettings['topology'], { kind: 'sentinel' }>,
  log: Log,
): Clients {
  let master: RedisClient | undefined;
  let search: Promise<RedisClient> | undefined;
  let failure: { readonly error: unknown; readonly untilMs: number } | undefined;
  let isClosed = false;
  const find = async (): Promise<RedisClient> => {
    try {
      const found = await connectSentinel(settings, topology, log);
      if (isClosed) found.close();
      master = found;
      return found;
    } catch (error) {
      failure = { error, untilMs: performance.now() + searchPauseMs };
      throw error;
    } finally {
      search = undefined;
    }
  };
  const pick = (): RedisClient | Promise<RedisClient> => {
    if (master) return master;
    if (failure && performance.now() < failure.untilMs) throw failure.error;
    search ??= find();
    return within(search, settings.timeoutMs);
  };
  return {
    write: pick,
    read: pick,
    close: () => {
      isClosed = true;
      master?.close();
    },
  };
}

async function within<Value>(work: Promise<Value>, timeoutMs: number): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new StoreError(`no sentinel answered within ${timeoutMs} ms`)),
    timeoutMs,
  );
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function isMissingScript(error: unknown): boolean {
  return (
    error instanceof StoreError && error.cause instanceof Error && error.cause.message.startsWith('NOSCRIPT')
  );
}

function bytes(payload: Uint8Array): Buffer {
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
}

function optionalText(reply: unknown): string | undefined {
  return typeof reply === 'string' ? reply : undefined;
}

function textList(reply: unknown): readonly string[] {
  return Array.isArray(reply) ? reply.map(String) : [];
}
