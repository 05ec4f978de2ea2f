export { HttpScan } from './http-scan.ts';
export { failureReply, type HttpReply } from './reply.ts';
