import type {
  Clock,
  ConfigPath,
  Log,
  Metrics,
  Section,
  SourcePosition,
  Store,
  Stores,
} from '../core/index.ts';
import { LmdbStore } from './lmdb-store.ts';
import { type RedisSettings, redisSettingsFor } from './redis-settings.ts';
import { RedisStore } from './redis-store.ts';
import { storeMetrics } from './store-metrics.ts';

export interface StoresOptions {
  /** The common `redis { … }` section; undefined: none. */
  readonly redis: Section | undefined;
  /** Folder of the embedded store's file; made when missing. */
  readonly stateDir: string;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** Limit of the embedded store's file. Default 8 GiB. */
  readonly maxEmbeddedBytes?: number;
  /** Where an option was written, for errors. */
  readonly position?: (path: ConfigPath) => SourcePosition | undefined;
}

const defaultMaxEmbeddedBytes = 8 * 1024 ** 3;

/**
 * The stores of one configuration. Modules with equal settings share one. Nothing is opened or connected before
 * the first use.
 *
 * @throws ConfigError for a `redis` section that cannot be understood, here or in `forModule`
 */
export function createStores(options: StoresOptions): Stores {
  const { clock, log, metrics, stateDir } = options;
  const open = new Map<string, Store>();
  const redisMetrics = storeMetrics(metrics, 'redis');
  let embedded: LmdbStore | undefined;

  const redisStore = (settings: RedisSettings): Store => {
    const key = JSON.stringify(settings);
    const known = open.get(key);
    if (known) return known;
    const store = new RedisStore({ settings, log, metrics: redisMetrics });
    open.set(key, store);
    return store;
  };

  redisSettingsFor('', undefined, options.redis, options.position);
  return {
    forModule(name, moduleSection) {
      const settings = redisSettingsFor(name, moduleSection, options.redis, options.position);
      if (settings) return redisStore(settings);
      embedded ??= new LmdbStore({
        stateDir,
        clock,
        log,
        metrics: storeMetrics(metrics, 'lmdb'),
        maxBytes: options.maxEmbeddedBytes ?? defaultMaxEmbeddedBytes,
      });
      return embedded;
    },
    async close() {
      await Promise.all([...open.values(), ...(embedded ? [embedded] : [])].map((store) => store.close()));
    },
  };
}
