import { type IpAddress, isIntrinsicallyLocal, maskIp, parseNetwork } from '../../lib/index.ts';

/** `local`: of a private network; `bogon`: of nobody on the Internet. */
export type AddressKind = 'public' | 'local' | 'bogon';

/** RFC 1918 and RFC 4193. */
const localNetworks = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'];
/** Special purposes and what was never given out (RFC 6890 and its registries). */
const bogonNetworks = [
  '0.0.0.0/8',
  '100.64.0.0/10',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/128',
  '100::/64',
  '2001:db8::/32',
  '3fff::/20',
  'ff00::/8',
];

const tables = [
  ['local', localNetworks],
  ['bogon', bogonNetworks],
] as const;
const networks = tables.flatMap(([kind, texts]) => texts.map((text) => ({ kind, ...parseNetwork(text)! })));

/** What kind of network an address is of. */
export function addressKind(ip: IpAddress): AddressKind {
  if (isIntrinsicallyLocal(ip)) return 'local';
  const found = networks.find(
    ({ address, prefixLength }) =>
      address.family === ip.family && maskIp(ip, prefixLength).text === maskIp(address, prefixLength).text,
  );
  return found?.kind ?? 'public';
}
