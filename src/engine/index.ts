export {
  Engine,
  type EngineInit,
  type ScanObserver,
  type SettingsResolver,
  type ViewFactory,
} from './engine.ts';
export type { CheckPorts } from './plan.ts';
