export { type HttpRequest, HttpScan, type HttpScanInit, type HttpScanSettings } from './http-scan.ts';
export { errorReply, failureReply, type HttpReply, type ReplyKind } from './reply.ts';
