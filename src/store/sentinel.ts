import { Redis, type RedisOptions } from 'ioredis';
import { ConfigError, type Log, StoreError } from '../core/index.ts';
import { LuaPatternError, luaPattern } from '../lib/index.ts';
import { formatServer, type ServerList } from './server-list.ts';

/**
 * The master to use: the one that the sentinels watch and the pattern names. With several, the first by name.
 *
 * @throws StoreError when no sentinel answers or none watches such a master
 */
export async function masterName(
  sentinels: ServerList,
  pattern: string | undefined,
  options: RedisOptions,
  log: Log,
): Promise<string> {
  const isWanted = pattern === undefined ? undefined : masterPattern(pattern);
  let failure: unknown;
  for (const server of sentinels.servers) {
    if ('path' in server) continue;
    const sentinel = new Redis({
      ...options,
      host: server.host,
      port: server.port,
      protocol: 2,
      replyMapping: 'legacy',
      disableClientInfo: true,
      lazyConnect: true,
      retryStrategy: null,
      maxRetriesPerRequest: 0,
      ...(options.connectTimeout === undefined ? {} : { socketTimeout: options.connectTimeout }),
    });
    // connect() and call() reject with the same error.
    sentinel.on('error', (error: unknown) => {
      failure = error;
    });
    try {
      await sentinel.connect();
      const names = mastersOf(await sentinel.call('SENTINEL', 'MASTERS'))
        .filter((name) => isWanted?.test(name) ?? true)
        .sort();
      if (names.length > 1)
        log.warn('the sentinels watch several masters, the first is used', { masters: names });
      if (names[0] !== undefined) return names[0];
      failure = new Error(pattern === undefined ? 'it watches no master' : `no master matches "${pattern}"`);
    } catch (error) {
      failure = error;
    } finally {
      sentinel.disconnect();
    }
    log.warn(
      `sentinel ${formatServer(server)}: ${failure instanceof Error ? failure.message : String(failure)}`,
    );
  }
  const text = failure instanceof Error ? failure.message : String(failure);
  throw new StoreError(`no sentinel names a master: ${text}`, { cause: failure });
}

/** Names in the reply of SENTINEL MASTERS: a list of flat lists of keys and values. */
function mastersOf(reply: unknown): string[] {
  if (!Array.isArray(reply)) return [];
  return reply.flatMap((master: unknown) => {
    if (!Array.isArray(master)) return [];
    const at = master.indexOf('name');
    return at >= 0 && typeof master[at + 1] === 'string' ? [master[at + 1] as string] : [];
  });
}

/**
 * The pattern that names masters.
 *
 * @throws ConfigError for what cannot be used
 */
export function masterPattern(pattern: string): RegExp {
  try {
    return luaPattern(pattern);
  } catch (error) {
    if (!(error instanceof LuaPatternError)) throw error;
    throw new ConfigError({
      message: `the pattern "${pattern}" cannot be used: ${error.message}`,
      path: 'redis.sentinel_masters_pattern',
      expected: 'a Lua pattern such as ^mymaster$',
    });
  }
}
