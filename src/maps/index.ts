export { CdbTable } from './cdb.ts';
export { type MapEntry, parseLine, parseLines } from './lines.ts';
export type { MapLimits } from './loaded.ts';
export { createMaps, type LiveMaps, type MapsInit } from './maps.ts';
