import { hostname } from 'node:os';
import type { Configuration, Log, Metrics, Records } from '../core/index.ts';
import {
  createRecords,
  createRedisHistory,
  type RedisHistoryOptions,
  redisSettingsFor,
} from '../store/index.ts';
import { PrimaryRecords } from './memory-history.ts';

interface RecordsInit {
  readonly log: Log;
  readonly metrics: Metrics;
  /** To the primary, which keeps what is kept in memory. */
  readonly channel: ConstructorParameters<typeof PrimaryRecords>[0];
}

/** Opens the one history of a configuration: where `history` says, else in Redis where `history_redis` has one. */
export function openRecords(configuration: Configuration, { log, metrics, channel }: RecordsInit): Records {
  const { modules, stateDir } = configuration;
  const history = modules.get('history') as { readonly backend?: 'sqlite' | 'memory' } | undefined;
  const file = createRecords({ stateDir, log });
  if (history?.backend === 'memory') return new PrimaryRecords(channel, file);
  const options = history?.backend === 'sqlite' ? undefined : redisHistoryOptions(configuration);
  const settings =
    options &&
    redisSettingsFor(
      'history_redis',
      configuration.sections.get('history_redis'),
      configuration.redis,
      (path) => configuration.position(path),
    );
  return settings
    ? createRedisHistory({ options, settings, hostName: hostname(), log, metrics, file })
    : file;
}

function redisHistoryOptions({ modules, options }: Configuration): RedisHistoryOptions | undefined {
  const section = modules.get('history_redis') as
    | (RedisHistoryOptions & { readonly enabled: boolean })
    | undefined;
  return section?.enabled && !options.disabledModules.includes('history_redis') ? section : undefined;
}
