export { createLog, type LogTarget, openLogTarget, silentLog } from './log.ts';
export { mergeMetrics, ProcessMetrics } from './metrics.ts';
