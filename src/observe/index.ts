export { createLog, type LogTarget, openLogTarget } from './log.ts';
export { mergeMetrics, ProcessMetrics } from './metrics.ts';
