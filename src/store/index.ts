export { createRecords } from './records.ts';
export { createStores } from './stores.ts';
