import { Redis, type RedisOptions } from 'ioredis';
import { ConfigError, type Log, StoreError } from '../core/index.ts';
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
  const isWanted = pattern === undefined ? undefined : luaPattern(pattern);
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

const classes: Readonly<Record<string, string>> = {
  a: 'A-Za-z',
  d: '0-9',
  l: 'a-z',
  s: '\\s',
  u: 'A-Z',
  w: 'A-Za-z0-9',
  x: '0-9A-Fa-f',
  p: '!-/:-@\\[-`{-~',
  c: '\\x00-\\x1f\\x7f',
};

/**
 * A Lua pattern (Lua 5.1 manual 5.4.1) as a regular expression.
 *
 * @throws ConfigError for what has no counterpart (`%b`, `%f`, back references)
 */
export function luaPattern(pattern: string): RegExp {
  let source = '';
  let isInSet = false;
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!;
    if (char === '%') {
      const next = pattern[++i] ?? '';
      if (next === '' || /[bf0-9]/.test(next)) throw patternError(pattern, `%${next}`);
      const range = classes[next.toLowerCase()];
      if (range === undefined) source += `\\${next}`;
      else if (next === next.toLowerCase()) source += isInSet ? range : `[${range}]`;
      else if (isInSet) throw patternError(pattern, `%${next} inside a set`);
      else source += `[^${range}]`;
    } else if (isInSet) {
      if (char === ']') isInSet = false;
      source += char === '[' || char === '\\' ? `\\${char}` : char;
    } else if (char === '[') {
      isInSet = true;
      source += '[';
      if (pattern[i + 1] === '^') source += pattern[++i];
    } else if (char === '-') source += '*?';
    else if (char === '^') source += i === 0 ? '^' : '\\^';
    else if (char === '$') source += i === pattern.length - 1 ? '$' : '\\$';
    else source += /[\\{}|/]/.test(char) ? `\\${char}` : char;
  }
  try {
    return new RegExp(source);
  } catch (error) {
    throw patternError(pattern, error instanceof Error ? error.message : String(error));
  }
}

function patternError(pattern: string, detail: string): ConfigError {
  return new ConfigError({
    message: `the pattern "${pattern}" cannot be used: ${detail}`,
    path: 'redis.sentinel_masters_pattern',
    expected: 'a Lua pattern such as ^mymaster$',
  });
}
