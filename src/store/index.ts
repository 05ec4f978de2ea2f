export { createRecords } from './records.ts';
export { createRedisHistory, type RedisHistoryOptions } from './redis-history.ts';
export { redisSettingsFor } from './redis-settings.ts';
export { createStores } from './stores.ts';
