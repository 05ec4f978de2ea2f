import { isIntrinsicallyLocal, parseIp } from '../../lib/index.ts';

/** An address in a HELO, with or without brackets; `odd`: one that no server on the Internet has. */
export interface HeloAddress {
  readonly kind: 'bare' | 'odd';
  readonly text: string;
}

/** First and second octets of networks for special uses (RFC 6890), beside what is local by nature. */
function isSpecial(bytes: Uint8Array): boolean {
  const [a = 0, b = 0] = bytes;
  if (bytes.length === 16) return (a & 0xfe) === 0xfc || a === 0xff || bytes.every((byte) => byte === 0);
  return (
    a === 0 ||
    a === 10 ||
    a >= 224 ||
    (a === 100 && b >= 64 && b < 128) ||
    (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168) ||
    bytes[3] === 255
  );
}

/** The address that a HELO is; undefined when it is a name. */
export function heloAddress(helo: string): HeloAddress | undefined {
  const inner = helo.startsWith('[') && helo.endsWith(']') ? helo.slice(1, -1) : helo;
  const text = /^ipv6:/i.test(inner) ? inner.slice('IPv6:'.length) : inner;
  const dotted = /^[0-9]{1,3}(?:[x-][0-9]{1,3}){3}$/.test(text) ? text.replaceAll(/[x-]/g, '.') : text;
  const ip = parseIp(dotted);
  // Numbers beyond 255 and the like.
  if (!ip) return /^[0-9]+(?:[.x-][0-9]+){3}$/.test(text) ? { kind: 'odd', text } : undefined;
  return { kind: isIntrinsicallyLocal(ip) || isSpecial(ip.bytes) ? 'odd' : 'bare', text };
}
