import { isIPv6 } from 'node:net';
import { fuzzyPort } from './wire.ts';

/** How servers take turns. */
type Rotation = 'round-robin' | 'master-slave' | 'random';

/** Addresses of storages that hold the same hashes. */
export interface ServerList {
  readonly rotation: Rotation;
  readonly servers: readonly { readonly host: string; readonly port: number }[];
}

const rotations: Readonly<Record<string, Rotation>> = {
  'round-robin': 'round-robin',
  'master-slave': 'master-slave',
  random: 'random',
  // A hash of nothing in particular is as good as chance.
  hash: 'random',
  sequential: 'round-robin',
};

const serverForm = /^(?:\[([^\]]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?(?::(\d{1,3}))?$/;

/**
 * Reads `[rotation:]host[:port[:priority]],…` or a list of servers.
 *
 * @returns what is wrong, as a text
 */
export function parseServers(spec: string | readonly string[]): ServerList | string {
  const list = (typeof spec === 'string' ? [spec] : spec).flatMap((text) => text.split(','));
  let rotation: Rotation = 'round-robin';
  const servers: { host: string; port: number; priority: number }[] = [];
  for (const [index, written] of list.entries()) {
    let text = written.trim();
    const prefix = index === 0 ? /^([a-z-]+):(?=.*[^\d:])/.exec(text)?.[1] : undefined;
    if (prefix !== undefined && prefix in rotations) {
      rotation = rotations[prefix]!;
      text = text.slice(prefix.length + 1);
    }
    if (text === '') continue;
    const match = isIPv6(text) ? [text, text] : serverForm.exec(text);
    const host = match?.[1] ?? match?.[2];
    const port = Number(match?.[3] ?? fuzzyPort);
    if (host === undefined || (match?.[1] !== undefined && !isIPv6(match[1])) || port < 1 || port > 65_535)
      return `no server: ${text}`;
    servers.push({ host, port, priority: Number(match?.[4] ?? 0) });
  }
  if (servers.length === 0) return 'no servers';
  if (rotation === 'master-slave') servers.sort((a, b) => b.priority - a.priority);
  return { rotation, servers: servers.map(({ host, port }) => ({ host, port })) };
}
