import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock, Section, Store } from '../../src/core/index.ts';
import { createStores } from '../../src/store/index.ts';
import { manualClock, memoryMetrics, silentLog } from './clock-and-metrics.ts';
import { findRedisServer, startRedis } from './redis-server.ts';

/** A store to run a table on. */
export interface StoreDriver {
  readonly store: Store;
  readonly clock: Clock;
  readonly stateDir: string;
  /** Its `redis` section; undefined for the embedded store. */
  readonly redis: Section | undefined;
  /** Lets time pass, for TTLs: by waiting where a real server keeps the time. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** Name of a driver and how to start it. */
export type DriverStart = readonly [name: string, start: () => Promise<StoreDriver>];

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'postern-'));
}

export async function startLmdbDriver(): Promise<StoreDriver> {
  const stateDir = temporaryFolder();
  const clock = manualClock(Date.now());
  const stores = createStores({
    redis: undefined,
    stateDir,
    log: silentLog,
    metrics: memoryMetrics(),
    clock,
  });
  return {
    store: stores.forModule('test', undefined),
    clock,
    stateDir,
    redis: undefined,
    pass: async (ms) => clock.advance(ms),
    async close() {
      await stores.close();
      rmSync(stateDir, { recursive: true });
    },
  };
}

/** On a running server. */
export function redisDriver(redis: Section): StoreDriver {
  const stateDir = temporaryFolder();
  const stores = createStores({ redis, stateDir, log: silentLog, metrics: memoryMetrics(), clock: Date });
  return {
    store: stores.forModule('test', undefined),
    clock: Date,
    stateDir,
    redis,
    pass: (ms) => sleep(ms + 5),
    async close() {
      await stores.close();
      rmSync(stateDir, { recursive: true });
    },
  };
}

async function startRedisDriver(binary: string): Promise<StoreDriver> {
  const server = await startRedis(binary);
  const driver = redisDriver({ servers: server.address });
  return {
    ...driver,
    async close() {
      await driver.close();
      await server.kill();
    },
  };
}

/** The embedded store, and Redis where there is one. */
export function storeDrivers(): readonly DriverStart[] {
  const binary = findRedisServer();
  const embedded: DriverStart = ['the embedded store', startLmdbDriver];
  return binary === undefined ? [embedded] : [embedded, ['Redis', () => startRedisDriver(binary)]];
}
