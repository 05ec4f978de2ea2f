import type { MapHandle, Task } from '../../core/index.ts';
import { type IpAddress, parseIp } from '../../lib/index.ts';

/** Whom to check: the host that handed a message to us, or to the own relay in front of us. */
export interface SpfClient {
  readonly ip: IpAddress;
  readonly isRelayed: boolean;
}

/** Looks an address up in a map of any kind. */
export async function isListed(map: MapHandle, ip: IpAddress, signal: AbortSignal): Promise<boolean> {
  return (map.isExternal ? await map.ask(ip, signal) : map.lookup(ip)) !== undefined;
}

/** More hops than this are not looked at. */
const maxHops = 50;

/**
 * The hop after the first own relay. The connection to us is the newest hop; where the MTA has written it down
 * already, that field is the same hop again.
 */
export async function findClient(task: Task, relays: MapHandle): Promise<SpfClient | undefined> {
  const { clientIp } = task.envelope;
  const written = task.message.received.slice(0, maxHops).map(({ fromIp }) => fromIp);
  const hops = clientIp === undefined || written[0] === clientIp.text ? written : [clientIp.text, ...written];
  for (const [index, text] of hops.entries()) {
    const relay = text === undefined ? undefined : parseIp(text);
    if (!relay || !(await isListed(relays, relay, task.signal))) continue;
    const next = hops[index + 1];
    const ip = next === undefined ? undefined : parseIp(next);
    if (ip) return { ip, isRelayed: true };
    break;
  }
  return clientIp && { ip: clientIp, isRelayed: false };
}
