export { checkConfiguration } from './check.ts';
export { describeConfiguration, sectionNames } from './dump.ts';
export { saveActionThresholds, saveSymbolScores } from './dynamic.ts';
export { loadConfiguration } from './load.ts';
