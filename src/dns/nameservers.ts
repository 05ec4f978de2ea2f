import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { ConfigError, type DnsOptions, type Log } from '../core/index.ts';

export interface NameServerAddress {
  readonly host: string;
  readonly port: number;
  /** Share of the questions (round-robin, random) or order (master-slave). Default 1. */
  readonly weight: number;
}

const dnsPort = 53;

/**
 * `ip`, `ip:port`, `ip:port:weight`, IPv6 with or without brackets.
 *
 * @throws ConfigError
 */
export function parseNameServers(texts: DnsOptions['nameservers']): readonly NameServerAddress[] {
  return texts.map((text, index) => {
    const parts =
      /^\[([^\]]+)\](?::(\d+))?(?::(\d+))?$/.exec(text.trim()) ??
      /^([\d.]+)(?::(\d+))?(?::(\d+))?$/.exec(text.trim()) ??
      /^([0-9a-fA-F:.]+(?:%\S+)?)$/.exec(text.trim());
    const host = parts?.[1] ?? '';
    const port = Number(parts?.[2] ?? dnsPort);
    if (isIP(host) === 0 || port < 1 || port > 65535)
      throw new ConfigError({
        path: `options.dns.nameserver[${index}]`,
        message: `"${text}" is no address of a name server`,
        expected: 'ip, ip:port or ip:port:weight',
      });
    return { host, port, weight: Math.max(1, Number(parts?.[3] ?? 1)) };
  });
}

/** Name servers of resolv.conf(5); the local host when there are none. */
export function systemNameServers(log: Log, path = '/etc/resolv.conf'): readonly NameServerAddress[] {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    log.warn(`cannot read ${path}, asking the local host`, { error: String(error) });
  }
  const servers: NameServerAddress[] = [];
  for (const line of text.split('\n')) {
    const [keyword, host = ''] = line.trim().split(/\s+/);
    if (keyword === 'nameserver' && isIP(host) !== 0) servers.push({ host, port: dnsPort, weight: 1 });
  }
  return servers.length > 0 ? servers : [{ host: '127.0.0.1', port: dnsPort, weight: 1 }];
}
