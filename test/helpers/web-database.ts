import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** One request as it came, its body unpacked. */
export interface WebQuestion {
  readonly method: string;
  /** Path with its query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface WebReply {
  readonly status?: number;
  readonly body?: string;
}

/** A real HTTP server on loopback that remembers what it was asked and answers as the test says. */
export async function webDatabase(answer: (question: WebQuestion) => WebReply | undefined) {
  const asked: WebQuestion[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks);
      const { method = '', url = '', headers } = request;
      const body = (headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw).toString();
      const question = { method, path: url, headers, body };
      asked.push(question);
      const { status = 200, body: reply = '' } = answer(question) ?? {};
      response.statusCode = status;
      response.end(reply);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    asked,
    port,
    address: `127.0.0.1:${port}`,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
