import { compilePattern, type Pattern } from '../../lib/index.ts';

/*
 * What providers call the addresses they hand out: words for the kind of access and the address, or parts of it, in the
 * name. A higher weight means that fewer real mail servers have such a name.
 */

/** Words that mean an access line wherever they are a label, or a part between hyphens, below a provider's domain. */
const accessWords: Readonly<Record<number, readonly string[]>> = {
  5: [
    'dynamic',
    'dyn',
    'dynip',
    'dynamicip',
    'dhcp',
    'pppoe',
    'pppox',
    'pptp',
    'dialup',
    'dial-up',
    'dialin',
    'dialip',
    'dip',
    'broadband',
    'adsl',
    'xdsl',
    'vdsl',
    'sdsl',
    'dsl',
    'cable',
    'cablemodem',
    'catv',
    'docsis',
    'wimax',
    'hsdpa',
    'gprs',
    'umts',
    'unused-addr',
    'unassigned',
    'no-reverse-dns',
    'no-dns',
    'cgnat',
    'cgn',
    'nat-pool',
  ],
  4: [
    'ppp',
    'dial',
    'modem',
    'pool',
    'pools',
    'ftth',
    'fttb',
    'fttx',
    'fttc',
    'fiber',
    'fibre',
    'residential',
    'wireless',
    'wifi',
    'wlan',
    'hotspot',
    'roaming',
    'mobile',
    'lte',
    'cpe',
    'hsd',
    'hsi',
    'subscriber',
    'subscribers',
  ],
  3: [
    'customer',
    'customers',
    'cust',
    'client',
    'clients',
    'user',
    'users',
    'abo',
    'abonent',
    'home',
    'homeuser',
    'res',
    'in-addr',
    'unknown',
    'undefined',
    'unallocated',
  ],
  1: ['static', 'staticip', 'fixed', 'colo', 'vps'],
};

/** Words that mean an access line when a number stands beside them (`dhcp-1`, `host12`, `12-nat`). */
const numberedWords: Readonly<Record<number, readonly string[]>> = {
  5: [
    'dhcp',
    'dyn',
    'dynamic',
    'dialup',
    'dial',
    'ppp',
    'pppoe',
    'dsl',
    'adsl',
    'cable',
    'catv',
    'modem',
    'nat',
    'pool',
    'bb',
  ],
  4: [
    'lan',
    'wlan',
    'wifi',
    'wimax',
    'mobile',
    'lte',
    'gprs',
    'ftth',
    'fiber',
    'fibre',
    'cpe',
    'abo',
    'pc',
    'home',
    'hsd',
  ],
  3: ['ip', 'cust', 'customer', 'client', 'user', 'subs', 'subscriber', 'res', 'port', 'vpn', 'unused'],
  2: ['host', 'node', 'static', 'addr', 'ip4', 'ipv4', 'vps', 'rev'],
};

/** Two labels or more must follow, so that a domain that is called so itself is not meant. */
const below = '(?:[^.]+\\.)+[^.]+$';

/** Forms of names. */
const forms: readonly (readonly [weight: number, pattern: string])[] = [
  // The whole address, in either order.
  [5, '(?:^|[^0-9])[0-9]{1,3}[.x_-][0-9]{1,3}[.x_-][0-9]{1,3}[.x_-][0-9]{1,3}(?:[^0-9]|$)'],
  // Twelve digits: the address without dots; a hardware address.
  [5, '(?:^|[^0-9])[0-9]{12}(?:[^0-9]|$)'],
  [5, '(?:^|[.-])[0-9a-f]{2}(?:[-:][0-9a-f]{2}){5}(?:[.-]|$)'],
  // The address in hexadecimal, alone in its label.
  [4, `(?:^|[.-])(?:0x|ip|h|p|x)?[0-9a-f]{8}\\.${below}`],
  // Half of the address, first in the name.
  [3, '^[a-z]{0,8}[.-]?[0-9]{1,3}[x_-][0-9]{1,3}[x_-][0-9]{1,3}(?:[^0-9]|$)'],
  [2, '^[0-9]{1,3}[_-][0-9]{1,3}(?:[^0-9]|$)'],
  // Labels of digits only.
  [3, `^[0-9]{2,}\\.${below}`],
  [1, `^[a-z][0-9]{3,}\\.${below}`],
  // Letters of an IPv6 address.
  [4, '(?:^|[.-])(?:[0-9a-f]{1,4}-){7}[0-9a-f]{1,4}(?:[.-]|$)'],
  [5, '\\.(?:in-addr|ip6)\\.arpa$'],
];

function sourcesOf(weight: number): readonly string[] {
  const sources: string[] = [];
  const access = accessWords[weight];
  if (access) sources.push(`(?:^|[.-])(?:${access.join('|')})[0-9]{0,4}[.-]${below}`);
  const numbered = numberedWords[weight];
  if (numbered) {
    sources.push(`(?:^|[.-])(?:${numbered.join('|')})[.-]?[0-9]`);
    sources.push(`[0-9][.-]?(?:${numbered.join('|')})[.-]${below}`);
  }
  for (const [own, source] of forms) if (own === weight) sources.push(source);
  return sources;
}

/** Expressions by weight, the heaviest first; screened for linear time when they are compiled. */
const patterns: readonly (readonly [weight: number, pattern: Pattern])[] = [5, 4, 3, 2, 1].map((weight) => [
  weight,
  compilePattern(`/${sourcesOf(weight).join('|')}/i`),
]);

/** Longest host name that is looked at (RFC 1035 2.3.4). */
const maxLength = 255;

/** How much a host is called like a provider's customer: 0 (not at all) to 5. */
export function genericWeight(host: string): number {
  const name = host.slice(0, maxLength).toLowerCase();
  return patterns.find(([, pattern]) => pattern.test(name))?.[0] ?? 0;
}

const privateNames =
  /(?:^|\.)(?:lan|local|localhost|localdomain|home|internal|intranet|intra|private|priv|corp|workgroup|router|speedtouch|invalid)$/i;

/** How much a HELO looks like that of no mail server: 5 for bare words and names of private networks, else as a host. */
export function heloWeight(helo: string): number {
  if (!helo.includes('.') || privateNames.test(helo)) return 5;
  return genericWeight(helo);
}
