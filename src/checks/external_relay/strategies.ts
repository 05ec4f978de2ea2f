import type { MapHandle, ReceivedHop, Task } from '../../core/index.ts';
import { type IpAddress, parseIp } from '../../lib/index.ts';

/** The hop at which a message was handed to us or to a relay of ours; undefined: leave the client as it is. */
export type FindHop = (task: Task) => ReceivedHop | undefined | Promise<ReceivedHop | undefined>;

/** A hop with an address that can be read. */
interface AddressedHop {
  readonly hop: ReceivedHop;
  readonly ip: IpAddress;
}

function* addressed(task: Task): Generator<AddressedHop> {
  for (const hop of task.message.received) {
    const ip = hop.fromIp === undefined ? undefined : parseIp(hop.fromIp);
    if (ip) yield { hop, ip };
  }
}

async function isListed(map: MapHandle, key: string | IpAddress, task: Task): Promise<boolean> {
  return (map.isExternal ? await map.ask(key, task.signal) : map.lookup(key)) !== undefined;
}

/** The end of a chain of authenticated hops: the first that is none. */
export function endOfLogins(users: MapHandle | undefined): FindHop {
  return async (task) => {
    const { login } = task.envelope;
    if (login === undefined || (users && !(await isListed(users, login, task)))) return undefined;
    return task.message.received.find((hop) => !hop.isAuthenticated);
  };
}

/** The first hop from outside; the oldest where all are local. */
export function firstFromOutside(): FindHop {
  return (task) => {
    if (!task.envelope.clientIp || !task.direction.isLocal) return undefined;
    let last: ReceivedHop | undefined;
    for (const { hop, ip } of addressed(task)) {
      last = hop;
      if (!task.isLocalClient(ip)) break;
    }
    return last;
  };
}

export function nth(count: number): FindHop {
  return (task) => task.message.received[count - 1];
}

/**
 * From relay to relay by name: the field that the client wrote, then the one that whoever it had the mail from wrote,
 * as long as those are relays. Only names that a relay verified count: anybody may claim another in HELO.
 */
export function behindNames(relays: MapHandle): FindHop {
  return async (task) => {
    let name = task.envelope.hostName?.toLowerCase();
    if (name === undefined || !(await isListed(relays, name, task))) return undefined;
    for (const { hop } of addressed(task)) {
      if (hop.by !== name) continue;
      if (hop.realName === undefined || !(await isListed(relays, hop.realName, task))) return hop;
      name = hop.realName;
    }
    return undefined;
  };
}

/** The first hop that came from no relay; the oldest where all did. */
export function behindAddresses(relays: MapHandle): FindHop {
  return async (task) => {
    const { clientIp } = task.envelope;
    if (!clientIp || !(await isListed(relays, clientIp, task))) return undefined;
    let last: ReceivedHop | undefined;
    for (const { hop, ip } of addressed(task)) {
      last = hop;
      if (!(await isListed(relays, ip, task))) break;
    }
    return last;
  };
}
