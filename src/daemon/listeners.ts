import { readFileSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { type BindSocket, ConfigError, type Log, type WorkerBase } from '../core/index.ts';

/** A socket that accepts connections for one worker. */
export interface Listener {
  /** Address as bound, `127.0.0.1:11333`, or the path. */
  readonly address: string;
  /** Reads certificate and key again, for connections from now on. */
  renewCertificate(worker: WorkerBase): void;
  close(): void;
}

const loopbackAddresses = ['127.0.0.1', '::1'] as const;

/**
 * The sockets of a worker, in groups of which at least one must open: `localhost` means both address families, and
 * a machine may have only one.
 */
export function socketGroups(worker: WorkerBase): readonly (readonly BindSocket[])[] {
  return worker.sockets.map((socket) =>
    socket.host === 'localhost' ? loopbackAddresses.map((host) => ({ ...socket, host })) : [socket],
  );
}

/** Is this machine without the address, rather than the address taken? */
export function isAddressMissing(error: unknown): boolean {
  const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
  return code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT';
}

const defaultBacklog = 1024;

const handshakeTimeoutMs = 30_000;

/**
 * Certificate and key of a worker.
 *
 * @throws ConfigError when one is missing, cannot be read or does not fit the other
 */
export function tlsOptions(worker: WorkerBase): tls.SecureContextOptions {
  if (worker.tlsCertificatePath === undefined || worker.tlsKeyPath === undefined) {
    throw new ConfigError({ message: 'a socket with `ssl` needs ssl_cert and ssl_key' });
  }
  try {
    const options = { cert: readFileSync(worker.tlsCertificatePath), key: readFileSync(worker.tlsKeyPath) };
    tls.createSecureContext(options);
    return options;
  } catch (error) {
    throw new ConfigError(
      { message: `ssl_cert or ssl_key cannot be used: ${(error as Error).message}` },
      { cause: error },
    );
  }
}

function formatAddress(server: net.Server, socket: BindSocket): string {
  const address = server.address();
  if (address === null) return socket.text;
  if (typeof address === 'string') return address;
  return address.family === 'IPv6'
    ? `[${address.address}]:${address.port}`
    : `${address.address}:${address.port}`;
}

/** First file descriptor that systemd passes (sd_listen_fds(3)). */
const firstSystemdFd = 3;

function systemdFd({ text }: BindSocket, index: number): number {
  const passed = Number(process.env['LISTEN_FDS'] ?? 0);
  if (index >= passed)
    throw new ConfigError({ message: `cannot listen on ${text}: systemd passed ${passed} sockets` });
  return firstSystemdFd + index;
}

/**
 * Opens one socket and hands every connection to `handle`.
 *
 * @throws ConfigError when the address cannot be had, or certificate and key cannot be used
 */
export async function listen(
  socket: BindSocket,
  worker: WorkerBase,
  handle: (connection: net.Socket, kind: 'tcp' | 'unix') => void,
  log: Log,
): Promise<Listener> {
  let kind: 'tcp' | 'unix' = 'tcp';
  const accept = (connection: net.Socket): void => handle(connection, kind);
  const server = socket.tls
    ? tls.createServer(
        { ...tlsOptions(worker), allowHalfOpen: true, noDelay: true, handshakeTimeout: handshakeTimeoutMs },
        accept,
      )
    : net.createServer({ allowHalfOpen: true, noDelay: true }, accept);
  if (socket.tls)
    server.on('tlsClientError', (error) => log.info('TLS handshake failed', { error: error.message }));
  const where: net.ListenOptions = { backlog: defaultBacklog };
  if (socket.systemd !== undefined) Object.assign(where, { fd: systemdFd(socket, socket.systemd) });
  else if (socket.path !== undefined) where.path = socket.path;
  else {
    where.port = socket.port ?? 0;
    if (socket.host !== undefined && socket.host !== '*') {
      where.host = socket.host;
      // Else `[::]:N` would take the port from a `0.0.0.0:N` beside it.
      where.ipv6Only = socket.host.includes(':');
    }
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new ConfigError({ message: `cannot listen on ${socket.text}: ${error.message}` }, { cause: error }),
      ),
    );
    server.listen(where, resolve);
  });
  server.on('error', (error) => log.error('listener failed', { socket: socket.text, error: error.message }));
  // Only a TCP socket has an address of its own; systemd passes either kind.
  kind = typeof (server.address() ?? '') === 'string' ? 'unix' : 'tcp';
  return {
    address: formatAddress(server, socket),
    renewCertificate: (renewed) => {
      if (server instanceof tls.Server) server.setSecureContext(tlsOptions(renewed));
    },
    close: () => void server.close(),
  };
}
