export { Primary, type ServeOptions } from './primary.ts';
export { buildServices } from './services.ts';
export { version } from './version.ts';
export { runWorker } from './worker.ts';
