import { isPublicIp, parseIp } from '../../lib/index.ts';

/** An address in a HELO, with or without brackets; `odd`: one that no server on the Internet has. */
export interface HeloAddress {
  readonly kind: 'bare' | 'odd';
  readonly text: string;
}

/** The address that a HELO is; undefined when it is a name. */
export function heloAddress(helo: string): HeloAddress | undefined {
  const inner = helo.startsWith('[') && helo.endsWith(']') ? helo.slice(1, -1) : helo;
  const text = /^ipv6:/i.test(inner) ? inner.slice('IPv6:'.length) : inner;
  const dotted = /^[0-9]{1,3}(?:[x-][0-9]{1,3}){3}$/.test(text) ? text.replaceAll(/[x-]/g, '.') : text;
  const ip = parseIp(dotted);
  // Numbers beyond 255 and the like.
  if (!ip) return /^[0-9]+(?:[.x-][0-9]+){3}$/.test(text) ? { kind: 'odd', text } : undefined;
  const isBroadcast = ip.family === 4 && ip.bytes[3] === 255;
  return { kind: isBroadcast || !isPublicIp(ip) ? 'odd' : 'bare', text };
}
