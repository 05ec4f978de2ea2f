export { openLog, type ProcessLog, silentLog } from './log.ts';
export { mergeMetrics, ProcessMetrics } from './metrics.ts';
