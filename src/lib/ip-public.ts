import { type IpAddress, IpTrie, ipFromBytes, parseNetwork } from './ip.ts';

/**
 * Networks that are nobody's on the public internet: the registries of RFC 6890 with what joined them since, and what is
 * no unicast address. IPv6 outside 2000::/3 is not listed, since only that is given out (RFC 4291 4, RFC 3587 3).
 */
const special = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
];

const specialNetworks = new IpTrie<true>();
for (const network of special) specialNetworks.set(parseNetwork(network)!, true);

/** Prefix under which IPv6-only networks reach IPv4 (RFC 6052 2.1). */
const nat64Prefix = Buffer.from('0064ff9b0000000000000000', 'hex');

/**
 * May this be the address of a host on the public internet? False for private, shared, loopback, link-local,
 * documentation, multicast and all other special addresses, also where they are wrapped into IPv6.
 */
export function isPublicIp(ip: IpAddress): boolean {
  if (ip.family === 6) {
    if (nat64Prefix.equals(ip.bytes.subarray(0, 12))) return isPublicIp(ipFromBytes(ip.bytes.slice(12)));
    if ((ip.bytes[0]! & 0xe0) !== 0x20) return false;
  }
  return !specialNetworks.has(ip);
}
