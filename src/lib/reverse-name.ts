import type { IpAddress } from './ip.ts';

/**
 * The address as zones of DNS have it (RFC 1035 3.5, RFC 3596 2.5, RFC 5782 2.1): the numbers of IPv4, or the nibbles
 * of IPv6, last first with dots between.
 */
export function reversedIp({ family, bytes }: IpAddress): string {
  if (family === 4) return bytes.toReversed().join('.');
  let text = '';
  for (let i = bytes.length - 1; i >= 0; i--) {
    const byte = bytes[i]!;
    text += `${(byte & 15).toString(16)}.${(byte >> 4).toString(16)}${i === 0 ? '' : '.'}`;
  }
  return text;
}

/** The name under which DNS keeps the pointer record of an address (RFC 1035 3.5, RFC 3596 2.5). */
export function reverseName(ip: IpAddress): string {
  return `${reversedIp(ip)}.${ip.family === 4 ? 'in-addr' : 'ip6'}.arpa`;
}
