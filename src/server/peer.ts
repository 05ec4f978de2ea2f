import type { Socket } from 'node:net';
import { type IpAddress, parseIp } from '../lib/index.ts';

/** Whoever connected to Postern: an MTA, a command line client, another scanner's proxy. */
export interface Peer {
  /** Undefined for a unix socket. */
  readonly ip: IpAddress | undefined;
  readonly isUnixSocket: boolean;
  /** For logs: the address, or `unix`. */
  readonly text: string;
}

/** The peer of an accepted socket. Ask at once: a socket that was closed has forgotten its address. */
export function peerOf(socket: Socket, kind: 'tcp' | 'unix'): Peer {
  if (kind === 'unix') return { ip: undefined, isUnixSocket: true, text: 'unix' };
  const ip = socket.remoteAddress === undefined ? undefined : parseIp(socket.remoteAddress);
  return { ip, isUnixSocket: false, text: ip?.text ?? 'unknown' };
}
