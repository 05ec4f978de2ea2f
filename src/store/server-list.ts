import { isIPv6 } from 'node:net';

/** One server of a list. */
export type ServerAddress =
  | { readonly host: string; readonly port: number; readonly weight: number }
  | { readonly path: string; readonly weight: number };

export type Rotation = 'master-slave' | 'round-robin' | 'hash' | 'random';

export interface ServerList {
  /** Undefined: none was written; the use decides. */
  readonly rotation: Rotation | undefined;
  readonly servers: readonly ServerAddress[];
}

const rotationPrefix = /^(master-slave|round-robin|hash|random):/;

/**
 * Reads the text of a server option: `host`, `host:port`, `host:port:weight`, `[v6]:port`, `/unix/path`, lists with
 * `,` or `;`, and a rotation in front (`master-slave:a,b`).
 *
 * @returns what is wrong, as text, when the list cannot be read
 */
export function parseServerList(value: unknown, defaultPort: number): ServerList | string {
  const texts = Array.isArray(value) ? value : [value];
  let rotation: Rotation | undefined;
  const servers: ServerAddress[] = [];
  for (const text of texts) {
    if (typeof text !== 'string') return 'a server must be a text';
    let rest = text.trim();
    const prefix = rotationPrefix.exec(rest);
    if (prefix) {
      rotation = prefix[1] as Rotation;
      rest = rest.slice(prefix[0].length);
    }
    for (const item of rest.split(/[,;]/)) {
      if (item.trim() === '') continue;
      const server = parseServer(item.trim(), defaultPort);
      if (typeof server === 'string') return server;
      servers.push(server);
    }
  }
  return servers.length === 0 ? 'no server is named' : { rotation, servers };
}

function parseServer(text: string, defaultPort: number): ServerAddress | string {
  if (text.startsWith('/') || text.startsWith('unix:')) {
    const path = text.startsWith('unix:') ? text.slice(5) : text;
    const weighted = /^(.*):(\d+)$/.exec(path);
    return weighted ? { path: weighted[1]!, weight: Number(weighted[2]) } : { path, weight: 0 };
  }
  const parts =
    /^\[([^\]]+)\](?::(\d+))?(?::(\d+))?$/.exec(text) ?? /^([^:\s]+)(?::(\d+))?(?::(\d+))?$/.exec(text);
  // An IPv6 address without brackets has no room for a port.
  const address = parts ?? (isIPv6(text) ? [text, text] : undefined);
  if (!address) return `"${text}" is no server address`;
  const port = address[2] === undefined ? defaultPort : Number(address[2]);
  if (port < 1 || port > 65535) return `"${text}" has a port outside 1 to 65535`;
  return { host: address[1]!, port, weight: address[3] === undefined ? 0 : Number(address[3]) };
}

/** The address as operators know it. */
export function formatServer(server: ServerAddress): string {
  if ('path' in server) return server.path;
  return server.host.includes(':') ? `[${server.host}]:${server.port}` : `${server.host}:${server.port}`;
}
