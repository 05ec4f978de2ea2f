import type { DnsAnswer, MapHandle, Resolver } from '../../core/index.ts';
import { type IpAddress, parseIp } from '../../lib/index.ts';
import type { AddressKind } from './address-kind.ts';
import { type ProbeOptions, type ProbeOutcome, probeAny } from './probe.ts';

/** What may be said of a domain, as its symbols are called without prefix. */
export const verdicts = {
  MX_GOOD: { score: -0.1, description: 'a mail exchanger takes connections' },
  MX_WHITE: { score: -0.1, description: 'the domain is on the whitelist' },
  MX_INVALID: { score: 3, description: 'what answers on the mail port is no mail server' },
  MX_REFUSED: { score: 3, description: 'mail exchangers refuse connections' },
  MX_TIMEOUT_CONNECT: { score: 2, description: 'mail exchangers cannot be reached' },
  MX_TIMEOUT_READ: { score: 0.1, description: 'mail exchangers say nothing' },
  MX_ERROR: { score: 0, description: 'mail exchangers could not be tried' },
  MX_NONE: { score: 4, description: 'the domain has neither mail exchanger nor address' },
  MX_NULL: { score: 6, description: 'the domain takes no mail' },
  MX_BROKEN: { score: 4, description: 'no mail exchanger has an address' },
  MX_A_GOOD: { score: 0, description: 'without mail exchanger, the domain itself takes connections' },
  MX_A_REFUSED: { score: 3, description: 'without mail exchanger, the domain itself refuses connections' },
  MX_A_TIMEOUT_CONNECT: { score: 2.5, description: 'without mail exchanger, the domain cannot be reached' },
  MX_A_TIMEOUT_READ: { score: 0.1, description: 'without mail exchanger, the domain itself says nothing' },
  MX_A_ERROR: { score: 0, description: 'without mail exchanger, the domain itself could not be tried' },
  MX_A_INVALID: { score: 3, description: 'without mail exchanger, what answers is no mail server' },
  MX_DNS_FAIL: { score: 0, description: 'DNS did not answer' },
  MX_SKIP: { score: 0, description: 'the domain is not tried' },
  MX_INFLIGHT: { score: 0, description: 'the domain is just being tried' },
  MX_REDIS_ERROR: { score: 0, description: 'the store could not be asked' },
  MX_LOCAL_ONLY: { score: 3, description: 'all mail exchangers are in private networks' },
  MX_LOCAL_MIX: { score: 3, description: 'some mail exchangers are in private networks' },
  MX_BOGON_ONLY: { score: 8, description: 'all mail exchangers are in networks of nobody' },
  MX_BOGON_MIX: { score: 5, description: 'some mail exchangers are in networks of nobody' },
  MX_BAD: { score: 6, description: 'a mail exchanger is on the list of bad ones' },
  MX_IP_BAD: { score: 6, description: 'the address of a mail exchanger is on the list of bad ones' },
} as const;
export type Verdict = keyof typeof verdicts;

export interface JudgeOptions extends Omit<ProbeOptions, 'signal'> {
  readonly maxAddresses: number;
  readonly probesIpv4: boolean;
  readonly probesIpv6: boolean;
  readonly excludedIps: MapHandle | undefined;
  readonly badNames: MapHandle | undefined;
  readonly badIps: MapHandle | undefined;
  kindOf(ip: IpAddress): AddressKind;
}

/** Mail exchangers of a domain that are looked at. */
const maxExchanges = 8;

const byOutcome: Readonly<Record<ProbeOutcome, readonly [mx: Verdict, address: Verdict]>> = {
  good: ['MX_GOOD', 'MX_A_GOOD'],
  invalid: ['MX_INVALID', 'MX_A_INVALID'],
  refused: ['MX_REFUSED', 'MX_A_REFUSED'],
  timeout_connect: ['MX_TIMEOUT_CONNECT', 'MX_A_TIMEOUT_CONNECT'],
  timeout_read: ['MX_TIMEOUT_READ', 'MX_A_TIMEOUT_READ'],
  error: ['MX_ERROR', 'MX_A_ERROR'],
};

const isEmpty = ({ status, records }: DnsAnswer): boolean =>
  status === 'nxdomain' || status === 'nodata' || (status === 'ok' && records.length === 0);

