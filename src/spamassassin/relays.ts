import type { ReceivedHop, Task } from '../core/index.ts';
import { parseIp } from '../lib/index.ts';
import { ruleLimits } from './limits.ts';

/** A host that handed the message on, as rules know it. */
export interface Relay {
  readonly ip: string;
  /** Verified name; `''` when there is none. */
  readonly rdns: string;
  readonly helo: string;
  readonly by: string;
  readonly id: string;
  readonly auth: string;
  /** Number of its Received field from the top; -1: it is the client that handed the message to us. */
  readonly field: number;
}

export interface Relays {
  /** Newest first: our own networks and authenticated clients, up to the first other one. */
  readonly trusted: readonly Relay[];
  readonly untrusted: readonly Relay[];
  readonly trustedText: string;
  readonly untrustedText: string;
  /** Received fields that tell no address. */
  readonly unparseable: number;
  /** Received fields, from the top, that hosts of ours wrote: those of trusted relays and the next one. */
  readonly ownFields: number;
}

function relayText({ ip, rdns, helo, by, id, auth }: Relay, isTrusted: boolean): string {
  return `[ ip=${ip} rdns=${rdns} helo=${helo} by=${by} ident= envfrom= intl=${isTrusted ? 1 : 0} id=${id} auth=${auth} msa=0 ]`;
}

function fromHop(hop: ReceivedHop, field: number, value: string): Relay | undefined {
  if (hop.fromIp === undefined) return undefined;
  return {
    ip: hop.fromIp,
    rdns: hop.realName ?? '',
    helo: hop.fromName ?? '',
    by: hop.by ?? '',
    id: /\sid\s+<?([^\s<>;]{3,})/.exec(value)?.[1] ?? '',
    auth: hop.isAuthenticated ? (hop.protocol?.toUpperCase() ?? 'ESMTPA') : '',
    field,
  };
}

/**
 * The way of a message: the client that hands it to us, unless its own Received field is there already, then the
 * Received fields. Clients of our networks and authenticated ones are trusted, up to the first that is neither.
 */
export function readRelays(task: Task): Relays {
  const { message, envelope } = task;
  const relays: Relay[] = [];
  let unparseable = 0;
  const fields = message.headers.every('received');
  for (const [index, hop] of message.received.slice(0, ruleLimits.relays).entries()) {
    const relay = fromHop(hop, index, fields[index]?.value ?? '');
    if (relay) relays.push(relay);
    else if (
      !/^(?:by|\(qmail|\(from)\b|\bfrom\b.*\blocalhost\b|^from \S+ by /i.test(fields[index]?.value ?? '')
    )
      unparseable++;
  }
  const { clientIp } = envelope;
  if (clientIp && relays[0]?.ip !== clientIp.text)
    relays.unshift({
      ip: clientIp.text,
      rdns: envelope.hostName ?? '',
      helo: envelope.helo ?? '',
      by: '',
      id: envelope.queueId ?? '',
      auth: envelope.login === undefined ? '' : 'ESMTPA',
      field: -1,
    });
  const edge = relays.findIndex(({ ip, auth }) => {
    const address = parseIp(ip);
    return auth === '' && !(address !== undefined && task.isLocalClient(address));
  });
  const trusted = edge < 0 ? relays : relays.slice(0, edge);
  const untrusted = edge < 0 ? [] : relays.slice(edge);
  return {
    trusted,
    untrusted,
    trustedText: trusted.map((relay) => relayText(relay, true)).join(' '),
    untrustedText: untrusted.map((relay) => relayText(relay, false)).join(' '),
    unparseable,
    ownFields: untrusted[0] === undefined ? Number.POSITIVE_INFINITY : untrusted[0].field + 1,
  };
}
