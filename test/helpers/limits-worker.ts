import { settle, take } from '../../src/checks/limits/counter.ts';
import type { Section } from '../../src/core/index.ts';
import { createStores } from '../../src/store/index.ts';
import { memoryMetrics, silentLog } from './clock-and-metrics.ts';

/** A process that sends messages against a limit for all of them; says on standard output how many had room. */
const [stateDir = '', redis = '', key = '', limit = '0', count = '0'] = process.argv.slice(2);
const stores = createStores({
  redis: redis === '' ? undefined : (JSON.parse(redis) as Section),
  stateDir,
  log: silentLog,
  metrics: memoryMetrics(),
  clock: Date,
});
const store = stores.forModule('limits', undefined);
const expireMs = 600_000;
const leaseSlots = 12;
let passed = 0;
for (let i = 0; i < Number(count); i++) {
  const nowMs = Date.now();
  const limits = [-1, Number(limit), -1, -1, -1, -1];
  const { hits, slot } = await store.run(take, [key, `${key}x`], [nowMs, 1, leaseSlots, expireMs, ...limits]);
  if (hits.length > 0) continue;
  passed++;
  await store.run(settle, [key], [nowMs, 1, leaseSlots, expireMs, slot, 1]);
}
await stores.close();
process.stdout.write(`${passed}\n`);
