export { GroupRun, PatternGroup, type PatternLimits, patternLimits } from './group.ts';
