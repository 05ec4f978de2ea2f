import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

/** A small server on loopback whose behaviour a test writes. */
export interface TcpServer {
  /** `127.0.0.1:port`, or the path of the socket. */
  readonly address: string;
  /** Connections so far. */
  readonly connections: number;
  close(): Promise<void>;
}

/** Starts a server; `serve` gets each connection. */
export async function startTcpServer(serve: (socket: Socket) => void, path?: string): Promise<TcpServer> {
  const open = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    // A client that hangs up early is part of the test.
    socket.on('error', () => socket.destroy());
    serve(socket);
  });
  if (path === undefined) server.listen(0, '127.0.0.1');
  else server.listen(path);
  await once(server, 'listening');
  const bound = server.address();
  return {
    address: typeof bound === 'object' && bound !== null ? `127.0.0.1:${bound.port}` : String(bound),
    get connections() {
      return connections;
    },
    async close() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
