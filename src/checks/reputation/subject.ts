import { createHash } from 'node:crypto';
import { domainInfo } from '../../content/index.ts';
import {
  type CheckContext,
  type MapHandle,
  provesSender,
  type Selector,
  type Task,
} from '../../core/index.ts';
import { encodeBase32, maskIp } from '../../lib/index.ts';
import type { Token } from './backend.ts';
import type { DkimOptions, GenericOptions, IpOptions, ReputationOptions, UrlOptions } from './options.ts';

/** What of a message has a reputation. */
export interface Subject extends Token {
  /** How much its reputation counts for this message; 0: it is only learned. */
  readonly factor: number;
  /** What the symbol's option calls it. */
  readonly label: string;
}

/** Finds what has a reputation in a message; none: the message is left alone. */
export type SubjectFinder = (task: Task, signal: AbortSignal) => Promise<readonly Subject[]>;

export type ReputationContext = CheckContext<ReputationOptions, never>;

/** Values of one message that count; a selector may give any number. */
const maxSubjects = 20;

async function isListed(map: MapHandle | undefined, key: string, signal: AbortSignal): Promise<boolean> {
  if (!map) return false;
  return (map.isExternal ? await map.ask(key, signal) : map.lookup(key)) !== undefined;
}

/** Scans of mail that nobody sends now: by the command line client and through the controller. */
function isByHand({ envelope }: Task): boolean {
  return envelope.userAgent?.toLowerCase() === 'rspamc' || envelope.request.get('password') !== undefined;
}

/** The client's address, its network's operator and its country, which the check `asn` leaves. */
export function ipSubjects(options: IpOptions, whitelist: MapHandle | undefined): SubjectFinder {
  const { scores, asn_prefix: asnPrefix, country_prefix: countryPrefix } = options;
  return async (task, signal) => {
    const { clientIp } = task.envelope;
    if (!clientIp || isByHand(task)) return [];
    const asn = task.variables.get('asn');
    const country = task.variables.get('country');
    for (const name of [country, asn])
      if (name !== undefined && (await isListed(whitelist, String(name), signal))) return [];
    const ip = maskIp(clientIp, clientIp.family === 4 ? options.ipv4_mask : options.ipv6_mask);
    const subjects: Subject[] = [];
    if (asn !== undefined)
      subjects.push({ text: `${asnPrefix}${asn}`, factor: scores.asn, label: `asn: ${asn}` });
    if (country !== undefined)
      subjects.push({
        text: `${countryPrefix}${country}`,
        factor: scores.country,
        label: `country: ${country}`,
      });
    subjects.push({
      text: ip.text,
      prefix: options.ip_prefix,
      ip,
      factor: scores.ip,
      label: `ip: ${ip.text}`,
    });
    return subjects;
  };
}

/** Accepted, rejected or unknown, in the letters of Rspamd's keys. */
const dkimMarks = {
  pass: 'a',
  fail: 'r',
  neutral: 'u',
  policy: 'u',
  temperror: 'u',
  permerror: 'u',
} as const;

/** Signing domains with what came of their signatures: only valid signatures count, all are learned. */
export function dkimSubjects(_options: DkimOptions): SubjectFinder {
  return async ({ authentication }) => {
    const subjects = new Map<string, Subject>();
    for (const { domain, result } of authentication.dkim ?? []) {
      if (domain === '' || subjects.size >= maxSubjects) continue;
      const text = `${domainInfo(domain).domain}.${dkimMarks[result]}`;
      subjects.set(text, { text, factor: result === 'pass' ? 1 : 0, label: text });
    }
    return [...subjects.values()];
  };
}

/** Domains of links by how often they stand in the message. Together their factors are 1. */
export function urlSubjects(options: UrlOptions): SubjectFinder {
  return async ({ content, message }) => {
    const counts = new Map<string, number>();
    const count = (domain: string): void => {
      if (domain !== '') counts.set(domain, (counts.get(domain) ?? 0) + 1);
    };
    for (const { domain, flags } of content.urls) {
      // A link that leads on counts as where it leads to; text that is shown as a link leads nowhere.
      if (!flags.includes('redirected') && !flags.includes('html_displayed')) count(domain);
    }
    const from = options.check_from ? message.from[0]?.domain : undefined;
    if (from) count(domainInfo(from).domain);
    const chosen = [...counts].sort(([, a], [, b]) => b - a).slice(0, options.max_urls);
    const total = chosen.reduce((sum, [, times]) => sum + times, 0);
    return chosen.map(([domain, times]) => ({ text: domain, factor: times / total, label: domain }));
  };
}

/** The domain whose SPF policy the message passed, as a digest. */
export const spfSubjects: SubjectFinder = async ({ authentication: { spf } }) => {
  if (!spf || !provesSender(spf)) return [];
  const text = encodeBase32(createHash('blake2b512').update(spf.domain).digest()).slice(0, 32);
  return [{ text, factor: 1, label: spf.domain }];
};

/** Whatever a selector gives. */
export function genericSubjects(
  _options: GenericOptions,
  selector: Selector,
  whitelist: MapHandle | undefined,
): SubjectFinder {
  return async (task, signal) => {
    const subjects = new Map<string, Subject>();
    for (const text of selector.values(task) ?? []) {
      if (subjects.size >= maxSubjects) break;
      if (text === '' || subjects.has(text) || (await isListed(whitelist, text, signal))) continue;
      subjects.set(text, { text, factor: 1, label: text });
    }
    return [...subjects.values()];
  };
}
