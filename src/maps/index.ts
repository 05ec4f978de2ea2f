export { createMaps, type LiveMaps, type MapsInit } from './maps.ts';
