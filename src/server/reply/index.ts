export { failureVerdict } from './failure.ts';
export { formatDouble } from './number.ts';
export { bodyOffsetOf, rewrittenBody } from './rewritten.ts';
export { oneLine, refold } from './text.ts';
export {
  renderErrorJson,
  renderVerdictJson,
  type VerdictLayout,
} from './verdict-json.ts';
