import { Agent, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import type { BenchMessage } from '../message.ts';
import { clientHelo, type Outcome, reasonOf, type ScanClient, type Submission } from './client.ts';

/** Whether to ask for connections that serve several requests. The server may still close each. */
export type Persistence = 'keep-alive' | 'close';

/** Reads the reply of `/checkv2`: a verdict is status 200 and a JSON object with an `action`. */
export function parseHttpVerdict(status: number, body: string): Outcome {
  if (status !== 200) return { kind: 'error', reason: `HTTP ${status}` };
  let reply: unknown;
  try {
    reply = JSON.parse(body);
  } catch {
    return { kind: 'error', reason: 'reply is not JSON' };
  }
  if (
    typeof reply !== 'object' ||
    reply === null ||
    !('action' in reply) ||
    typeof reply.action !== 'string'
  ) {
    return { kind: 'error', reason: 'reply without action' };
  }
  const symbols = 'symbols' in reply && typeof reply.symbols === 'object' ? reply.symbols : undefined;
  return {
    kind: 'verdict',
    action: reply.action,
    symbols: symbols ? Object.keys(symbols).length : undefined,
    ...('score' in reply && typeof reply.score === 'number' ? { score: reply.score } : {}),
  };
}

/** The scan headers that say who sent a message to whom. */
export function scanHeaders(message: BenchMessage, submission: Submission): OutgoingHttpHeaders {
  return {
    'Content-Length': message.raw.length,
    'Queue-Id': message.queueId,
    From: `<${message.sender}>`,
    Rcpt: message.recipients.map((address) => `<${address}>`),
    IP: submission.clientIp,
    Helo: clientHelo,
    Hostname: clientHelo,
    ...(submission.user === undefined ? {} : { User: submission.user }),
    ...(submission.settings === undefined ? {} : { Settings: submission.settings }),
  };
}

async function readText(reply: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of reply) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** A client that posts to `/checkv2`. */
export function httpClient(submission: Submission, persistence: Persistence): ScanClient {
  const agent = new Agent({ keepAlive: persistence === 'keep-alive', scheduling: 'fifo' });

  function post(message: BenchMessage): Promise<{ readonly outcome: Outcome; readonly stale: boolean }> {
    return new Promise((resolve) => {
      const exchange = request({
        agent,
        host: submission.host,
        port: submission.port,
        method: 'POST',
        path: '/checkv2',
        headers: scanHeaders(message, submission),
        timeout: submission.timeoutMs,
      });
      const fail = (reason: string): void => {
        // The server may close an idle connection while we take it up again (RFC 9112 9.3.1): no fault of its.
        const stale = exchange.reusedSocket && (reason === 'ECONNRESET' || reason === 'EPIPE');
        resolve({ outcome: { kind: 'error', reason }, stale });
      };
      exchange.on('response', (reply) => {
        readText(reply).then(
          (body) => resolve({ outcome: parseHttpVerdict(reply.statusCode ?? 0, body), stale: false }),
          (error: unknown) => fail(reasonOf(error)),
        );
      });
      exchange.on('timeout', () => exchange.destroy(new Error('timeout')));
      exchange.on('error', (error) => fail(reasonOf(error)));
      exchange.end(message.raw);
    });
  }

  return {
    async scan(_lane, message) {
      const first = await post(message);
      return first.stale ? (await post(message)).outcome : first.outcome;
    },
    close() {
      agent.destroy();
    },
  };
}
