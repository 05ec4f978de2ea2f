export { type GateLimits, ScanGate } from './scan-gate.ts';
export { ScanServer, type ScanServerInit } from './scan-server.ts';
export { type ScanPortSettings, scanPortSettings } from './settings.ts';
