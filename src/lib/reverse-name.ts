import type { IpAddress } from './ip.ts';

/** The name under which DNS keeps the pointer record of an address (RFC 1035 3.5, RFC 3596 2.5). */
export function reverseName({ family, bytes }: IpAddress): string {
  if (family === 4) return `${bytes.toReversed().join('.')}.in-addr.arpa`;
  let name = '';
  for (let i = bytes.length - 1; i >= 0; i--) {
    const byte = bytes[i]!;
    name += `${(byte & 15).toString(16)}.${(byte >> 4).toString(16)}.`;
  }
  return `${name}ip6.arpa`;
}
