export { saveActionThresholds, saveSymbolScores } from './dynamic.ts';
export {
  type Analysis,
  analyseConfiguration,
  type LoadedConfiguration,
  type LoadOptions,
  loadConfiguration,
} from './load.ts';
