import { type IpAddress, ipFromBytes } from './ip.ts';

/** The address with all but its first bits cleared. */
export function maskIp(ip: IpAddress, prefixLength: number): IpAddress {
  const bytes = ip.bytes.slice();
  for (let i = 0; i < bytes.length; i++) {
    const keep = Math.min(8, Math.max(0, prefixLength - i * 8));
    bytes[i] = bytes[i]! & (0xff << (8 - keep));
  }
  return ipFromBytes(bytes);
}

/** Shortest prefixes under which hashes of networks are asked. */
const shortestPrefix = { 4: 8, 6: 64 } as const;

/**
 * What an address is called in a hash of addresses and networks: its text, then `network/length` from the longest
 * prefix to /8 (IPv4) or /64 (IPv6).
 */
export function networkKeys(ip: IpAddress): readonly string[] {
  const keys = [ip.text];
  for (let length = ip.bytes.length * 8; length >= shortestPrefix[ip.family]; length--) {
    keys.push(`${maskIp(ip, length).text}/${length}`);
  }
  return keys;
}
