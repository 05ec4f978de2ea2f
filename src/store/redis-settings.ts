import {
  ConfigError,
  type ConfigPath,
  type ConfigProblem,
  moduleRedisOptions,
  redisOptions,
  type Section,
  type SourcePosition,
} from '../core/index.ts';
import { parseServerList, type ServerList } from './server-list.ts';

/** Where and how a module reaches Redis. Plain data: equal settings share one connection. */
export interface RedisSettings {
  readonly topology:
    | { readonly kind: 'servers'; readonly write: ServerList; readonly read: ServerList | undefined }
    | { readonly kind: 'cluster'; readonly seeds: ServerList }
    | {
        readonly kind: 'sentinel';
        readonly sentinels: ServerList;
        /** Lua pattern that names the masters to use. */
        readonly mastersPattern: string | undefined;
        readonly username: string | undefined;
        readonly password: string | undefined;
        readonly watchIntervalMs: number;
      };
  readonly db: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly timeoutMs: number;
  /** Put in front of every key. */
  readonly prefix: string;
  readonly tls:
    | {
        readonly verify: boolean;
        readonly serverName: string | undefined;
        readonly caPath: string | undefined;
      }
    | undefined;
}

/**
 * Options that choose a module's own Redis when they stand in the module's section itself. Everything else there
 * belongs to the module.
 */
const inlineOptions = Object.keys(moduleRedisOptions).filter((name) => name !== 'redis');

const sectionOptions: ReadonlySet<string> = new Set([
  ...Object.keys(redisOptions),
  'enabled',
  'disabled_modules',
  'enabled_modules',
]);

const serverOptions = ['servers', 'write_servers', 'read_servers', 'sentinels'] as const;

type PositionOf = ((path: ConfigPath) => SourcePosition | undefined) | undefined;

/**
 * The settings of one module, in the original's order: `redis { }` in its own section, servers written straight
 * into its section, `redis { <module> { } }`, the common `redis { }` unless that leaves the module out.
 *
 * @returns undefined when the module has no Redis, so that the embedded store serves it
 * @throws ConfigError
 */
export function redisSettingsFor(
  module: string,
  moduleSection: Section | undefined,
  common: Section | undefined,
  position?: PositionOf,
): RedisSettings | undefined {
  const own = asSection(moduleSection?.['redis']);
  if (own && hasServers(own)) return readSettings(own, [module, 'redis'], position);
  if (moduleSection && hasServers(moduleSection)) {
    const inline: Record<string, unknown> = {};
    for (const name of inlineOptions)
      if (moduleSection[name] !== undefined) inline[name] = moduleSection[name];
    return readSettings(inline, [module], position);
  }
  const sub = asSection(common?.[module]);
  if (sub?.['enabled'] === false) return undefined;
  if (sub && hasServers(sub)) return readSettings(sub, ['redis', module], position);
  if (!common || common['enabled'] === false) return undefined;
  const settings = hasServers(common) ? readSettings(withoutModules(common), ['redis'], position) : undefined;
  if (listOf(common['disabled_modules']).includes(module)) return undefined;
  if (common['enabled_modules'] !== undefined && !listOf(common['enabled_modules']).includes(module))
    return undefined;
  return settings;
}

function asSection(value: unknown): Section | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Section)
    : undefined;
}

function hasServers(section: Section): boolean {
  return serverOptions.some((name) => section[name] !== undefined && section[name] !== null);
}

function withoutModules(section: Section): Section {
  return Object.fromEntries(Object.entries(section).filter(([, value]) => asSection(value) === undefined));
}

function listOf(value: unknown): readonly string[] {
  const items = Array.isArray(value) ? value : typeof value === 'string' ? value.split(/[,;\s]+/) : [];
  return items.map((item) => String(item).trim());
}

/** Collects every problem of a section, so that the operator sees them all at once. */
class SectionReader {
  readonly problems: ConfigProblem[] = [];
  readonly #section: Section;
  readonly #path: ConfigPath;
  readonly #position: PositionOf;

  constructor(section: Section, path: ConfigPath, position: PositionOf) {
    this.#section = section;
    this.#path = path;
    this.#position = position;
  }

