import { join } from 'node:path';
import {
  type Clock,
  ConfigError,
  type ConfigPath,
  type Log,
  type MapHandle,
  type MapKind,
  type Maps,
  type Metrics,
  type Options,
  type SourcePosition,
  type Store,
} from '../core/index.ts';
import { ExternalMap, StoreMap } from './asked.ts';
import { LdapMap } from './ldap-map.ts';
import { addInline, defaultLimits, type LiveSource, LoadedMap, type MapLimits } from './loaded.ts';
import { RemoteSource } from './remote.ts';
import { SqlMap } from './sql-map.ts';
import { createTable } from './table.ts';
import { type LoadedSpec, MapValueReader } from './value.ts';

/** What maps need of the configuration and of the server. */
export interface MapsInit {
  readonly options: Pick<Options, 'mapWatchIntervalMs' | 'mapFileWatchMultiplier' | 'maps' | 'httpAuth'>;
  /** Remote lists are kept in its folder `maps`. */
  readonly stateDir: string;
  readonly log: Log;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** For `redis://key` maps; without it they are refused. */
  readonly store?: Store | undefined;
  readonly position?: ((path: ConfigPath) => SourcePosition | undefined) | undefined;
  /** `check`: local files are read once, nothing is fetched or watched. Default `live`. */
  readonly mode?: 'live' | 'check' | undefined;
  readonly limits?: Partial<MapLimits> | undefined;
  /** Default: the runtime's. */
  readonly fetch?: typeof fetch | undefined;
}

/** {@link Maps} with a hand on the clock, for tests and for the controller. */
export interface LiveMaps extends Maps {
  /** Looks at every source now. */
  refresh(): Promise<void>;
  /** Does only the built-in configuration name this map? Its files need not exist. */
  isStock(map: MapHandle): boolean;
}

const emptyRetryMs = 2000;

class MapRegistry implements LiveMaps {
  readonly all: MapHandle[] = [];
  readonly #init: MapsInit;
  readonly #limits: MapLimits;
  readonly #log: Log;
  readonly #bySpec = new Map<string, MapHandle>();
  readonly #byAlias = new Map<string, MapHandle>();
  readonly #byUrl = new Map<string, RemoteSource>();
  readonly #stock = new WeakSet<MapHandle>();
  readonly #first: Promise<void>[] = [];
  readonly #timers = new Map<LoadedMap, NodeJS.Timeout>();
  readonly #loaded: LoadedMap[] = [];
  readonly #running = new Map<LoadedMap, Promise<void>>();
  readonly #closed = new AbortController();
  readonly #directories: (SqlMap | LdapMap)[] = [];
  readonly #loads: ReturnType<Metrics['counter']>;
  readonly #entries: ReturnType<Metrics['gauge']>;

