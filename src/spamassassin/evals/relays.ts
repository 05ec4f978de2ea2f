import { domainInfo } from '../../content/index.ts';
import { isPublicIp, parseIp } from '../../lib/index.ts';
import { fieldSource } from '../fields.ts';
import type { RuleMessage } from '../message.ts';
import type { Relay } from '../relays.ts';
import { type EvalFunction, plain } from './make.ts';

const fromAddresses = fieldSource('From:addr');

const isIpv4 = (text: string): boolean => /^\d{1,3}(?:\.\d{1,3}){3}$/.test(text);

function isPrivate(text: string): boolean {
  const ip = parseIp(text);
  return ip === undefined || (!isPublicIp(ip) && !/^(?:192\.0\.2|198\.51\.100|203\.0\.113)\./.test(text));
}

const firstThree = (ip: string): string => ip.slice(0, ip.lastIndexOf('.') + 1);

/** HELO names an address, but that of another network. */
function namesOtherAddress({ helo: written, ip }: Relay): boolean {
  const helo = written.replace(/^\[(.*)\]$/, '$1');
  if (!isIpv4(helo) || isPrivate(helo) || !isIpv4(ip) || isPrivate(ip)) return false;
  return helo !== ip && firstThree(helo) !== firstThree(ip);
}

const famous =
  /(?:\.|^)(?:lycos\.com|lycos\.co\.uk|hotmail\.com|localhost\.com|excite\.com|caramail\.com|cs\.com|aol\.com|msn\.com|yahoo\.com|drizzle\.com)$/i;

/** Registered domain, or the host itself. */
const organisation = (host: string): string => domainInfo(host.toLowerCase()).domain;

/** Hops of which each says that it got the message from another host than the next one. */
function brokenHops({ relays: { untrusted } }: RuleMessage): number {
  let broken = 0;
  for (const [i, { by }] of untrusted.entries()) {
    const before = untrusted[i - 1];
    if (!before?.rdns.includes('.') || !by.includes('.')) continue;
    if (organisation(before.rdns) !== organisation(by)) broken++;
  }
  return broken;
}

function everyRelay({ relays: { trusted, untrusted } }: RuleMessage): readonly Relay[] {
  return [...trusted, ...untrusted];
}

/** Hosts of Received fields that a bounce quotes, in the text or in an attached message. */
function quotedRelays({ body, message: { parts } }: RuleMessage): readonly string[] {
  const names: string[] = [];
  const add = (line: string): void => {
    for (const [name] of line.slice(0, 1_000).matchAll(/(?<=\s)[^\s()[\]<>;]+\.[^\s()[\]<>;]+(?=\s|$)/g))
      names.push(name.toLowerCase());
  };
  for (const piece of body) {
    const at = piece.search(/(?:^|[> ])Received:/i);
    if (at >= 0) add(piece.slice(at));
  }
  for (const part of parts.slice(1))
    for (const { value } of part.headers.every('received').slice(0, 32)) add(` ${value}`);
  return names.slice(0, 256);
}

const bounceRelays = 'welcomelist_bounce_relays';
const bouncedFromUs: EvalFunction = {
  make:
    ({ lists }) =>
    (message) =>
      lists.isFilled(bounceRelays) && quotedRelays(message).some((name) => lists.has(bounceRelays, name)),
};

export const relayFunctions: Readonly<Record<string, EvalFunction>> = {
  check_all_trusted: plain(
    ({ relays: { trusted, untrusted, unparseable } }) =>
      trusted.length > 0 && untrusted.length === 0 && unparseable === 0,
  ),
  check_no_relays: plain(
    ({ relays: { trusted, untrusted, unparseable } }) =>
      trusted.length === 0 && untrusted.length === 0 && unparseable === 0,
  ),
  check_relays_unparseable: plain(({ relays }) => relays.unparseable > 0),
  helo_ip_mismatch: plain(({ relays }) => relays.untrusted.some(namesOtherAddress)),
  check_for_numeric_helo: plain(({ relays }) =>
    relays.untrusted.some(({ helo }) => isIpv4(helo) && !isPrivate(helo)),
  ),
  check_for_sender_no_reverse: plain(({ relays: { untrusted } }) => {
    const first = untrusted.at(-1);
    return first?.rdns.includes('.') === true && !isPrivate(first.ip);
  }),
  check_for_no_rdns_dotcom_helo: plain(
    ({ relays }) =>
      relays.untrusted.findLast(({ ip }) => !isPrivate(ip)) !== undefined &&
      relays.untrusted.some(({ ip, helo, rdns }) => !isPrivate(ip) && rdns === '' && famous.test(helo)),
  ),
  check_for_forged_received_trail: plain((message) => brokenHops(message) > 1),
  check_for_forged_received_ip_helo: plain(({ relays }) =>
    relays.untrusted.some(
      ({ helo, ip }) =>
        isIpv4(helo) &&
        isIpv4(ip) &&
        !isPrivate(helo) &&
        helo.split('.').slice(0, 2).join() !== ip.split('.').slice(0, 2).join(),
    ),
  ),
  check_for_from_domain_in_received_headers: {
    make: ({ args: [domain = '', desired] }) => {
      const ends = (host: string): boolean => host.toLowerCase().endsWith(domain.toLowerCase());
      return (message) => {
        if (!fromAddresses.read(message).some(ends)) return false;
        const isThere = everyRelay(message).some(({ rdns, by }) => ends(rdns) && ends(by));
        return isThere === (desired === 'true');
      };
    },
  },
  have_any_bounce_relays: {
    make:
      ({ lists }) =>
      () =>
        lists.isFilled(bounceRelays),
  },
  check_welcomelist_bounce_relays: bouncedFromUs,
  check_whitelist_bounce_relays: bouncedFromUs,
  check_mailfrom_matches_rcvd: plain((message) => {
    const domain = (message.envelopeFrom ?? '').split('@')[1]?.toLowerCase();
    const { trusted, untrusted } = message.relays;
    const relay = untrusted[0] ?? trusted.at(-1);
    return (
      domain !== undefined &&
      relay !== undefined &&
      relay.rdns !== '' &&
      organisation(domain) === organisation(relay.rdns)
    );
  }),
};
