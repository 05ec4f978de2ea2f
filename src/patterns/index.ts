export { LiteralAutomaton } from './automaton.ts';
export { GroupRun, PatternGroup, type PatternLimits, patternLimits } from './group.ts';
export { foldText } from './literals.ts';
