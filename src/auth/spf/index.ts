export {
  evaluateSpf,
  type SpfEvaluation,
  type SpfOptions,
  type SpfRequest,
} from './evaluate.ts';
export { PolicyCache } from './policies.ts';
