export { createRecords } from './records.ts';
export { createStores, type StoresOptions } from './stores.ts';