  problem(name: string, message: string, expected?: string): undefined {
    const path = [...this.#path, name];
    this.problems.push({ message, expected, path: path.join('.'), position: this.#position?.(path) });
    return undefined;
  }

  has(name: string): boolean {
    return this.#section[name] !== undefined && this.#section[name] !== null;
  }

  text(name: string): string | undefined {
    const value = this.#section[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'string') return value;
    if (typeof value === 'number') return String(value);
    return this.problem(name, 'this is no text', 'a text');
  }

  flag(name: string): boolean {
    const value = this.#section[name];
    if (value === undefined || value === null) return false;
    if (typeof value === 'boolean') return value;
    this.problem(name, 'this is neither true nor false', 'true or false');
    return false;
  }

  /** Time in seconds, also as text with a suffix. */
  milliseconds(name: string, defaultMs: number): number {
    const value = this.#section[name];
    if (value === undefined || value === null) return defaultMs;
    const parts = /^(\d+(?:\.\d+)?)\s*(ms|s|min|h|d)?$/.exec(String(value).trim());
    const unitMs = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 }[parts?.[2] ?? 's'];
    const ms = parts && unitMs ? Number(parts[1]) * unitMs : 0;
    if (ms > 0) return ms;
    this.problem(name, 'this is no time', 'a time above zero such as 1s or 500ms');
    return defaultMs;
  }

  servers(name: string, defaultPort: number): ServerList | undefined {
    if (!this.has(name)) return undefined;
    const list = parseServerList(this.#section[name], defaultPort);
    return typeof list === 'string'
      ? this.problem(name, list, '"host:port" or a path, or a list of them')
      : list;
  }
}

const redisPort = 6379;
const sentinelPort = 26379;

function readSettings(section: Section, path: ConfigPath, position: PositionOf): RedisSettings {
  const reader = new SectionReader(section, path, position);
  for (const name of Object.keys(section))
    if (!sectionOptions.has(name))
      reader.problem(name, 'there is no such option', [...sectionOptions].join(', '));
  if (reader.flag('expand_keys'))
    reader.problem('expand_keys', 'variables inside keys are not supported', 'false');

  const db = readDatabase(reader);
  const version = reader.has('redis_version') ? Number.parseFloat(reader.text('redis_version') ?? '') : 6;
  if (Number.isNaN(version)) reader.problem('redis_version', 'this is no version', 'a number such as 6');
  const topology = readTopology(reader);
  if (topology?.kind === 'cluster' && db !== 0)
    reader.problem('db', 'a Redis Cluster has no databases but 0', 'no db');

  const settings: RedisSettings = {
    topology: topology ?? { kind: 'servers', write: { rotation: undefined, servers: [] }, read: undefined },
    db,
    // Before Redis 6 there were no users, and AUTH took the password only.
    username: version < 6 ? undefined : reader.text('username'),
    password: reader.text('password'),
    timeoutMs: reader.milliseconds('timeout', 1000),
    prefix: reader.text('prefix') ?? '',
    tls: readTls(reader),
  };
  if (reader.problems.length > 0) throw new ConfigError(reader.problems);
  return settings;
}

function readDatabase(reader: SectionReader): number {
  const name = reader.has('db') ? 'db' : 'dbname';
  const text = reader.text(name) ?? '0';
  if (/^\d{1,5}$/.test(text)) return Number(text);
  reader.problem(name, 'this is no database number', 'a whole number from 0');
  return 0;
}

function readTls(reader: SectionReader): RedisSettings['tls'] {
  const isOn = reader.flag('ssl');
  const tls = {
    verify: !reader.flag('no_ssl_verify'),
    serverName: reader.text('sni'),
    caPath: reader.text('ssl_ca'),
  };
  return isOn ? tls : undefined;
}

function readTopology(reader: SectionReader): RedisSettings['topology'] | undefined {
  const servers = reader.servers('servers', redisPort);
  const write = reader.servers('write_servers', redisPort);
  const read = reader.servers('read_servers', redisPort);
  const sentinels = reader.servers('sentinels', sentinelPort);
  if (sentinels) {
    if (reader.flag('cluster'))
      reader.problem('cluster', 'Sentinel and Cluster exclude each other', 'one of them');
    return {
      kind: 'sentinel',
      sentinels,
      mastersPattern: reader.text('sentinel_masters_pattern'),
      username: reader.text('sentinel_username'),
      password: reader.text('sentinel_password'),
      watchIntervalMs: reader.milliseconds('sentinel_watch_time', 60_000),
    };
  }
  const main = write ?? servers;
  if (!main) {
    if (!reader.problems.length)
      reader.problem('read_servers', 'servers to write to are missing', 'write_servers as well');
    return undefined;
  }
  if (reader.flag('cluster')) return { kind: 'cluster', seeds: main };
  return { kind: 'servers', write: main, read };
}
