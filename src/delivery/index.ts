export { type Batch, BatchSink, type BatchSinkOptions } from './batch-sink.ts';
export { type HttpAnswer, HttpClient, type HttpRequest, judgeStatus } from './http-client.ts';
export { reasonOf, toMs } from './phases.ts';
export { type Attempt, DeliveryQueue } from './queue.ts';
export { sendOverTcp, type TcpTarget } from './tcp.ts';
export { type WebRequest, WebServers } from './web-servers.ts';
