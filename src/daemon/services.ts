import { hostname } from 'node:os';
import { contentViews } from '../content/index.ts';
import type {
  CheckDefinition,
  Clock,
  Configuration,
  LocalAddresses,
  Log,
  Metrics,
  Records,
} from '../core/index.ts';
import { createResolver } from '../dns/index.ts';
import { compileSettings, Engine, type ScanObserver } from '../engine/index.ts';
import { createMaps } from '../maps/index.ts';
import { parseMessage } from '../mime/index.ts';
import { createSelectors } from '../selectors/index.ts';
import { createStores } from '../store/index.ts';

/** Everything built from one configuration; replaced as a whole by a reload. */
export interface Services {
  readonly configuration: Configuration;
  readonly engine: Engine;
  readonly maps: ReturnType<typeof createMaps>;
  close(): Promise<void>;
}

export interface ServicesInit {
  readonly configuration: Configuration;
  readonly checks: readonly CheckDefinition[];
  readonly records: Records;
  readonly observer: ScanObserver;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

/**
 * Builds maps, selectors, DNS, store and engine of a configuration.
 *
 * @throws ConfigError with what only shows when checks are built (maps, expressions, selectors)
 */
export async function buildServices(init: ServicesInit): Promise<Services> {
  const { configuration, log, metrics, clock, records } = init;
  const { options, stateDir } = configuration;
  const stores = createStores({ redis: configuration.redis, stateDir, log, metrics, clock });
  const maps = createMaps({
    options,
    stateDir,
    log,
    clock,
    metrics,
    stores,
    position: (path) => configuration.position(path),
  });
  const closeAll = async (): Promise<void> => {
    await maps.close();
    await stores.close();
  };
  try {
    const selectors = createSelectors({ maps, position: (path) => configuration.position(path) });
    const dns = createResolver({ dns: options.dns, log, metrics, clock });
    const local = maps.open(options.localAddrs, 'radix', {
      description: 'local addresses',
      path: ['options', 'local_addrs'],
    });
    const localAddresses: LocalAddresses = { has: (ip) => local.lookup(ip) !== undefined };
    const settings = compileSettings({ configuration, maps, selectors, log });
    const engine = new Engine({
      configuration,
      checks: init.checks,
      ports: { maps, selectors, dns, stores, records, clock, log, metrics },
      views: {
        parse: parseMessage,
        content: (message) => contentViews(message, { maxUrls: options.maxUrls }),
      },
      localAddresses,
      settings,
      observer: init.observer,
      hostName: hostname(),
    });
    await maps.ready();
    return {
      configuration,
      engine,
      maps,
      close: async () => {
        await engine.close();
        await closeAll();
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}
