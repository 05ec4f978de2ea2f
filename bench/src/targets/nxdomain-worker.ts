import { parentPort } from 'node:worker_threads';
import { serveNxdomain } from './nxdomain.ts';

// A thread of its own, so that a question is not kept waiting by the loader's own work.
const server = await serveNxdomain();
parentPort?.postMessage(server.port);