async function isListed(
  map: MapHandle | undefined,
  keys: readonly (string | IpAddress)[],
  signal: AbortSignal,
): Promise<boolean> {
  if (!map) return false;
  const found = await Promise.all(
    keys.map(async (key) => (map.isExternal ? await map.ask(key, signal) : map.lookup(key))),
  );
  return found.some((value) => value !== undefined);
}

interface Found {
  readonly addresses: readonly IpAddress[];
  /** Some question stayed without answer. */
  readonly isPartial: boolean;
}

/** Finds out whether a domain takes mail. */
export class MxJudge {
  readonly #dns: Resolver;
  readonly #options: JudgeOptions;

  constructor(dns: Resolver, options: JudgeOptions) {
    this.#dns = dns;
    this.#options = options;
  }

  /** One verdict, or two: of the networks and of what is left of them. Never rejects. */
  async judge(domain: string, signal: AbortSignal): Promise<readonly Verdict[]> {
    const answer = await this.#dns.resolve(domain, 'mx', { signal });
    if (!isEmpty(answer) && answer.status !== 'ok') return ['MX_DNS_FAIL'];
    const names = answer.records
      .map((record) => {
        const [preference = '', name = ''] = record.split(' ');
        return { preference: Number(preference), name: name.replace(/\.$/, '').toLowerCase() };
      })
      .toSorted((a, b) => a.preference - b.preference)
      .map(({ name }) => name);
    // RFC 7505: one record with an empty name.
    if (names.length === 1 && names[0] === '') return ['MX_NULL'];
    const exchanges = names.filter((name) => name !== '').slice(0, maxExchanges);
    if (answer.status === 'nxdomain') return ['MX_NONE'];
    // RFC 5321 5.1: without mail exchanger the domain is its own.
    const isImplicit = names.length === 0;
    if (await isListed(this.#options.badNames, exchanges, signal)) return ['MX_BAD'];
    const found = await Promise.all(
      (isImplicit ? [domain] : exchanges).map((name) => this.#addresses(name, signal)),
    );
    const addresses = new Map(
      found.flatMap((each) => each.addresses).map((address) => [address.text, address] as const),
    );
    if (addresses.size === 0) {
      if (found.some(({ isPartial }) => isPartial)) return ['MX_DNS_FAIL'];
      return [isImplicit ? 'MX_NONE' : 'MX_BROKEN'];
    }
    return this.#judgeAddresses([...addresses.values()], isImplicit, signal);
  }

  async #addresses(name: string, signal: AbortSignal): Promise<Found> {
    const answers = await Promise.all([
      this.#dns.resolve(name, 'a', { signal }),
      this.#dns.resolve(name, 'aaaa', { signal }),
    ]);
    return {
      addresses: answers.flatMap(({ records }) => records.flatMap((record) => parseIp(record) ?? [])),
      isPartial: answers.some((answer) => answer.status !== 'ok' && !isEmpty(answer)),
    };
  }

  async #judgeAddresses(
    addresses: readonly IpAddress[],
    isImplicit: boolean,
    signal: AbortSignal,
  ): Promise<readonly Verdict[]> {
    const { badIps, excludedIps, kindOf, probesIpv4, probesIpv6, maxAddresses } = this.#options;
    if (await isListed(badIps, addresses, signal)) return ['MX_IP_BAD'];
    const kinds = addresses.map(kindOf);
    const all = (kind: AddressKind): boolean => kinds.every((each) => each === kind);
    if (all('bogon')) return ['MX_BOGON_ONLY'];
    // Own networks are never connected to: a stranger's DNS must not choose where we knock.
    if (!kinds.includes('public')) return kinds.includes('bogon') ? ['MX_BOGON_MIX'] : ['MX_LOCAL_ONLY'];
    const mixed: Verdict[] = [];
    if (kinds.includes('bogon')) mixed.push('MX_BOGON_MIX');
    if (kinds.includes('local')) mixed.push('MX_LOCAL_MIX');
    const targets: string[] = [];
    for (const [index, address] of addresses.entries()) {
      if (targets.length >= maxAddresses) break;
      if (kinds[index] !== 'public' || !(address.family === 4 ? probesIpv4 : probesIpv6)) continue;
      if (await isListed(excludedIps, [address], signal)) continue;
      targets.push(address.text);
    }
    if (targets.length === 0) return [...mixed, 'MX_SKIP'];
    const outcome = await probeAny(targets, { ...this.#options, signal });
    return [...mixed, byOutcome[outcome][isImplicit ? 1 : 0]];
  }
}