  constructor(init: MapsInit) {
    this.#init = init;
    this.#limits = { ...defaultLimits, ...init.limits };
    this.#log = init.log.child({ module: 'maps' });
    this.#loads = init.metrics.counter('postern_map_loads_total', 'Attempts to load a map that changed', [
      'result',
    ]);
    this.#entries = init.metrics.gauge('postern_map_entries', 'Entries of a map', ['map'], 'max');
  }

  open(
    spec: unknown,
    kind: MapKind,
    info: { readonly description: string; readonly path: ConfigPath },
  ): MapHandle {
    const specKey = `${kind} ${JSON.stringify(spec)}`;
    const known = this.#bySpec.get(specKey);
    if (known) return known;
    const reader = new MapValueReader(kind, info.path, {
      position: this.#init.position ?? (() => undefined),
      httpAuth: this.#init.options.httpAuth,
    });
    const read = reader.read(spec);
    const id = this.all.length + 1;
    const common = { id, kind, log: this.#log, clock: this.#init.clock };
    let handle: MapHandle;
    let alias: string | undefined;
    if (read.type === 'redis') {
      const { store } = this.#init;
      if (!store) throw reader.error([], 'a redis:// map needs a store');
      handle = new StoreMap({ ...common, description: info.description }, read.key, store);
    } else if (read.type === 'external') {
      const description = read.description ?? info.description;
      handle = new ExternalMap({ ...common, description }, read, this.#init.fetch ?? fetch);
      ({ alias } = read);
    } else if (read.type === 'sql' || read.type === 'ldap') {
      const init = { ...common, description: read.description ?? info.description };
      const directory = read.type === 'sql' ? new SqlMap(init, read) : new LdapMap(init, read);
      this.#directories.push(directory);
      handle = directory;
      ({ alias } = read);
    } else {
      handle = this.#openLoaded(id, read, info, reader);
      ({ alias } = read);
    }
    if (alias !== undefined) {
      if (this.#byAlias.has(alias))
        throw reader.error(['selector_alias'], `a second map is called "${alias}"`);
      this.#byAlias.set(alias, handle);
    }
    this.#bySpec.set(specKey, handle);
    this.all.push(handle);
    const { position } = this.#init;
    if (position && position(info.path) === undefined) this.#stock.add(handle);
    return handle;
  }

  isStock(map: MapHandle): boolean {
    return this.#stock.has(map);
  }

  byAlias(alias: string): MapHandle | undefined {
    return this.#byAlias.get(alias);
  }

  async ready(): Promise<void> {
    await Promise.all(this.#first);
  }

  async refresh(): Promise<void> {
    await Promise.all(this.#loaded.map((map) => this.#refresh(map)));
  }

  async close(): Promise<void> {
    this.#closed.abort();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    await Promise.all(this.#running.values());
    for (const map of this.#loaded) map.close();
    await Promise.all(this.#directories.map((map) => map.close()));
  }

  #openLoaded(
    id: number,
    spec: LoadedSpec,
    info: { readonly description: string; readonly path: ConfigPath },
    reader: MapValueReader,
  ): LoadedMap {
    const table = createTable(spec.kind, this.#limits);
    const problems = addInline(table, spec.inline).filter((problem) => problem.isFatal);
    if (problems.length > 0) {
      throw new ConfigError(
        problems.flatMap(
          ({ index, message }) => reader.error(spec.inline.length > 1 ? [index] : [], message).problems,
        ),
      );
    }
    const pollMs = spec.pollMs ?? this.#init.options.mapWatchIntervalMs;
    const map = new LoadedMap(
      {
        id,
        kind: spec.kind,
        description: spec.description ?? info.description,
        sources: spec.sources.map(
          (source): LiveSource =>
            source.kind === 'file'
              ? source
              : { kind: 'http', remote: this.#remote(source.url, source.authorization, pollMs) },
        ),
        inline: spec.inline,
        pollMs,
        limits: this.#limits,
        log: this.#log,
        onLoad: (outcome, loaded) => {
          this.#loads.add(1, { result: outcome });
          this.#entries.set(loaded.entryCount, { map: loaded.description });
        },
      },
      table,
    );
    if (spec.sources.length === 0) return map;
    this.#loaded.push(map);
    const first = this.#run(map, 'cache').then(() => this.#watch(map, pollMs, 0));
    this.#first.push(first);
    return map;
  }

  #remote(url: string, authorization: string | undefined, pollMs: number): RemoteSource {
    const key = `${authorization ?? ''} ${url}`;
    let remote = this.#byUrl.get(key);
    if (!remote) {
      const { connectTimeoutMs, readTimeoutMs } = this.#init.options.maps;
      remote = new RemoteSource(url, authorization, {
        cacheDir: join(this.#init.stateDir, 'maps'),
        clock: this.#init.clock,
        fetch: this.#init.fetch ?? fetch,
        // One deadline for a whole list: connecting, and reading at a few times the time of one reply.
        timeoutMs: connectTimeoutMs + readTimeoutMs * 5,
        pollMs,
        maxBytes: this.#limits.maxBytes,
      });
      this.#byUrl.set(key, remote);
    }
    return remote;
  }

  /** Looks again and again; a remote list that is still empty is looked for sooner. */
  #watch(map: LoadedMap, pollMs: number, tries: number): void {
    if (this.#init.mode === 'check' || this.#closed.signal.aborted) return;
    const { mapFileWatchMultiplier } = this.#init.options;
    // Looking is cheap for files, and for remote lists it reads the shared record until they are due.
    let delayMs = pollMs * mapFileWatchMultiplier * (1 + Math.random());
    if (!map.isLocal && !map.isLoaded)
      delayMs = Math.min(delayMs, tries === 0 ? 0 : emptyRetryMs * 2 ** tries);
    const timer = setTimeout(() => {
      void this.#refresh(map).then(() => this.#watch(map, pollMs, Math.min(tries + 1, 20)));
    }, delayMs);
    timer.unref();
    this.#timers.set(map, timer);
  }

  #refresh(map: LoadedMap): Promise<void> {
    return this.#run(map, this.#init.mode === 'check' ? 'cache' : 'ask');
  }

  /** One look at a time for each map; never rejects. */
  #run(map: LoadedMap, mode: 'cache' | 'ask'): Promise<void> {
    const previous = this.#running.get(map) ?? Promise.resolve();
    const run = previous
      .then(() => map.refresh(mode, this.#closed.signal))
      .catch((error: unknown) => {
        this.#log.error('map cannot be looked at', {
          map: map.description,
          reason: error instanceof Error ? error.message : String(error),
        });
      })
      .finally(() => {
        if (this.#running.get(map) === run) this.#running.delete(map);
      });
    this.#running.set(map, run);
    return run;
  }
}

/** Maps of one configuration. Call `close` when the configuration is replaced. */
export function createMaps(init: MapsInit): LiveMaps {
  return new MapRegistry(init);
}
