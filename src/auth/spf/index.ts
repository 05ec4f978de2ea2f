export {
  evaluateSpf,
  type SpfEvaluation,
  type SpfLimits,
  type SpfOptions,
  type SpfRequest,
} from './evaluate.ts';
export { PolicyCache } from './policies.ts';
