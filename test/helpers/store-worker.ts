import { type Section, StoreError } from '../../src/core/index.ts';
import { createStores } from '../../src/store/index.ts';
import { memoryMetrics, silentLog } from './clock-and-metrics.ts';
import { increment } from './store-procedures.ts';

/**
 * A process that works on a store: `increment`s a key so many times, or `fill`s the store until it fails. Says on
 * standard output what came of it.
 */
const [mode = '', stateDir = '', redis = '', count = '0'] = process.argv.slice(2);
const stores = createStores({
  redis: redis === '' ? undefined : (JSON.parse(redis) as Section),
  stateDir,
  log: silentLog,
  metrics: memoryMetrics(),
  clock: Date,
});
const store = stores.forModule('test', undefined);

if (mode === 'increment') {
  process.stdout.write('started\n');
  for (let i = 0; i < Number(count); i++) await store.run(increment, ['shared'], [1]);
  await stores.close();
} else if (mode === 'leave') {
  // Ends without closing, as a killed process does.
  await store.set('left', 'behind');
  process.exit(0);
} else if (mode === 'fill') {
  const failures: string[] = [];
  for (let i = 0; i < Number(count) && failures.length === 0; i++) {
    try {
      await store.set(`key${i}`, 'x'.repeat(1000));
    } catch (error) {
      failures.push(error instanceof StoreError ? error.message : `no StoreError: ${String(error)}`);
    }
  }
  const first = await store.get('key0');
  await store.delete('key0');
  const gone = await store.get('key0');
  await stores.close();
  process.stdout.write(
    `${JSON.stringify({ failures, readable: first?.length, deleted: gone === undefined })}\n`,
  );
}
