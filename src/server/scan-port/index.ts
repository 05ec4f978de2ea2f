export { ScanServer } from './scan-server.ts';
