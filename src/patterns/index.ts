export { LiteralAutomaton } from './automaton.ts';
export { GroupRun, PatternGroup, type PatternLimits, patternLimits } from './group.ts';
export { type Watched, watched } from './guard.ts';
export { foldText } from './literals.ts';
