import type { BindSocket } from '../../core/index.ts';

/**
 * Reads a listener (`bind_socket`, cfg_utils of Rspamd by the addenda): `host:port`, `*:port`, `[v6]:port`, a host
 * alone, a port alone, `/path mode=0660 owner=u group=g`, `systemd:N`; a trailing ` ssl` turns TLS on.
 *
 * @param defaultPort for a host that names none
 * @returns what is wrong, as text, for anything else
 */
export function parseBindSocket(text: string, defaultPort: number): BindSocket | string {
  const words = text.trim().split(/\s+/);
  const tls = words.length > 1 && words.at(-1)?.toLowerCase() === 'ssl';
  if (tls) words.pop();
  const [address = '', ...rest] = words;
  if (address.startsWith('/')) return parsePath(text, address, rest, tls);
  if (rest.length > 0) return `unexpected \`${rest.join(' ')}\` after the address`;
  const systemd = /^systemd:(\d+)$/.exec(address);
  if (systemd) return { text, systemd: Number(systemd[1]), tls };
  if (address.startsWith('systemd:')) return 'systemd sockets are numbered: systemd:0';

  const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d+))?$/.exec(address);
  // An IPv6 address without brackets has no port.
  const bare = match ? undefined : /^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/.exec(address);
  if (!match && !bare) return 'not an address';
  const isPortAlone = match !== null && match[3] === undefined && /^\d+$/.test(match[2] ?? '');
  const host = isPortAlone ? '*' : (match?.[1] ?? match?.[2] ?? address);
  const portText = isPortAlone ? match?.[2] : match?.[3];
  const port = portText === undefined ? defaultPort : Number(portText);
  if (port > 65_535) return `port ${portText} is above 65535`;
  return { text, host: wildcards[host] ?? host, port, tls };
}

/** Addresses that stand for every interface, of both or of one family. */
const wildcards: Readonly<Record<string, string>> = { '*v4': '0.0.0.0', '*v6': '::' };

function parsePath(
  text: string,
  path: string,
  options: readonly string[],
  tls: boolean,
): BindSocket | string {
  const socket: { -readonly [Key in keyof BindSocket]: BindSocket[Key] } = { text, path, tls };
  for (const option of options) {
    const [name, value = ''] = option.split('=', 2);
    if (name === 'mode') {
      if (!/^0?[0-7]{3}$/.test(value)) return `bad mode \`${value}\`, use an octal number such as 0660`;
      socket.mode = Number.parseInt(value, 8);
    } else if ((name === 'owner' || name === 'group') && value !== '') socket[name] = value;
    else return `unknown \`${option}\` after the path, use mode=, owner= or group=`;
  }
  return socket;
}
