import { hostname } from 'node:os';
import { contentLimits, contentViews } from '../content/index.ts';
import type {
  CheckDefinition,
  Clock,
  ConfigPath,
  Configuration,
  LocalAddresses,
  Log,
  MapHandle,
  Metrics,
  Records,
  Selectors,
  SourcePosition,
  Stores,
} from '../core/index.ts';
import { createResolver } from '../dns/index.ts';
import { compileSettings, Engine, type ScanObserver } from '../engine/index.ts';
import { createMaps } from '../maps/index.ts';
import { parseMessage } from '../mime/index.ts';
import { ProcessMetrics, silentLog } from '../observe/index.ts';
import { createSelectors } from '../selectors/index.ts';
import { createProxy } from '../server/proxy/index.ts';
import { createStores } from '../store/index.ts';
import { tlsOptions } from './listeners.ts';

/** Everything built from one configuration; replaced as a whole by a reload. */
export interface Services {
  readonly configuration: Configuration;
  readonly engine: Engine;
  readonly maps: ReturnType<typeof createMaps>;
  readonly selectors: Selectors;
  readonly records: Records;
  readonly stores: Stores;
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
  /** `check`: nothing is fetched or watched; for a look at whether everything can be built. */
  readonly mode: 'live' | 'check';
}

/**
 * Builds maps, selectors, DNS, store and engine of a configuration.
 *
 * @throws ConfigError with what only shows when checks are built (maps, expressions, selectors)
 */
export async function buildServices(init: ServicesInit): Promise<Services> {
  const { configuration, log, metrics, clock, records } = init;
  const { options, stateDir } = configuration;
  const position = (path: ConfigPath): SourcePosition | undefined => configuration.position(path);
  const stores = createStores({ redis: configuration.redis, stateDir, log, metrics, clock, position });
  const maps = createMaps({
    options,
    stateDir,
    log,
    clock,
    metrics,
    store: stores.forModule('maps', undefined),
    mode: init.mode,
    position,
  });
  const dns = createResolver({ dns: options.dns, log, metrics, clock });
  const closeAll = async (): Promise<void> => {
    dns.close();
    await maps.close();
    await stores.close();
  };
  try {
    const selectors = createSelectors({ maps, position });
    const local = maps.open(options.localAddrs, 'radix', {
      description: 'local addresses',
      path: ['options', 'local_addrs'],
    });
    const localAddresses: LocalAddresses = { has: (ip) => local.lookup(ip) !== undefined };
    const limits = { ...contentLimits, urls: options.maxUrls };
    const settings = compileSettings({ configuration, checks: init.checks, maps, selectors, log });
    const engine = new Engine({
      configuration,
      checks: init.checks,
      ports: {
        maps,
        selectors,
        dns,
        stores,
        records,
        clock,
        log,
        metrics,
        loadWarnings: init.mode === 'check' ? 'tell' : 'hush',
      },
      views: {
        parse: parseMessage,
        content: (message) => contentViews(message, limits),
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
      selectors,
      records,
      stores,
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

const noRecords: Records = {
  addAudit: async () => undefined,
  audit: async () => [],
  addHistory: async () => undefined,
  history: async () => [],
  clearHistory: async () => undefined,
  trimHistory: async () => undefined,
  close: async () => undefined,
};

/** Finds what is wrong with upstreams and certificates. */
function tryDoors(configuration: Configuration, init: Pick<ServicesInit, 'log' | 'metrics' | 'clock'>): void {
  const { normal, proxy, controller, options } = configuration;
  if (proxy.enabled) {
    createProxy({
      ...init,
      worker: proxy,
      scanner: { scan: () => Promise.reject(new Error('only a trial')) },
      isOwnAddress: () => false,
      maxMessageBytes: options.maxMessageBytes,
    }).close();
  }
  for (const worker of [normal, proxy, controller]) {
    if (worker.enabled && worker.sockets.some(({ tls }) => tls)) tlsOptions(worker);
  }
}

/**
 * Builds everything of a configuration once and closes it again: finds what only shows then, and changes nothing.
 *
 * @throws ConfigError with what is wrong
 */
export async function tryServices(
  configuration: Configuration,
  checks: readonly CheckDefinition[],
  log: Log = silentLog,
): Promise<readonly string[]> {
  const init = { log, metrics: new ProcessMetrics(), clock: { now: () => Date.now() } };
  tryDoors(configuration, init);
  const services = await buildServices({
    ...init,
    configuration,
    checks,
    records: noRecords,
    observer: { scanned: () => undefined },
    mode: 'check',
  });
  const { maps } = services;
  const missing = missingMaps(maps.all.filter((map) => !maps.isStock(map)));
  await services.close();
  return missing;
}

/** A local file may come later (config-format 7.2); until then nothing matches, which is worth a word. */
function missingMaps(maps: readonly MapHandle[]): readonly string[] {
  return maps
    .filter(({ isLoaded, isExternal, sources }) => !isLoaded && !isExternal && sources.every(isLocalFile))
    .map(({ description, sources }) => `${description}: no such file: ${sources.join(', ')}`);
}

const isLocalFile = (source: string): boolean => source.startsWith('/') || source.startsWith('file://');
