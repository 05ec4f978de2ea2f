import type { DmarcPolicyWord, Resolver } from '../../core/index.ts';
import { registeredDomain } from '../signing/names.ts';
import { type DmarcRecord, readRecord } from './record.ts';
import type { ReportUri } from './report-uri.ts';

/** What a domain publishes at `_dmarc`. */
export type PolicyLookup =
  | { readonly status: 'found'; readonly record: DmarcRecord; readonly domain: string }
  | { readonly status: 'none' }
  | { readonly status: 'malformed' | 'unreachable'; readonly domain: string; readonly reason: string };

const maxNameLength = 253;

/** Asks for the policy of exactly this domain. */
export async function lookupPolicy(
  dns: Resolver,
  domain: string,
  signal?: AbortSignal,
): Promise<PolicyLookup> {
  const name = `_dmarc.${domain}`;
  if (name.length > maxNameLength) return { status: 'none' };
  const answer = await dns.resolve(name, 'txt', signal ? { signal } : {});
  if (answer.status === 'nxdomain' || answer.status === 'nodata') return { status: 'none' };
  if (answer.status !== 'ok') return { status: 'unreachable', domain, reason: answer.status };
  const readings = answer.records.map(readRecord).filter((reading) => reading !== undefined);
  const [reading] = readings;
  if (!reading) return { status: 'none' };
  // DMARC is not applied (RFC 7489 6.6.3 step 5).
  if (readings.length > 1) return { status: 'malformed', domain, reason: 'Multiple policies defined in DNS' };
  return { ...reading, domain };
}

/**
 * The policy that holds for a domain of the header field From: its own, else that of its organizational domain by
 * the public suffix list (RFC 7489 6.6.3). Both are asked at once.
 */
export async function discoverPolicy(
  dns: Resolver,
  fromDomain: string,
  signal?: AbortSignal,
): Promise<PolicyLookup> {
  const organizational = registeredDomain(fromDomain);
  if (organizational === fromDomain) return lookupPolicy(dns, fromDomain, signal);
  const [own, above] = await Promise.all([
    lookupPolicy(dns, fromDomain, signal),
    lookupPolicy(dns, organizational, signal),
  ]);
  return own.status === 'none' ? above : own;
}

/** The policy word of a record for mail of this domain: `p`, for subdomains `sp` or `np`. */
export async function policyFor(
  dns: Resolver,
  { record, domain }: { readonly record: DmarcRecord; readonly domain: string },
  fromDomain: string,
  signal?: AbortSignal,
): Promise<DmarcPolicyWord> {
  if (domain === fromDomain) return record.policy;
  const { subdomainPolicy, absentPolicy } = record;
  if (absentPolicy === undefined || absentPolicy === subdomainPolicy) return subdomainPolicy;
  return (await isAbsent(dns, fromDomain, signal)) ? absentPolicy : subdomainPolicy;
}

/** Neither A, AAAA nor MX (RFC 9091 1.2.4). Names without an answer are given the benefit of the doubt. */
async function isAbsent(dns: Resolver, domain: string, signal?: AbortSignal): Promise<boolean> {
  const answers = await Promise.all(
    (['a', 'aaaa', 'mx'] as const).map((type) => dns.resolve(domain, type, signal ? { signal } : {})),
  );
  return answers.every(({ status }) => status === 'nxdomain' || status === 'nodata');
}

/** Whether somebody else wants reports about a domain (RFC 7489 7.1). */
export type DestinationCheck =
  | { readonly status: 'allowed'; readonly uris: readonly ReportUri[] }
  | { readonly status: 'refused' | 'unreachable' };

/**
 * Asks the destination of reports whether it wants them, unless it belongs to the domain itself.
 *
 * @returns for an allowed destination the URIs to use: its own record may name another mailbox at the same host
 */
export async function checkDestination(
  dns: Resolver,
  policyDomain: string,
  uri: ReportUri,
  signal?: AbortSignal,
): Promise<DestinationCheck> {
  if (registeredDomain(uri.domain) === registeredDomain(policyDomain))
    return { status: 'allowed', uris: [uri] };
  const name = `${policyDomain}._report._dmarc.${uri.domain}`;
  if (name.length > maxNameLength) return { status: 'refused' };
  const answer = await dns.resolve(name, 'txt', signal ? { signal } : {});
  if (answer.status === 'nxdomain' || answer.status === 'nodata') return { status: 'refused' };
  if (answer.status !== 'ok') return { status: 'unreachable' };
  // Only the version is needed: such records have no p= (RFC 7489 7.1, appendix B.2.3).
  const permits = answer.records.filter((text) => readRecord(text) !== undefined);
  if (permits.length === 0) return { status: 'refused' };
  const named = permits.flatMap((text) => {
    const reading = readRecord(text);
    return reading?.status === 'found' ? reading.record.rua : [];
  });
  const own = named.filter(({ domain }) => domain === uri.domain);
  return { status: 'allowed', uris: own.length > 0 ? own : [uri] };
}
