import type { ConfigError, ConfigPath } from '../core/index.ts';

/** How connections to a directory are secured. */
export type DirectoryTls = 'off' | 'on' | 'no-verify';

interface DirectoryCommon {
  readonly timeoutMs: number;
  /** How long an answer is kept, also that there is none; 0: not at all. */
  readonly cacheMs: number;
  readonly description: string | undefined;
  readonly alias: string | undefined;
}

/** A query of a database for every key that is not in the cache. */
export interface SqlSpec extends DirectoryCommon {
  readonly type: 'sql';
  readonly dialect: 'postgresql' | 'mysql' | 'sqlite';
  /** URL of the server with credentials, or the path of the file. */
  readonly location: string;
  /** Placeholders stand for the key: `$1` for PostgreSQL, `?` for the others. */
  readonly query: string;
  readonly placeholders: number;
  readonly tls: DirectoryTls;
  readonly maxConnections: number;
}

/** A search of an LDAP directory (RFC 4511 4.5) for every key that is not in the cache. */
export interface LdapSpec extends DirectoryCommon {
  readonly type: 'ldap';
  readonly url: string;
  readonly base: string;
  readonly scope: 'base' | 'one' | 'sub';
  /** RFC 4515; `{key}` stands for the key, escaped. */
  readonly filter: string;
  readonly attributes: readonly string[];
  readonly bindDn: string | undefined;
  readonly password: string | undefined;
  readonly tls: DirectoryTls;
}

type Values = Readonly<Record<string, unknown>>;
type Fail = (inside: ConfigPath, message: string, expected?: string) => ConfigError;

const commonKeys = [
  'external',
  'backend',
  'timeout',
  'cache_expire',
  'tls',
  'name',
  'description',
  'selector_alias',
];
const sqlKeys = new Set([...commonKeys, 'query', 'max_connections']);
const ldapKeys = new Set([...commonKeys, 'base', 'scope', 'filter', 'attributes', 'bind_dn', 'password']);

const defaultTimeoutMs = 1000;
const defaultCacheMs = 60_000;
const defaultConnections = 2;

/** Schemes of backends that are directories. */
export const directoryScheme = /^(postgres(?:ql)?|mysql|mariadb|sqlite|ldaps?):/i;

/** Reads an external map whose `backend` is a database or an LDAP directory. */
export class DirectoryReader {
  readonly #value: Values;
  readonly #fail: Fail;

  constructor(value: Values, fail: Fail) {
    this.#value = value;
    this.#fail = fail;
  }

  /** @throws ConfigError naming the option that is wrong */
  read(backend: string): SqlSpec | LdapSpec {
    const scheme = directoryScheme.exec(backend)![1]!.toLowerCase();
    return scheme.startsWith('ldap') ? this.#ldap(backend, scheme) : this.#sql(backend, scheme);
  }

