import { ConfigError, type ConfigPath, type MapKind, type SourcePosition } from '../core/index.ts';
import { parseNetwork } from '../lib/index.ts';
import { DirectoryReader, directoryScheme, type LdapSpec, type SqlSpec } from './directory-value.ts';

/** Where a map's text comes from. */
export type MapSource =
  | { readonly kind: 'file'; readonly path: string; readonly isFallback: boolean }
  | { readonly kind: 'http'; readonly url: string; readonly authorization: string | undefined };

export type InlineEntry = string | { readonly key: string; readonly value: string };

/** A map that is loaded as a whole: texts of its sources and of its inline data, one after the other. */
export interface LoadedSpec {
  readonly type: 'loaded';
  readonly kind: MapKind;
  readonly sources: readonly MapSource[];
  /** Entries given in the configuration: texts of one or more lines, or keys with values. */
  readonly inline: readonly InlineEntry[];
  readonly description: string | undefined;
  /** Own interval between looks at the sources. */
  readonly pollMs: number | undefined;
  readonly alias: string | undefined;
}

/** How a key travels to another server. */
type ExternalMethod = 'body' | 'header' | 'query';

/** A map that asks another server or the store for every look-up. */
export interface ExternalSpec {
  readonly type: 'external';
  readonly backend: string;
  readonly authorization: string | undefined;
  readonly method: ExternalMethod;
  readonly encode: 'json' | 'messagepack' | undefined;
  readonly timeoutMs: number;
  readonly description: string | undefined;
  readonly alias: string | undefined;
}

/** Fields of a hash in the store. */
interface RedisSpec {
  readonly type: 'redis';
  readonly key: string;
}

export type MapSpec = LoadedSpec | ExternalSpec | RedisSpec | SqlSpec | LdapSpec;

const kindWords: Readonly<Record<string, MapKind>> = {
  set: 'set',
  hash: 'hash',
  map: 'hash',
  radix: 'radix',
  ip: 'radix',
  ipnet: 'radix',
  regexp: 'regexp',
  re: 'regexp',
  regexp_multi: 'regexp_multi',
  re_multi: 'regexp_multi',
  glob: 'glob',
  glob_multi: 'glob_multi',
  cdb: 'cdb',
  plain: 'plain',
};

const parameterKeys = new Set([
  'url',
  'urls',
  'upstreams',
  'backend',
  'backends',
  'name',
  'description',
  'timeout',
  'poll',
  'poll_time',
  'watch_interval',
  'data',
  'selector_alias',
  'type',
]);
const externalKeys = new Set([
  'external',
  'backend',
  'method',
  'encode',
  'timeout',
  'cdb',
  'name',
  'description',
  'selector_alias',
]);

const defaultExternalTimeoutMs = 1000;

/** Turns the value of a map option into a {@link MapSpec}. */
export class MapValueReader {
  readonly #path: ConfigPath;
  readonly #position: (path: ConfigPath) => SourcePosition | undefined;
  readonly #httpAuth: string | undefined;
  #kind: MapKind;
  readonly #sources: MapSource[] = [];
  readonly #inline: InlineEntry[] = [];

  constructor(
    kind: MapKind,
    path: ConfigPath,
    options: {
      readonly position: (path: ConfigPath) => SourcePosition | undefined;
      readonly httpAuth: string | undefined;
    },
  ) {
    this.#kind = kind;
    this.#path = path;
    this.#position = options.position;
    this.#httpAuth = options.httpAuth;
  }

  /** @throws ConfigError when the value is no map */
  read(value: unknown): MapSpec {
    if (typeof value === 'string' && /^redis:\/\//.test(value)) {
      const key = value.slice('redis://'.length);
      if (key === '') throw this.error([], 'no key after redis://', 'redis://hash_key');
      return { type: 'redis', key };
    }
    if (isRecord(value)) return this.#object(value);
    this.#list(value, []);
    return this.#loaded({});
  }

  error(inside: ConfigPath, message: string, expected?: string): ConfigError {
    const path = [...this.#path, ...inside];
    return new ConfigError({
      message,
      path: path.join('.'),
      position: this.#position(path) ?? this.#position(this.#path),
      expected,
    });
  }

  #loaded(extra: Partial<LoadedSpec>): LoadedSpec {
    if (this.#kind === 'cdb' && this.#sources.some((source) => source.kind !== 'file')) {
      throw this.error([], 'a cdb map must be a local file', 'cdb:///path/to/file.cdb');
    }
    if (this.#sources.length > 0 && this.#sources.every((s) => s.kind === 'file' && s.isFallback)) {
      throw this.error([], 'a map needs a source besides its fallback');
    }
    return {
      type: 'loaded',
      description: undefined,
      pollMs: undefined,
      alias: undefined,
      ...extra,
      kind: this.#kind,
      sources: this.#sources,
      inline: this.#inline,
    };
  }

