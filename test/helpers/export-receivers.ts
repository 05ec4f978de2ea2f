import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { createServer as createHttpsServer, type ServerOptions } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { metadataExporter } from '../../src/checks/metadata_exporter/check.ts';
import type { Hit } from '../../src/core/index.ts';
import { type CheckOptions, runCheck, type TestMessage } from './check-table.ts';

/** For rules that use none. */
export const noStore = {} as NonNullable<CheckOptions['store']>;

/** One request as it came. */
export interface Posted {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A real HTTP server that answers with `statuses` in turn, then 200. */
export function receiver(...statuses: number[]) {
  return listen(undefined, statuses);
}

/** The same over TLS. */
export function secureReceiver(tls: ServerOptions) {
  return listen(tls, []);
}

async function listen(tls: ServerOptions | undefined, statuses: number[]) {
  const posted: Posted[] = [];
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      posted.push({ headers: request.headers, body: Buffer.concat(chunks) });
      response.statusCode = statuses.shift() ?? 200;
      response.end('thanks');
    });
  };
  const server = tls ? createHttpsServer(tls, listener) : createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    posted,
    server,
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}/in?x=1`,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A real TCP server that remembers what connections carried. */
export async function tcpReceiver(onConnection?: (socket: Socket) => void) {
  const received: string[] = [];
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    if (onConnection) {
      onConnection(socket);
      return;
    }
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('end', () => received.push(text));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    received,
    port,
    stop: () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** A symbol that was inserted before. */
export function hit(name: string, score: number, ...options: string[]): Hit {
  return { name, score, metricScore: score, description: undefined, groups: ['test'], options };
}

/** A section with one rule. */
export const rules = (rule: Readonly<Record<string, unknown>>) => ({ rules: { R: rule } });
/** Over the threshold of add header. */
export const spam: TestMessage = { hits: [hit('BAD', 7, 'why')] };
/** What a server gets of one message. */
export async function postOne(
  rule: Readonly<Record<string, unknown>>,
  message: TestMessage = spam,
): Promise<Posted> {
  const server = await receiver();
  await runCheck(metadataExporter, rules({ backend: 'http', url: server.url, ...rule }), message, {
    store: noStore,
  });
  await server.stop();
  assert.equal(server.posted.length, 1);
  return server.posted[0]!;
}
/** The same with a login. */
export const fromLogin: TestMessage = { ...spam, way: 'authenticated' };
