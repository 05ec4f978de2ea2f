export type { Learn, LearnRequest, LearnResult, LearnTarget } from './learn.ts';
export {
  type LegacyReply,
  type LegacyRequest,
  LegacyScan,
  type LegacyScanInit,
  legacyFailure,
} from './legacy-scan.ts';
