import { createRecords } from '../../src/store/index.ts';
import { silentLog } from './clock-and-metrics.ts';
import { historyRow } from './history-row.ts';

/** A process that writes fifty rows of history, one by one. */
const [stateDir = '', part = ''] = process.argv.slice(2);
const records = createRecords({ stateDir, log: silentLog });
for (let i = 0; i < 50; i++) await records.addHistory([historyRow(`${part}-${i}`)]);
await records.close();
