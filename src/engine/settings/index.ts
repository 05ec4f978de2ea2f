export { compileSettings, type Settings } from './settings.ts';
