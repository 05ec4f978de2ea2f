export { type EngineOptions, type RuleSymbol, SpamRules } from './engine.ts';
export { ruleLimits } from './limits.ts';
export { Ruleset, type ScoreSet } from './ruleset.ts';
