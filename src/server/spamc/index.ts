export type { Learn, LearnRequest } from './learn.ts';
export { type LegacyReply, LegacyScan, legacyFailure } from './legacy-scan.ts';
