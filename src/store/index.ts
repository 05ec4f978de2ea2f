export { createRecords } from './records.ts';
export { inlineRedisOptions } from './redis-settings.ts';
export { createStores, type StoresOptions } from './stores.ts';
