import { chmodSync, chownSync, lstatSync, readFileSync, unlinkSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { type BindSocket, ConfigError, type Log, PosternError, type WorkerBase } from '../core/index.ts';

/** A socket that accepts connections for one worker. */
export interface Listener {
  readonly socket: BindSocket;
  /** Address as bound, `127.0.0.1:11333`. */
  readonly address: string;
  /** Reads certificate and key again, for connections from now on. */
  renewCertificate(worker: WorkerBase): void;
  close(): void;
}

/**
 * The sockets of a worker one by one: `localhost` means both address families (and a machine without IPv6 is not
 * an error).
 */
export function expandSockets(
  worker: WorkerBase,
): readonly { readonly socket: BindSocket; readonly isOptional: boolean }[] {
  return worker.sockets.flatMap((socket): { socket: BindSocket; isOptional: boolean }[] =>
    socket.host === 'localhost'
      ? [
          { socket: { ...socket, host: '127.0.0.1' }, isOptional: false },
          { socket: { ...socket, host: '::1' }, isOptional: true },
        ]
      : [{ socket, isOptional: false }],
  );
}

const defaultBacklog = 1024;

function tlsOptions(worker: WorkerBase): tls.SecureContextOptions {
  if (worker.tlsCertificatePath === undefined || worker.tlsKeyPath === undefined) {
    throw new ConfigError({ message: 'a socket with `ssl` needs ssl_cert and ssl_key' });
  }
  try {
    return { cert: readFileSync(worker.tlsCertificatePath), key: readFileSync(worker.tlsKeyPath) };
  } catch (error) {
    throw new ConfigError(
      { message: `certificate or key cannot be read: ${String(error)}` },
      { cause: error },
    );
  }
}

/** A unix socket that nobody answers on is a leftover of a crash. */
async function removeStaleSocket(path: string): Promise<void> {
  try {
    if (!lstatSync(path).isSocket()) throw new PosternError('config', `${path} exists and is no socket`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const isAlive = await new Promise<boolean>((resolve) => {
    const probe = net.connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', () => resolve(false));
  });
  if (isAlive) throw new PosternError('config', `${path} is in use by another server`);
  unlinkSync(path);
}

function userId(name: string | undefined, file: '/etc/passwd' | '/etc/group'): number {
  if (name === undefined) return -1;
  if (/^\d+$/.test(name)) return Number(name);
  const line = readFileSync(file, 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`));
  if (line === undefined)
    throw new ConfigError({ message: `unknown ${file === '/etc/group' ? 'group' : 'user'} ${name}` });
  return Number(line.split(':')[2]);
}

function applyPermissions(socket: BindSocket & { readonly path: string }): void {
  chmodSync(socket.path, socket.mode ?? 0o666);
  if (socket.owner !== undefined || socket.group !== undefined) {
    chownSync(socket.path, userId(socket.owner, '/etc/passwd'), userId(socket.group, '/etc/group'));
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

/**
 * Opens one socket and hands every connection to `handle`.
 *
 * @throws ConfigError for what the configuration got wrong, PosternError when the address cannot be had
 */
export async function listen(
  socket: BindSocket,
  worker: WorkerBase,
  handle: (connection: net.Socket) => void,
  log: Log,
): Promise<Listener> {
  const server = socket.tls
    ? tls.createServer(tlsOptions(worker), handle)
    : net.createServer({ allowHalfOpen: true, noDelay: true }, handle);
  if (socket.tls)
    server.on('tlsClientError', (error) => log.info('TLS handshake failed', { error: error.message }));
  const where: net.ListenOptions = { backlog: defaultBacklog };
  if (socket.systemd !== undefined) Object.assign(where, { fd: firstSystemdFd + socket.systemd });
  else if (socket.path !== undefined) where.path = socket.path;
  else {
    where.port = socket.port ?? 0;
    if (socket.host !== undefined && socket.host !== '*') where.host = socket.host;
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new PosternError('internal', `cannot listen on ${socket.text}: ${error.message}`, { cause: error }),
      ),
    );
    server.listen(where, resolve);
  });
  server.on('error', (error) => log.error('listener failed', { socket: socket.text, error: error.message }));
  return {
    socket,
    address: formatAddress(server, socket),
    renewCertificate: (renewed) => {
      if (server instanceof tls.Server) server.setSecureContext(tlsOptions(renewed));
    },
    close: () => void server.close(),
  };
}

/** Prepares a unix socket's place and, once somebody listens there, its permissions. Runs in the primary only. */
export const unixSocket = {
  prepare: removeStaleSocket,
  finish: applyPermissions,
};
