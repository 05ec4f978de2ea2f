export { Engine } from './engine.ts';
export type { EngineInit, ScanObserver, SettingsResolver, ViewFactory } from './engine-init.ts';
export type { CheckPorts } from './plan.ts';
export { compileSettings } from './settings/index.ts';