  #sql(backend: string, scheme: string): SqlSpec {
    this.#known(sqlKeys);
    const dialect =
      scheme === 'sqlite' ? 'sqlite' : scheme.startsWith('postgres') ? 'postgresql' : ('mysql' as const);
    const query = this.#text('query');
    if (query === undefined)
      throw this.#fail(['query'], 'a database needs a query', 'SELECT … WHERE login = …');
    const sign = dialect === 'postgresql' ? '$1' : '?';
    const placeholders = countPlaceholders(query, sign);
    if (placeholders === 0)
      throw this.#fail(
        ['query'],
        'the query does not ask for the key',
        `${sign} where the key belongs, without quotes`,
      );
    return {
      type: 'sql',
      dialect,
      location: dialect === 'sqlite' ? this.#file(backend) : this.#url(backend, dialect),
      query,
      placeholders,
      tls: this.#tls(),
      maxConnections: this.#count('max_connections') ?? defaultConnections,
      ...this.#common(),
    };
  }

  #ldap(backend: string, scheme: string): LdapSpec {
    this.#known(ldapKeys);
    const filter = this.#text('filter');
    if (filter === undefined || !filter.includes('{key}') || !/^\(.*\)$/s.test(filter))
      throw this.#fail(['filter'], 'a directory needs a filter that asks for the key', '(uid={key})');
    const scope = this.#text('scope') ?? 'sub';
    if (scope !== 'base' && scope !== 'one' && scope !== 'sub')
      throw this.#fail(['scope'], 'bad scope', 'base, one or sub');
    const attributes = this.#texts('attributes');
    if (attributes.length === 0)
      throw this.#fail(['attributes'], 'a directory needs the attributes that hold the answer', '["mail"]');
    const tls = this.#tls();
    if (scheme === 'ldaps' && tls === 'off' && this.#value['tls'] !== undefined)
      throw this.#fail(['tls'], 'ldaps is always encrypted', 'on or no-verify');
    const bindDn = this.#text('bind_dn');
    const password = this.#text('password');
    // RFC 4513 5.1.2: a name without a password would be an anonymous bind that looks like a login.
    if ((bindDn === undefined) !== (password === undefined || password === ''))
      throw this.#fail(['bind_dn'], 'bind_dn and password belong together');
    return {
      type: 'ldap',
      url: this.#url(backend, 'ldap'),
      base: this.#text('base') ?? '',
      scope,
      filter,
      attributes,
      bindDn,
      password,
      tls,
      ...this.#common(),
    };
  }

  #common(): DirectoryCommon {
    return {
      timeoutMs: this.#milliseconds('timeout', defaultTimeoutMs),
      cacheMs: this.#milliseconds('cache_expire', defaultCacheMs),
      description: this.#text('description') ?? this.#text('name'),
      alias: this.#text('selector_alias'),
    };
  }

  #known(keys: ReadonlySet<string>): void {
    for (const key of Object.keys(this.#value))
      if (!keys.has(key))
        throw this.#fail([key], `unknown option "${key}" of this backend`, [...keys].join(', '));
  }

  #text(key: string): string | undefined {
    const value = this.#value[key];
    if (value === undefined) return undefined;
    if (typeof value !== 'string') throw this.#fail([key], 'text expected');
    return value;
  }

  #texts(key: string): readonly string[] {
    const value = this.#value[key];
    const list = Array.isArray(value) ? (value as readonly unknown[]) : value === undefined ? [] : [value];
    return list.map((item) => {
      if (typeof item !== 'string' || item === '')
        throw this.#fail([key], 'text or a list of texts expected');
      return item;
    });
  }

  #milliseconds(key: 'timeout' | 'cache_expire', standard: number): number {
    const value = this.#value[key];
    if (value === undefined) return standard;
    if (typeof value !== 'number' || !(value >= 0) || (key === 'timeout' && value === 0) || value > 86_400)
      throw this.#fail(
        [key],
        'bad time',
        key === 'timeout' ? 'a time above zero' : 'a time up to a day; 0 for none',
      );
    return value * 1000;
  }

  #count(key: string): number | undefined {
    const value = this.#value[key];
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > 100)
      throw this.#fail([key], 'bad number', '1 to 100');
    return value;
  }

  #tls(): DirectoryTls {
    const value = this.#value['tls'];
    if (value === undefined || value === false) return 'off';
    if (value === true || value === 'on') return 'on';
    if (value === 'off' || value === 'no-verify') return value;
    throw this.#fail(['tls'], 'bad value', 'on, no-verify or off');
  }

  #url(backend: string, scheme: string): string {
    if (!URL.canParse(backend)) throw this.#fail(['backend'], 'bad URL', `${scheme}://host`);
    const { hostname, search } = new URL(backend);
    if (hostname === '') throw this.#fail(['backend'], 'the URL names no server', `${scheme}://host`);
    // What drivers read from there would be second ways to say the same.
    if (search !== '')
      throw this.#fail(
        ['backend'],
        'parameters in the URL are not read',
        'the options of the map: tls, timeout, …',
      );
    return backend;
  }

  #file(backend: string): string {
    const path = backend.replace(/^sqlite:(?:\/\/(?=\/))?/i, '');
    if (!path.startsWith('/')) throw this.#fail(['backend'], 'bad path', 'sqlite:/absolute/path');
    return path;
  }
}

/** Placeholders outside quoted text. */
function countPlaceholders(query: string, sign: '$1' | '?'): number {
  const bare = query.replace(/'(?:[^']|'')*'|"[^"]*"|`[^`]*`/g, '');
  return sign === '?' ? bare.split('?').length - 1 : (bare.match(/\$1(?!\d)/g)?.length ?? 0);
}
