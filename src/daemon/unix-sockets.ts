import { chmodSync, chownSync, lstatSync, readFileSync, unlinkSync } from 'node:fs';
import net from 'node:net';
import { type BindSocket, ConfigError } from '../core/index.ts';

/** Whoever may connect is trusted like a local user of the mail system: owner and group, unless configured. */
const defaultMode = 0o660;

type UnixSocket = BindSocket & { readonly path: string };

function isUnixSocket(socket: BindSocket): socket is UnixSocket {
  return socket.path !== undefined;
}

/**
 * Makes room for unix sockets: one that nobody answers on is a leftover of a crash and is removed.
 *
 * @throws ConfigError when the path is something else, or another server answers there
 */
export async function prepareUnixSockets(sockets: readonly BindSocket[]): Promise<void> {
  for (const { path, text } of sockets.filter(isUnixSocket)) {
    const status = lstatSync(path, { throwIfNoEntry: false });
    if (!status) continue;
    if (!status.isSocket()) throw new ConfigError({ message: `${text}: ${path} exists and is no socket` });
    if (await isAnswered(path)) throw new ConfigError({ message: `${text}: another server listens there` });
    unlinkSync(path);
  }
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = net.connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', () => resolve(false));
  });
}

/**
 * Gives unix sockets that are open the permissions and owners they are configured with.
 *
 * @throws ConfigError for an unknown user or group, or one that we may not give the socket to
 */
export function applyPermissions(sockets: readonly BindSocket[]): void {
  for (const { path, text, mode, owner, group } of sockets.filter(isUnixSocket)) {
    if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) continue;
    try {
      chmodSync(path, mode ?? defaultMode);
      if (owner !== undefined || group !== undefined) {
        chownSync(path, idOf(owner, '/etc/passwd'), idOf(group, '/etc/group'));
      }
    } catch (error) {
      if (error instanceof ConfigError) throw error;
      throw new ConfigError({ message: `${text}: ${(error as Error).message}` }, { cause: error });
    }
  }
}

/** Numeric id of a user or group; -1 leaves it as it is (chown(2)). */
function idOf(name: string | undefined, file: '/etc/passwd' | '/etc/group'): number {
  if (name === undefined) return -1;
  if (/^\d+$/.test(name)) return Number(name);
  const line = readFileSync(file, 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`));
  if (line === undefined)
    throw new ConfigError({ message: `unknown ${file === '/etc/group' ? 'group' : 'user'} ${name}` });
  return Number(line.split(':')[2]);
}
