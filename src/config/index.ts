export { checkConfiguration } from './check.ts';
export { describeConfiguration, sectionNames } from './dump.ts';
export { saveActionThresholds, saveSymbolScores } from './dynamic.ts';
export { loadConfiguration } from './load.ts';
export { type MigrationReport, planMigration, type UnsupportedThing } from './migrate.ts';
export type { OperatorOption } from './migrate-options.ts';
