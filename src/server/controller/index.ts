export { type ControllerInit, type ControllerServer, createController } from './server.ts';
