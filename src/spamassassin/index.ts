export { type EngineOptions, type RuleSymbol, SpamRules } from './engine.ts';
export { Ruleset, type ScoreSet } from './ruleset.ts';
