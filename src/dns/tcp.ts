import { randomInt } from 'node:crypto';
import { createConnection } from 'node:net';
import { answersQuestion, decodeResponse, encodeQuery, type Response, responseId } from './codec.ts';
import type { NameServerAddress } from './nameservers.ts';
import type { ExchangeFailure, Question } from './udp.ts';

/** Asks over TCP (RFC 7766), for answers too large for UDP. One connection for one question. */
export function askOverTcp(
  server: NameServerAddress,
  question: Question,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Response | ExchangeFailure> {
  return new Promise((resolve) => {
    const id = randomInt(65_536);
    const socket = createConnection({ host: server.host, port: server.port });
    const chunks: Buffer[] = [];
    let received = 0;
    const finish = (outcome: Response | ExchangeFailure): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      socket.destroy();
      resolve(outcome);
    };
    const abort = (): void => finish('aborted');
    const timer = setTimeout(() => finish('timeout'), timeoutMs);
    signal.addEventListener('abort', abort);

    socket.on('connect', () => {
      const query = encodeQuery(id, question.name, question.type, question.edns);
      const length = Buffer.allocUnsafe(2);
      length.writeUInt16BE(query.length);
      socket.write(Buffer.concat([length, query]));
    });
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      received += chunk.length;
      if (received < 2) return;
      const bytes = Buffer.concat(chunks);
      const end = 2 + bytes.readUInt16BE(0);
      if (received < end) return;
      const message = bytes.subarray(2, end);
      const isOurs = responseId(message) === id && answersQuestion(message, question.name, question.type);
      finish((isOurs ? decodeResponse(message) : undefined) ?? 'malformed');
    });
    socket.on('error', () => finish('network'));
    socket.on('close', () => finish('network'));
  });
}