  #object(value: Readonly<Record<string, unknown>>): MapSpec {
    if (value['external'] === true || value['external'] === 'true') return this.#external(value);
    const keys = Object.keys(value);
    const isParameters = ['url', 'urls', 'upstreams', 'backend', 'backends', 'data'].some(
      (key) => key in value,
    );
    if (!isParameters) {
      // Keys and values of the map itself.
      for (const key of keys) this.#inline.push(this.#pair(key, value[key]));
      return this.#loaded({});
    }
    for (const key of keys) {
      if (!parameterKeys.has(key)) {
        throw this.error([key], `unknown option "${key}" of a map`, [...parameterKeys].join(', '));
      }
    }
    const type = value['type'];
    if (type !== undefined) {
      const kind = typeof type === 'string' ? kindWords[type] : undefined;
      if (!kind) throw this.error(['type'], 'unknown type of map', Object.keys(kindWords).join(', '));
      this.#kind = kind;
    }
    const { data } = value;
    let isCompressed = false;
    for (const key of ['url', 'urls', 'upstreams', 'backend', 'backends']) {
      const urls = value[key];
      if (urls === undefined) continue;
      if (urls === 'static' || urls === 'zst+static') {
        if (data === undefined) throw this.error([key], 'a static map needs "data"');
        isCompressed ||= urls === 'zst+static';
      } else this.#list(urls, [key]);
    }
    if (data !== undefined) this.#data(data, isCompressed);
    return this.#loaded({
      description: this.#text(value, 'description') ?? this.#text(value, 'name'),
      alias: this.#text(value, 'selector_alias'),
      pollMs: this.#pollMs(value),
    });
  }

  #data(data: unknown, isCompressed: boolean): void {
    if (isCompressed) {
      throw this.error(
        ['data'],
        'zst+static is not supported: configuration text cannot hold compressed bytes',
      );
    }
    if (typeof data === 'string') this.#inline.push(data);
    else if (Array.isArray(data)) {
      for (const [index, item] of data.entries()) {
        const text = this.#scalar(item, ['data', index]);
        this.#inline.push(this.#kind === 'set' && !text.includes('\n') ? { key: text, value: '' } : text);
      }
    } else if (isRecord(data)) {
      for (const [key, item] of Object.entries(data)) this.#inline.push(this.#pair(key, item));
    } else throw this.error(['data'], 'bad data of a map', 'text, a list or keys with values');
  }

  #pair(key: string, value: unknown): InlineEntry {
    return { key, value: value === true ? '' : this.#scalar(value, [key]) };
  }

  #pollMs(value: Readonly<Record<string, unknown>>): number | undefined {
    for (const key of ['timeout', 'poll', 'poll_time', 'watch_interval']) {
      const seconds = value[key];
      if (seconds === undefined) continue;
      if (typeof seconds !== 'number' || !(seconds > 0)) {
        throw this.error([key], 'bad interval', 'a time above zero');
      }
      return seconds * 1000;
    }
    return undefined;
  }

  #text(value: Readonly<Record<string, unknown>>, key: string): string | undefined {
    const text = value[key];
    if (text === undefined) return undefined;
    if (typeof text !== 'string') throw this.error([key], 'text expected');
    return text;
  }

  #scalar(value: unknown, inside: ConfigPath): string {
    if (typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    throw this.error(inside, 'bad entry of a map', 'text or a number');
  }

  #list(value: unknown, inside: ConfigPath): void {
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) {
        this.#element(this.#scalar(item, [...inside, index]), [...inside, index], { isList: true });
      }
    } else if (typeof value === 'string' || typeof value === 'number') {
      this.#element(String(value), inside, { isList: false });
    } else {
      throw this.error(
        inside,
        'this is no map',
        'a path, a URL, a list of those or of entries, or an object',
      );
    }
  }

  /** One text: a URL or path with its prefixes, or an entry. */
  #element(text: string, inside: ConfigPath, { isList }: { readonly isList: boolean }): void {
    let rest = text.trim();
    const word = /^([a-z_]+);/.exec(rest);
    const kind = word ? kindWords[word[1]!] : undefined;
    if (kind) {
      this.#kind = kind;
      rest = rest.slice(word![0].length);
    }
    let isFallback = false;
    for (;;) {
      if (rest.startsWith('fallback+')) {
        isFallback = true;
        rest = rest.slice('fallback+'.length);
      } else if (/^sign\+|^key=[^+]*\+/.test(rest)) {
        throw this.error(inside, 'signed maps (sign+, key=) are not supported');
      } else break;
    }
    if (rest.startsWith('cdb:/')) {
      this.#kind = 'cdb';
      rest = rest.replace(/^cdb:(?:\/\/)?/, '');
    }
    if (/^https?:\/\//i.test(rest)) {
      if (isFallback) throw this.error(inside, 'a fallback must be a file', 'fallback+file:///path');
      this.#sources.push({ kind: 'http', ...this.#url(rest, inside) });
      return;
    }
    if (rest.startsWith('file://')) rest = rest.slice('file://'.length);
    if (rest.startsWith('/') && !this.#isRegexp(rest)) {
      if (rest.endsWith('.enc')) throw this.error(inside, 'encrypted maps (.enc) are not supported');
      this.#sources.push({ kind: 'file', path: rest, isFallback });
      return;
    }
    if (isFallback) throw this.error(inside, 'a fallback must be a file', 'fallback+file:///path');
    if (!kind || isList) {
      if (this.#isEntry(rest, { isList })) {
        if (this.#kind === 'set') this.#inline.push({ key: rest, value: '' });
        else if (this.#kind === 'radix' && /[,;]/.test(rest)) this.#inline.push(...rest.split(/[,;]/));
        else this.#inline.push(rest);
        return;
      }
    }
    throw this.error(
      inside,
      `"${text}" is no map`,
      'an absolute path or an http, https, file, cdb or redis URL',
    );
  }

  /** `/…/i` looks like a path but holds what paths do not: signs, a value after a blank, a slash at the end. */
  #isRegexp(text: string): boolean {
    if (!this.#kind.startsWith('regexp')) return false;
    const match = /^\/(.*)\/([a-zA-Z]*)(\s.*)?$/.exec(text);
    if (!match) return false;
    return (
      /[\\^$*+?()[\]|{}]/.test(match[1]!) || match[3] !== undefined || match[2] === '' || match[2] === 'i'
    );
  }

  /** A text that stands for itself instead of naming a place. */
  #isEntry(text: string, { isList }: { readonly isList: boolean }): boolean {
    if (this.#kind === 'plain' || this.#kind === 'cdb') return false;
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return false;
    if (this.#kind === 'radix') {
      return text.split(/[\s,;]+/).some((piece) => parseNetwork(piece) !== undefined);
    }
    if (isList) return text !== '';
    return text !== '' && !text.includes('/');
  }

  #url(text: string, inside: ConfigPath): { url: string; authorization: string | undefined } {
    let url: URL;
    try {
      url = new URL(text);
    } catch (error) {
      throw new ConfigError(this.error(inside, 'bad URL').problems, { cause: error });
    }
    let authorization: string | undefined;
    if (url.username !== '' || url.password !== '') {
      authorization = basic(`${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`);
      url.username = '';
      url.password = '';
    } else if (this.#httpAuth !== undefined) authorization = basic(this.#httpAuth);
    return { url: url.href, authorization };
  }

  #external(value: Readonly<Record<string, unknown>>): MapSpec {
    const { backend: place } = value;
    if (typeof place === 'string' && directoryScheme.test(place))
      return new DirectoryReader(value, (...what) => this.error(...what)).read(place);
    for (const key of Object.keys(value)) {
      if (!externalKeys.has(key)) {
        throw this.error([key], `unknown option "${key}" of an external map`, [...externalKeys].join(', '));
      }
    }
    const common = {
      description: this.#text(value, 'description') ?? this.#text(value, 'name'),
      alias: this.#text(value, 'selector_alias'),
    };
    const cdb = this.#text(value, 'cdb');
    if (cdb !== undefined) {
      this.#kind = 'cdb';
      this.#element(cdb, ['cdb'], { isList: false });
      return this.#loaded(common);
    }
    const backend = this.#text(value, 'backend');
    if (backend === undefined || !/^https?:\/\//i.test(backend)) {
      throw this.error(
        ['backend'],
        'an external map needs a backend',
        'a URL of http, https, postgresql, mysql, ldap or ldaps, or sqlite:/path',
      );
    }
    const { url, authorization } = this.#url(backend, ['backend']);
    const { method = 'query', encode, timeout } = value;
    if (method !== 'body' && method !== 'header' && method !== 'query') {
      throw this.error(['method'], 'bad method', 'body, header or query');
    }
    if (encode !== undefined && encode !== 'json' && encode !== 'messagepack') {
      throw this.error(['encode'], 'bad encoding', 'json or messagepack');
    }
    if (timeout !== undefined && !(typeof timeout === 'number' && timeout > 0)) {
      throw this.error(['timeout'], 'bad timeout', 'a time above zero');
    }
    return {
      type: 'external',
      backend: url,
      authorization,
      method,
      encode,
      timeoutMs: timeout === undefined ? defaultExternalTimeoutMs : timeout * 1000,
      ...common,
    };
  }
}

function basic(credentials: string): string {
  return `Basic ${Buffer.from(credentials, 'utf8').toString('base64')}`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
