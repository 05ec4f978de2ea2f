export { type CheckReport, checkConfiguration } from './check.ts';
export { type DescribeOptions, type Description, describeConfiguration, sectionNames } from './dump.ts';
export { saveActionThresholds, saveSymbolScores } from './dynamic.ts';
export {
  type Analysis,
  analyseConfiguration,
  type LoadedConfiguration,
  type LoadOptions,
  loadConfiguration,
} from './load.ts';
