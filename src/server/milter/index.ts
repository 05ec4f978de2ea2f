export { type MilterLimits, milterLimits } from './limits.ts';
export { type MilterConfig, MilterServer, type MilterServerInit } from './server.ts';
