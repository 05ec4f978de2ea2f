export { compileSettings, type Settings, type SettingsInit } from './settings.ts';
