export {
  type ControllerInit,
  type ControllerServer,
  type ControllerSettings,
  createController,
} from './server.ts';
