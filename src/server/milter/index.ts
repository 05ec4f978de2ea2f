export { MilterServer } from './server.ts';
